// What a reader process has read and not yet handed over: rows, or the text that was made of them.
import { createRowsRenderer } from '#odata/render/rows.ts'
import type { Row, Value } from '#query/plan.ts'
import type { RowText, TextBatch } from '../connector.ts'
import { batchCharacters, batchRows, sizeOf } from './messages.ts'

export type Collector = {
  readonly add: (row: Row) => void
  readonly isFull: () => boolean
  /** Everything since the last time. */
  readonly take: () => readonly Row[]
}

const createRows = (): Collector => {
  let rows: Row[] = []
  let size = 0
  return {
    add: (row) => {
      rows.push(row)
      size += sizeOf(row)
    },
    isFull: () => rows.length >= batchRows || size >= batchCharacters,
    take: () => {
      const taken = rows
      rows = []
      size = 0
      return taken
    },
  }
}

/** A batch of text travels as one row, so that whatever carries rows carries it. */
const pack = ({ text, count, hasMore, after }: TextBatch): Row => [text, count, hasMore, ...after]

/** The other end of `pack`. */
export const unpackText = (row: Row): TextBatch => {
  const [text, count, hasMore, ...after] = row
  return {
    text: String(text),
    count: Number(count),
    hasMore: hasMore === true,
    after: after as readonly Value[],
  }
}

const createTexts = ({ properties, ieee754, orderAt, most }: RowText): Collector => {
  const render = createRowsRenderer(properties, ieee754)
  const shown = createRows()
  let total = 0
  let last: Row = []
  return {
    add: (row) => {
      total++
      if (total > most) return
      shown.add(row)
      last = row
    },
    isFull: shown.isFull,
    take: () => {
      const rows = shown.take()
      const hasMore = total > most
      if (rows.length === 0 && !hasMore) return []
      const after = orderAt.map((at) => (last[at] ?? null) as Value)
      return [pack({ text: render(rows), count: rows.length, hasMore, after })]
    },
  }
}

/** Collects rows; or their text, where that is wanted of them. */
export const createCollector = (wanted: RowText | undefined): Collector =>
  wanted === undefined ? createRows() : createTexts(wanted)
