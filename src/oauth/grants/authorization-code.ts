import { OAuthError } from '../errors.ts'
import type { Client, CodeRecord } from '../model.ts'
import { type Parameters, requireParameter } from '../parameters.ts'
import { isVerified } from '../pkce.ts'
import type { Verdict } from '../ports.ts'
import { parseScope } from '../scope.ts'
import { type Grant, idleLifetime } from './grant.ts'

/**
 * What becomes of a code that this client presents (RFC 6749 section 4.1.3, DESIGN invariant 10).
 * The order matters: what a stranger can get wrong changes nothing, so that nobody can burn the code of
 * another (T25, T28); the verifier comes last and burns, so that it cannot be guessed.
 */
export const judgeCode = (
  record: CodeRecord,
  presented: {
    readonly client: Client
    readonly redirectUri: string
    readonly verifier: string | undefined
  },
  now: number,
): Verdict => {
  if (record.applicationId !== presented.client.applicationId)
    return { kind: 'refuse', reason: 'the code belongs to another client' }
  if (record.redirectUri !== presented.redirectUri)
    return { kind: 'refuse', reason: 'redirect_uri is not the one of the authorization request' }
  const verified = isVerified(record.codeChallenge, presented.verifier)
  if (record.redeemed)
    return verified
      ? { kind: 'end', reason: 'the code was redeemed before' }
      : { kind: 'refuse', reason: 'the code was redeemed before, and the verifier is wrong' }
  if (!verified) return { kind: 'end', reason: 'code_verifier does not belong to the challenge' }
  if (record.validUntil <= now) return { kind: 'refuse', reason: 'the code has expired' }
  if (!record.userActive) return { kind: 'refuse', reason: 'the user is disabled' }
  return { kind: 'issue', reason: 'redeemed' }
}

const handle: Grant['handle'] = async (deps, client, parameters: Parameters) => {
  const code = requireParameter(parameters, 'code')
  const redirectUri = requireParameter(parameters, 'redirect_uri')
  const verifier = parameters.get('code_verifier')
  parseScope(parameters.get('scope'))
  let reason = 'unknown code'
  const tokens = await deps.tokens.redeemCode(
    code,
    (record, now) => {
      const verdict = judgeCode(record, { client, redirectUri, verifier }, now)
      reason = verdict.reason
      return verdict
    },
    {
      withRefreshToken: client.grantTypes.includes('refresh_token'),
      idleLifetime: idleLifetime(deps, client),
    },
  )
  if (tokens === undefined)
    throw new OAuthError(
      'invalid_grant',
      'The code is unknown, used, expired, or does not belong to this client, redirect_uri and code_verifier. Start a new authorization.',
      { detail: reason },
    )
  return tokens
}

export const authorizationCode: Grant = { type: 'authorization_code', handle }
