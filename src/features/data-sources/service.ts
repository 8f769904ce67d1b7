import { join } from 'node:path'
import type { Connector, ConnectorContext, UpstreamCalls } from '#connectors/connector.ts'
import type { ConnectorRegistry } from '#connectors/registry.ts'
import type { AddressPolicy } from '#egress/address-policy.ts'
import type { Clock } from '#lib/clock.ts'
import type { Store } from '#store/store.ts'
import type { Command } from '#store/command.ts'
import { requireStill } from '../access/still.ts'
import { requireStillFor } from '../access/acting.ts'
import { checkPermissions, permissionName } from '../access/caller.ts'
import { permission } from '../access/permissions.ts'
import { type ActingFor, mayOnSource } from '../access/source-permissions.ts'
import { pieceOf } from '../parameters.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import type { UserStore } from '../users/store.ts'
import { createChanges } from './changing.ts'
import type { DataSource, ShownDataSource } from './data-source.ts'
import { requireConnector } from './fields.ts'
import { profileOption } from './options.ts'
import { createSetPermissions } from './permissions-set.ts'
import { reasonOf } from './models/keeper.ts'
import type { SecretOptionsStore } from './secrets.ts'
import type { SourceLogs } from './source-logs.ts'
import type { DataSourceStore, Page } from './store.ts'
import { testConnection } from './test-connection.ts'

/** By SQL, by OData, or both: who may use a data source in no way has nothing to try out (management reference 4.4). */
const usePermissions = [permission.useJdbc, permission.useOdbc, permission.useOData]

const checkUsable = (by: ActingFor, source: DataSource): void => {
  if (!usePermissions.some((needed) => mayOnSource(by, source, needed)))
    throw new ManagementError(
      refusals.forbidden,
      `It needs one of ${usePermissions.map(permissionName).join(', ')} on it.`,
    )
}

/** What of a list is wanted (management reference 4.3). */
export type SourceFilter = {
  /** Groups alone, which there are none of. */
  readonly groups?: boolean
  readonly isOData?: boolean | undefined
}

/** The data stores that a filter leaves; undefined for all. */
const dataStoresOf = (
  { connectors }: ConnectorRegistry,
  { groups = false, isOData }: SourceFilter,
): readonly number[] | undefined => {
  if (groups) return []
  if (isOData === undefined) return undefined
  const isReadable = ({ readable }: Connector): boolean => readable !== false
  return connectors.filter((each) => isReadable(each) === isOData).map(({ id }) => id)
}

type Deps = {
  readonly store: Store
  readonly users: UserStore
  readonly dataSources: DataSourceStore
  readonly connectors: ConnectorRegistry
  readonly secretOptions: SecretOptionsStore
  readonly sealed: SealedValues
  readonly clock: Clock
  readonly filesDir: string
  readonly logs: SourceLogs
  readonly addresses: AddressPolicy
  readonly callsOf: (source: DataSource) => UpstreamCalls
  /** HEADGATE_HDP=show-secrets: secret options are shown again. */
  readonly showSecrets: boolean
}

/** The rules of data sources. */
export const createDataSourceService = (deps: Deps) => {
  const { store, dataSources } = deps

  /** Files of one tenant are not seen from another. */
  const contextOf = (tenantId: number): ConnectorContext => ({
    filesDirectory: join(deps.filesDir, String(tenantId)),
    addresses: deps.addresses,
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
  const list = async (by: ActingFor, page: Page, filter: SourceFilter = {}) => {
    const of = dataStoresOf(deps.connectors, filter)
    const found = await store.read(() => dataSources.list(by.subject.userId, page, of))
    const { piece, next } = pieceOf(found, page.limit)
    const seen = piece.filter((source) => mayOnSource(by, source, permission.viewDataSource))
    if (seen.length === 0 && next === undefined)
      checkPermissions(by.caller, [permission.viewDataSource])
    return { seen, next }
  }

  /** With all options as they may be seen: the profile's id, and secrets by their names alone (management reference 4.2). */
  function* shown(source: DataSource): Command<ShownDataSource> {
    const secrets = Object.entries((yield* deps.secretOptions.open(source)) ?? {}).map(
      ([name, value]) => [name, deps.showSecrets ? value : ''] as const,
    )
    const { oauthProfileId } = source
    const profile = oauthProfileId === undefined ? {} : { [profileOption]: String(oauthProfileId) }
    return {
      ...source,
      allOptions: { ...source.options, ...profile, ...Object.fromEntries(secrets) },
    }
  }

  const { create, update } = createChanges({ ...deps, require, contextOf, shown })

  /** Throws 404, and 403 without ViewDataSource on it. */
  const read = (by: ActingFor, id: number): Promise<ShownDataSource> =>
    store.read(function* () {
      return yield* shown(yield* require(by, id, permission.viewDataSource))
    })

  /**
   * Tries to connect (management reference 4.4). Throws 404, 403 without ViewDataSource or any permission to use it, and what
   * `testConnection` throws.
   */
  const test = async (by: ActingFor, id: number): Promise<void> => {
    const source = await store.read(() => require(by, id, permission.viewDataSource))
    checkUsable(by, source)
    const connector = requireConnector(deps.connectors, source.dataStore)
    // A store that takes OAuth is tried with a token; its secrets stay where they are.
    const options =
      connector.test === undefined
        ? await store.read(() => deps.secretOptions.whole(source))
        : source.options
    const context = contextOf(source.tenantId)
    try {
      await testConnection(connector, options, { context, calls: deps.callsOf(source) })
      deps.logs.note(id, 'connection tried: it works')
    } catch (error) {
      deps.logs.note(id, `connection tried: ${reasonOf(error)}`)
      throw error
    }
  }

  /** Throws 404, and 403 without DeleteDataSource on it. */
  const remove = (by: ActingFor, id: number): Promise<void> =>
    store.write(function* () {
      yield* requireStill(store, by.caller)
      yield* requireStillFor(deps.users, by)
      yield* require(by, id, permission.deleteDataSource)
      yield* dataSources.remove(id, by.subject.userId)
    })

  return {
    contextOf,
    require,
    list,
    listOf: (userId: number) => store.read(() => dataSources.list(userId)),
    readByName: (ownerId: number, name: string) =>
      store.read(() => dataSources.readByName(ownerId, name)),
    read,
    create,
    update,
    test,
    remove,
    ...createSetPermissions({ ...deps, require }),
  }
}

export type DataSourceService = ReturnType<typeof createDataSourceService>
