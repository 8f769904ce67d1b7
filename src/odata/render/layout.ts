// Where in a row from a source the members of an answer stand.
import type { BoundExpand } from '../bind/expand.ts'
import type { BoundQuery } from '../bind/query.ts'
import type { Property } from '../edm/model.ts'

export type Layout = {
  /** What a row was asked for. */
  readonly query: BoundQuery
  /** The members with a value of their own; the n-th stands in cell n. */
  readonly properties: readonly Property[]
  readonly expands: readonly ExpandLayout[]
  /** Cells with the order of the row, for the link to what follows it. */
  readonly orderAt: readonly number[]
  /** Cells with the key where the order has it, to name a row by. */
  readonly namedAt: readonly number[]
  /** Cells with the key; empty where nobody needs it. */
  readonly keyAt: readonly number[]
}

export type ExpandLayout = {
  readonly expand: BoundExpand
  /** The cell with the rows; `undefined` when only their number is wanted. */
  readonly at: number | undefined
  /** The cell with their number. */
  readonly countAt: number | undefined
  readonly layout: Layout
  /** Rows served at most; one more was asked for when `$top` does not end there. */
  readonly size: number
}
