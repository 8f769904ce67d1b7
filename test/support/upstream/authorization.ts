import { createHash, randomBytes } from 'node:crypto'
import type { Received, Switches } from './server.ts'

// What authorization servers have in common, whatever their words are.

/** What the user does at the consent page: decides in a browser, or has decided already. */
export type Decision = 'ask' | 'allow' | 'deny'

/** The fields of an OAuth application that is registered at an upstream, but for its name. */
export type UpstreamApplication = {
  readonly dataStore: number
  readonly clientId: string
  readonly clientSecret: string
  readonly authorizeURI: string
  readonly tokenURI: string
  readonly scope: string
}

/** An upstream as the tests see it. */
export type Upstream = Switches & {
  readonly application: UpstreamApplication
  /** Registers a redirect URI; none other is redirected to. */
  readonly register: (redirectUri: string) => void
  /** `allow` at the start: whoever comes is sent back at once. */
  readonly decide: (decision: Decision) => void
  /** Who is signed in at the upstream from now on. */
  readonly signIn: (account: string) => void
  /** Every token and code that was given out: none may be found where secrets must not be. */
  readonly secrets: () => readonly string[]
  /** Every access token stops working; refresh tokens go on. */
  readonly endSessions: () => void
  /** Whoever is signed in takes back what was allowed: access tokens and refresh tokens stop working. */
  readonly withdraw: () => void
}

export const random = (bytes = 24): string => randomBytes(bytes).toString('base64url')

/** The parameters of an authorization request; undefined when one is repeated (RFC 6749 section 3.1). */
export const readParameters = (url: URL): Readonly<Record<string, string>> | undefined => {
  const names = [...url.searchParams.keys()]
  return new Set(names).size === names.length ? Object.fromEntries(url.searchParams) : undefined
}

export const withParameters = (
  redirectUri: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string => {
  const url = new URL(redirectUri)
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value)
  return url.href
}

/** RFC 7636 section 4.6, S256. */
export const isVerifierOf = (challenge: string, verifier: string): boolean =>
  createHash('sha256').update(verifier).digest('base64url') === challenge

/** Client id and secret of a token request, from its body or from Basic credentials (RFC 6749 section 2.3.1). */
export const clientOf = ({ headers, form }: Received): { id: string; secret: string } => {
  const basic = /^Basic (.+)$/.exec(headers.authorization ?? '')?.[1]
  if (basic === undefined)
    return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' }
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':')
  return { id: decodeURIComponent(id), secret: decodeURIComponent(secret) }
}

/** What a code was given for. */
export type Authorized = {
  readonly account: string
  readonly scope: string
  readonly redirectUri: string
  readonly challenge: string
  /** Whether a refresh token goes with it. */
  readonly offline: boolean
}

/** Codes that are good for one redemption within ten minutes. */
export const createCodes = (now: () => number) => {
  const codes = new Map<string, Authorized & { readonly expires: number }>()
  return {
    issue: (code: string, authorized: Authorized): string => {
      codes.set(code, { ...authorized, expires: now() + 600_000 })
      return code
    },
    redeem: (code: string): Authorized | undefined => {
      const found = codes.get(code)
      codes.delete(code)
      return found !== undefined && found.expires > now() ? found : undefined
    },
  }
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/** A consent page: two buttons that send the decision to where the request came to. */
export const consentPage = (url: URL, heading: string, scope: string): string =>
  `<h1>${escape(heading)}</h1><ul>${scope
    .split(' ')
    .map((each) => `<li>${escape(each)}</li>`)
    .join('')}</ul><form method="post" action="${escape(url.pathname + url.search)}">
  <button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></form>`
