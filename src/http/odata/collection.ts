// A page of a collection (OData 4.01 Protocol 11.2.6): rows, count, and the link to the next page.
import type { Source } from '#connectors/connector.ts'
import { defaultPageSize } from '#features/limits/effective.ts'
import { bindCollection } from '#odata/bind-request.ts'
import type { EntitySet } from '#odata/edm/model.ts'
import { ODataError } from '#odata/errors.ts'
import { createLayout } from '#odata/render/layout.ts'
import { canonicalQuery, contextUrl, nextLink } from '#odata/render/links.ts'
import { controlPrefix } from '#odata/version.ts'
import { parseCursor, renderCursor, type Cursor } from '#query/cursor.ts'
import { applyRest } from '#query/evaluate.ts'
import { planCollection, type CollectionPlan } from '#query/from-odata.ts'
import type { ReadPlan, Row } from '#query/plan.ts'
import { splitPlan } from '#query/split.ts'
import { createBoundedMap } from './bounded-map.ts'
import { jsonContentType, negotiateJson } from './format.ts'
import { parsePrefer, preferenceApplied } from './prefer.ts'
import { answerWith, type ODataAnswer } from './service-answer.ts'
import type { Call, PreparedCollection } from './service.ts'

const prepare = (call: Call, set: EntitySet): PreparedCollection => {
  const { deps, request, options, version } = call
  const { serviceRoot } = deps
  const { namespace } = call.state.model
  const format = negotiateJson(request.headers.accept, options.format, version)
  const asked = bindCollection(set, options)
  const { select } = asked
  const context = contextUrl(serviceRoot, set.name, select.listed, false)
  const named = `"${controlPrefix(version)}context"`
  const layout = createLayout({ set, select, namespace, serviceRoot, format })
  return {
    bound: { ...asked, select: { ...select, properties: layout.properties } },
    head: format.metadata === 'none' ? '{' : `{${named}:${JSON.stringify(context)},`,
    canonical: canonicalQuery(options),
    contentType: jsonContentType(format),
    render: layout.render,
    ieee754: format.ieee754,
    plans: createBoundedMap(4),
  }
}

/** What a cursor belongs to: it opens for the same user, source and query only (threat T78). */
const sealContext = ({ deps, context }: Call, { bound, canonical }: PreparedCollection): string =>
  JSON.stringify([context.userId, deps.sourceId, bound.set.name, canonical])

const openCursor = (call: Call, prepared: PreparedCollection): Cursor | undefined => {
  const token = call.options.skipToken
  if (token === undefined) return undefined
  const text = call.deps.sealer.open(token, sealContext(call, prepared))
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

/** Rows of a plan, with what the source cannot do done here. */
const readRows = (
  source: Source,
  plan: ReadPlan,
  signal: AbortSignal,
): AsyncIterable<readonly Row[]> => {
  const { pushed, rest } = splitPlan(plan, source.capabilities)
  const rows = source.read(pushed, signal)
  return rest === undefined ? rows : applyRest(rows, rest, plan.values)
}

type Page = {
  readonly call: Call
  readonly prepared: PreparedCollection
  readonly plan: CollectionPlan
  /** Rows served at most. */
  readonly size: number
  /** Rows asked for: one more than are served, unless `$top` ends here. */
  readonly fetched: number
  /** Rows that `$top` and the limit of rows allow from here on. */
  readonly left: number | undefined
  readonly prefix: string
}

const linkAfter = ({ call, prepared, plan, size, left }: Page, last: Row) => {
  const after = plan.orderAt.map((at) => last[at] ?? null)
  const text = renderCursor({ after, left: left === undefined ? undefined : left - size })
  const token = call.deps.sealer.seal(text, sealContext(call, prepared))
  const link = nextLink(call.deps.serviceRoot, prepared.bound.set.name, prepared.canonical, token)
  return { text: `,"${controlPrefix(call.version)}nextLink":${JSON.stringify(link)}`, cursor: text }
}

/** Renders batch after batch. One row more than a page tells that there is a next one; it is not served. */
const createPageRenderer = (page: Page) => {
  const { prepared, size, fetched } = page
  let served = 0
  let last: Row | undefined
  let hasMore = false
  const add = (rows: readonly Row[]): string => {
    let text = ''
    for (const row of rows) {
      if (served === size) {
        hasMore = true
        break
      }
      text += `${served === 0 ? '' : ','}{${prepared.render(row)}}`
      last = row
      served++
    }
    return text
  }
  let cursor = ''
  const end = (): string => {
    if (!hasMore || last === undefined) return ']}'
    const link = linkAfter(page, last)
    cursor = link.cursor
    return `]${link.text}}`
  }
  /** Where the next page begins, in the clear: the link is sealed anew each time. */
  const goesOnAt = (): string => cursor
  return { add, end, isComplete: () => hasMore || served >= fetched, goesOnAt }
}

/** An answer of up to so many characters goes out as one text; a longer one is streamed in such pieces. */
const gathered = 65_536

type Rows = AsyncIterator<readonly Row[]>
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

/** What a page says, whatever the seal of its next link looks like today. */
const identityOf = (text: string, cursor: string): string | undefined =>
  cursor === '' ? undefined : text.slice(0, text.lastIndexOf('$skiptoken=')) + cursor

/** The body: one text when it is short, else a stream; never more than a piece of it is held (DESIGN invariant 22). */
const bodyOf = async (page: Page): Promise<Pick<ODataAnswer, 'body' | 'identity'>> => {
  const { call, plan } = page
  const rows = readRows(call.deps.source, plan, call.signal)[Symbol.asyncIterator]()
  const renderer = createPageRenderer(page)
  let streams = false
  try {
    const { text, complete } = await gather(rows, renderer, page.prefix)
    streams = !complete
    if (!complete) return { body: streamPage(text, rows, renderer) }
    return { body: text, identity: identityOf(text, renderer.goesOnAt()) }
  } finally {
    if (!streams) await rows.return?.()
  }
}

const firstPlan = (
  call: Call,
  { bound, plans }: PreparedCollection,
  limit: number,
): CollectionPlan => {
  const offset = (call.options.skip ?? 0) > 0 ? call.options.skip : undefined
  const known = plans.get(String(limit))
  return (
    known ?? plans.set(String(limit), planCollection(bound, { limit, offset, after: undefined }))
  )
}

const nextPlan = (
  { bound }: PreparedCollection,
  limit: number,
  { after }: Cursor,
): CollectionPlan => planCollection(bound, { limit, offset: undefined, after })

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
  const plan =
    cursor === undefined ? firstPlan(call, prepared, fetched) : nextPlan(prepared, fetched, cursor)
  return { plan, left, served, fetched }
}

const countPrefix = async (
  call: Call,
  prepared: PreparedCollection,
  plan: ReadPlan,
): Promise<string> => {
  if (!call.options.count) return ''
  const total = await countRows(call, plan)
  return `"${controlPrefix(call.version)}count":${prepared.ieee754 ? `"${total}"` : total},`
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

/** `/Set`: one page, no larger than the service, the client's preference and `$top` allow. */
export const answerCollection = async (call: Call, set: EntitySet): Promise<ODataAnswer> => {
  const { deps, state, request, options, version } = call
  const { accept, prefer } = request.headers
  const cacheKey = `${set.name}?${request.query}#${version} ${accept}`
  const cached = options.skipToken === undefined ? state.collections.get(cacheKey) : undefined
  const prepared = cached ?? prepare(call, set)
  if (cached === undefined && options.skipToken === undefined)
    state.collections.set(cacheKey, prepared)
  const preferences = parsePrefer(prefer)
  const preferred = preferences.maxPageSize
  const { pageSize: most = Infinity } = call.context.limits
  const own = deps.settings.pageSize ?? call.context.limits.pageSize ?? defaultPageSize
  const size = Math.min(own, most, preferred ?? Infinity)
  const { plan, left, served, fetched } = planPage(call, prepared, size, openCursor(call, prepared))
  const count = await countPrefix(call, prepared, plan)
  const prefix = `${prepared.head}${count}"value":[`
  const page: Page = { call, prepared, plan, size: served, fetched, left, prefix }
  const { body, identity } =
    served === 0 ? { body: `${prefix}]}`, identity: undefined } : await bodyOf(page)
  const applied = preferred === undefined ? {} : preferenceApplied(preferences, 'maxpagesize', size)
  return { ...answerWith(200, prepared.contentType, body, applied), identity }
}

/** `/Set/$count`: plain text, whatever is accepted; not affected by `$top`, `$skip`, `$orderby` (4.01 URL 4.8). */
export const answerCount = async (call: Call, set: EntitySet): Promise<ODataAnswer> => {
  const plan = planCollection(bindCollection(set, call.options), {
    limit: undefined,
    offset: undefined,
    after: undefined,
  })
  return answerWith(200, 'text/plain;charset=utf-8', String(await countRows(call, plan)))
}
