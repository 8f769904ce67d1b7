// A filtered page inside the server: the filter is tried on a window of row ids, which bounds the work
// whatever the size of the table. Only a page that the window fills is an answer; otherwise the read goes to a
// process as if nothing had been tried.
import type { Table } from '#query/catalog.ts'
import { type FindTable, mostNestedRows, rowsInside } from './bounded.ts'
import type { Column, Expression, ReadPlan, ReadShape, Value } from '#query/plan.ts'

/** Rows that the filter looks at. */
export const windowRows = 1000n
const mostRows = 201

/** Comparisons only: a function could be costly on each row. */
const isCheap = (expression: Expression): boolean => {
  switch (expression.kind) {
    case 'column':
      return !['Edm.DateTimeOffset', 'Edm.TimeOfDay', 'Edm.Guid'].includes(expression.type)
    case 'slot':
    case 'null':
      return true
    case 'compare':
      return isCheap(expression.left) && isCheap(expression.right)
    case 'and':
    case 'or':
      return expression.operands.length < 20 && expression.operands.every(isCheap)
    case 'not':
    case 'true':
      return isCheap(expression.operand)
    case 'in':
      return (
        expression.items.length < 50 &&
        isCheap(expression.operand) &&
        expression.items.every((item) => item.kind === 'slot' || item.kind === 'null')
      )
    default:
      return false
  }
}

/** The column when the order is that of the row ids, ascending. */
const rowIdOrder = ({ order }: ReadShape, table: Table): Column | undefined => {
  const [only] = order
  const [index] = table.indexes
  if (only === undefined || order.length > 1 || only.descending) return undefined
  const { expression: column } = only
  const isRowId =
    column.kind === 'column' &&
    table.hasRowId &&
    index?.columns.length === 1 &&
    index.columns[0] === column.name
  return isRowId ? column : undefined
}

export type Window = {
  readonly column: Column
  /** The shape with one more condition: the row id is below the slot after the plan's own values. */
  readonly shape: ReadShape
}

/** The windowed form of a shape, `undefined` when it has none. */
export const windowOf = (plan: ReadPlan, table: Table, find: FindTable): Window | undefined => {
  const { shape, values } = plan
  const { filter, limit, offset } = shape
  if (!table.isPlain || filter === undefined || limit === undefined || offset !== undefined)
    return undefined
  const inside = rowsInside(shape, plan, find)
  if (inside === undefined || mostRows * inside > mostNestedRows) return undefined
  const column = rowIdOrder(shape, table)
  if (column === undefined || !isCheap(filter)) return undefined
  const end = { kind: 'slot', index: values.length, type: column.type } as const
  const below: Expression = { kind: 'compare', operator: 'lt', left: column, right: end }
  return { column, shape: { ...shape, filter: { kind: 'and', operands: [filter, below] } } }
}

/** Rows that make a page, `undefined` when the page is too large for the server. */
export const pageLimit = ({ shape, values }: ReadPlan): number | undefined => {
  const limit = Number(shape.limit === undefined ? Infinity : values[shape.limit.index])
  return limit <= mostRows ? limit : undefined
}

/** Where the window ends. */
export const windowEnd = ({ shape, values }: ReadPlan, least: bigint): bigint => {
  const [after] = shape.after ?? []
  const start: Value = after?.kind === 'slot' ? (values[after.index] ?? null) : null
  const from = typeof start === 'bigint' || typeof start === 'number' ? BigInt(start) : least
  return (from > least ? from : least) + windowRows
}
