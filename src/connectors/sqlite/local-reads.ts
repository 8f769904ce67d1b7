// Reads inside the server: few rows, whatever the size of the tables (DESIGN invariant 22).
import type { ReadPlan, ReadShape, Row, Value } from '#query/plan.ts'
import { valuesOf } from '../parameters.ts'
import { batchCharacters, sizeOf } from '../readers/messages.ts'
import { bindable } from './connection.ts'
import type { OpenedFile } from './opened-file.ts'
import type { Compiled } from './statement.ts'
import type { Way, Ways } from './ways.ts'
import { windowEnd } from './window.ts'

/** All rows, `undefined` when they are more than one batch: wide rows are streamed by a process. */
const oneBatch = (rows: IterableIterator<Row>): readonly Row[] | undefined => {
  const batch: Row[] = []
  let size = 0
  for (const row of rows) {
    batch.push(row)
    size += sizeOf(row)
    if (size > batchCharacters) return undefined
  }
  return batch
}

/** Runs a statement inside the server; `undefined` when it fails there, or is not for it. */
const runHere = (
  file: OpenedFile,
  { statement, exact, single, decode }: Compiled,
  values: readonly Value[],
): readonly Row[] | undefined => {
  try {
    const bound = valuesOf(statement, values).map(bindable)
    const prepared = file.statement(statement.text, exact)
    file.share()
    if (single !== true) {
      const rows = oneBatch(prepared.iterate(bound))
      return decode === undefined ? rows : rows?.map(decode)
    }
    const row = prepared.get(bound)
    if (row === undefined) return []
    return [decode === undefined ? row : decode(row)]
  } catch {
    // Locked, or changed since: a process may wait, and reports what is wrong.
    file.forget(statement.text)
    return undefined
  }
}

/** Reads that an index bounds, and filtered pages that a window of row ids fills; `undefined` for all others. */
export const createLocalReads = (compile: (shape: ReadShape) => Compiled, ways: Ways) => {
  const readWindow = (
    file: OpenedFile,
    plan: ReadPlan,
    { window, table, limit }: Extract<Way, { readonly kind: 'window' }>,
  ): readonly Row[] | undefined => {
    const range = file.rowIds(table.name, window.column.name)
    if (range === undefined) return undefined
    const end = windowEnd(plan, range[0])
    const rows = runHere(file, compile(window.shape), [...plan.values, end])
    if (rows !== undefined && (rows.length >= limit || end > range[1])) return rows
    ways.giveUp(plan)
    return undefined
  }
  return (file: OpenedFile, plan: ReadPlan): readonly Row[] | undefined => {
    const way = ways.of(file, plan)
    if (way.kind === 'bounded') return runHere(file, compile(plan.shape), plan.values)
    return way.kind === 'window' ? readWindow(file, plan, way) : undefined
  }
}
