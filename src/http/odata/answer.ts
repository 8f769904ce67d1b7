// From an OData request to its answer, without HTTP: one service per opened data source.
import type { ResourcePath } from '#odata/ast.ts'
import { bindResource, type BoundResource } from '#odata/bind/resource.ts'
import type { Model } from '#odata/edm/model.ts'
import { badRequest, notSupported, ODataError } from '#odata/errors.ts'
import { parseQueryOptions } from '#odata/parse/query-options.ts'
import { parseResourcePath } from '#odata/parse/resource-path.ts'
import { requireTimeZone } from '#odata/time-zone.ts'
import { answerCollection, answerCount } from './collection.ts'
import { finishAnswer } from './conditional.ts'
import { answerMetadata, answerService } from './documents.ts'
import { bindEntityId } from './entity-id.ts'
import { answerEntity, answerProperty, answerReference, answerValue } from './entity.ts'
import { answerExplanation } from './explain/answer.ts'
import { isStream, type ODataAnswer } from './service-answer.ts'
import { createSealedLinks } from './sealed-links.ts'
import { isPostedQuery } from './service-url.ts'
import {
  isLink,
  longestLink,
  longestUrl,
  type Call,
  type ModelState,
  type ODataContext,
  type ODataRequest,
  type ServiceDeps,
} from './service.ts'
import { createStates, stateIn } from './states.ts'
import { negotiateVersion } from './versions.ts'

export { renderODataError } from './service-answer.ts'

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

const whole: readonly (keyof Call['options'])[] = [
  'filter',
  'select',
  'expand',
  'orderBy',
  'compute',
  'apply',
  'search',
  'top',
  'skip',
  'skipToken',
]

const checkWholeOptions = ({ options }: Call): void => {
  if (options.count || whole.some((name) => options[name] !== undefined))
    throw badRequest('Only $format applies to this resource.')
}

/** Options that are understood and not offered. */
const refuseUnoffered = ({ kind }: ResourcePath, { options }: Call): void => {
  const { deltaToken, id, index, schemaVersion } = options
  const named = { $deltatoken: deltaToken, $id: kind === 'entity' ? undefined : id, $index: index }
  for (const [name, given] of Object.entries(named))
    if (given !== undefined) throw notSupported(name, { target: name })
  if (schemaVersion !== undefined && schemaVersion !== '*')
    throw notSupported('$schemaversion of anything but *', { target: '$schemaversion' })
}

const answerResource = (
  call: Call,
  resource: BoundResource,
): ODataAnswer | Promise<ODataAnswer> => {
  const { path, what } = resource
  switch (what.kind) {
    case 'entities':
      return path.single ? answerEntity(call, resource) : answerCollection(call, resource)
    case 'count':
      return answerCount(call, resource)
    case 'ref':
      return path.single ? answerReference(call, resource) : answerCollection(call, resource)
    case 'property':
      return answerProperty(call, resource, what.property)
    case 'value':
      return answerValue(call, resource, what.property)
  }
}

const dispatch = (path: ResourcePath, call: Call): ODataAnswer | Promise<ODataAnswer> => {
  refuseUnoffered(path, call)
  switch (path.kind) {
    case 'service':
    case 'metadata':
      checkWholeOptions(call)
      return path.kind === 'service' ? answerService(call) : answerMetadata(call)
    case 'resource':
      return answerResource(call, bindResource(path, call.state.model, call.options.aliases))
    case 'entity':
      return answerEntity(call, bindEntityId(path, call))
    default:
      throw notSupported(`$${path.kind}`)
  }
}

const checkRequest = (
  { method, path, query }: ODataRequest,
  { readOnly }: ServiceDeps['settings'],
): void => {
  const most = isLink(query) ? longestLink : longestUrl
  if (path.length + query.length > most)
    throw new ODataError('too-long', `A URL has at most ${most} characters; shorten $filter.`)
  if (path === '/$batch') {
    if (method === 'POST') throw badRequest('A batch holds no other batch.', { target: '$batch' })
    throw new ODataError('method-not-allowed', 'Send a batch with POST.', { target: '$batch' })
  }
  if (method === 'POST' && isPostedQuery(path))
    throw notSupported('$query in a batch', { target: '$query' })
  if (method !== 'GET' && method !== 'HEAD') {
    throw new ODataError(
      'method-not-allowed',
      `This ${readOnly ? 'data source' : 'service'} is read-only${readOnly ? ' (ODataReadOnly)' : ''}; use GET.`,
    )
  }
}

/** What the request says of its zone counts before what the data source says (data access reference A.11). */
const timeZoneOf = (
  { timeZone }: Call['options'],
  headers: ODataRequest['headers'],
  settings: ServiceDeps['settings'],
): string | undefined => {
  const header = headers['ddcloud-timezone']
  // A wrong one is refused, also where it does not count.
  const told = header === undefined ? undefined : requireTimeZone(header, 'ddcloud-timezone').id
  return timeZone ?? told ?? settings.timeZone
}

const optionsOf = (state: ModelState, query: string): Call['options'] => {
  const known = state.options.get(query)
  if (known !== undefined) return known
  const options = parseQueryOptions(query)
  const isPage = options.skipToken !== undefined || query.length > longestCached
  return isPage ? options : state.options.set(query, options)
}

/** HEAD is GET without a body, whose length is told where it is known; a stream is closed, so that it gives back what it holds. */
const withoutBody = async (answer: ODataAnswer): Promise<ODataAnswer> => {
  const { body, headers } = answer
  if (isStream(body)) {
    await body[Symbol.asyncIterator]().return?.()
    return { ...answer, body: '' }
  }
  return {
    ...answer,
    headers: { ...headers, 'Content-Length': String(Buffer.byteLength(body)) },
    body: '',
  }
}

/** Creates the OData service of one opened data source. */
export const createODataService = (deps: ServiceDeps): ODataService => {
  const stateOf = createStates(deps)
  return {
    answer: async (request, context, signal) => {
      checkRequest(request, deps.settings)
      const version = negotiateVersion(request.headers)
      const path = parseResourcePath(request.path)
      const base = await stateOf(context.modelDemand)
      const given = optionsOf(base, request.query)
      const timeZone = timeZoneOf(given, request.headers, deps.settings)
      const options = given.timeZone === timeZone ? given : { ...given, timeZone }
      const state = stateIn(base, timeZone)
      const links = createSealedLinks()
      const now = new Date((deps.clock ?? Date.now)()).toISOString()
      const call: Call = { deps, state, request, options, now, version, links, context, signal }
      const how = { version, timeZone }
      const answer = options.explain
        ? await answerExplanation(path, call, dispatch)
        : finishAnswer(await dispatch(path, call), request.headers['if-none-match'], how)
      return request.method === 'HEAD' ? withoutBody(answer) : answer
    },
    model: async () => (await stateOf()).model,
  }
}
