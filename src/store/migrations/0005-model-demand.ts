import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { ColumnTypes } from './types.ts'

/** How many times a new model of a data source was asked for. An older release writes rows without it. */
export const modelDemand = ({ integer }: ColumnTypes): Migration => ({
  up: async (db: Kysely<never>) => {
    await db.schema
      .alterTable('data_sources')
      .addColumn('model_demand', integer, (c) => c.notNull().defaultTo(0))
      .execute()
  },
})
