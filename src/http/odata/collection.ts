// A page of a collection (OData 4.01 Protocol 11.2.6): rows, count, and the link to the next page.
import type { TextBatch } from '#connectors/connector.ts'
import { defaultPageSize } from '#features/limits/effective.ts'
import { bindQuery } from '#odata/bind/query.ts'
import type { BoundResource } from '#odata/bind/resource.ts'
import { badRequest, ODataError } from '#odata/errors.ts'
import { createAggregatedRenderer } from '#odata/render/aggregated.ts'
import { createEntityRenderer, createReferenceRenderer } from '#odata/render/entity.ts'
import { controlName, openObject } from '#odata/render/format.ts'
import type { RawCell } from '#odata/render/json.ts'
import { canonicalQuery, contextUrl, contextUrlOf } from '#odata/render/links.ts'
import { parseCursor, type Cursor } from '#query/cursor.ts'
import { planCollection, type PageRequest } from '#query/from-odata.ts'
import type { ReadPlan, Row } from '#query/plan.ts'
import { splitPlan } from '#query/split.ts'
import { createBoundedMap } from './bounded-map.ts'
import { jsonContentType, negotiateJson } from './format.ts'
import { cursorContext, linkTo, renderContext } from './page-links.ts'
import { type Batch, eachRow, isText, plainRows, readBatches, readRows } from './page-rows.ts'
import { parsePrefer, preferenceApplied } from './prefer.ts'
import { answerWith, type ODataAnswer } from './service-answer.ts'
import type { Call, PreparedCollection, RenderedPlan } from './service.ts'

const prepare = (call: Call, { path, budget, what }: BoundResource): PreparedCollection => {
  const { deps, state, request, options, version } = call
  const { set, row } = path
  const isReferences = what.kind === 'ref'
  const { select, expand, compute, apply } = options
  if (isReferences && (select ?? expand ?? compute ?? apply) !== undefined)
    throw badRequest(
      'A reference shows nothing but where the entity is; leave $select, $expand, $compute and $apply out.',
    )
  const format = negotiateJson(request.headers.accept, options.format, version)
  const query = bindQuery(options, { model: state.model, set, row, budget, aliases: new Map() })
  const context = isReferences
    ? contextUrlOf(deps.serviceRoot, 'Collection($ref)')
    : contextUrl(deps.serviceRoot, set.name, query.listed, false)
  return {
    path: isReferences ? { ...path, text: `${path.text}/$ref` } : path,
    query: isReferences ? { ...query, outputs: [] } : query,
    isReferences,
    rows: budget.rows,
    head: openObject(format, context),
    canonical: canonicalQuery(options),
    contentType: jsonContentType(format),
    format,
    plans: createBoundedMap(4),
  }
}

const openCursor = (call: Call, prepared: PreparedCollection): Cursor | undefined => {
  const token = call.options.skipToken
  if (token === undefined) return undefined
  const text = call.deps.sealer.open(
    token,
    cursorContext(call, prepared.path.text, prepared.canonical),
  )
  if (text === undefined)
    throw new ODataError(
      'gone',
      'This next link cannot be continued; repeat the query from its start.',
      {
        target: '$skiptoken',
      },
    )
  return parseCursor(text)
}

type Page = {
  readonly call: Call
  readonly prepared: PreparedCollection
  readonly planned: RenderedPlan
  /** Rows served at most. */
  readonly size: number
  /** Rows asked for: one more than are served, unless `$top` ends here. */
  readonly fetched: number
  /** Rows that `$top` and the limit of rows allow from here on. */
  readonly left: number | undefined
  readonly prefix: string
}

const linkAfter = ({ call, prepared, size, left }: Page, after: readonly RawCell[]): string => {
  const { path, canonical } = prepared
  const link = linkTo(call, {
    path: path.text,
    canonical,
    after,
    left: left === undefined ? undefined : left - size,
  })
  return `,${controlName(prepared.format, 'nextLink')}:${JSON.stringify(link)}`
}

/** Renders batch after batch. One row more than a page tells that there is a next one; it is not served. */
const createPageRenderer = (page: Page) => {
  const { planned, size, fetched } = page
  const { orderAt } = planned.plan.layout
  let served = 0
  let last: readonly RawCell[] | undefined
  let hasMore = false
  const addRows = (rows: readonly Row[]): string => {
    const shown = rows.slice(0, size - served)
    hasMore = shown.length < rows.length
    const latest = shown.at(-1)
    if (latest === undefined) return ''
    const text = `${served === 0 ? '' : ','}${planned.render(shown)}`
    last = orderAt.map((at) => latest[at] ?? null)
    served += shown.length
    return text
  }
  const addText = (batch: TextBatch): string => {
    const text = served === 0 || batch.count === 0 ? batch.text : `,${batch.text}`
    served += batch.count
    last = batch.after
    hasMore = batch.hasMore
    return text
  }
  const add = (batch: Batch): string => (isText(batch) ? addText(batch) : addRows(batch))
  const end = (): string => `]${hasMore && last !== undefined ? linkAfter(page, last) : ''}}`
  return { add, end, isComplete: () => hasMore || served >= fetched }
}

/** An answer of up to so many characters goes out as one text; a longer one is streamed in such pieces. */
const gathered = 65_536

type Rows = AsyncIterator<Batch>
type PageRenderer = ReturnType<typeof createPageRenderer>

/** Adds to a text until it is long, or the page complete. */
const gather = async (rows: Rows, renderer: PageRenderer, prefix: string) => {
  let text = prefix
  while (!renderer.isComplete()) {
    if (text.length > gathered) return { text, complete: false }
    const next = await rows.next()
    if (next.done === true) break
    text += renderer.add(next.value)
  }
  return { text: text + renderer.end(), complete: true }
}

const renderStream = async function* (
  begun: string,
  rows: Rows,
  renderer: PageRenderer,
): AsyncGenerator<string> {
  yield begun
  for (let complete = false; !complete; ) {
    const piece = await gather(rows, renderer, '')
    yield piece.text
    complete = piece.complete
  }
}

/** A stream that gives its rows back even when it is closed before it was begun. */
const streamPage = (begun: string, rows: Rows, renderer: PageRenderer): AsyncIterable<string> => ({
  [Symbol.asyncIterator]: () => {
    const text = renderStream(begun, rows, renderer)
    const close = async (): Promise<IteratorResult<string>> => {
      await rows.return?.()
      return { done: true, value: undefined }
    }
    const next = async (): Promise<IteratorResult<string>> => {
      const found = await text.next()
      if (found.done === true) await rows.return?.()
      return found
    }
    return { next, return: close }
  },
})

/** The body: one text when it is short, else a stream; never more than a piece of it is held (DESIGN invariant 22). */
const bodyOf = async (page: Page): Promise<Pick<ODataAnswer, 'body' | 'identity'>> => {
  const { call, planned } = page
  const rows = readBatches(call, planned, page.size)[Symbol.asyncIterator]()
  const renderer = createPageRenderer(page)
  let streams = false
  try {
    const { text, complete } = await gather(rows, renderer, page.prefix)
    streams = !complete
    if (complete) return { body: text, identity: call.links.identityOf(text) }
    call.links.forget()
    return { body: streamPage(text, rows, renderer) }
  } finally {
    if (!streams) await rows.return?.()
  }
}

const planned = (call: Call, prepared: PreparedCollection, page: PageRequest): RenderedPlan => {
  const { path, query, rows, format, isReferences } = prepared
  const isAggregated = query.pipeline?.isAggregated === true
  const isFull = format.metadata === 'full' && !isAggregated
  const keyed = isReferences ? 'own' : isFull ? 'all' : undefined
  const plan = planCollection(path, query, rows, { ...page, keyed })
  const { keyAt, expands } = plan.layout
  const references = () => {
    const render = createReferenceRenderer(path.set, { format, serviceRoot: call.deps.serviceRoot })
    return (row: Row) => render(keyAt.map((at) => row[at] ?? null))
  }
  const entities = () =>
    isAggregated
      ? createAggregatedRenderer(plan.layout.properties, {
          format,
          typeName: `${call.state.model.namespace}.${path.set.type.name}`,
          isDynamic: (name) => !name.includes('/') && !path.set.type.properties.has(name),
        })
      : createEntityRenderer(plan.layout, renderContext(call, format))
  if (!isReferences && !isAggregated && !isFull && expands.length === 0)
    return { plan, ...plainRows(plan.layout, format.ieee754) }
  return { plan, render: eachRow(isReferences ? references() : entities()) }
}

/** A link into an expanded collection belongs to the user who gets it, so that it is rendered anew for each. */
const renderedFor = (
  call: Call,
  { format }: PreparedCollection,
  plan: RenderedPlan['plan'],
): RenderedPlan => ({
  plan,
  render: eachRow(createEntityRenderer(plan.layout, renderContext(call, format))),
})

const firstPlan = (call: Call, prepared: PreparedCollection, limit: number): RenderedPlan => {
  const { plans, query } = prepared
  const offset = (call.options.skip ?? 0) > 0 ? call.options.skip : undefined
  const first = () => planned(call, prepared, { limit, offset, after: undefined })
  const known = plans.get(String(limit)) ?? plans.set(String(limit), first())
  return query.expands.length === 0 ? known : renderedFor(call, prepared, known.plan)
}

/**
 * Rows that may follow: what the client's `$top` leaves, and the limit of rows, whichever is less. A next link carries what is
 * left; a limit that was set or lowered meanwhile holds for what follows it.
 */
const rowsLeft = ({ options, context }: Call, cursor: Cursor | undefined): number | undefined => {
  const { rows } = context.limits
  const left = cursor === undefined ? options.top : cursor.left
  // More than a number counts exactly is no limit.
  return Number.isSafeInteger(rows) ? Math.min(left ?? rows, rows) : left
}

const planPage = (
  call: Call,
  prepared: PreparedCollection,
  size: number,
  cursor: Cursor | undefined,
) => {
  const left = rowsLeft(call, cursor)
  const served = Math.min(size, left ?? Infinity)
  // One row more, unless the client's own $top ends here: a link beyond it would be wrong.
  const fetched = left !== undefined && left <= size ? left : served + 1
  const found =
    cursor === undefined
      ? firstPlan(call, prepared, fetched)
      : planned(call, prepared, { limit: fetched, offset: undefined, after: cursor.after })
  return { planned: found, left, served, fetched }
}

const countPrefix = async (
  call: Call,
  prepared: PreparedCollection,
  plan: ReadPlan,
): Promise<string> => {
  if (!call.options.count) return ''
  const total = await countRows(call, plan)
  const { format } = prepared
  return `${controlName(format, 'count')}:${format.ieee754 ? `"${total}"` : total},`
}

const countRows = async ({ deps, signal }: Call, plan: ReadPlan): Promise<bigint> => {
  const { rest } = splitPlan(plan, deps.source.capabilities)
  if (rest === undefined) return deps.source.count(plan, signal)
  let total = 0n
  const all = {
    shape: { ...plan.shape, limit: undefined, offset: undefined, after: undefined },
    values: plan.values,
  }
  for await (const rows of readRows(deps.source, all, signal)) total += BigInt(rows.length)
  return total
}

/** A whole collection by its set is asked again and again; what stands below a key rarely is. */
const preparedFor = (call: Call, resource: BoundResource): PreparedCollection => {
  const { state, request, options, version } = call
  const { path } = resource
  if (options.skipToken !== undefined || path.text !== encodeURIComponent(path.set.name))
    return prepare(call, resource)
  const key = `${path.set.name}?${request.query}#${version} ${request.headers.accept}`
  return state.collections.get(key) ?? state.collections.set(key, prepare(call, resource))
}

/** A collection: one page, no larger than the service, the client's preference and `$top` allow. */
export const answerCollection = async (
  call: Call,
  resource: BoundResource,
): Promise<ODataAnswer> => {
  const { deps, request } = call
  const prepared = preparedFor(call, resource)
  const preferences = parsePrefer(request.headers.prefer)
  const preferred = preferences.maxPageSize
  const { pageSize: most = Infinity } = call.context.limits
  const own = deps.settings.pageSize ?? call.context.limits.pageSize ?? defaultPageSize
  const size = Math.min(own, most, preferred ?? Infinity)
  const page = planPage(call, prepared, size, openCursor(call, prepared))
  const { left, served, fetched } = page
  const count = await countPrefix(call, prepared, page.planned.plan)
  const prefix = `${prepared.head}${count}"value":[`
  const whole: Page = { call, prepared, planned: page.planned, size: served, fetched, left, prefix }
  const { body, identity } =
    served === 0 ? { body: `${prefix}]}`, identity: undefined } : await bodyOf(whole)
  const applied = preferred === undefined ? {} : preferenceApplied(preferences, 'maxpagesize', size)
  return { ...answerWith(200, prepared.contentType, body, applied), identity }
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
  })
  return answerWith(200, 'text/plain;charset=utf-8', String(await countRows(call, plan)))
}
