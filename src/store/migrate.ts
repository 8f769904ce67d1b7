import type { DatabaseSync } from 'node:sqlite'
import type { Kysely } from 'kysely'
import { type MigrationResultSet, Migrator } from 'kysely/migration'
import { migrations } from './migrations/index.ts'
import type { ColumnTypes } from './migrations/types.ts'
import { sqliteRunner } from './sqlite-dialect.ts'

const sqliteTypes: ColumnTypes = { integer: 'integer', bytes: 'blob', engine: 'sqlite' }

const migrator = (db: Kysely<never>): Migrator =>
  new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations(sqliteTypes) }) } })

const failed = ({ error, results }: MigrationResultSet): void => {
  if (error === undefined) return
  const broken = results?.find((r) => r.status === 'Error')?.migrationName
  throw new Error(
    broken === undefined
      ? 'The database was written by a newer release of Headgate; start that release, or restore a backup.'
      : `Migration ${broken} failed; nothing was changed.`,
    { cause: error },
  )
}

/** Brings the database to this release, in one transaction: all or nothing. */
export const migrateSqlite = async (database: DatabaseSync): Promise<void> => {
  database.exec('BEGIN IMMEDIATE')
  try {
    failed(await migrator(sqliteRunner(database)).migrateToLatest())
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
