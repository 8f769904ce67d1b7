// Where the rows of a page come from: as rows, or as the text that was made of them where they were read.
import type { Source, TextBatch } from '#connectors/connector.ts'
import type { RenderMembers } from '#odata/render/entity.ts'
import { createRowsRenderer } from '#odata/render/json.ts'
import { applyRest } from '#query/evaluate.ts'
import type { CollectionPlan } from '#query/from-odata.ts'
import type { ReadPlan, Row } from '#query/plan.ts'
import { splitPlan } from '#query/split.ts'
import type { Call, RenderedPlan } from './service.ts'

/** From so many rows on, an answer is worth a process of its own, and text is asked for where a source can make it. */
const longPage = 500

export type Batch = readonly Row[] | TextBatch
export const isText = (batch: Batch): batch is TextBatch => 'text' in batch

/** Rows of a plan, with what the source cannot do done here. */
export const readRows = (
  source: Source,
  plan: ReadPlan,
  signal: AbortSignal,
): AsyncIterable<readonly Row[]> => {
  const { pushed, rest } = splitPlan(plan, source.capabilities)
  const rows = source.read(pushed, signal)
  return rest === undefined ? rows : applyRest(rows, rest, plan.values)
}

/** Rows of a page, or their text. @param size rows that are shown at most */
export const readBatches = (
  { deps: { source }, signal }: Call,
  { plan, text }: RenderedPlan,
  size: number,
): AsyncIterable<Batch> => {
  const { pushed, rest } = splitPlan(plan, source.capabilities)
  const isWhole = text !== undefined && rest === undefined && size >= longPage
  return isWhole && source.readText !== undefined
    ? source.readText(pushed, { ...text, most: size }, signal)
    : readRows(source, plan, signal)
}

/** Many rows, one by one. */
export const eachRow =
  (render: RenderMembers): RenderedPlan['render'] =>
  (rows) =>
    rows.map((row) => `{${render(row)}}`).join()

/** Rows that are nothing but values: they are rendered together, here or where they are read. */
export const plainRows = (
  { properties, orderAt }: CollectionPlan['layout'],
  ieee754: boolean,
): Pick<RenderedPlan, 'render' | 'text'> => ({
  render: createRowsRenderer(properties, ieee754),
  // Nothing else of a property goes to another process.
  text: { properties: properties.map(({ name, type }) => ({ name, type })), ieee754, orderAt },
})
