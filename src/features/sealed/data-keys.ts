import type { KeyObject } from 'node:crypto'
import { type Command, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { createDataKey, openAt, openDataKey, type Place, sealFor } from '#vault/envelope.ts'
import type { KeyRing } from '#vault/keys.ts'

/**
 * Seals and opens what is stored and must be shown or used again, under the data key of its tenant
 * (DESIGN invariant 6). Both are commands: a key is made in the transaction that first needs it.
 */
export const createSealedValues = ({ sql }: Store, ring: KeyRing, now: () => number) => {
  function* dataKey(tenantId: number): Command<KeyObject> {
    const select = sql
      .selectFrom('data_keys')
      .select(['master_key_id', 'wrapped'])
      .where('tenant_id', '=', tenantId)
    const known = yield* first(select)
    if (known !== undefined)
      return openDataKey(ring, tenantId, {
        masterKeyId: known.master_key_id,
        wrapped: known.wrapped,
      })
    const made = createDataKey(ring, tenantId)
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
    const stored = yield* first(select)
    if (stored === undefined) throw new Error('the data key was not stored')
    return openDataKey(ring, tenantId, {
      masterKeyId: stored.master_key_id,
      wrapped: stored.wrapped,
    })
  }

  function* seal(place: Place, text: string): Command<string> {
    return sealFor(yield* dataKey(place.tenantId), place, text)
  }

  /** The text, or undefined when it was sealed for another place or altered. */
  function* open(place: Place, sealed: string): Command<string | undefined> {
    return openAt(yield* dataKey(place.tenantId), place, sealed)
  }

  return { seal, open }
}

export type SealedValues = ReturnType<typeof createSealedValues>
