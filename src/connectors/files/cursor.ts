// Rows of a statement that is under way, a batch at a time.
import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api'
import type { Row } from '#query/plan.ts'
import { createCollector } from '../readers/collector.ts'
import type { Engine } from './engine.ts'
import type { FilesRequest } from './messages.ts'
import { boundValue, createCells } from './values.ts'

export type Cursor = {
  readonly next: () => Promise<{ readonly rows: readonly Row[]; readonly done: boolean }>
}

/** Rows that are looked at together; what the engine hands over is larger, and may be wide. */
const sliceRows = 250

/** Rows `from` to `to` of a chunk. Slices of vectors do not keep their texts as the whole ones do. */
const createRows = (engine: Engine) => {
  const cellOf = createCells(engine)
  return (chunk: DuckDBDataChunk, from: number, to: number): readonly Row[] => {
    const columns = Array.from({ length: chunk.columnCount }, (_, i) =>
      chunk.getColumnVector(i).slice(from, to - from),
    )
    return Array.from({ length: to - from }, (_, row) =>
      columns.map((column) => cellOf(column.getItem(row))),
    ) as readonly Row[]
  }
}

const run = async (
  engine: Engine,
  connection: DuckDBConnection,
  { text, values, types }: FilesRequest,
): Promise<DuckDBResult> => {
  const statement = await connection.prepare(text)
  // Whatever it was that made the text: nothing is written from here.
  if (statement.statementType !== engine.StatementType.SELECT)
    throw new Error('Permission Error: only reading is possible')
  values.forEach((value, i) => {
    const [bound, type] = boundValue(value, types[i], engine)
    statement.bindValue(i + 1, bound, type)
  })
  return statement.stream()
}

/** Starts a statement. Nothing is fetched before it is asked for. */
export const openCursor = async (
  engine: Engine,
  connection: DuckDBConnection,
  request: FilesRequest,
): Promise<Cursor> => {
  const result = await run(engine, connection, request)
  const rowsOf = createRows(engine)
  let chunk: DuckDBDataChunk | undefined
  let at = 0
  const fetch = async (): Promise<DuckDBDataChunk | undefined> => {
    if (chunk !== undefined && at < chunk.rowCount) return chunk
    chunk = (await result.fetchChunk()) ?? undefined
    at = 0
    return chunk === undefined || chunk.rowCount === 0 ? undefined : chunk
  }
  const collector = createCollector(request.wanted)
  const next = async (): Promise<{ rows: readonly Row[]; done: boolean }> => {
    while (!collector.isFull()) {
      const current = await fetch()
      if (current === undefined) return { rows: collector.take(), done: true }
      const to = Math.min(at + sliceRows, current.rowCount)
      for (const row of rowsOf(current, at, to)) collector.add(row)
      at = to
    }
    return { rows: collector.take(), done: false }
  }
  return { next }
}
