// A page of a collection as JSON (OData 4.01 Protocol 11.2.6): rows, count, and the link to the next page.
import type { TextBatch } from '#connectors/connector.ts'
import { controlName } from '#odata/render/format.ts'
import type { RawCell } from '#odata/render/json.ts'
import type { ReadPlan, Row } from '#query/plan.ts'
import { linkTo } from './page-links.ts'
import { openCursor, planPage } from './page-plan.ts'
import { type Batch, isText, readBatches, renderRows } from './page-rows.ts'
import { pageSizeOf } from './page-size.ts'
import { parsePrefer, preferenceApplied } from './prefer.ts'
import { countRows } from './read-rows.ts'
import { answerWith, type ODataAnswer } from './service-answer.ts'
import type { Call, PreparedCollection, RenderedPlan } from './service.ts'
import { type BatchRenderer, renderBody } from './streamed-body.ts'

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
  return `,${controlName(prepared.form.json, 'nextLink')}:${JSON.stringify(link)}`
}

/** Renders batch after batch. One row more than a page tells that there is a next one; it is not served. */
const createPageRenderer = (page: Page): BatchRenderer<Batch> => {
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
    const text = `${served === 0 ? '' : ','}${renderRows(planned, shown)}`
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

const bodyOf = (page: Page): Promise<Pick<ODataAnswer, 'body' | 'identity'>> => {
  const { call, planned, prefix } = page
  const batches = readBatches(call, planned, page.size)[Symbol.asyncIterator]()
  return renderBody(batches, createPageRenderer(page), prefix, call.links)
}

const countPrefix = async (
  call: Call,
  prepared: PreparedCollection,
  plan: ReadPlan,
): Promise<string> => {
  if (!call.options.count) return ''
  const total = await countRows(call, plan)
  const { json } = prepared.form
  return `${controlName(json, 'count')}:${json.ieee754 ? `"${total}"` : total},`
}

/** One page of a collection, no larger than the service, the client's preference and `$top` allow. */
export const answerPage = async (
  call: Call,
  prepared: PreparedCollection,
): Promise<ODataAnswer> => {
  const preferences = parsePrefer(call.request.headers.prefer)
  const preferred = preferences.maxPageSize
  const { size } = pageSizeOf(call, preferred)
  const page = planPage(call, prepared, size, openCursor(call, prepared))
  const { left, served, fetched } = page
  const count = await countPrefix(call, prepared, page.planned.plan)
  const prefix = `${prepared.head}${count}"value":[`
  const whole: Page = { call, prepared, planned: page.planned, size: served, fetched, left, prefix }
  const { body, identity } =
    served === 0 ? { body: `${prefix}]}`, identity: undefined } : await bodyOf(whole)
  const applied = preferred === undefined ? {} : preferenceApplied(preferences, 'maxpagesize', size)
  return { ...answerWith(200, prepared.form.contentType, body, applied), identity }
}
