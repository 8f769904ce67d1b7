import type { ClientBase } from 'pg'
import {
  migrate,
  type MigrateMode,
  type MigrationState,
  readState,
  SchemaError,
} from '../migrate.ts'
import type { ColumnTypes } from '../migrations/types.ts'
import { postgresRunner } from './dialect.ts'

export const postgresTypes: ColumnTypes = { integer: 'bigint', bytes: 'bytea', engine: 'postgres' }

/** Any number will do, as long as all nodes use the same. */
const migrationLock = 7_403_961

const hasTable = async (client: ClientBase, name: string): Promise<boolean> => {
  const { rows } = await client.query<{ found: boolean }>(
    'select to_regclass($1) is not null as found',
    [name],
  )
  return rows[0]?.found === true
}

/** The table in which a copy from an embedded store keeps how far it is; it is dropped when the copy is whole. */
export const copyTable = 'headgate_copy'

const refuseHalfCopy = async (client: ClientBase): Promise<void> => {
  if (await hasTable(client, copyTable))
    throw new SchemaError(
      'A copy of an embedded store into this database is not finished; run the same `headgate migrate --to` again, or name another database.',
    )
}

const hasUsers = async (client: ClientBase): Promise<boolean> => {
  const { rows } = await client.query<{ found: boolean }>(
    'select exists (select 1 from users) as found',
  )
  return rows[0]?.found === true
}

/**
 * Brings the database to this release, in one transaction. Nodes that start at once wait for each other; all but the
 * first find nothing to do.
 */
export const migratePostgres = async (
  client: ClientBase,
  options: {
    readonly mode: MigrateMode
    readonly copying?: boolean
    readonly onFirstStart?: () => void
  },
): Promise<void> => {
  await client.query('begin')
  try {
    await client.query('set local lock_timeout = 0; set local statement_timeout = 0')
    await client.query('select pg_advisory_xact_lock($1)', [migrationLock])
    if (options.copying !== true) await refuseHalfCopy(client)
    const exists = await hasTable(client, 'kysely_migration')
    let first: unknown
    const runner = postgresRunner(client, (error) => void (first ??= error))
    await migrate(runner, postgresTypes, {
      mode: options.mode,
      exists,
      firstFailure: () => first,
    })
    if (options.onFirstStart !== undefined && !(await hasUsers(client))) options.onFirstStart()
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

/** How a database stands to this release; nothing is changed. */
export const readPostgresState = async (client: ClientBase): Promise<MigrationState> =>
  readState(postgresRunner(client), postgresTypes, await hasTable(client, 'kysely_migration'))
