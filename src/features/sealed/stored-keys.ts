import { sql as raw } from 'kysely'
import { all, type Command, first, prepare } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { DataKeyId, WrappedKey } from '#vault/envelope.ts'

/** A data key of a tenant as it is stored. */
export type StoredKey = { readonly id: DataKeyId; readonly stored: WrappedKey }

type Sql = Pick<Store, 'sql'>

type Columns = {
  tenant_id: number
  generation: number
  master_key_id: string
  wrapped: string
}

const toKey = (row: Columns): StoredKey => ({
  id: { tenantId: row.tenant_id, generation: row.generation },
  stored: { masterKeyId: row.master_key_id, wrapped: row.wrapped },
})

/** Every data key: the first one of a tenant is generation 0, in a table of its own. */
export const selectKeys = ({ sql }: Sql) =>
  sql
    .selectFrom(
      sql
        .selectFrom('data_keys')
        .select(['tenant_id', raw.lit(0).as('generation'), 'master_key_id', 'wrapped'])
        .unionAll(
          sql
            .selectFrom('rotated_data_keys')
            .select(['tenant_id', 'generation', 'master_key_id', 'wrapped']),
        )
        .as('k'),
    )
    .select(['k.tenant_id', 'k.generation', 'k.master_key_id', 'k.wrapped'])

/** Reads single data keys with statements that are compiled once: each use of a secret asks for one. */
export const createKeyReader = (store: Sql) => {
  const newestOf = prepare<{ tenantId: number }, Columns>((slot) =>
    selectKeys(store)
      .where('k.tenant_id', '=', slot('tenantId'))
      .orderBy('k.generation', 'desc')
      .limit(1),
  )
  const keyOf = prepare<DataKeyId, Columns>((slot) =>
    selectKeys(store)
      .where('k.tenant_id', '=', slot('tenantId'))
      .where('k.generation', '=', slot('generation')),
  )

  /** The key of a tenant that seals; undefined where it has none yet. */
  function* newest(tenantId: number): Command<StoredKey | undefined> {
    const row = yield* first(newestOf({ tenantId }))
    return row && toKey(row)
  }

  /** The key of that generation, if there is one. */
  function* read(id: DataKeyId): Command<StoredKey | undefined> {
    const row = yield* first(keyOf(id))
    return row && toKey(row)
  }

  return { newest, read }
}

/** All data keys of tenants. */
export function* readKeysOf(
  store: Sql,
  tenantIds: readonly number[],
): Command<readonly StoredKey[]> {
  if (tenantIds.length === 0) return []
  return (yield* all(selectKeys(store).where('k.tenant_id', 'in', tenantIds))).map(toKey)
}

/** So many data keys after the given one that another master key than this wraps, by tenant and generation. */
export function* readKeysUnderOthers(
  store: Sql,
  masterKeyId: string,
  { after, limit }: { readonly after: DataKeyId; readonly limit: number },
): Command<readonly StoredKey[]> {
  const rows = yield* all(
    selectKeys(store)
      .where('k.master_key_id', '<>', masterKeyId)
      .where((e) =>
        e.or([
          e('k.tenant_id', '>', after.tenantId),
          e.and([e('k.tenant_id', '=', after.tenantId), e('k.generation', '>', after.generation)]),
        ]),
      )
      .orderBy('k.tenant_id')
      .orderBy('k.generation')
      .limit(limit),
  )
  return rows.map(toKey)
}

/** How many data keys each master key wraps; those that wrap none are not named. */
export function* readMasterUse(
  store: Sql,
): Command<readonly { readonly masterKeyId: string; readonly keys: number }[]> {
  const rows = yield* all(
    selectKeys(store)
      .clearSelect()
      .select((e) => ['k.master_key_id', e.fn.countAll<number>().as('n')])
      .groupBy('k.master_key_id')
      .orderBy('k.master_key_id'),
  )
  return rows.map((row) => ({ masterKeyId: row.master_key_id, keys: row.n }))
}
