// What SQLite says it will do for a statement (EXPLAIN QUERY PLAN). A file carries statistics of its own, and whoever
// wrote them could lead a bounded read through a whole table.
import type { ReadShape } from '#query/plan.ts'
import { equalColumns } from './bounded.ts'

/** A table is named `t` and a number by the compiler; what is read again is the few rows of a subquery. */
const isScan = (step: string): boolean => /^SCAN t\d+\b/.test(step)

/** Work on more rows than are answered: sorting, and indexes for one statement. */
const isLabour = (step: string): boolean => /TEMP B-TREE|AUTOMATIC|MULTI-INDEX/.test(step)

const equals = (step: string, column: string): boolean =>
  step.includes(`(${column}=?`) || step.includes(` AND ${column}=?`)

/** Whether a statement looks at the row ids of its window and no others: an index of the filter could lead it elsewhere. */
export const staysInWindow = (steps: readonly string[]): boolean => {
  const [outer = '', ...others] = steps
  return /^SEARCH t0 .*\browid<\?\)$/.test(outer) && !others.some(isScan) && !steps.some(isLabour)
}

/**
 * Whether the steps of a statement are bounded as its shape promises: a row, or a page in the order of an index.
 * @param bound as `boundOf` has found it
 */
export const takesIndexes = (
  steps: readonly string[],
  { filter }: ReadShape,
  bound: 'row' | 'page',
): boolean => {
  if (steps.some(isLabour)) return false
  const [outer] = steps
  const scans = steps.filter(isScan)
  // A page without a filter walks along its index until it is full.
  if (filter === undefined) return scans.every((step) => step === outer)
  if (scans.length > 0 || outer?.startsWith('SEARCH t0 ') !== true) return false
  return bound === 'row' || (equalColumns(filter) ?? []).every((column) => equals(outer, column))
}
