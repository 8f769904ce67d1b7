import type { Source } from '#connectors/connector.ts'
import { parseODataOptions } from '#connectors/odata-options.ts'
import type { ConnectorRegistry } from '#connectors/registry.ts'
import type { Clock } from '#lib/clock.ts'
import type { Store } from '#store/store.ts'
import type { DataSource, SourceRef } from './data-source.ts'
import type { DataSourceService } from './service.ts'
import { createModelKeeper, type ModelKeeper, reasonOf } from './models/keeper.ts'
import { requireSecrets, type SecretOptionsStore } from './secrets.ts'
import type { SourceLogs } from './source-logs.ts'
import type { DataSourceStore } from './store.ts'

/** An opened data source with the state it was opened in. */
export type Opened = {
  readonly dataSource: DataSource
  readonly source: Source
  readonly models: ModelKeeper
}

export type Acquired = Opened & { readonly release: () => void }

type Entry = {
  readonly revision: number
  readonly opened: Promise<Opened>
  users: number
  doomed: boolean
}

const maxOpen = 200

/**
 * Keeps data sources open between requests. An entry of an older revision is replaced, and closed when the
 * last request that reads from it is done.
 */
export const createOpenSources = (deps: {
  readonly store: Store
  readonly dataSources: DataSourceStore
  readonly secretOptions: SecretOptionsStore
  readonly connectors: ConnectorRegistry
  readonly clock: Clock
  readonly logs: SourceLogs
  readonly contextOf: DataSourceService['contextOf']
}) => {
  const entries = new Map<number, Entry>()

  const closeIfUnused = (entry: Entry): void => {
    if (!entry.doomed || entry.users > 0) return
    void entry.opened.then(
      ({ source }) => source.close(),
      () => undefined,
    )
  }

  const drop = (id: number, entry: Entry): void => {
    if (entries.get(id) === entry) entries.delete(id)
    entry.doomed = true
    closeIfUnused(entry)
  }

  const start = async (id: number): Promise<Opened> => {
    const { dataSource, secrets } = await deps.store.read(function* () {
      const found = yield* deps.dataSources.readById(id)
      const opened = found && (yield* deps.secretOptions.open(found))
      return { dataSource: found, secrets: opened }
    })
    const connector = dataSource && deps.connectors.find(dataSource.dataStore)
    if (dataSource === undefined || connector === undefined)
      throw new Error(`data source ${id} cannot be opened`)
    const options = { ...dataSource.options, ...requireSecrets(secrets) }
    const source = await connector.open(options, deps.contextOf(dataSource.tenantId))
    const models = createModelKeeper({
      source,
      namespace: dataSource.name,
      settings: parseODataOptions(options),
      now: deps.clock.now,
      note: (line) => deps.logs.note(id, line),
    })
    return { dataSource, source, models }
  }

  const makeRoom = (): void => {
    for (const [id, entry] of entries) {
      if (entries.size < maxOpen) return
      if (entry.users === 0) drop(id, entry)
    }
  }

  const find = (id: number, revision: number): Entry => {
    const known = entries.get(id)
    if (known?.revision === revision) return known
    if (known !== undefined) drop(id, known)
    makeRoom()
    const entry: Entry = { revision, opened: start(id), users: 0, doomed: false }
    entries.set(id, entry)
    // What could not be opened is tried again by the next request.
    entry.opened.catch((error: unknown) => {
      deps.logs.note(id, `not opened: ${reasonOf(error)}`)
      drop(id, entry)
    })
    return entry
  }

  /** Opens a data source in the given revision. `release` must be called once. */
  const acquire = async ({
    id,
    revision,
  }: Pick<SourceRef, 'id' | 'revision'>): Promise<Acquired> => {
    const entry = find(id, revision)
    entry.users += 1
    let held = true
    const release = (): void => {
      if (!held) return
      held = false
      entry.users -= 1
      closeIfUnused(entry)
    }
    try {
      return { ...(await entry.opened), release }
    } catch (error) {
      release()
      throw error
    }
  }

  const close = async (): Promise<void> => {
    for (const [id, entry] of entries) drop(id, entry)
  }

  /** Whether it is open in this revision, so that nothing has to be opened to tell of it. */
  const isOpen = ({ id, revision }: Pick<SourceRef, 'id' | 'revision'>): boolean =>
    entries.get(id)?.revision === revision

  return { acquire, isOpen, close }
}

export type OpenSources = ReturnType<typeof createOpenSources>
