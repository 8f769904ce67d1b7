// A whole collection, line by line: CSV (RFC 4180), or one JSON object a line. There are no pages, so nothing of it may be
// missing: it is refused before it begins, or the connection breaks.
import type { BoundQuery } from '#odata/bind/query.ts'
import { badRequest, type ODataError } from '#odata/errors.ts'
import { csvHeader, endOfRecord } from '#odata/render/csv.ts'
import type { ReadPlan, Row } from '#query/plan.ts'
import type { CollectionForm } from './format.ts'
import { firstPlan, mostRows } from './page-plan.ts'
import { countRows, readRows } from './read-rows.ts'
import { answerWith, type ODataAnswer } from './service-answer.ts'
import type { Call, PreparedCollection, RenderedPlan } from './service.ts'
import { type BatchRenderer, renderBody } from './streamed-body.ts'

/** What stands before the rows. Throws 400 for what lines have no place for. */
export const openExport = (kind: CollectionForm['kind'], query: BoundQuery): string => {
  const { options, expands, outputs } = query
  if (options.count)
    throw badRequest('An export has no place for a count; ask for it with /$count.', {
      target: '$count',
    })
  if (options.skipToken !== undefined)
    throw badRequest('An export has no pages; repeat the query without $skiptoken.', {
      target: '$skiptoken',
    })
  if (kind !== 'csv') return ''
  if (expands.length > 0)
    throw badRequest(
      'CSV has no rows inside rows. Take values of single entities with $compute (Customer/Country as Country), or ask for NDJSON.',
      { target: '$expand' },
    )
  if (outputs.length === 0)
    throw badRequest('CSV needs a column; select a property.', { target: '$select' })
  return csvHeader(outputs.map(({ property }) => property))
}

const tooMany = (most: number): ODataError =>
  badRequest(
    `The result has more than ${most} rows, which is all that one query of yours is given (limit MaxFetchRows). Narrow it with $filter, or part it with $top and $skip.`,
  )

/** Throws 400 where the limit of rows would end the result before its end. */
const checkAll = async (call: Call, plan: ReadPlan, most: number): Promise<void> => {
  const total = (await countRows(call, plan)) - BigInt(call.options.skip ?? 0)
  if (total > most) throw tooMany(most)
}

type Extent = {
  /** Rows that are asked for; `undefined` for all. */
  readonly fetched: number | undefined
  /** Rows that may come, where that is less than the client wants. */
  readonly most: number | undefined
}

const extentOf = (call: Call): Extent => {
  const { top } = call.options
  const most = mostRows(call)
  if (most === undefined || (top !== undefined && top <= most))
    return { fetched: top, most: undefined }
  // One more tells that there are too many, should some have come after they were counted.
  return { fetched: most + 1, most }
}

const createLineRenderer = (
  { render }: RenderedPlan,
  kind: CollectionForm['kind'],
  { fetched = Infinity, most }: Extent,
): BatchRenderer<readonly Row[]> => {
  const [begin, end] = kind === 'csv' ? ['', endOfRecord] : ['{', '}\n']
  let served = 0
  const add = (rows: readonly Row[]): string => {
    let text = ''
    for (const row of rows) {
      if (served === most) throw tooMany(most)
      text += begin + render(row) + end
      served++
    }
    return text
  }
  return { add, end: () => '', isComplete: () => served >= fetched }
}

/** RFC 6266; a name with other letters than those of ASCII stands as RFC 8187 wants it. */
const saveAs = (name: string): Readonly<Record<string, string>> => {
  const coded = encodeURIComponent(name)
  const parameter = coded === name ? `filename="${name}"` : `filename*=UTF-8''${coded}`
  return { 'Content-Disposition': `attachment; ${parameter}` }
}

/** A collection as a whole, which `$top` and the limit of rows alone bound; a wish for pages is not granted. */
export const answerExport = async (
  call: Call,
  prepared: PreparedCollection,
): Promise<ODataAnswer> => {
  const { form, head, path } = prepared
  const extent = extentOf(call)
  const planned = firstPlan(call, prepared, extent.fetched)
  if (extent.most !== undefined) await checkAll(call, planned.plan, extent.most)
  const rows = readRows(call.deps.source, planned.plan, call.signal)[Symbol.asyncIterator]()
  const renderer = createLineRenderer(planned, form.kind, extent)
  const found = await renderBody(rows, renderer, head, call.links)
  return {
    ...answerWith(200, form.contentType, '', saveAs(`${path.set.name}.${form.kind}`)),
    ...found,
  }
}
