import { type CompiledQuery, sql as raw, type Kysely } from 'kysely'
import { type MigrationResultSet, Migrator } from 'kysely/migration'
import { migrations, oldestCompatible } from './migrations/index.ts'
import type { ColumnTypes } from './migrations/types.ts'

/** `auto` brings the database to this release; `check` refuses a database that would have to be changed first. */
export type MigrateMode = 'auto' | 'check'

/** The database cannot be used by this release; the message is one sentence that says what to do. */
export class SchemaError extends Error {}

/** How a database stands to this release: migrations by name, in order. */
export type MigrationState = {
  readonly applied: readonly string[]
  readonly pending: readonly string[]
  /** Applied by a newer release. */
  readonly newer: readonly string[]
}

const migrationTable = 'kysely_migration'

/** Reads which migrations a database has had. @param exists whether it has the table that says so */
export const readState = async (
  db: Kysely<never>,
  types: ColumnTypes,
  exists: boolean,
): Promise<MigrationState> => {
  const known = Object.keys(migrations(types))
  const rows = exists
    ? (
        await raw<{
          name: string
        }>`select name from ${raw.table(migrationTable)} order by name`.execute(db)
      ).rows
    : []
  const applied = rows.map(({ name }) => name)
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name)),
    newer: applied.filter((name) => !known.includes(name)),
  }
}

/**
 * A newer release has been at the database. Migrations expand before they contract (DESIGN invariant 4), so this
 * release goes on beside it, until a contraction says that it is too old.
 */
const checkNewer = async (
  db: Kysely<never>,
  types: ColumnTypes,
  state: MigrationState,
): Promise<void> => {
  const known = Object.keys(migrations(types))
  const refuse = (): never => {
    throw new SchemaError(
      `The database was written by a newer release of Headgate (${state.newer.at(-1)}); start that release, or restore a backup.`,
    )
  }
  if (state.pending.length > 0) refuse()
  const { rows } = await raw<{
    value: string
  }>`select value from schema_facts where name = 'oldest-compatible'`.execute(db)
  const oldest = rows[0]?.value
  if (oldest === undefined || !known.includes(oldest)) refuse()
}

const failed = (
  { error, results }: MigrationResultSet,
  firstFailure: (() => unknown) | undefined,
): void => {
  if (error === undefined) return
  const broken = results?.find((r) => r.status === 'Error')?.migrationName
  const which = broken === undefined ? 'A migration' : `Migration ${broken}`
  const cause = firstFailure?.() ?? error
  const reason = cause instanceof Error ? cause.message : 'for no reason that it gave'
  throw new SchemaError(`${which} failed (${reason}); nothing was changed.`, { cause })
}

/**
 * Brings a database to this release, or (`check`) says that it is not. Runs on one connection that nobody else
 * migrates beside; the caller has begun a transaction.
 */
export const migrate = async (
  db: Kysely<never>,
  types: ColumnTypes,
  options: {
    readonly mode: MigrateMode
    readonly exists: boolean
    /** What the database said first, where a failed transaction hides it behind what it says to the next statement. */
    readonly firstFailure?: () => unknown
  },
): Promise<MigrationState> => {
  const state = await readState(db, types, options.exists)
  if (state.newer.length > 0) {
    await checkNewer(db, types, state)
    return state
  }
  if (state.pending.length === 0) return state
  if (options.mode === 'check')
    throw new SchemaError(
      `The database lacks ${state.pending.join(', ')}, and HEADGATE_MIGRATE=check forbids to change it. Run: headgate migrate`,
    )
  const provider = { getMigrations: async () => ({ ...migrations(types) }) }
  failed(
    await new Migrator({ db, provider, disableTransactions: true }).migrateToLatest(),
    options.firstFailure,
  )
  await raw`insert into schema_facts (name, value) values ('oldest-compatible', ${oldestCompatible})
    on conflict (name) do update set value = excluded.value`.execute(db)
  return state
}

/** What migrating a database would do. */
export type MigrationPlan = MigrationState & {
  readonly planned: readonly {
    readonly migration: string
    readonly statements: readonly string[]
  }[]
}

/** A statement as it would be sent, for whoever must allow it. */
const asText = ({ sql, parameters }: CompiledQuery): string =>
  parameters.length === 0 ? `${sql};` : `${sql}; -- ${JSON.stringify(parameters)}`

/**
 * The statements that the pending migrations would run; touches no database.
 * @param dry makes a builder that runs nothing and tells every statement
 */
export const planMigrations = async (
  types: ColumnTypes,
  state: MigrationState,
  dry: (tell: (query: CompiledQuery) => void) => Kysely<never>,
): Promise<MigrationPlan> => {
  const planned: { migration: string; statements: readonly string[] }[] = []
  for (const [name, migration] of Object.entries(migrations(types))) {
    if (!state.pending.includes(name)) continue
    const statements: string[] = []
    await migration.up(dry((query) => statements.push(asText(query))))
    planned.push({ migration: name, statements })
  }
  return { ...state, planned }
}
