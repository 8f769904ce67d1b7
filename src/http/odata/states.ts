// What is kept of a model as long as it is the model: its documents, and what was made of requests.
import { createModelKeeper } from '#features/data-sources/models/keeper.ts'
import type { Model } from '#odata/edm/model.ts'
import { zonedModel } from '#odata/edm/zoned.ts'
import { isGreenwich, requireTimeZone } from '#odata/time-zone.ts'
import { createBoundedMap } from './bounded-map.ts'
import type { ModelState, ServiceDeps } from './service.ts'

const ofItsOwn = (model: Model): Pick<ModelState, 'model' | 'entities' | 'collections'> => ({
  model,
  entities: createBoundedMap(200),
  collections: createBoundedMap(200),
})

export const createState = (model: Model): ModelState => ({
  ...ofItsOwn(model),
  documents: createBoundedMap(4),
  options: createBoundedMap(500),
  zones: createBoundedMap(8),
})

/**
 * The state for a zone: plans depend on how stamps are read; documents and parsed options do not, and are those of the state that it
 * is derived from. In GMT it is that state. `id` is one that there is.
 */
export const stateIn = (state: ModelState, id: string | undefined): ModelState => {
  if (id === undefined) return state
  const zone = requireTimeZone(id, 'timezone')
  if (isGreenwich(zone)) return state
  const known = state.zones.get(zone.id)
  if (known !== undefined) return known
  return state.zones.set(zone.id, { ...state, ...ofItsOwn(zonedModel(state.model, zone)) })
}

/** Gives the state of the current model, for a demand for a new one. */
export const createStates = (deps: ServiceDeps) => {
  const models = deps.models ?? createModelKeeper(deps)
  let state: ModelState | undefined
  const of = (model: Model): ModelState =>
    state?.model === model ? state : (state = createState(model))
  return (demand?: number): ModelState | Promise<ModelState> => {
    const model = models.current(demand)
    return model instanceof Promise ? model.then(of) : of(model)
  }
}
