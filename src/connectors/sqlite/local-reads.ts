// Reads inside the server: few rows, whatever the size of the tables (DESIGN invariant 22).
import type { Table } from '#query/catalog.ts'
import { onlyTable, type ReadPlan, type ReadShape, type Row, type Value } from '#query/plan.ts'
import { batchCharacters, sizeOf } from '../readers/messages.ts'
import { boundOf } from './bounded.ts'
import { bindable } from './connection.ts'
import type { OpenedFile } from './opened-file.ts'
import { takesIndexes } from './query-steps.ts'
import { valuesOf, type Compiled } from './statement.ts'
import { pageLimit, windowEnd, windowOf, type Window } from './window.ts'

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

/** The table that the plan reads, when it is one alone. */
const tableOf = (file: OpenedFile, { shape }: ReadPlan) => {
  const name = onlyTable(shape)
  return name === undefined ? undefined : file.table(name)
}

/** What is known of a shape as long as its table stays as it is. */
type Known = {
  readonly table: Table | undefined
  readonly indexed: boolean
  /** The bound, where no value of a plan decides about it. */
  readonly fixed: boolean
}

/** Whether the values of a plan have a say in how far it reads. */
const isFixed = ({ limit, outputs }: ReadShape): boolean =>
  limit === undefined && outputs.every(({ kind }) => kind === 'column')

/** Which plans an index bounds, and SQLite reads by it. */
const createBounds = (compile: (shape: ReadShape) => Compiled) => {
  const shapes = new WeakMap<ReadShape, Known>()
  const learn = (file: OpenedFile, shape: ReadShape, bound: 'row' | 'page'): boolean => {
    try {
      return takesIndexes(file.steps(compile(shape).statement.text), shape, bound)
    } catch {
      return false
    }
  }
  return (file: OpenedFile, plan: ReadPlan, table: Table | undefined): boolean => {
    const { shape } = plan
    const known = shapes.get(shape)
    if (known?.table === table && known?.fixed === true) return known.indexed
    const bound = boundOf(plan, table, file.table)
    if (bound === undefined) return false
    if (known?.table === table && known !== undefined) return known.indexed
    const indexed = learn(file, shape, bound)
    shapes.set(shape, { table, indexed, fixed: isFixed(shape) })
    return indexed
  }
}

/** Reads that an index bounds, and filtered pages that a window of row ids fills. */
export const createLocalReads = (compile: (shape: ReadShape) => Compiled) => {
  const isBounded = createBounds(compile)
  const windows = new WeakMap<ReadShape, Window | 'none'>()
  const readWindow = (
    file: OpenedFile,
    plan: ReadPlan,
    table: Table | undefined,
  ): readonly Row[] | undefined => {
    const limit = pageLimit(plan)
    if (limit === undefined || table === undefined) return undefined
    const known = windows.get(plan.shape) ?? windowOf(plan, table) ?? 'none'
    windows.set(plan.shape, known)
    if (known === 'none') return undefined
    const range = file.rowIds(table.name, known.column.name)
    if (range === undefined) return undefined
    const end = windowEnd(plan, range[0])
    const rows = runHere(file, compile(known.shape), [...plan.values, end])
    if (rows !== undefined && (rows.length >= limit || end > range[1])) return rows
    // A filter that finds little here will not find more next time.
    windows.set(plan.shape, 'none')
    return undefined
  }
  return (file: OpenedFile, plan: ReadPlan): readonly Row[] | undefined => {
    const table = tableOf(file, plan)
    return isBounded(file, plan, table)
      ? runHere(file, compile(plan.shape), plan.values)
      : readWindow(file, plan, table)
  }
}
