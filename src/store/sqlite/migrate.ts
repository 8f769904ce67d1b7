import { existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import {
  migrate,
  type MigrateMode,
  type MigrationPlan,
  type MigrationState,
  planMigrations,
  readState,
} from '../migrate.ts'
import type { ColumnTypes } from '../migrations/types.ts'
import { sqliteDry, sqliteRunner } from './dialect.ts'
import { openForReading } from './reading.ts'

export const sqliteTypes: ColumnTypes = { integer: 'integer', bytes: 'blob', engine: 'sqlite' }

/** Whether a database has a table of that name. */
export const hasTable = (database: DatabaseSync, name: string): boolean =>
  database.prepare("select 1 from sqlite_master where type = 'table' and name = ?").get(name) !==
  undefined

/** Brings the database to this release, in one transaction: all or nothing. */
export const migrateSqlite = async (database: DatabaseSync, mode: MigrateMode): Promise<void> => {
  database.exec('BEGIN IMMEDIATE')
  try {
    const exists = hasTable(database, 'kysely_migration')
    await migrate(sqliteRunner(database), sqliteTypes, { mode, exists })
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** How an embedded database stands to this release; it is opened for reading alone, and a missing one is not made. */
export const readSqliteState = async (file: string): Promise<MigrationState> => {
  if (!existsSync(file))
    return readState(
      sqliteDry(() => undefined),
      sqliteTypes,
      false,
    )
  const database = openForReading(file)
  try {
    return await readState(
      sqliteRunner(database),
      sqliteTypes,
      hasTable(database, 'kysely_migration'),
    )
  } finally {
    database.close()
  }
}

/** What migrating an embedded database would do; nothing is changed. */
export const planSqlite = async (file: string): Promise<MigrationPlan> =>
  planMigrations(sqliteTypes, await readSqliteState(file), sqliteDry)
