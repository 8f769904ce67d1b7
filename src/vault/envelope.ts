import { createSecretKey, type KeyObject } from 'node:crypto'
import { generateKey, type KeyRing } from './keys.ts'
import { open, seal } from './sealing.ts'

/** Where a sealed value lives; authenticated with it, so that ciphertexts cannot be swapped between places (T74). */
export type Place = {
  readonly tenantId: number
  readonly table: string
  readonly rowId: string
  readonly column: string
  readonly generation: number
}

/** A data key as it is stored: wrapped by the master key of that id. */
export type WrappedKey = { readonly masterKeyId: string; readonly wrapped: string }

const placeText = (p: Place): string =>
  `${p.tenantId}/${p.table}/${p.rowId}/${p.column}/${p.generation}`

const wrapContext = (tenantId: number): string => `data-key/${tenantId}`

/** Makes a data key for a tenant, wrapped by the newest master key. */
export const createDataKey = (ring: KeyRing, tenantId: number): WrappedKey => {
  const [master] = ring.masters
  return {
    masterKeyId: master.id,
    wrapped: seal(master.object, generateKey(), wrapContext(tenantId)),
  }
}

/** Unwraps a tenant's data key. Throws when its master key is missing or it was tampered with. */
export const openDataKey = (ring: KeyRing, tenantId: number, stored: WrappedKey): KeyObject => {
  const master = ring.masters.find((key) => key.id === stored.masterKeyId)
  if (master === undefined)
    throw new Error(
      `HEADGATE_MASTER_KEYS lacks the key ${stored.masterKeyId}, which sealed data of tenant ${tenantId}.`,
    )
  const text = open(master.object, stored.wrapped, wrapContext(tenantId))
  if (text === undefined)
    throw new Error(`The data key of tenant ${tenantId} cannot be opened; it was altered.`)
  return createSecretKey(Buffer.from(text, 'base64'))
}

/** Seals a value for its place. */
export const sealFor = (dataKey: KeyObject, place: Place, text: string): string =>
  seal(dataKey, text, placeText(place))

/** Opens a value in its place; undefined when it was sealed for another one, or altered. */
export const openAt = (dataKey: KeyObject, place: Place, sealed: string): string | undefined =>
  open(dataKey, sealed, placeText(place))
