// Where a plan is read: inside the server, where that takes little whatever the size of the tables (DESIGN invariant 22), or in a
// reader process. Reading and explaining ask here alike.
import type { Table } from '#query/catalog.ts'
import { onlyTable, type ReadPlan, type ReadShape } from '#query/plan.ts'
import { boundOf } from './bounded.ts'
import type { OpenedFile } from './opened-file.ts'
import { staysInWindow, takesIndexes } from './query-steps.ts'
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

/** What is known of a shape as long as its table stays as it is. */
type Known = {
  readonly table: Table | undefined
  /** Whether SQLite takes the indexes that bound it. */
  readonly indexed: boolean
  /** Whether no value of a plan has a say in how far it reads. */
  readonly fixed: boolean
}

const isFixed = ({ limit, outputs }: ReadShape): boolean =>
  limit === undefined && outputs.every(({ kind }) => kind === 'column')

/** `undefined` while the file is locked, or when it has changed since. */
const stepsOf = (file: OpenedFile, text: string): readonly string[] | undefined => {
  try {
    return file.steps(text)
  } catch {
    return undefined
  }
}

/** Which plans an index bounds, and SQLite reads by it; that is asked once for each shape. */
const createBounds = (textOf: (shape: ReadShape) => string) => {
  const shapes = new WeakMap<ReadShape, Known>()
  const learn = (file: OpenedFile, shape: ReadShape, bound: 'row' | 'page'): boolean => {
    const steps = stepsOf(file, textOf(shape))
    return steps !== undefined && takesIndexes(steps, shape, bound)
  }
  return (file: OpenedFile, plan: ReadPlan, table: Table | undefined): boolean => {
    const { shape } = plan
    const found = shapes.get(shape)
    const known = found?.table === table ? found : undefined
    if (known?.fixed === true) return known.indexed
    const bound = boundOf(plan, table, file.table)
    if (bound === undefined || known !== undefined)
      return bound !== undefined && known?.indexed === true
    const indexed = learn(file, shape, bound)
    shapes.set(shape, { table, indexed, fixed: isFixed(shape) })
    return indexed
  }
}

/** What is remembered of shapes: their bounds, the window of each, and those that a window did not fill. */
export const createWays = (textOf: (shape: ReadShape) => string) => {
  const isBounded = createBounds(textOf)
  const windows = new WeakMap<ReadShape, Window | 'none'>()
  /** `undefined` while that cannot be found out. */
  const createWindow = (file: OpenedFile, plan: ReadPlan, table: Table) => {
    const window = windowOf(plan, table, file.table)
    if (window === undefined) return 'none'
    const steps = stepsOf(file, textOf(window.shape))
    return steps && (staysInWindow(steps) ? window : 'none')
  }
  /** The way of a plan; asks the catalog, reads no row. */
  const of = (file: OpenedFile, plan: ReadPlan): Way => {
    const table = tableOf(file, plan)
    if (isBounded(file, plan, table)) return bounded
    const limit = pageLimit(plan)
    if (limit === undefined || table === undefined) return inProcess
    const window = windows.get(plan.shape) ?? createWindow(file, plan, table)
    if (window === undefined) return inProcess
    windows.set(plan.shape, window)
    return window === 'none' ? inProcess : { kind: 'window', window, table, limit }
  }
  /** A filter that finds little in its window will not find more next time. */
  const giveUp = ({ shape }: ReadPlan): void => void windows.set(shape, 'none')
  return { of, giveUp }
}

export type Ways = ReturnType<typeof createWays>
