import { OAuthError } from '../errors.ts'
import type { ClientAuthMethod } from './client-auth.ts'

const refuse = (): OAuthError =>
  new OAuthError(
    'invalid_client',
    'The Authorization header is not a valid Basic header with client id and secret.',
  )

/** RFC 6749 section 2.3.1: both halves are form-encoded before they are joined. */
const formDecode = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw refuse()
  }
}

const decode = (encoded: string): string => {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) throw refuse()
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== encoded.replace(/=+$/, '')) throw refuse()
  const text = bytes.toString('utf8')
  if (/[\p{Cc}\ufffd]/u.test(text)) throw refuse()
  return text
}

/** `client_secret_basic`; every malformed header is `invalid_client` (T40). */
export const secretBasic: ClientAuthMethod = {
  name: 'client_secret_basic',
  read: ({ authorization }) => {
    if (authorization === undefined) return undefined
    const match = /^Basic +([^\s,]+)$/i.exec(authorization)
    if (match?.[1] === undefined || authorization.length > 4096) throw refuse()
    const text = decode(match[1])
    const colon = text.indexOf(':')
    if (colon < 1) throw refuse()
    return { clientId: formDecode(text.slice(0, colon)), secret: formDecode(text.slice(colon + 1)) }
  },
}
