import { sql as raw } from 'kysely'
import { all, type Command, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { createDataKey, type DataKeyId, rewrapDataKey } from '#vault/envelope.ts'
import type { Key, MasterKeys } from '#vault/keys.ts'
import { readKeysUnderOthers } from '../stored-keys.ts'
import { type Exchange, exchange } from './exchange.ts'
import { isUnderWay, type Rotation } from './record.ts'

const batchSize = 100

/**
 * Makes the data keys of a rotation for the next tenants that have a data key and none of it; how many, or undefined when the
 * rotation has ended. From then on it is the one that seals.
 */
export function* addDataKeys(
  store: Store,
  { rotation, master }: { readonly rotation: Rotation; readonly master: Key },
  now: number,
): Command<number | undefined> {
  const { sql } = store
  if (!(yield* isUnderWay(store, rotation))) return undefined
  const tenants = yield* all(
    sql
      .selectFrom('data_keys as d')
      .select('d.tenant_id')
      .where((e) =>
        e.not(
          e.exists(
            e
              .selectFrom('rotated_data_keys as r')
              .select('r.generation')
              .whereRef('r.tenant_id', '=', 'd.tenant_id')
              .where('r.generation', '=', rotation.id),
          ),
        ),
      )
      .orderBy('d.tenant_id')
      .limit(batchSize),
  )
  if (tenants.length === 0) return 0
  const generation = rotation.id
  yield* run(
    sql
      .insertInto('rotated_data_keys')
      .values(
        tenants.map(({ tenant_id }) => {
          const made = createDataKey(master, { tenantId: tenant_id, generation })
          return {
            tenant_id,
            generation,
            master_key_id: made.masterKeyId,
            wrapped: made.wrapped,
            created_at: now,
          }
        }),
      )
      .onConflict((conflict) => conflict.columns(['tenant_id', 'generation']).doNothing()),
  )
  return tenants.length
}

/** What a step of wrapping anew has done. */
export type Rewrapped = {
  /** The last data key that it looked at; undefined after the last one. */
  readonly last: DataKeyId | undefined
  readonly changed: number
  /** Data keys that do not open, and stay as they are. */
  readonly unopened: readonly DataKeyId[]
}

/** Before the first of all data keys. */
export const beforeAll: DataKeyId = { tenantId: 0, generation: 0 }

/**
 * Wraps the next data keys that are under another master key by the one of the rotation; undefined when the rotation has ended.
 * The data keys themselves stay, and what they seal.
 */
export function* rewrapBatch(
  store: Store,
  deps: { readonly masters: MasterKeys; readonly rotation: Rotation; readonly master: Key },
  after: DataKeyId,
): Command<Rewrapped | undefined> {
  const { masters, rotation, master } = deps
  if (!(yield* isUnderWay(store, rotation))) return undefined
  const keys = yield* readKeysUnderOthers(store, master.id, { after, limit: batchSize })
  const [first, rotated]: [Exchange[], Exchange[]] = [[], []]
  const unopened: DataKeyId[] = []
  for (const key of keys) {
    const { tenantId, generation } = key.id
    try {
      const { wrapped } = rewrapDataKey(masters, master, key)
      const list = generation === 0 ? first : rotated
      list.push({ key: tenantId, old: key.stored.wrapped, new: wrapped })
    } catch {
      unopened.push(key.id)
    }
  }
  const changed =
    (yield* rewrapIn(store, 'data_keys', master, first)) +
    (yield* rewrapIn(store, 'rotated_data_keys', master, rotated))
  return { last: keys.length < batchSize ? undefined : keys.at(-1)?.id, changed, unopened }
}

function* rewrapIn(
  store: Store,
  table: 'data_keys' | 'rotated_data_keys',
  master: Key,
  keys: readonly Exchange[],
): Command<number> {
  if (keys.length === 0) return 0
  const changed = yield* exchange(store, { table, column: 'wrapped', key: 'tenant_id' }, keys)
  yield* run(
    store.sql
      .updateTable(table)
      .set({ master_key_id: master.id })
      .where(
        'wrapped',
        'in',
        keys.map((key) => key.new),
      )
      .where(
        'tenant_id',
        'in',
        keys.map((key) => Number(key.key)),
      ),
  )
  return changed
}

/**
 * Deletes the data keys before the previous one of each tenant; whoever began to seal before the rotation may still use that one.
 * The first one has its own way (`renewFirstKeys`).
 */
export function* deleteOldKeys({ sql }: Store, rotation: Rotation): Command<number> {
  const statement = raw`delete from rotated_data_keys where generation < (
    select max(n.generation) from rotated_data_keys as n
    where n.tenant_id = rotated_data_keys.tenant_id and n.generation < ${rotation.id})`
  return yield* run(statement.compile(sql))
}

/**
 * Puts new keys in the place of first ones that are older than the previous one: the row is wanted by releases that know no other,
 * but what somebody seals who has learned the old key must not open. Of the next tenants after the given one; the last of them,
 * or 0 after the last of all, or undefined when the rotation has ended.
 */
export function* renewFirstKeys(
  store: Store,
  { rotation, master }: { readonly rotation: Rotation; readonly master: Key },
  after: number,
): Command<number | undefined> {
  if (!(yield* isUnderWay(store, rotation))) return undefined
  const rows = yield* all(
    store.sql
      .selectFrom('data_keys as d')
      .select(['d.tenant_id', 'd.wrapped'])
      .where('d.tenant_id', '>', after)
      .where((e) =>
        e.exists(
          e
            .selectFrom('rotated_data_keys as r')
            .select('r.generation')
            .whereRef('r.tenant_id', '=', 'd.tenant_id')
            .where('r.generation', '<', rotation.id),
        ),
      )
      .orderBy('d.tenant_id')
      .limit(batchSize),
  )
  const keys = rows.map(({ tenant_id, wrapped }) => ({
    key: tenant_id,
    old: wrapped,
    new: createDataKey(master, { tenantId: tenant_id, generation: 0 }).wrapped,
  }))
  yield* rewrapIn(store, 'data_keys', master, keys)
  return rows.length < batchSize ? 0 : (rows.at(-1)?.tenant_id ?? 0)
}
