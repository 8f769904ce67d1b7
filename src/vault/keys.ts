import { createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'

/** A key as the operator names it; the key object never shows its bytes. */
export type Key = { readonly id: string; readonly object: KeyObject }

/** The keys of this server: the newest master key seals, all of them open. */
export type KeyRing = { readonly masters: readonly [Key, ...Key[]]; readonly pepper: Key }

/** Makes a key of 32 bytes in base64 (44 characters). Refuses any other length. */
export const keyFromBase64 = (id: string, base64: string): Key => {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length !== 32)
    throw new Error(`Key ${id} has ${bytes.length} bytes; it must have 32, in base64.`)
  return { id, object: createSecretKey(bytes) }
}

/** 32 fresh bytes in base64. */
export const generateKey = (): string => randomBytes(32).toString('base64')

/** A key for one purpose, so that what one part of the house makes means nothing to another (T26). */
export const deriveKey = (key: Key, purpose: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', key.object, '', `headgate/${purpose}`, 32)))

/** Tells whether a key is the one that was used before, without telling the key. */
export const fingerprint = (key: Key): string =>
  createHmac('sha256', deriveKey(key, 'fingerprint')).update(key.id).digest('hex')
