import type { Connector } from './connector.ts'
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

/** Creates all connectors: one line each. Synchronous engines share one bounded pool of processes. */
export const createConnectorRegistry = (
  limits: Partial<PoolLimits> = {},
  google: GoogleApis = googleApis,
): ConnectorRegistry => {
  const readers = createReaderPool(limits)
  const connectors: readonly Connector[] = [
    createSqliteConnector(readers),
    ...createUpstreamConnectors(google),
  ]
  return {
    connectors,
    find: (id) => connectors.find((connector) => connector.id === id),
    close: () => readers.close(),
  }
}
