import { createHmac, timingSafeEqual } from 'node:crypto'
import { deriveKey, type Key } from './keys.ts'

/** What we only verify is never stored itself: each kind of secret is hashed under a key of its own. */
export const secretKinds = [
  'access-token',
  'refresh-token',
  'code',
  'client-secret',
  'session',
  'authorization-request',
  'browser',
  'login-subject',
  'connection-link',
  'connection-state',
] as const
export type SecretKind = (typeof secretKinds)[number]

export type Hasher = (kind: SecretKind, secret: string) => Uint8Array

/**
 * HMAC-SHA-256 under the pepper: 32 bytes. A stolen database tells nothing without the pepper, and a hash
 * of one kind is never found in the place of another (T26).
 */
export const createHasher = (pepper: Key): Hasher => {
  const keys = new Map(secretKinds.map((kind) => [kind, deriveKey(pepper, `hash/${kind}`)]))
  return (kind, secret) => {
    const key = keys.get(kind)
    if (key === undefined) throw new Error(`no key for ${kind}`)
    return createHmac('sha256', key).update(secret, 'utf8').digest()
  }
}

/** Compares two hashes in time that does not depend on where they differ (T39). */
export const equalHashes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && timingSafeEqual(a, b)
