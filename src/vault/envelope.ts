import { createSecretKey, type KeyObject } from 'node:crypto'
import { generateKey, type Key, type MasterKeys } from './keys.ts'
import { decrypt, encrypt, open, seal } from './sealing.ts'

/** Where a sealed value lives; authenticated with it, so that ciphertexts cannot be swapped between places (T74). */
export type Place = {
  readonly tenantId: number
  readonly table: string
  readonly rowId: string
  readonly column: string
  readonly generation: number
}

/**
 * Which data key of a tenant: 0 is its first one, a rotation makes the next. Not the generation of a `Place`, which counts
 * the changes of a row.
 */
export type DataKeyId = { readonly tenantId: number; readonly generation: number }

/** A data key as it is stored: wrapped by the master key of that id. */
export type WrappedKey = { readonly masterKeyId: string; readonly wrapped: string }

/** A data key that is open. */
export type DataKey = { readonly generation: number; readonly object: KeyObject }

const placeText = (p: Place): string =>
  `${p.tenantId}/${p.table}/${p.rowId}/${p.column}/${p.generation}`

const wrapContext = ({ tenantId, generation }: DataKeyId): string =>
  generation === 0 ? `data-key/${tenantId}` : `data-key/${tenantId}/${generation}`

const wrap = (master: Key, id: DataKeyId, base64: string): WrappedKey => ({
  masterKeyId: master.id,
  wrapped: seal(master.object, base64, wrapContext(id)),
})

const nameOf = ({ tenantId, generation }: DataKeyId): string =>
  `data key ${generation} of tenant ${tenantId}`

/** What an operator does who lacks a master key. */
export const missingMaster = (id: string): string =>
  `the master key ${id}, which is not there: add it to HEADGATE_MASTER_KEYS, or to keys/master in the data directory`

const unwrap = (masters: MasterKeys, id: DataKeyId, stored: WrappedKey): string => {
  const master = masters.find(stored.masterKeyId)
  if (master === undefined)
    throw new Error(`The ${nameOf(id)} is under ${missingMaster(stored.masterKeyId)}.`)
  const text = open(master.object, stored.wrapped, wrapContext(id))
  if (text === undefined) throw new Error(`The ${nameOf(id)} cannot be opened; it was altered.`)
  return text
}

/** Makes a data key, wrapped by a master key. */
export const createDataKey = (master: Key, id: DataKeyId): WrappedKey =>
  wrap(master, id, generateKey())

/** Unwraps a data key. Throws when its master key is missing, or it was altered or is another one's. */
export const openDataKey = (masters: MasterKeys, id: DataKeyId, stored: WrappedKey): DataKey => ({
  generation: id.generation,
  object: createSecretKey(Buffer.from(unwrap(masters, id, stored), 'base64')),
})

/** Wraps the same data key by another master key. Throws as `openDataKey` does. */
export const rewrapDataKey = (
  masters: MasterKeys,
  to: Key,
  { id, stored }: { readonly id: DataKeyId; readonly stored: WrappedKey },
): WrappedKey => wrap(to, id, unwrap(masters, id, stored))

// A tenant's first data key seals as releases before the first rotation did, so that they can read what was never rotated.

/** What begins each text that a data key of this generation has sealed, and no other text. */
export const sealedPrefix = (generation: number): string =>
  generation === 0 ? 'v1.' : `v2.${generation}.`

const sealedShape = /^(?:v1|v2\.([1-9]\d{0,14}))\./

/** Which data key of its tenant a text was sealed under; undefined when nothing was sealed so. */
export const generationOf = (sealed: string): number | undefined => {
  const match = sealedShape.exec(sealed)
  return match === null ? undefined : Number(match[1] ?? 0)
}

/** Seals a value for its place. */
export const sealFor = (key: DataKey, place: Place, text: string): string =>
  sealedPrefix(key.generation) + encrypt(key.object, text, placeText(place))

/** Opens a value in its place; undefined when it was sealed for another one or under another key, or altered. */
export const openAt = (key: DataKey, place: Place, sealed: string): string | undefined => {
  const prefix = sealedPrefix(key.generation)
  return sealed.startsWith(prefix)
    ? decrypt(key.object, sealed.slice(prefix.length), placeText(place))
    : undefined
}
