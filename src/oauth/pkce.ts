import { createHash, timingSafeEqual } from 'node:crypto'
import { OAuthError } from './errors.ts'
import type { ClientType } from './model.ts'
import type { Parameters } from './parameters.ts'

/** RFC 7636 section 4.2: base64url of a SHA-256, so always 43 characters. */
const challengePattern = /^[A-Za-z0-9_-]{43}$/
/** RFC 7636 section 4.1. */
const verifierPattern = /^[A-Za-z0-9._~-]{43,128}$/

/**
 * Reads the challenge of an authorization request. S256 only: with `plain` the challenge is the secret
 * itself, and an absent method means `plain` (RFC 7636 section 4.3). Public clients must send one.
 */
export const parseChallenge = (
  parameters: Parameters,
  clientType: ClientType,
): string | undefined => {
  const challenge = parameters.get('code_challenge')
  const method = parameters.get('code_challenge_method')
  if (challenge === undefined) {
    if (method !== undefined)
      throw new OAuthError('invalid_request', 'code_challenge_method came without code_challenge.')
    if (clientType === 'public')
      throw new OAuthError(
        'invalid_request',
        'Public applications must use PKCE: code_challenge is missing.',
      )
    return undefined
  }
  if (method !== 'S256')
    throw new OAuthError('invalid_request', 'code_challenge_method must be S256.')
  if (!challengePattern.test(challenge))
    throw new OAuthError('invalid_request', 'code_challenge must be 43 characters of base64url.')
  return challenge
}

/** RFC 7636 section 4.6. */
export const challengeOf = (verifier: string): string =>
  createHash('sha256').update(verifier, 'ascii').digest('base64url')

/**
 * True when the verifier belongs to the challenge. A verifier without a challenge is a downgrade: somebody
 * took the challenge out of the authorization request (RFC 9700 section 4.8.2; T27).
 */
export const isVerified = (
  challenge: string | undefined,
  verifier: string | undefined,
): boolean => {
  if (challenge === undefined || verifier === undefined) return challenge === verifier
  if (!verifierPattern.test(verifier)) return false
  return timingSafeEqual(Buffer.from(challengeOf(verifier)), Buffer.from(challenge))
}
