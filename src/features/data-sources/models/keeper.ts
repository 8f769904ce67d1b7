import type { ODataSettings } from '#connectors/odata-options.ts'
import type { Source } from '#connectors/connector.ts'
import { Refusal } from '#lib/refusal.ts'
import { runInSlices } from '#lib/slices.ts'
import { modelSteps } from '#odata/edm/from-catalog.ts'
import type { Model, ModelWarning } from '#odata/edm/model.ts'

/** What is known of the model of a data source on this node (data access reference A.14). */
export type ModelStatus =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'complete'
      /** Milliseconds since 1970. */
      readonly createdAt: number
      readonly warnings: readonly ModelWarning[]
    }
  /** A whole number below 100. */
  | { readonly kind: 'working'; readonly percentDone: number }
  | { readonly kind: 'failed'; readonly reason: string }

/** Keeps the model of an opened data source: built aside, swapped when it is whole. */
export type ModelKeeper = {
  /**
   * The model to answer with. One that is being built because it was asked for anew, or because the store cannot be reached, leaves
   * the old one in use; where the store has changed, the new one is waited for a moment.
   * @param demand how many times a new model was asked for, on all nodes together
   */
  readonly current: (demand?: number) => Model | Promise<Model>
  /** Sees to it that a model is built for this demand; waits for nothing, throws nothing. */
  readonly ask: (demand: number) => void
  /** What is known of the model for this demand. */
  readonly status: (demand: number) => ModelStatus
}

/** What a build is for: the state of the store as its source tells it, and a demand. */
type Goal = { readonly version: string; readonly demand: number }

type Building = Goal & { share: number; readonly model: Promise<Model> }
type Built = Goal & { readonly model: Model; readonly createdAt: number }
type Failure = Goal & { readonly reason: string; readonly at: number }

/** A changed store is waited for at most so long while there is an old model. Milliseconds. */
const patience = 1000

/** A build that failed is tried again after so long where there is an old model to go on with. Milliseconds. */
const pause = 5000

/** Reading the catalog takes most of the time. */
const catalogShare = 0.8

const suits = (known: Goal | undefined, { version, demand }: Goal): boolean =>
  known !== undefined && known.version === version && known.demand >= demand

/** The reason as its owner may read it: our own words, never those of a bug. */
export const reasonOf = (error: unknown): string =>
  error instanceof Refusal ? error.message : 'The server failed; its log has more.'

/** The first of the two that is there; `otherwise` also when the work fails. */
const within = async <T>(work: Promise<T>, otherwise: T): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), patience)
  })
  try {
    return await Promise.race([work.catch(() => otherwise), late])
  } finally {
    clearTimeout(timer)
  }
}

export type KeeperDeps = {
  readonly source: Pick<Source, 'version' | 'describe'>
  /** Name of the data source; the namespace of the model. */
  readonly namespace: string
  readonly settings: ODataSettings
  readonly now?: () => number
  /** Told in one line how a build ended. */
  readonly note?: (line: string) => void
}

export const createModelKeeper = (deps: KeeperDeps): ModelKeeper => {
  const { source, namespace, settings, now = Date.now, note = () => undefined } = deps
  let built: Built | undefined
  let building: Building | undefined
  let failure: Failure | undefined

  const read = async (onShare: (share: number) => void): Promise<Model> => {
    const { tables } = await source.describe((share) => onShare(share * catalogShare))
    const { nameCase, schemaMap } = settings
    return runInSlices(modelSteps(tables, { namespace, nameCase, schemaMap }), (share) =>
      onShare(catalogShare + share * (1 - catalogShare)),
    )
  }

  const finish = (goal: Goal, model: Model, began: number): void => {
    built = { ...goal, model, createdAt: now() }
    failure = undefined
    const { sets, warnings } = model
    const took = Math.round(performance.now() - began)
    note(`model built in ${took} ms: ${sets.size} sets, ${warnings.length} warnings`)
  }

  const fail = (goal: Goal, error: unknown): void => {
    failure = { ...goal, reason: reasonOf(error), at: now() }
    note(`model not built: ${failure.reason}`)
  }

  const start = (goal: Goal): Building => {
    const isMine = (): boolean => building === mine
    const build = async (): Promise<Model> => {
      const began = performance.now()
      try {
        const model = await read((share) => {
          if (!isMine()) throw new Error('given up for a newer one')
          mine.share = share
        })
        if (isMine()) finish(goal, model, began)
        return model
      } catch (error) {
        if (isMine()) fail(goal, error)
        // Those who wait for one that was given up get what came in its place.
        else if (building !== undefined) return building.model
        else if (built !== undefined) return built.model
        throw error
      } finally {
        if (isMine()) building = undefined
      }
    }
    // It begins when it is noted who it is.
    const model = Promise.resolve().then(build)
    const mine: Building = { ...goal, share: 0, model }
    building = mine
    // Nobody may be waiting for it.
    model.catch(() => undefined)
    return mine
  }

  const ensure = (goal: Goal): Building =>
    building !== undefined && suits(building, goal) ? building : start(goal)

  const isPaused = (goal: Goal): boolean =>
    failure !== undefined && suits(failure, goal) && now() - failure.at < pause

  /** Undefined when the store cannot be asked, and there is an old model. */
  const versionNow = (): string | undefined => {
    try {
      return source.version()
    } catch (error) {
      if (built === undefined) throw error
      return undefined
    }
  }

  const current = (demand = 0): Model | Promise<Model> => {
    const version = versionNow()
    if (built === undefined) return ensure({ version: version ?? '', demand }).model
    const goal = { version: version ?? built.version, demand }
    if (suits(built, goal) || isPaused(goal)) return built.model
    const { model } = ensure(goal)
    return goal.version === built.version ? built.model : within(model, built.model)
  }

  const ask = (demand: number): void => {
    try {
      ensure({ version: source.version(), demand })
    } catch (error) {
      fail({ version: built?.version ?? '', demand }, error)
    }
  }

  const status = (demand: number): ModelStatus => {
    if (building !== undefined)
      return { kind: 'working', percentDone: Math.min(99, Math.floor(building.share * 100)) }
    if (failure !== undefined && failure.demand >= demand)
      return { kind: 'failed', reason: failure.reason }
    if (built === undefined || built.demand < demand) return { kind: 'none' }
    return { kind: 'complete', createdAt: built.createdAt, warnings: built.model.warnings }
  }

  return { current, ask, status }
}
