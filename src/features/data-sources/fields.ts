import type { Connector } from '#connectors/connector.ts'
import type { ConnectorRegistry } from '#connectors/registry.ts'
import { takesOAuth } from '../oauth-applications/application.ts'
import { ManagementError, refusals } from '../refusals.ts'

/** What a caller sends to create or replace a data source. */
export type DataSourceFields = {
  readonly name: string
  readonly dataStore: number
  readonly connectionType: string | undefined
  readonly description: string | undefined
  readonly options: Readonly<Record<string, string>>
  readonly permissions: readonly number[] | undefined
}

/** Throws 400 for a data store that is none of this server. */
export const requireConnector = (connectors: ConnectorRegistry, id: number): Connector => {
  const connector = connectors.find(id)
  if (connector === undefined)
    throw new ManagementError(
      refusals.invalidInput,
      `dataStore ${id} is not a data store of this server.`,
    )
  return connector
}

/**
 * Throws 400 for every type but Cloud. It may be left out for data stores that take OAuth, as HDP's sample with a profile does
 * (OAuth reference D.3); for others HDP demands it (E.3).
 */
export const checkConnectionType = (type: string | undefined, dataStore: number): string => {
  if (type === undefined && takesOAuth(dataStore)) return 'Cloud'
  if (type === undefined) throw new ManagementError(refusals.connectionTypeMissing)
  if (type !== 'Cloud')
    throw new ManagementError(
      refusals.badConnectionType,
      type === 'Hybrid'
        ? 'Hybrid needs an on-premises connector, which this server does not have; use Cloud.'
        : 'Use Cloud.',
    )
  return type
}
