import { hours } from '#lib/clock.ts'
import { createExpiringCache } from '#lib/expiring-cache.ts'
import { type DataKey, openDataKey } from '#vault/envelope.ts'
import type { MasterKeys } from '#vault/keys.ts'
import type { StoredKey } from './stored-keys.ts'

/** Data keys that stay unwrapped in memory, beside the master keys that unwrap them. */
const kept = { entries: 1000, age: hours(1) } as const

/**
 * Unwraps data keys, each once for as long as it is stored as it is: a read of a secret then costs one decryption and not
 * two. What is altered in the database, or wrapped by another master key, is another entry.
 */
export const createUnwrapping = (masters: MasterKeys, now: () => number) => {
  const keys = createExpiringCache<DataKey>({ now }, kept)
  return ({ id, stored }: StoredKey): DataKey => {
    const name = [id.tenantId, id.generation, stored.masterKeyId, stored.wrapped].join('/')
    const known = keys.get(name)
    if (known !== undefined) return known
    const key = openDataKey(masters, id, stored)
    keys.set(name, key)
    return key
  }
}

export type Unwrap = ReturnType<typeof createUnwrapping>
