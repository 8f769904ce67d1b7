import { DatabaseSync } from 'node:sqlite'
import { migrate, type MigrateMode, type MigrationState, readState } from '../migrate.ts'
import type { ColumnTypes } from '../migrations/types.ts'
import { sqliteRunner } from './dialect.ts'

export const sqliteTypes: ColumnTypes = { integer: 'integer', bytes: 'blob', engine: 'sqlite' }

const hasTable = (database: DatabaseSync, name: string): boolean =>
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

/** How an embedded database stands to this release; it is opened for reading alone. */
export const readSqliteState = async (file: string): Promise<MigrationState> => {
  const database = new DatabaseSync(file, { readOnly: true })
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
