/**
 * The policy of the pages: no script, no frame, nothing from elsewhere. Only what a form may lead to
 * varies from page to page.
 */
export interface PagePolicy {
  /** Sources beside 'self', made by `redirectTargetSource`. */
  readonly formAction?: readonly string[]
}

const sourceShape = /^(?:[a-z][a-z0-9+.-]*:|https?:\/\/[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::\d{1,5})?)$/

export function pagePolicy({ formAction = [] }: PagePolicy = {}): string {
  // A blank or a semicolon would end the source or the directive and begin one of the caller's making.
  const foreign = formAction.find((source) => !sourceShape.test(source))
  if (foreign !== undefined) throw new TypeError(`${JSON.stringify(foreign)} is not a source.`)
  return [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    `form-action ${["'self'", ...new Set(formAction)].join(' ')}`,
    "base-uri 'none'",
    // RFC 9700 section 4.16: no page may be framed, by anyone (T10).
    "frame-ancestors 'none'",
  ].join('; ')
}

/** Schemes that run or show what the address itself holds; a policy must never open them (T06). */
const refusedSchemes = new Set(['javascript:', 'data:', 'vbscript:', 'file:', 'blob:', 'about:'])

/**
 * Chromium and Safari apply form-action to the redirects that follow a submitted form, so the page
 * whose form ends at the client must list the client: its origin, or its scheme when it has no origin.
 */
export function redirectTargetSource(redirectUri: string): string {
  const url = new URL(redirectUri)
  if (refusedSchemes.has(url.protocol)) throw new TypeError(`${url.protocol} is not a target.`)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return url.protocol
  const origin = `${url.protocol}//${url.host}`
  // The URL parser lets `;`, `,` and `*` into a host name, and a policy cannot say [::1] at all:
  // then the scheme alone is named, which is wider but cannot be bent.
  return sourceShape.test(origin) ? origin : url.protocol
}
