import { type Command, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { createDataKey, generationOf, openAt, type Place, sealFor } from '#vault/envelope.ts'
import type { KeyRing } from '#vault/keys.ts'
import { createKeyReader, type StoredKey } from './stored-keys.ts'
import { createUnwrapping } from './unwrapping.ts'

/**
 * Seals and opens what is stored and must be shown or used again, under the data keys of its tenant (DESIGN invariant 6): the
 * newest seals, all open. Both are commands: a first key is made in the transaction that needs it.
 */
export const createSealedValues = (store: Store, ring: KeyRing, now: () => number) => {
  const { sql } = store
  const unwrap = createUnwrapping(ring.masters, now)
  const keys = createKeyReader(store)

  function* makeFirst(tenantId: number): Command<StoredKey> {
    const made = createDataKey(ring.masters.newest(), { tenantId, generation: 0 })
    yield* run(
      sql
        .insertInto('data_keys')
        .values({
          tenant_id: tenantId,
          master_key_id: made.masterKeyId,
          wrapped: made.wrapped,
          created_at: now(),
        })
        .onConflict((conflict) => conflict.column('tenant_id').doNothing()),
    )
    // Another command may have been faster.
    const stored = yield* keys.newest(tenantId)
    if (stored === undefined) throw new Error('the data key was not stored')
    return stored
  }

  function* seal(place: Place, text: string): Command<string> {
    const { tenantId } = place
    const newest = (yield* keys.newest(tenantId)) ?? (yield* makeFirst(tenantId))
    return sealFor(unwrap(newest), place, text)
  }

  /** The text, or undefined when it was sealed for another place or altered. */
  function* open(place: Place, sealed: string): Command<string | undefined> {
    const generation = generationOf(sealed)
    if (generation === undefined) return undefined
    const stored = yield* keys.read({ tenantId: place.tenantId, generation })
    return stored && openAt(unwrap(stored), place, sealed)
  }

  return { seal, open }
}

export type SealedValues = ReturnType<typeof createSealedValues>
