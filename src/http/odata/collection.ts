// Collections: what is made of a query once, whoever asks for it, and how many there are (OData 4.01 Protocol 11.2.6, 11.2.10).
import { bindQuery } from '#odata/bind/query.ts'
import type { BoundResource } from '#odata/bind/resource.ts'
import { badRequest } from '#odata/errors.ts'
import { openObject } from '#odata/render/format.ts'
import { canonicalQuery, contextUrl, contextUrlOf } from '#odata/render/links.ts'
import { planCollection } from '#query/from-odata.ts'
import { createBoundedMap } from './bounded-map.ts'
import { openExport, answerExport } from './export.ts'
import { negotiateCollection, negotiateReferences } from './format.ts'
import { answerPage } from './page.ts'
import { countRows } from './read-rows.ts'
import { answerWith, type ODataAnswer } from './service-answer.ts'
import type { Call, PreparedCollection } from './service.ts'

const prepare = (call: Call, { path, budget, what }: BoundResource): PreparedCollection => {
  const { deps, state, request, options, version } = call
  const { set, row } = path
  const isReferences = what.kind === 'ref'
  const { select, expand, compute, apply } = options
  if (isReferences && (select ?? expand ?? compute ?? apply) !== undefined)
    throw badRequest(
      'A reference shows nothing but where the entity is; leave $select, $expand, $compute and $apply out.',
    )
  const negotiate = isReferences ? negotiateReferences : negotiateCollection
  const form = negotiate(request.headers.accept, options.format, version)
  const query = bindQuery(options, { model: state.model, set, row, budget, aliases: new Map() })
  const context = isReferences
    ? contextUrlOf(deps.serviceRoot, 'Collection($ref)')
    : contextUrl(deps.serviceRoot, set.name, query.listed, false)
  return {
    path: isReferences ? { ...path, text: `${path.text}/$ref` } : path,
    query: isReferences ? { ...query, outputs: [] } : query,
    isReferences,
    rows: budget.rows,
    form,
    head: form.kind === 'page' ? openObject(form.json, context) : openExport(form.kind, query),
    canonical: canonicalQuery(options),
    plans: createBoundedMap(4),
  }
}

/** A whole collection by its set is asked again and again; what stands below a key rarely is. */
const preparedFor = (call: Call, resource: BoundResource): PreparedCollection => {
  const { state, request, options, version } = call
  const { path, what } = resource
  if (options.skipToken !== undefined || path.text !== encodeURIComponent(path.set.name))
    return prepare(call, resource)
  // Links say the zone, which a header may have named.
  const how = `${version} ${options.timeZone} ${request.headers.accept}`
  const key = `${path.set.name}/${what.kind}?${request.query}#${how}`
  return state.collections.get(key) ?? state.collections.set(key, prepare(call, resource))
}

/** A collection: one page of it, or all of it line by line. */
export const answerCollection = (call: Call, resource: BoundResource): Promise<ODataAnswer> => {
  const prepared = preparedFor(call, resource)
  return prepared.form.kind === 'page' ? answerPage(call, prepared) : answerExport(call, prepared)
}

/** `/$count`: plain text, whatever is accepted; not affected by `$top`, `$skip`, `$orderby` (4.01 URL 4.8). */
export const answerCount = async (
  call: Call,
  { path, budget }: BoundResource,
): Promise<ODataAnswer> => {
  const { options, state } = call
  const { set, row } = path
  const start = { model: state.model, set, row, budget, aliases: new Map() }
  const query = bindQuery({ ...options, expand: undefined }, start)
  const plan = planCollection(path, query, budget.rows, {
    limit: undefined,
    offset: undefined,
    after: undefined,
    now: call.now,
  })
  return answerWith(200, 'text/plain;charset=utf-8', String(await countRows(call, plan)))
}
