import { createConnectorRegistry } from '#connectors/registry.ts'
import type { GoogleApis } from '#connectors/upstream/index.ts'
import type { AddressPolicy } from '#egress/address-policy.ts'
import type { DatabaseSockets } from '#egress/database-sockets.ts'
import type { Outbound } from '#egress/outbound.ts'
import type { RandomBytes } from '#oauth/token-format.ts'
import type { Clock } from '#lib/clock.ts'
import type { Store } from '#store/store.ts'
import { createDataStores, type Release } from '../data-stores/data-store.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import { createUpstreamTokens } from '../upstream-tokens/service.ts'
import type { UserStore } from '../users/store.ts'
import { createDirectParameters } from './direct-parameters.ts'
import { createSourceModels } from './models/service.ts'
import { createOpenSources } from './open-sources.ts'
import { createSecretOptions } from './secrets.ts'
import { createDataSourceService } from './service.ts'
import { createSourceLogs } from './source-logs.ts'
import { createDataSourceStore } from './store.ts'
import { createUpstreamCalls } from './upstream-calls.ts'

type Tokens = Parameters<typeof createUpstreamTokens>[0]

/** What is read: connectors, data sources, those that are open with their models, and the tokens of upstreams that they read with. */
export const createSources = (
  deps: Pick<Tokens, 'tokenClient' | 'onRenewed'> & {
    readonly store: Store
    readonly clock: Clock
    readonly random: RandomBytes
    readonly sealed: SealedValues
    readonly users: UserStore
    readonly addresses: AddressPolicy
    readonly outbound: Outbound
    readonly databases: DatabaseSockets
    /** Where Google's APIs answer; tests put another server there. */
    readonly googleApis: GoogleApis | undefined
    readonly filesDir: string
    readonly showSecrets: boolean
    readonly release: Release
  },
) => {
  const connectors = createConnectorRegistry({}, deps.googleApis, deps.databases)
  const sources = createDataSourceStore(deps.store)
  const secretOptions = createSecretOptions(deps.store, deps.sealed)
  const upstreamTokens = createUpstreamTokens({
    ...deps,
    readDirectParameters: createDirectParameters(sources, secretOptions),
  })
  const shared = { ...deps, connectors, dataSources: sources, secretOptions }
  const callsOf = createUpstreamCalls({ upstreamTokens, outbound: deps.outbound })
  const sourceLogs = createSourceLogs(deps.clock)
  const dataSources = createDataSourceService({ ...shared, callsOf, logs: sourceLogs })
  const { contextOf, require } = dataSources
  const openSources = createOpenSources({ ...shared, logs: sourceLogs, contextOf })
  return {
    connectors,
    dataSources,
    dataStores: createDataStores(connectors, deps.release),
    openSources,
    sourceModels: createSourceModels({ ...shared, openSources, require }),
    sourceLogs,
    upstreamTokens,
  }
}
