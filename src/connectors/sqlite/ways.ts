// Where a plan is read: inside the server, where that takes little whatever the size of the tables (DESIGN invariant 22), or in a
// reader process. Reading and explaining ask here alike.
import type { Table } from '#query/catalog.ts'
import { onlyTable, type ReadPlan, type ReadShape } from '#query/plan.ts'
import { isBoundedRead } from './bounded.ts'
import type { OpenedFile } from './opened-file.ts'
import { pageLimit, windowOf, type Window } from './window.ts'

export type Way =
  | { readonly kind: 'bounded' }
  | { readonly kind: 'process' }
  | {
      readonly kind: 'window'
      readonly window: Window
      readonly table: Table
      /** Rows that make a page. */
      readonly limit: number
    }

const bounded: Way = { kind: 'bounded' }
const inProcess: Way = { kind: 'process' }

/** The table that the plan reads, when it is one alone. */
const tableOf = (file: OpenedFile, { shape }: ReadPlan): Table | undefined => {
  const name = onlyTable(shape)
  return name === undefined ? undefined : file.table(name)
}

/** What is remembered of shapes: the window of each, and those that a window did not fill. */
export const createWays = () => {
  const windows = new WeakMap<ReadShape, Window | 'none'>()
  /** The way of a plan; asks the catalog, reads no row. */
  const of = (file: OpenedFile, plan: ReadPlan): Way => {
    const table = tableOf(file, plan)
    if (isBoundedRead(plan, table, file.table)) return bounded
    const limit = pageLimit(plan)
    if (limit === undefined || table === undefined) return inProcess
    const window = windows.get(plan.shape) ?? windowOf(plan, table) ?? 'none'
    windows.set(plan.shape, window)
    return window === 'none' ? inProcess : { kind: 'window', window, table, limit }
  }
  /** A filter that finds little in its window will not find more next time. */
  const giveUp = ({ shape }: ReadPlan): void => void windows.set(shape, 'none')
  return { of, giveUp }
}

export type Ways = ReturnType<typeof createWays>
