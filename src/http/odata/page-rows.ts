// Where the rows of a page come from: as rows, or as the text that was made of them where they were read.
import type { TextBatch } from '#connectors/connector.ts'
import { ODataError } from '#odata/errors.ts'
import { createRowsRenderer } from '#odata/render/rows.ts'
import type { CollectionPlan } from '#query/from-odata.ts'
import type { Row } from '#query/plan.ts'
import { splitPlan } from '#query/split.ts'
import { readRows } from './read-rows.ts'
import type { Call, RenderedPlan } from './service.ts'

/** From so many rows on, an answer is worth a process of its own, and text is asked for where a source can make it. */
const longPage = 500

export type Batch = readonly Row[] | TextBatch
export const isText = (batch: Batch): batch is TextBatch => 'text' in batch

const isUnrepresentable = (error: unknown): boolean =>
  error instanceof ODataError && error.kind === 'unrepresentable'

/** The process that makes the text does not name the row of a value that cannot be served: it is looked for here. */
const findFault = async (call: Call, { plan, render }: RenderedPlan): Promise<void> => {
  for await (const rows of readRows(call.deps.source, plan, call.signal)) rows.forEach(render)
}

const readTexts = async function* (
  call: Call,
  planned: RenderedPlan,
  texts: AsyncIterable<TextBatch>,
): AsyncGenerator<Batch> {
  try {
    yield* texts
  } catch (error) {
    if (isUnrepresentable(error)) await findFault(call, planned)
    throw error
  }
}

/** Rows of a page, or their text. @param size rows that are shown at most */
export const readBatches = (
  call: Call,
  planned: RenderedPlan,
  size: number,
): AsyncIterable<Batch> => {
  const { deps, signal } = call
  const { plan, text } = planned
  const { pushed, rest } = splitPlan(plan, deps.source.capabilities)
  const isWhole = text !== undefined && rest === undefined && size >= longPage
  return isWhole && deps.source.readText !== undefined
    ? readTexts(call, planned, deps.source.readText(pushed, { ...text, most: size }, signal))
    : readRows(deps.source, plan, signal)
}

/** Rows that are nothing but values: they are rendered together, here or where they are read. */
export const plainRows = (
  { properties, orderAt }: CollectionPlan['layout'],
  ieee754: boolean,
): Pick<RenderedPlan, 'together' | 'text'> => {
  const together = createRowsRenderer(properties, ieee754)
  // A zone is more than data, and stays here.
  if (properties.some(({ zone }) => zone !== undefined)) return { together }
  const named = properties.map(({ name, type, collection }) => ({
    name,
    type,
    ...(collection === undefined ? {} : { collection }),
  }))
  return { together, text: { properties: named, ieee754, orderAt } }
}

/** Rows of a page as objects with commas between them. */
export const renderRows = ({ render, together }: RenderedPlan, rows: readonly Row[]): string => {
  const each = (): string => rows.map((row) => `{${render(row)}}`).join()
  if (together === undefined) return each()
  try {
    return together(rows)
  } catch (error) {
    // One by one they are told apart, and the refusal names the row.
    if (isUnrepresentable(error)) return each()
    throw error
  }
}
