import { OAuthError } from '../errors.ts'
import type { Client, RefreshRecord } from '../model.ts'
import { requireParameter } from '../parameters.ts'
import type { RefreshVerdict } from '../ports.ts'
import { parseScope } from '../scope.ts'
import { type Grant, idleLifetime } from './grant.ts'

/** A client that did not get our answer may ask again for so long (milliseconds). */
export const replayWindow = 30_000

const judgeRotated = (
  record: RefreshRecord,
  rotatedAt: number,
  scope: string,
  now: number,
): RefreshVerdict => {
  const unused = record.chainGeneration === record.generation + 1
  return now - rotatedAt <= replayWindow && unused && record.scope === scope
    ? { kind: 'replay', reason: 'a retry of the last rotation' }
    : { kind: 'end', reason: 'a rotated refresh token was used again' }
}

/**
 * What becomes of a refresh token that this client presents (RFC 9700 section 4.14.2, DESIGN invariants
 * 10 and 11): public clients always rotate, confidential ones when their application asks for it.
 */
export const judgeRefresh = (
  record: RefreshRecord,
  presented: { readonly client: Client; readonly scope: string },
  now: number,
): RefreshVerdict => {
  const { client } = presented
  if (record.applicationId !== client.applicationId)
    return { kind: 'refuse', reason: 'the refresh token belongs to another client' }
  if (record.expiresAt <= now) return { kind: 'refuse', reason: 'the refresh token has expired' }
  if (!record.userActive) return { kind: 'refuse', reason: 'the user is disabled' }
  if (!client.grantTypes.includes(record.grantType))
    return {
      kind: 'refuse',
      reason: `the application has no grant type ${record.grantType} any more`,
    }
  if (record.rotatedAt !== undefined)
    return judgeRotated(record, record.rotatedAt, presented.scope, now)
  return client.type === 'public' || client.rotatesRefreshTokens
    ? { kind: 'rotate', reason: 'rotated' }
    : { kind: 'issue', reason: 'refreshed' }
}

const handle: Grant['handle'] = async (deps, client, parameters) => {
  const token = requireParameter(parameters, 'refresh_token')
  const scope = parseScope(parameters.get('scope'))
  let reason = 'unknown refresh token'
  const tokens = await deps.tokens.useRefreshToken(
    token,
    (record, now) => {
      const verdict = judgeRefresh(record, { client, scope }, now)
      reason = verdict.reason
      return verdict
    },
    {
      withRefreshToken: true,
      idleLifetime: idleLifetime(deps, client),
    },
  )
  if (tokens === undefined)
    throw new OAuthError(
      'invalid_grant',
      'The refresh token is unknown, used, expired, revoked, or belongs to another client. Start a new authorization.',
      { detail: reason },
    )
  return tokens
}

export const refreshToken: Grant = { type: 'refresh_token', handle }
