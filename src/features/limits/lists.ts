import type { SelectQueryBuilder } from 'kysely'
import { type Command, all } from '#store/command.ts'
import type { Schema } from '#store/schema.ts'
import type { Store } from '#store/store.ts'
import { idsOf, type Reach } from '../access/reach.ts'
import type { LimitLevel } from './catalogue.ts'
import type { SetLimit } from './store.ts'

/** Somebody or something with the limits that are set on it, none as well. */
export type LimitsOf = {
  readonly id: number
  readonly name: string
  readonly limits: readonly SetLimit[]
}

export type Page = { readonly limit?: number | undefined; readonly after?: number | undefined }

type Listed = {
  id: number
  name: string
  limit_id: number | null
  value: string | null
}

/** Rows in the order of ids: each object with the limits that are set on it. */
const gather = (rows: readonly Listed[]): readonly LimitsOf[] => {
  const found = new Map<number, { id: number; name: string; limits: SetLimit[] }>()
  for (const { id, name, limit_id, value } of rows) {
    const of = found.get(id) ?? { id, name, limits: [] }
    found.set(id, of)
    if (limit_id !== null && value !== null) of.limits.push({ id: limit_id, value: BigInt(value) })
  }
  return [...found.values()]
}

type Owners = SelectQueryBuilder<Schema, keyof Schema, { id: number; name: string }>

/** Who has which limits; each function is a command, of one statement in the time of what it returns. */
export const createLimitLists = ({ sql }: Store) => {
  /** A page of tenants, users or data sources (one more than its limit), each with what is set on it. */
  function* withLimits(
    owners: Owners,
    level: LimitLevel,
    { limit, after = 0 }: Page,
  ): Command<readonly LimitsOf[]> {
    const piece = owners.where('id', '>', after).orderBy('id')
    const rows = yield* all(
      sql
        .selectFrom((limit === undefined ? piece : piece.limit(limit + 1)).as('o'))
        .leftJoin('limit_values as l', (join) =>
          join.onRef('l.subject_id', '=', 'o.id').on('l.level', '=', level),
        )
        .select(['o.id', 'o.name', 'l.limit_id', 'l.value'])
        .orderBy('o.id')
        .orderBy('l.limit_id'),
    )
    return gather(rows)
  }

  /** The tenants of a reach. */
  function* ofTenants(reach: Reach, page: Page): Command<readonly LimitsOf[]> {
    const ids = idsOf(reach)
    if (ids?.length === 0) return []
    const tenants = sql.selectFrom('tenants').select(['id', 'name'])
    const within = ids === undefined ? tenants : tenants.where('id', 'in', ids)
    return yield* withLimits(within, 'tenant', page)
  }

  /** The users of the tenants of a reach. */
  function* ofUsers(reach: Reach, page: Page): Command<readonly LimitsOf[]> {
    const ids = idsOf(reach)
    if (ids?.length === 0) return []
    const users = sql.selectFrom('users').select(['id', 'user_name as name'])
    const within = ids === undefined ? users : users.where('tenant_id', 'in', ids)
    return yield* withLimits(within, 'user', page)
  }

  /** The data sources of a user. */
  function* ofDataSources(userId: number, page: Page): Command<readonly LimitsOf[]> {
    const sources = sql.selectFrom('data_sources').select(['id', 'name'])
    const own = sources.where('owner_id', '=', userId)
    return yield* withLimits(own, 'data-source', page)
  }

  return { ofTenants, ofUsers, ofDataSources }
}
