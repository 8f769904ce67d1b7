// From an OData request to its answer, without HTTP: one service per opened data source.
import type { ResourcePath } from '#odata/ast.ts'
import { bindSet } from '#odata/bind-request.ts'
import { modelFromTables } from '#odata/edm/from-catalog.ts'
import type { Model } from '#odata/edm/model.ts'
import { badRequest, ODataError } from '#odata/errors.ts'
import { parseQueryOptions } from '#odata/parse/query-options.ts'
import { parseResourcePath } from '#odata/parse/resource-path.ts'
import { createBoundedMap } from './bounded-map.ts'
import { answerCollection, answerCount } from './collection.ts'
import { answerEntity } from './entity.ts'
import { finishAnswer } from './conditional.ts'
import { answerMetadata, answerService } from './documents.ts'
import type { ODataAnswer } from './service-answer.ts'
import type { Call, ModelState, ODataContext, ODataRequest, ServiceDeps } from './service.ts'
import { negotiateVersion } from './versions.ts'

export { renderODataError } from './service-answer.ts'

/** Longer URLs are refused before they are looked at (threat T70). */
const longestUrl = 32_768

/** Longer queries are not worth remembering. */
const longestCached = 2048

export type ODataService = {
  /** Throws refusals; `renderODataError` turns them into answers. */
  readonly answer: (
    request: ODataRequest,
    context: ODataContext,
    signal: AbortSignal,
  ) => Promise<ODataAnswer>
  /** The current model, for pages that show it. */
  readonly model: () => Promise<Model>
}

const createState = (version: string, model: Model): ModelState => ({
  version,
  model,
  documents: createBoundedMap(4),
  entities: createBoundedMap(200),
  collections: createBoundedMap(200),
  options: createBoundedMap(500),
})

/** Keeps the model of the current version of the source; identical builds at once are shared. */
const createModelCache = ({ source, namespace, settings }: ServiceDeps) => {
  let current: ModelState | undefined
  let building: { readonly version: string; readonly state: Promise<ModelState> } | undefined
  const build = async (version: string): Promise<ModelState> => {
    const { tables } = await source.describe()
    const { nameCase, schemaMap } = settings
    current = createState(version, modelFromTables(tables, { namespace, nameCase, schemaMap }))
    return current
  }
  return (): ModelState | Promise<ModelState> => {
    const version = source.version()
    if (current?.version === version) return current
    if (building?.version === version) return building.state
    const state = build(version).finally(() => {
      building = undefined
    })
    building = { version, state }
    return state
  }
}

const checkWholeOptions = ({ options }: Call): void => {
  const { filter, select, orderBy, top, skip, skipToken, count } = options
  if (count || [filter, select, orderBy, top, skip, skipToken].some((given) => given !== undefined))
    throw badRequest('Only $format applies to this resource.')
}

const dispatch = (path: ResourcePath, call: Call): ODataAnswer | Promise<ODataAnswer> => {
  if (path.kind !== 'set') {
    checkWholeOptions(call)
    return path.kind === 'service' ? answerService(call) : answerMetadata(call)
  }
  const set = bindSet(path, call.state.model)
  if (path.key !== undefined) return answerEntity(call, set, path.key)
  return path.count ? answerCount(call, set) : answerCollection(call, set)
}

const checkRequest = ({ method, path, query }: ODataRequest): void => {
  if (path.length + query.length > longestUrl)
    throw new ODataError('too-long', `A URL has at most ${longestUrl} characters; shorten $filter.`)
  if (path === '/$batch') {
    if (method === 'POST') throw badRequest('A batch holds no other batch.', { target: '$batch' })
    throw new ODataError('method-not-allowed', 'Send a batch with POST.', { target: '$batch' })
  }
  if (method !== 'GET' && method !== 'HEAD') {
    throw new ODataError('method-not-allowed', 'This service is read-only; use GET.')
  }
}

const optionsOf = (state: ModelState, query: string): Call['options'] => {
  const known = state.options.get(query)
  if (known !== undefined) return known
  const options = parseQueryOptions(query)
  const isPage = options.skipToken !== undefined || query.length > longestCached
  return isPage ? options : state.options.set(query, options)
}

/** HEAD is GET without a body; a stream is closed, so that it gives back what it holds. */
const withoutBody = async (answer: ODataAnswer): Promise<ODataAnswer> => {
  if (typeof answer.body !== 'string') await answer.body[Symbol.asyncIterator]().return?.()
  return { ...answer, body: '' }
}

/** Creates the OData service of one opened data source. */
export const createODataService = (deps: ServiceDeps): ODataService => {
  const stateOf = createModelCache(deps)
  return {
    answer: async (request, context, signal) => {
      checkRequest(request)
      const version = negotiateVersion(request.headers)
      const path = parseResourcePath(request.path)
      const state = await stateOf()
      const options = optionsOf(state, request.query)
      const call: Call = { deps, state, request, options, version, context, signal }
      const found = await dispatch(path, call)
      const answer = finishAnswer(found, request.headers['if-none-match'], version)
      return request.method === 'HEAD' ? withoutBody(answer) : answer
    },
    model: async () => (await stateOf()).model,
  }
}
