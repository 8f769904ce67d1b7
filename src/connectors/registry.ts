import { createDatabaseSockets, type DatabaseSockets } from '#egress/database-sockets.ts'
import type { Connector } from './connector.ts'
import { createPostgresConnector } from './postgres/index.ts'
import { createSqliteConnector } from './sqlite/index.ts'
import { createUpstreamConnectors, type GoogleApis, googleApis } from './upstream/index.ts'
import { createReaderPool, type PoolLimits } from './sqlite/reader-pool.ts'

export type ConnectorRegistry = {
  readonly connectors: readonly Connector[]
  /** By HDP's data store id. */
  readonly find: (id: number) => Connector | undefined
  /** Ends every process that reads for a source; close the sources first. */
  readonly close: () => Promise<void>
}

/**
 * Creates all connectors: one line each. Synchronous engines share one bounded pool of processes.
 * @param sockets the way to databases on a network
 */
export const createConnectorRegistry = (
  limits: Partial<PoolLimits> = {},
  google: GoogleApis = googleApis,
  sockets: DatabaseSockets = createDatabaseSockets({ allowed: [], never: [] }),
): ConnectorRegistry => {
  const readers = createReaderPool(limits)
  const connectors: readonly Connector[] = [
    createSqliteConnector(readers),
    createPostgresConnector(sockets),
    ...createUpstreamConnectors(google),
  ]
  return {
    connectors,
    find: (id) => connectors.find((connector) => connector.id === id),
    close: () => readers.close(),
  }
}
