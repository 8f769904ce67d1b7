import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'

const nonceLength = 12
const tagLength = 16

/** Base64url of nonce, ciphertext and tag; what `decrypt` takes. */
export const encrypt = (key: KeyObject | Uint8Array, text: string, context: string): string => {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength })
  cipher.setAAD(Buffer.from(context, 'utf8'))
  return Buffer.concat([
    nonce,
    cipher.update(text, 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ]).toString('base64url')
}

/** The text, or undefined when key, context or a single bit is not the one it was encrypted with. */
export const decrypt = (
  key: KeyObject | Uint8Array,
  encoded: string,
  context: string,
): string | undefined => {
  const bytes = Buffer.from(encoded, 'base64url')
  // Base64 has several spellings of the same bytes; only the one that we write counts (T34).
  if (bytes.length < nonceLength + tagLength || bytes.toString('base64url') !== encoded)
    return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceLength), {
    authTagLength: tagLength,
  })
  decipher.setAAD(Buffer.from(context, 'utf8'))
  decipher.setAuthTag(bytes.subarray(-tagLength))
  try {
    const text = decipher.update(bytes.subarray(nonceLength, -tagLength), undefined, 'utf8')
    return text + decipher.final('utf8')
  } catch {
    return undefined
  }
}

/**
 * AES-256-GCM of a text. `context` is authenticated, not stored: what is sealed for one place cannot be
 * opened in another (T74). Answers `v1.` and base64url of nonce, ciphertext and tag.
 */
export const seal = (key: KeyObject | Uint8Array, text: string, context: string): string =>
  `v1.${encrypt(key, text, context)}`

/** The text, or undefined when key, context or a single bit is not the one it was sealed with. */
export const open = (
  key: KeyObject | Uint8Array,
  sealed: string,
  context: string,
): string | undefined =>
  sealed.startsWith('v1.') ? decrypt(key, sealed.slice(3), context) : undefined
