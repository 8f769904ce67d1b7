import { Secret } from '#lib/secret.ts'
import { profileDescriptionFault, profileNameFault } from './profile.ts'

/** What a caller sends of a profile (OAuth reference C.4). A token that is undefined was left out. */
export type SentOAuthProfile = {
  readonly name: string
  readonly description: string
  readonly applicationId: number
  readonly accessToken: Secret | undefined
  readonly refreshToken: Secret | undefined
}

/** Wraps a token at once. An empty one is one that was left out: answers have an empty text where there is none. */
export const sentToken = (text: string | undefined): Secret | undefined =>
  text === undefined || text === '' ? undefined : new Secret(text)

const longestToken = 16_384

/** RFC 6749 appendix A.12 and A.17: tokens are printable ASCII. */
const tokenFault = (name: string, token: Secret | undefined): string | undefined => {
  const text = token?.reveal()
  if (text === undefined) return undefined
  if (text.length > longestToken) return `${name} must have at most ${longestToken} characters.`
  if (!/^[\x20-\x7e]+$/.test(text))
    return `${name} must have printable characters of ASCII alone (RFC 6749 appendix A).`
  return text.trim() === '' ? `${name} must not be blank.` : undefined
}

/** What is wrong with what was sent, or undefined: a sentence that names the field, and never quotes what it holds. */
export const sentProfileFault = (sent: SentOAuthProfile): string | undefined =>
  profileNameFault(sent.name) ??
  profileDescriptionFault(sent.description) ??
  tokenFault('accessToken', sent.accessToken) ??
  tokenFault('refreshToken', sent.refreshToken)
