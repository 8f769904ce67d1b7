import { type Command, first } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { createBoundedMap } from '#lib/bounded-map.ts'
import { requireStillFor } from '../../access/acting.ts'
import { permission } from '../../access/permissions.ts'
import type { ActingFor } from '../../access/source-permissions.ts'
import { requireStill } from '../../access/still.ts'
import { ManagementError, refusals } from '../../refusals.ts'
import type { UserStore } from '../../users/store.ts'
import type { SourceRef } from '../data-source.ts'
import type { OpenSources } from '../open-sources.ts'
import type { DataSourceService } from '../service.ts'
import { type ModelStatus, reasonOf } from './keeper.ts'

/** What HDP calls a relational map: stores that have none of ours have one (data access reference A.14). */
export const mapWishes = ['refresh', 'recreate', 'none'] as const

type Unopened = SourceRef & { readonly reason: string }

/** Asks every node for a new model; undefined when the data source is gone. */
function* askForModel({ sql }: Store, id: number): Command<number | undefined> {
  const row = yield* first(
    sql
      .updateTable('data_sources')
      .set((e) => ({ model_demand: e('model_demand', '+', 1) }))
      .where('id', '=', id)
      .returning('model_demand'),
  )
  return row?.model_demand
}

const working: ModelStatus = { kind: 'working', percentDone: 0 }

/**
 * The life of models (data access reference A.14). Each node builds its own; a demand reaches all of them with the data source
 * itself, so within the second that any change of it takes.
 */
export const createSourceModels = (deps: {
  readonly store: Store
  readonly users: UserStore
  readonly openSources: OpenSources
  readonly require: DataSourceService['require']
}) => {
  const { store, openSources } = deps
  /** Data sources that could not even be opened. */
  const unopened = createBoundedMap<Unopened>(1000)
  const opening = new Set<number>()

  /** Builds in the background; what goes wrong is told by the status. */
  const begin = async (ref: SourceRef): Promise<void> => {
    opening.add(ref.id)
    try {
      const held = await openSources.acquire(ref)
      held.models.ask(ref.modelDemand)
      held.release()
    } catch (error) {
      unopened.set(String(ref.id), { ...ref, reason: reasonOf(error) })
    } finally {
      opening.delete(ref.id)
    }
  }

  /** The failure to open it, of this revision and demand. */
  const failureOf = (ref: SourceRef): ModelStatus | undefined => {
    const known = unopened.get(String(ref.id))
    return known?.revision === ref.revision && known.modelDemand === ref.modelDemand
      ? { kind: 'failed', reason: known.reason }
      : undefined
  }

  const statusHere = async (ref: SourceRef): Promise<ModelStatus> => {
    if (opening.has(ref.id)) return working
    if (!openSources.isOpen(ref)) return failureOf(ref) ?? { kind: 'none' }
    const held = await openSources.acquire(ref)
    try {
      return held.models.status(ref.modelDemand)
    } finally {
      held.release()
    }
  }

  /**
   * What is known of the model on this node. One that was asked for elsewhere is built here now, so that whoever waits for it
   * behind a load balancer sees it come. Throws 404, and 403 without ViewDataSource on it.
   */
  const read = async (by: ActingFor, id: number): Promise<ModelStatus> => {
    const source = await store.read(() => deps.require(by, id, permission.viewDataSource))
    const status = await statusHere(source)
    if (status.kind !== 'none' || source.modelDemand === 0) return status
    void begin(source)
    return working
  }

  /**
   * Asks for a new model, on every node; waits for none. While this node builds one nothing new is asked for, unless it is to be
   * begun anew. Throws 404, and 403 without ModifyDataSource on it.
   */
  const build = async (by: ActingFor, id: number, restart: boolean): Promise<ModelStatus> => {
    const source = await store.read(() => deps.require(by, id, permission.modifyDataSource))
    const before = await statusHere(source)
    if (before.kind === 'working' && !restart) return before
    const modelDemand = await store.write(function* () {
      yield* requireStill(store, by.caller)
      yield* requireStillFor(deps.users, by)
      yield* deps.require(by, id, permission.modifyDataSource)
      return yield* askForModel(store, id)
    })
    if (modelDemand === undefined) throw new ManagementError(refusals.dataSourceNotFound)
    void begin({ ...source, modelDemand })
    return working
  }

  /** No data store of this server has a relational map, so there is nothing to do. Throws 222207009; 404 and 403 as `build`. */
  const refreshMap = async (by: ActingFor, id: number, wish: unknown): Promise<void> => {
    await store.read(() => deps.require(by, id, permission.modifyDataSource))
    if (!mapWishes.some((known) => known === wish)) throw new ManagementError(refusals.badMap)
  }

  return { read, build, refreshMap }
}

export type SourceModels = ReturnType<typeof createSourceModels>
