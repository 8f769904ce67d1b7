import { type RawBuilder, sql as raw } from 'kysely'
import type { TurnLimits } from '#lib/turns.ts'
import { type Command, all, first, prepare } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { defaultOf, type LimitLevel, limitId } from './catalogue.ts'

// Which value of a limit holds: data source, user, tenant, system, built-in default (management reference 5.1). It is looked
// up inside the statement that needs it, so that it is the truth of that moment on every node and costs no statement.

/** The columns of a statement that say whose limit is asked for; a level that is left out has no say. */
export type LimitColumns = {
  readonly dataSource?: string
  readonly user?: string
  readonly tenant?: string
}

const valueAt = (level: LimitLevel, subject: RawBuilder<unknown>, id: number) =>
  raw<
    string | null
  >`(select l.value from limit_values as l where l.level = ${raw.lit(level)} and l.subject_id = ${subject} and l.limit_id = ${raw.lit(id)})`

/** The value that holds, as decimal digits, never null. @param otherwise where nothing is set */
export const effectiveLimit = (
  id: number,
  of: LimitColumns,
  otherwise: bigint = defaultOf(id),
): RawBuilder<string> => {
  const found = (level: LimitLevel, column: string | undefined) =>
    column === undefined ? [] : [valueAt(level, raw.ref(column), id)]
  const values = [
    ...found('data-source', of.dataSource),
    ...found('user', of.user),
    ...found('tenant', of.tenant),
    valueAt('system', raw.lit(0), id),
    raw.lit(String(otherwise)),
  ]
  return raw<string>`coalesce(${raw.join(values)})`
}

/** How long an access token lasts that is issued now for a user of the tenant in this column. Milliseconds. */
export const accessTokenLifetime = (tenantColumn: string): RawBuilder<number> =>
  raw<number>`cast(${effectiveLimit(limitId.accessTokenTimeout, { tenant: tenantColumn })} as bigint) * 60000`

/** How long a session of a user of the tenant in this column may be idle. Milliseconds. */
export const sessionIdleTime = (tenantColumn: string): RawBuilder<number> =>
  raw<number>`cast(${effectiveLimit(limitId.sessionTimeout, { tenant: tenantColumn })} as bigint) * 60000`

/** How much one reading of a data source is given. */
export type ReadLimits = {
  /** Rows of a query, all of its pages together; beyond what a number holds exactly it is as good as none. */
  readonly rows: number
  /** Rows of a page at most, whatever the data source's own option says; undefined where nothing is set. */
  readonly pageSize: number | undefined
  /** Requests of its user at once and waiting, on this node (management reference 5.11). */
  readonly turns: TurnLimits
}

/** The columns of `ReadLimits`, for a statement that knows the data source, its owner and the owner's tenant. */
export const readLimitColumns = (of: LimitColumns) => {
  // Requests are counted per user, whatever they read.
  const { dataSource: _dataSource, ...person } = of
  return [
    effectiveLimit(limitId.maxFetchRows, of).as('most_rows'),
    effectiveLimit(limitId.pageSize, of, 0n).as('page_size'),
    effectiveLimit(limitId.concurrentRequests, person).as('most_requests'),
    effectiveLimit(limitId.waitingRequests, person).as('most_waiting'),
  ] as const
}

/** What those columns hold, as decimal digits. */
export type ReadLimitRow = {
  readonly most_rows: string
  readonly page_size: string
  readonly most_requests: string
  readonly most_waiting: string
}

export const toReadLimits = (row: ReadLimitRow): ReadLimits => ({
  rows: Number(row.most_rows),
  pageSize: row.page_size === '0' ? undefined : Number(row.page_size),
  turns: { atOnce: Number(row.most_requests), waiting: Number(row.most_waiting) },
})

/** Rows of a page where neither a limit nor an option says how many. */
export const defaultPageSize = Number(defaultOf(limitId.pageSize))

/** Reads how much a reading of this data source of this user is given; undefined when there is none. */
export const createReadLimits = (store: Store) => {
  const query = prepare<{ source: number }, ReadLimitRow>((slot) =>
    store.sql
      .selectFrom('data_sources as s')
      .innerJoin('users as u', 'u.id', 's.owner_id')
      .select(readLimitColumns({ dataSource: 's.id', user: 'u.id', tenant: 'u.tenant_id' }))
      .where('s.id', '=', slot('source')),
  )
  return (sourceId: number): Promise<ReadLimits | undefined> =>
    store.recall(`limits/${sourceId}`, function* () {
      const row = yield* first(query({ source: sourceId }))
      return row && toReadLimits(row)
    })
}

export type ReadLimitsOf = ReturnType<typeof createReadLimits>

/** HDP's limits 2, 3 and 4 (management reference 2.6), in milliseconds. */
export type LockoutPolicy = {
  /** Wrong passwords that lock; 0 locks nobody. */
  readonly failures: number
  readonly window: number
  readonly period: number
}

/** Reads the lockout policy that holds at this moment, as a command. */
export const createLockoutPolicy = ({ sql }: Store): (() => Command<LockoutPolicy>) => {
  const ids = [limitId.lockoutInterval, limitId.lockoutFailures, limitId.lockoutPeriod]
  const query = prepare<Record<string, never>, { limit_id: number; value: string }>(() =>
    sql
      .selectFrom('limit_values')
      .select(['limit_id', 'value'])
      .where('level', '=', 'system')
      .where('subject_id', '=', 0)
      .where('limit_id', 'in', ids),
  )
  return function* () {
    const values = new Map((yield* all(query({}))).map((row) => [row.limit_id, row.value]))
    const valueOf = (id: number): number => Number(values.get(id) ?? defaultOf(id))
    return {
      failures: valueOf(limitId.lockoutFailures),
      window: valueOf(limitId.lockoutInterval) * 1000,
      period: valueOf(limitId.lockoutPeriod) * 1000,
    }
  }
}
