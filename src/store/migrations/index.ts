import type { Migration } from 'kysely/migration'
import { initial } from './0001-initial.ts'
import type { ColumnTypes } from './types.ts'

/** The migrations in order; a migration that has shipped is never edited, only followed. */
export const migrations = (types: ColumnTypes): Readonly<Record<string, Migration>> => ({
  '0001-initial': initial(types),
})
