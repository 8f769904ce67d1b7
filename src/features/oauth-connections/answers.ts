import { Secret } from '#lib/secret.ts'
import { isWellFormed } from '#oauth/token-format.ts'
import { errorCode } from './outcome.ts'
import { ConnectionRefused } from './refused.ts'

/** A data store's answer to an authorization request (RFC 6749 section 4.1.2). */
export type AuthorizationAnswer = {
  readonly state: string
  readonly said:
    | { readonly code: Secret }
    /** The error code, where it has the shape of one. */
    | { readonly error: string | undefined }
}

/**
 * Reads the parameters of a callback. What is repeated, left out or contradictory is refused (RFC 6749 section 3.1); `iss`
 * is not compared: the callback of each application is the defence against mix-up (RFC 9700 section 4.4.2).
 */
export const readAuthorizationAnswer = (
  entries: readonly (readonly [string, string])[],
): AuthorizationAnswer => {
  const parameters = new Map(entries)
  const state = parameters.get('state') ?? ''
  if (parameters.size !== entries.length) throw new ConnectionRefused('unclear-answer')
  if (!isWellFormed('connectionState', state)) throw new ConnectionRefused('unknown-answer')
  const code = parameters.get('code')
  const error = parameters.get('error')
  if (error !== undefined && code === undefined) return { state, said: { error: errorCode(error) } }
  if (code === undefined || code === '' || error !== undefined)
    throw new ConnectionRefused('unclear-answer')
  return { state, said: { code: new Secret(code) } }
}
