import { join } from 'node:path'
import type { Connector, ConnectorContext } from '#connectors/connector.ts'
import { ConnectorError } from '#connectors/errors.ts'
import type { ConnectorRegistry } from '#connectors/registry.ts'
import type { Clock } from '#lib/clock.ts'
import type { Store } from '#store/store.ts'
import type { Caller } from '../access/caller.ts'
import { ManagementError, refusals } from '../refusals.ts'
import { type DataSource, dataSourceNameFault } from './data-source.ts'
import type { DataSourceStore } from './store.ts'

/** What a caller sends to create a data source. */
export type DataSourceFields = {
  readonly name: string
  readonly dataStore: number
  readonly connectionType: string | undefined
  readonly description: string | undefined
  readonly options: Readonly<Record<string, string>>
}

const requireConnector = (connectors: ConnectorRegistry, id: number): Connector => {
  const connector = connectors.find(id)
  if (connector === undefined)
    throw new ManagementError(
      refusals.invalidInput,
      `dataStore ${id} is not a data store of this server.`,
    )
  return connector
}

const checkConnectionType = (type: string | undefined): string => {
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

const checkOptions = (
  connector: Connector,
  options: Readonly<Record<string, string>>,
  context: ConnectorContext,
): void => {
  for (const [name, value] of Object.entries(options)) {
    const definition = connector.options.find((option) => option.name === name)
    if (definition === undefined)
      throw new ManagementError(
        refusals.invalidOption,
        `${JSON.stringify(name.slice(0, 64))} is not an option of ${connector.name}; it has ${connector.options.map((o) => o.name).join(', ')}.`,
      )
    if (value.length > definition.maxLength)
      throw new ManagementError(
        refusals.invalidOption,
        `${name} is longer than ${definition.maxLength} characters.`,
      )
  }
  try {
    connector.checkOptions(options, context)
  } catch (error) {
    if (error instanceof ConnectorError)
      throw new ManagementError(refusals.invalidOption, error.message)
    throw error
  }
}

/** The rules of data sources. */
export const createDataSourceService = (deps: {
  readonly store: Store
  readonly dataSources: DataSourceStore
  readonly connectors: ConnectorRegistry
  readonly clock: Clock
  readonly filesDir: string
}) => {
  const { store, dataSources } = deps

  /** Files of one tenant are not seen from another. */
  const contextOf = (tenantId: number): ConnectorContext => ({
    filesDirectory: join(deps.filesDir, String(tenantId)),
  })

  const read = async (caller: Caller, id: number): Promise<DataSource> => {
    const source = await store.read(() => dataSources.readById(id))
    if (source === undefined || source.ownerId !== caller.userId)
      throw new ManagementError(refusals.dataSourceNotFound)
    return source
  }

  const create = async (caller: Caller, fields: DataSourceFields): Promise<DataSource> => {
    const fault = dataSourceNameFault(fields.name)
    if (fault !== undefined) throw new ManagementError(refusals.invalidInput, fault)
    const connector = requireConnector(deps.connectors, fields.dataStore)
    const connectionType = checkConnectionType(fields.connectionType)
    checkOptions(connector, fields.options, contextOf(caller.tenantId))
    const draft = { ...fields, connectionType, ownerId: caller.userId, tenantId: caller.tenantId }
    const id = await store.write(() => dataSources.insert(draft, deps.clock.now()))
    if (id === undefined)
      throw new ManagementError(refusals.duplicateName, 'You have a data source of this name.')
    return read(caller, id)
  }

  const remove = async (caller: Caller, id: number): Promise<void> => {
    if (!(await store.write(() => dataSources.remove(id, caller.userId))))
      throw new ManagementError(refusals.dataSourceNotFound)
  }

  return {
    contextOf,
    list: (caller: Caller) => store.read(() => dataSources.list(caller.userId)),
    listOf: (userId: number) => store.read(() => dataSources.list(userId)),
    readByName: (ownerId: number, name: string) =>
      store.read(() => dataSources.readByName(ownerId, name)),
    read,
    create,
    remove,
  }
}

export type DataSourceService = ReturnType<typeof createDataSourceService>
