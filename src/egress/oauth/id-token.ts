import { parseJsonObject } from './json-object.ts'

/** Whose token it is, and whether it is for the client that asked. */
export type IdTokenSubject = { readonly account: string; readonly isForClient: boolean }

/** OpenID Connect Core section 2: a subject has at most 255 characters; an issuer is a URL. */
const isName = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value !== '' && value.length <= most && /^[\x21-\x7e]+$/.test(value)

/** Google writes its issuer in two ways, and says that either may come (OpenID Connect, "Validating an ID token"). */
const issuerOf = (iss: string): string => (iss === 'accounts.google.com' ? `https://${iss}` : iss)

/**
 * Reads issuer and subject of an ID token; undefined when it is broken. Its signature is not looked at: it came from the token
 * endpoint itself over TLS (OpenID Connect Core section 3.1.3.7, item 6).
 */
export const readIdToken = (token: string, clientId: string): IdTokenSubject | undefined => {
  const parts = token.split('.')
  const [, payload = ''] = parts
  if (parts.length !== 3 || !/^[A-Za-z0-9_-]+$/.test(payload)) return undefined
  const claims = parseJsonObject(Buffer.from(payload, 'base64url'))
  const { iss, sub, aud } = claims ?? {}
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  if (!isName(iss, 2000) || !isName(sub, 255)) return undefined
  if (!audience.every((entry) => typeof entry === 'string')) return undefined
  return { account: `${issuerOf(iss)} ${sub}`, isForClient: audience.includes(clientId) }
}
