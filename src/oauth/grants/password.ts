import { OAuthError } from '../errors.ts'
import { requireParameter } from '../parameters.ts'
import { parseScope } from '../scope.ts'
import { type Grant, idleLifetime } from './grant.ts'

/** One sentence for all reasons, so that nobody learns which users exist, or are locked (T56). */
const refuse = (detail: string): OAuthError =>
  new OAuthError(
    'invalid_grant',
    'The user name or the password is wrong, or this account cannot be used by this application.',
    { detail },
  )

/**
 * RFC 6749 section 4.3, which HDP has and RFC 9700 section 2.4 advises against: only confidential applications that
 * registered for it (DESIGN invariant 12). The password is presented where all passwords are, so the lockout holds (T49).
 */
const handle: Grant['handle'] = async (deps, client, parameters) => {
  const userName = requireParameter(parameters, 'username')
  const password = requireParameter(parameters, 'password')
  const scope = parseScope(parameters.get('scope'))
  const owner = await deps.authenticateUser(userName, password)
  if (owner === undefined) throw refuse('wrong, unknown, disabled or locked')
  // Said to nobody but who has just presented the right password.
  if (owner === 'must change password')
    throw new OAuthError(
      'invalid_grant',
      'The user must choose a new password first, by signing in to this server.',
    )
  const tokens = await deps.tokens.issueForUser(owner, client, {
    scope,
    withRefreshToken: client.grantTypes.includes('refresh_token'),
    idleLifetime: idleLifetime(deps, client),
  })
  if (tokens === undefined) throw refuse('this user may not authorize this application')
  return tokens
}

export const password: Grant = { type: 'password', handle }
