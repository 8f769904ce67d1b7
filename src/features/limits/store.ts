import { type Command, all, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { LimitLevel } from './catalogue.ts'

/** Where a value is set: `id` is that of the tenant, the user or the data source; 0 for the system. */
export type LimitPlace = { readonly level: LimitLevel; readonly id: number }

/** A limit that is set; its value as a JSON number of any size. */
export type SetLimit = { readonly id: number; readonly value: bigint }

/** Reads and writes of limits; each function is a command. */
export const createLimitStore = ({ sql }: Store) => {
  const at = ({ level, id }: LimitPlace) =>
    sql.selectFrom('limit_values').where('level', '=', level).where('subject_id', '=', id)

  function* list(place: LimitPlace): Command<readonly SetLimit[]> {
    const rows = yield* all(at(place).select(['limit_id', 'value']).orderBy('limit_id'))
    return rows.map((row) => ({ id: row.limit_id, value: BigInt(row.value) }))
  }

  function* read(place: LimitPlace, limitId: number): Command<bigint | undefined> {
    const row = yield* first(at(place).select('value').where('limit_id', '=', limitId))
    return row && BigInt(row.value)
  }

  function* set(place: LimitPlace, limitId: number, value: bigint): Command<void> {
    const { level, id } = place
    const text = String(value)
    yield* run(
      sql
        .insertInto('limit_values')
        .values({
          level,
          subject_id: id,
          limit_id: limitId,
          value: text,
          tenant_id: level === 'tenant' ? id : null,
          user_id: level === 'user' ? id : null,
          data_source_id: level === 'data-source' ? id : null,
        })
        .onConflict((conflict) =>
          conflict.columns(['level', 'subject_id', 'limit_id']).doUpdateSet({ value: text }),
        ),
    )
  }

  /** False when it was not set. */
  function* remove({ level, id }: LimitPlace, limitId: number): Command<boolean> {
    const removed = yield* run(
      sql
        .deleteFrom('limit_values')
        .where('level', '=', level)
        .where('subject_id', '=', id)
        .where('limit_id', '=', limitId),
    )
    return removed === 1
  }

  /** The tenant of a user; its row is read too, so that nothing is set where a tenant is being deleted. */
  function* tenantOfUser(userId: number): Command<number | undefined> {
    const row = yield* first(
      sql
        .selectFrom('users as u')
        .innerJoin('tenants as t', 't.id', 'u.tenant_id')
        .select('t.id')
        .where('u.id', '=', userId),
    )
    return row?.id
  }

  function* hasTenant(id: number): Command<boolean> {
    return (yield* first(sql.selectFrom('tenants').select('id').where('id', '=', id))) !== undefined
  }

  function* ownsDataSource(userId: number, id: number): Command<boolean> {
    const row = yield* first(
      sql
        .selectFrom('data_sources')
        .select('id')
        .where('id', '=', id)
        .where('owner_id', '=', userId),
    )
    return row !== undefined
  }

  return {
    list,
    read,
    set,
    remove,
    tenantOfUser,
    hasTenant,
    ownsDataSource,
  }
}
