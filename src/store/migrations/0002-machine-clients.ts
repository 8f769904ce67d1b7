import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { ColumnTypes } from './types.ts'

/** Client credentials (which data sources a machine client reads), and what the schema says of itself. */
export const machineClients = (_types: ColumnTypes): Migration => ({
  up: async (db: Kysely<never>) => {
    await db.schema
      .alterTable('client_applications')
      .addColumn('data_sources', 'text', (c) => c.notNull().defaultTo('[]'))
      .execute()
    await db.schema
      .createTable('schema_facts')
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('value', 'text', (c) => c.notNull())
      .execute()
  },
})
