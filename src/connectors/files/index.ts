import type { Connector, ConnectorContext, OptionDefinition } from '../connector.ts'
import { ConnectorError } from '../errors.ts'
import {
  checkDefinitions,
  odataOptions,
  type Options,
  parseODataOptions,
} from '../odata-options.ts'
import { resolveFolder } from './folder.ts'
import { isEngineInstalled, missingEngine } from './missing-engine.ts'
import type { FilesPool } from './pool.ts'
import { openFilesSource } from './source.ts'

const folder: OptionDefinition = { name: 'Folder', required: true, secret: false, maxLength: 256 }

const options: readonly OptionDefinition[] = [folder, ...odataOptions]

/** `isInstalled`: whether the engine is there. */
export const createFilesConnector = (
  pool: FilesPool,
  isInstalled: () => boolean = isEngineInstalled,
): Connector => {
  const resolve = (given: Options, { filesDirectory }: ConnectorContext): string => {
    if (!isInstalled()) throw new ConnectorError('unsupported', missingEngine)
    return resolveFolder(given['Folder'] ?? '', filesDirectory)
  }
  return {
    id: 5004,
    name: 'Files',
    options,
    checkOptions: (given, context) => {
      checkDefinitions(given, options)
      parseODataOptions(given)
      resolve(given, context)
    },
    open: async (given, context) =>
      openFilesSource(resolve(given, context), parseODataOptions(given).schemaMap, pool),
  }
}
