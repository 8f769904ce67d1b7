// `$explain=true`: how an answer would be found, instead of the answer. No row is read.
import type { ResourcePath } from '#odata/ast.ts'
import { bindResource, type BoundResource } from '#odata/bind/resource.ts'
import { badRequest } from '#odata/errors.ts'
import { canonicalQuery } from '#odata/render/links.ts'
import { bindEntityId } from '../entity-id.ts'
import { negotiateCollection } from '../format.ts'
import { parsePrefer } from '../prefer.ts'
import { pageSizeOf } from '../page-size.ts'
import { answerWith, type ODataAnswer } from '../service-answer.ts'
import type { Call } from '../service.ts'
import { createRecorder } from './recorder.ts'
import { describeRead } from './read.ts'

const isExplain = (pair: string): boolean =>
  decodeURIComponent(pair.split('=', 1)[0] ?? '').toLowerCase() === '$explain'

/** Without the option, so that what is explained is prepared and remembered as the query that it is about. */
const withoutExplain = (query: string): string =>
  query
    .split('&')
    .filter((pair) => !isExplain(pair))
    .join('&')

/** The options as they were understood, each in its one spelling. */
const understood = ({ options }: Call): Readonly<Record<string, string>> => {
  const canonical = canonicalQuery(options)
  const pairs = canonical === '' ? [] : canonical.split('&')
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at), decodeURIComponent(pair.slice(at + 1))]
    }),
  )
}

const pageOf = (call: Call) => {
  const { rows } = call.context.limits
  const { maxPageSize } = parsePrefer(call.request.headers.prefer)
  const mostRows = Number.isSafeInteger(rows) ? { mostRows: rows } : {}
  return { ...pageSizeOf(call, maxPageSize), ...mostRows }
}

const resourceOf = (path: ResourcePath, call: Call): BoundResource => {
  if (path.kind === 'entity') return bindEntityId(path, call)
  if (path.kind !== 'resource') throw new TypeError('Only resources are read')
  return bindResource(path, call.state.model, call.options.aliases)
}

/** Exports have no pages. */
const isPaged = (
  { request, options, version }: Call,
  what: BoundResource['what']['kind'],
): boolean =>
  what === 'ref' ||
  negotiateCollection(request.headers.accept, options.format, version).kind === 'page'

/**
 * The explanation of a resource: JSON that is no OData, without an ETag and never kept. Refuses what reading refuses, and 400
 * where nothing is read. @param read answers the call, as if for its data
 */
export const answerExplanation = async (
  path: ResourcePath,
  call: Call,
  read: (path: ResourcePath, call: Call) => ODataAnswer | Promise<ODataAnswer>,
): Promise<ODataAnswer> => {
  if (path.kind === 'service' || path.kind === 'metadata')
    throw badRequest('$explain tells how rows are read, and none are read here; leave it out.', {
      target: '$explain',
    })
  const request = { ...call.request, query: withoutExplain(call.request.query) }
  const recorded = await createRecorder(call.deps.source).follow((source) =>
    read(path, { ...call, request, deps: { ...call.deps, source } }),
  )
  const { path: bound, what } = resourceOf(path, call)
  const isPage = !bound.single && what.kind !== 'count' && isPaged(call, what.kind)
  const explanation = {
    request: {
      path: decodeURIComponent(bound.text),
      answers: what.kind,
      property: 'property' in what ? what.property.name : undefined,
      options: understood(call),
    },
    page: isPage ? pageOf(call) : undefined,
    reads: recorded.map((each) => describeRead(each, call)),
  }
  return answerWith(200, 'application/json', JSON.stringify({ explanation }), {
    'Cache-Control': 'no-store',
    'OData-Version': call.version,
  })
}
