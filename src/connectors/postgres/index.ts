import type { DatabaseSockets } from '#egress/database-sockets.ts'
import type { Connector, OptionDefinition } from '../connector.ts'
import { checkDefinitions, odataOptions, parseODataOptions } from '../odata-options.ts'
import { destinationOptions, parseSettings, postgresOptions } from './settings.ts'
import { openPostgresSource } from './source.ts'

const options: readonly OptionDefinition[] = [...postgresOptions, ...odataOptions]

/** PostgreSQL, and what speaks its protocol: one schema of one database, read-only. */
export const createPostgresConnector = (sockets: DatabaseSockets): Connector => ({
  id: 5002,
  name: 'PostgreSQL',
  options,
  presentsTo: destinationOptions,
  checkOptions: (given) => {
    checkDefinitions(given, options)
    parseODataOptions(given)
    parseSettings(given)
  },
  open: async (given) => openPostgresSource(parseSettings(given), sockets),
})
