import { createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'

/** A key as the operator names it; the key object never shows its bytes. */
export type Key = { readonly id: string; readonly object: KeyObject }

/** A key as its source has it: 32 bytes in base64. */
export type KeyText = { readonly id: string; readonly base64: string }

/**
 * The master keys, newest first: the newest seals, all of them open. Where they come from is asked again when it matters, so
 * that a server that runs learns of the key that `keys rotate` has made beside it.
 */
export type MasterKeys = {
  /** As they were when they were last read. */
  readonly list: () => readonly Key[]
  /** The one that seals; read anew, because what is sealed under an older one would have to be sealed again. */
  readonly newest: () => Key
  /** The key of that id. One that is not known is looked for where the keys come from, before it is undefined. */
  readonly find: (id: string) => Key | undefined
}

/** The keys of this server. */
export type KeyRing = { readonly masters: MasterKeys; readonly pepper: Key }

/** Makes a key of 32 bytes in base64 (44 characters). Refuses any other length. */
export const keyFromBase64 = (id: string, base64: string): Key => {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length !== 32)
    throw new Error(`Key ${id} has ${bytes.length} bytes; it must have 32, in base64.`)
  return { id, object: createSecretKey(bytes) }
}

/** The master keys of a source. Throws when it has none, or one of another length. */
export const createMasterKeys = (source: () => readonly KeyText[]): MasterKeys => {
  const read = (): readonly [Key, ...Key[]] => {
    const [newest, ...older] = source().map(({ id, base64 }) => keyFromBase64(id, base64))
    if (newest === undefined) throw new Error('There is no master key.')
    return [newest, ...older]
  }
  let keys = read()
  const known = (id: string): Key | undefined => keys.find((key) => key.id === id)
  return {
    list: () => keys,
    newest: () => (keys = read())[0],
    find: (id) => {
      if (known(id) === undefined) keys = read()
      return known(id)
    },
  }
}

/** 32 fresh bytes in base64. */
export const generateKey = (): string => randomBytes(32).toString('base64')

/** A key for one purpose, so that what one part of the house makes means nothing to another (T26). */
export const deriveKey = (key: Key, purpose: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', key.object, '', `headgate/${purpose}`, 32)))

/** Tells whether a key is the one that was used before, without telling the key. */
export const fingerprint = (key: Key): string =>
  createHmac('sha256', deriveKey(key, 'fingerprint')).update(key.id).digest('hex')
