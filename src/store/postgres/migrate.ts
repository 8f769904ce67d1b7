import type { ClientBase } from 'pg'
import {
  migrate,
  type MigrateMode,
  type MigrationPlan,
  planMigrations,
  readState,
} from '../migrate.ts'
import type { ColumnTypes } from '../migrations/types.ts'
import { beginCopy, claimForCopy, type Copying, refuseHalfCopy } from './copy-progress.ts'
import { postgresDry, postgresRunner } from './dialect.ts'
import { hasTable } from './has-table.ts'

export const postgresTypes: ColumnTypes = { integer: 'bigint', bytes: 'bytea', engine: 'postgres' }

/** Any number will do, as long as all nodes use the same. */
const migrationLock = 7_403_961

const hasUsers = async (client: ClientBase): Promise<boolean> => {
  const { rows } = await client.query<{ found: boolean }>(
    'select exists (select 1 from users) as found',
  )
  return rows[0]?.found === true
}

/**
 * Brings the database to this release, in one transaction. Nodes that start at once wait for each other; all but the
 * first find nothing to do.
 * @param options.copying the embedded store that is being copied here: only an empty database, or one with the same
 *   unfinished copy, is taken for that
 */
export const migratePostgres = async (
  client: ClientBase,
  options: {
    readonly mode: MigrateMode
    readonly copying?: Copying
    readonly onFirstStart?: () => void
  },
): Promise<void> => {
  await client.query('begin')
  try {
    await client.query('set local lock_timeout = 0; set local statement_timeout = 0')
    await client.query('select pg_advisory_xact_lock($1)', [migrationLock])
    if (options.copying === undefined) await refuseHalfCopy(client)
    else await claimForCopy(client, options.copying)
    const exists = await hasTable(client, 'kysely_migration')
    let first: unknown
    const runner = postgresRunner(client, (error) => void (first ??= error))
    await migrate(runner, postgresTypes, {
      mode: options.mode,
      exists,
      firstFailure: () => first,
    })
    if (options.copying !== undefined) await beginCopy(client, options.copying.source)
    if (options.onFirstStart !== undefined && !(await hasUsers(client))) options.onFirstStart()
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

/** What migrating a database would do; nothing is changed. */
export const planPostgres = async (client: ClientBase): Promise<MigrationPlan> => {
  const exists = await hasTable(client, 'kysely_migration')
  const state = await readState(postgresRunner(client), postgresTypes, exists)
  return planMigrations(postgresTypes, state, postgresDry)
}
