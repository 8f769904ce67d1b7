import type { Migration } from 'kysely/migration'
import { initial } from './0001-initial.ts'
import { machineClients } from './0002-machine-clients.ts'
import { administration } from './0003-administration.ts'
import { modelDemand } from './0005-model-demand.ts'
import { upstream } from './0004-upstream.ts'
import type { ColumnTypes } from './types.ts'

/** The migrations in order; a migration that has shipped is never edited, only followed. */
export const migrations = (types: ColumnTypes): Readonly<Record<string, Migration>> => ({
  '0001-initial': initial(types),
  '0002-machine-clients': machineClients(types),
  '0003-administration': administration(types),
  '0004-upstream': upstream(types),
  '0005-model-demand': modelDemand(types),
})

/**
 * A release that knows this migration can run on a database of this one. A migration that takes something away (a
 * contraction) moves it to the migration from which on nobody used what is gone.
 */
export const oldestCompatible = '0002-machine-clients'
