import type { Connector, OptionDefinition } from '../connector.ts'
import { checkDefinitions, odataOptions, parseODataOptions } from '../odata-options.ts'
import { resolveDatabaseFile } from './open-file.ts'
import type { ReaderPool } from './reader-pool.ts'
import { openSqliteSource } from './source.ts'

const database: OptionDefinition = {
  name: 'Database',
  required: true,
  secret: false,
  maxLength: 128,
  displayName: 'Database file',
  documentation: "The name of a file in the tenant's own directory; it is opened read-only.",
}

const options: readonly OptionDefinition[] = [database, ...odataOptions]

/** SQLite files in the tenant's own directory, read-only. */
export const createSqliteConnector = (readers: ReaderPool): Connector => ({
  id: 5001,
  name: 'SQLite',
  options,
  checkOptions: (given, { filesDirectory }) => {
    checkDefinitions(given, options)
    parseODataOptions(given)
    resolveDatabaseFile(given['Database'] ?? '', filesDirectory)
  },
  open: async (given, { filesDirectory }) =>
    openSqliteSource(resolveDatabaseFile(given['Database'] ?? '', filesDirectory), readers),
})
