import type { FastifyRequest } from 'fastify'
import type { Caller } from '#features/access/caller.ts'
import type { PasswordCheck } from '#features/authentication/password-check.ts'
import { ManagementError, refusals } from '#features/refusals.ts'

export type BasicCredentials = { readonly userName: string; readonly password: string }

const maxHeaderLength = 2048

/** What the Authorization header presents; a malformed header presents nothing. */
export type Presented =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly credentials: BasicCredentials }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'malformed' }

const parseBasic = (encoded: string): Presented => {
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== encoded.replace(/=+$/, ''))
    return { kind: 'malformed' }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return { kind: 'malformed' }
  }
  const colon = text.indexOf(':')
  // RFC 7617 section 2: no control characters in either half.
  if (colon < 1 || /\p{Cc}/u.test(text)) return { kind: 'malformed' }
  return {
    kind: 'basic',
    credentials: { userName: text.slice(0, colon), password: text.slice(colon + 1) },
  }
}

/** Reads an Authorization header (RFC 7617, RFC 6750 section 2.1). Never throws (T40). */
export const parseAuthorization = (header: string | undefined): Presented => {
  if (header === undefined) return { kind: 'none' }
  if (header.length > maxHeaderLength) return { kind: 'malformed' }
  const basic = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header)
  if (basic?.[1] !== undefined) return parseBasic(basic[1])
  const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header)
  if (bearer?.[1] !== undefined) return { kind: 'bearer', token: bearer[1] }
  return { kind: 'malformed' }
}

/** Whether a request says more than once who makes it; then nobody can tell which one counts (T40, T72). */
export const hasSeveralAuthorizations = ({ raw }: FastifyRequest): boolean =>
  raw.rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === 'authorization').length >
  1

/** The header as it came; two of them are malformed, whatever they say. */
export const authorizationOf = (request: FastifyRequest): Presented =>
  hasSeveralAuthorizations(request)
    ? { kind: 'malformed' }
    : parseAuthorization(request.headers.authorization)

export type CallerReader = (userId: number) => Promise<Caller | undefined>

/**
 * Who makes a request with Basic credentials; throws 401 for anybody whose password is not right and usable, and 403 where
 * it must be changed first, which nobody learns without the right one (T56).
 */
export const createBasicAuthentication = (deps: {
  readonly passwordCheck: PasswordCheck
  readonly readCaller: CallerReader
}) => {
  const authenticateCredentials = async (
    credentials: BasicCredentials,
    { changesPassword }: { readonly changesPassword?: true } = {},
  ): Promise<Caller> => {
    const user = await deps.passwordCheck.check(credentials.userName, credentials.password)
    const caller = user && (await deps.readCaller(user.id))
    if (caller === undefined) throw new ManagementError(refusals.badCredentials)
    if (caller.mustChangePassword && changesPassword !== true)
      throw new ManagementError(refusals.passwordMustChange)
    return caller
  }
  /** @param purpose whether this is the change of a password, which one that must be changed still opens */
  const authenticate = (
    request: FastifyRequest,
    purpose: { readonly changesPassword?: true } = {},
  ): Promise<Caller> => {
    const presented = authorizationOf(request)
    // A bearer token opens OData alone; here it counts as no credentials (OAuth reference B.1).
    if (presented.kind !== 'basic')
      throw new ManagementError(
        refusals.badCredentials,
        presented.kind === 'malformed'
          ? 'The Authorization header is malformed.'
          : 'Send HTTP Basic credentials.',
      )
    return authenticateCredentials(presented.credentials, purpose)
  }
  return { authenticate, authenticateCredentials }
}

export type BasicAuthentication = ReturnType<typeof createBasicAuthentication>

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/** A browser that remembers Basic credentials sends them for any page; what another site started is refused. */
export const isCrossSite = (request: FastifyRequest): boolean =>
  !safeMethods.has(request.method) && request.headers['sec-fetch-site'] === 'cross-site'
