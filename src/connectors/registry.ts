import { createDatabaseSockets, type DatabaseSockets } from '#egress/database-sockets.ts'
import type { Connector } from './connector.ts'
import { createFilesConnector } from './files/index.ts'
import { createFilesPool } from './files/pool.ts'
import { createPostgresConnector } from './postgres/index.ts'
import type { PoolLimits } from './readers/pool.ts'
import { createSqliteConnector } from './sqlite/index.ts'
import { createUpstreamConnectors, type GoogleApis, googleApis } from './upstream/index.ts'
import { createReaderPool } from './sqlite/reader-pool.ts'

export type ConnectorRegistry = {
  readonly connectors: readonly Connector[]
  /** By HDP's data store id. */
  readonly find: (id: number) => Connector | undefined
  /** Ends every process that reads for a source; close the sources first. */
  readonly close: () => Promise<void>
}

/**
 * Creates all connectors: one line each. An engine that could take the server with it has a bounded pool of processes.
 * @param sockets the way to databases on a network
 */
export const createConnectorRegistry = (
  limits: Partial<PoolLimits> = {},
  google: GoogleApis = googleApis,
  sockets: DatabaseSockets = createDatabaseSockets({ allowed: [], never: [] }),
): ConnectorRegistry => {
  const readers = createReaderPool(limits)
  const files = createFilesPool(limits)
  const connectors: readonly Connector[] = [
    createSqliteConnector(readers),
    createPostgresConnector(sockets),
    createFilesConnector(files),
    ...createUpstreamConnectors(google),
  ]
  return {
    connectors,
    find: (id) => connectors.find((connector) => connector.id === id),
    close: async () => {
      await Promise.all([readers.close(), files.close()])
    },
  }
}
