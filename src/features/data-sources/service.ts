import { join } from 'node:path'
import type { Connector, ConnectorContext } from '#connectors/connector.ts'
import { ConnectorError } from '#connectors/errors.ts'
import type { ConnectorRegistry } from '#connectors/registry.ts'
import type { Clock } from '#lib/clock.ts'
import type { Store } from '#store/store.ts'
import type { Command } from '#store/command.ts'
import { requireStill } from '../access/still.ts'
import { requireStillFor } from '../access/acting.ts'
import { checkPermissions, permissionName } from '../access/caller.ts'
import { permission } from '../access/permissions.ts'
import {
  type ActingFor,
  checkSourcePermissions,
  mayOnSource,
} from '../access/source-permissions.ts'
import { pieceOf } from '../parameters.ts'
import { ManagementError, refusals } from '../refusals.ts'
import { type DataSource, dataSourceNameFault } from './data-source.ts'
import type { UserStore } from '../users/store.ts'
import type { DataSourceStore, Page } from './store.ts'

/** What a caller sends to create a data source. */
export type DataSourceFields = {
  readonly name: string
  readonly dataStore: number
  readonly connectionType: string | undefined
  readonly description: string | undefined
  readonly options: Readonly<Record<string, string>>
  readonly permissions: readonly number[] | undefined
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
  readonly users: UserStore
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

  /** A data source of the one it is done for; one of somebody else is not told from one that does not exist. */
  function* require(by: ActingFor, id: number, needed: number): Command<DataSource> {
    const source = yield* dataSources.readById(id)
    if (source === undefined || source.ownerId !== by.subject.userId)
      throw new ManagementError(refusals.dataSourceNotFound)
    if (!mayOnSource(by, source, needed))
      throw new ManagementError(refusals.forbidden, `It needs ${permissionName(needed)} on it.`)
    return source
  }

  /** Those that may be seen. Throws 403 for who may see none because a permission is missing. */
  const list = async (by: ActingFor, page: Page) => {
    const found = await store.read(() => dataSources.list(by.subject.userId, page))
    const { piece, next } = pieceOf(found, page.limit)
    const seen = piece.filter((source) => mayOnSource(by, source, permission.viewDataSource))
    if (seen.length === 0 && next === undefined)
      checkPermissions(by.caller, [permission.viewDataSource])
    return { seen, next }
  }

  /** Throws 404, and 403 without ViewDataSource on it. */
  const read = (by: ActingFor, id: number): Promise<DataSource> =>
    store.read(() => require(by, id, permission.viewDataSource))

  const create = async (by: ActingFor, fields: DataSourceFields): Promise<DataSource> => {
    const { subject } = by
    const fault = dataSourceNameFault(fields.name)
    if (fault !== undefined) throw new ManagementError(refusals.invalidInput, fault)
    const connector = requireConnector(deps.connectors, fields.dataStore)
    const connectionType = checkConnectionType(fields.connectionType)
    checkOptions(connector, fields.options, contextOf(subject.tenantId))
    const permissions = fields.permissions && checkSourcePermissions(by, fields.permissions)
    return store.write(function* () {
      yield* requireStill(store, by.caller)
      yield* requireStillFor(deps.users, by)
      const { userId: ownerId, tenantId } = subject
      const draft = { ...fields, permissions, connectionType, ownerId, tenantId }
      const id = yield* dataSources.insert(draft, deps.clock.now())
      if (id === undefined)
        throw new ManagementError(
          refusals.duplicateName,
          'The user has a data source of this name.',
        )
      const made = yield* dataSources.readById(id)
      if (made === undefined) throw new Error('the data source was not stored')
      return made
    })
  }

  /** Throws 404, and 403 without DeleteDataSource on it. */
  const remove = (by: ActingFor, id: number): Promise<void> =>
    store.write(function* () {
      yield* requireStill(store, by.caller)
      yield* requireStillFor(deps.users, by)
      yield* require(by, id, permission.deleteDataSource)
      yield* dataSources.remove(id, by.subject.userId)
    })

  const counting = ({ subject }: ActingFor, set: readonly number[] | undefined) =>
    [...(set ?? subject.permissions)].sort((a, b) => a - b)

  /** What is set on a data source, else what its owner holds; ascending. Throws 404, and 403 as reading. */
  const readPermissions = async (by: ActingFor, id: number): Promise<readonly number[]> =>
    counting(by, (await read(by, id)).permissions)

  /**
   * Sets what counts on a data source; undefined leaves it to what the owner holds again. Answers what counts then. Throws
   * 404, 400 for the owner alone and for what cannot be set, 403 for what the caller lacks.
   */
  const setPermissions = (
    by: ActingFor,
    id: number,
    permissions: readonly number[] | undefined,
  ): Promise<readonly number[]> =>
    store.write(function* () {
      yield* requireStill(store, by.caller)
      yield* requireStillFor(deps.users, by)
      yield* require(by, id, permission.modifyDataSource)
      const checked = checkSourcePermissions(by, permissions ?? [])
      const set = permissions && checked
      yield* dataSources.setPermissions(id, set)
      return counting(by, set)
    })

  return {
    contextOf,
    list,
    listOf: (userId: number) => store.read(() => dataSources.list(userId)),
    readByName: (ownerId: number, name: string) =>
      store.read(() => dataSources.readByName(ownerId, name)),
    read,
    create,
    remove,
    readPermissions,
    setPermissions,
  }
}

export type DataSourceService = ReturnType<typeof createDataSourceService>
