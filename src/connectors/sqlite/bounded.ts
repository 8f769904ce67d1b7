// Which reads an index bounds, so that they may run inside the server (DESIGN invariant 22).
import type { Table } from '#query/catalog.ts'
import { isNullable, type Expression, type ReadPlan } from '#query/plan.ts'

/** Rows of one page that the server itself may read. */
const mostRows = 201

const equalColumns = (filter: Expression): readonly string[] | undefined => {
  const operands = filter.kind === 'and' ? filter.operands : [filter]
  const columns = operands.flatMap((e) =>
    e.kind === 'compare' &&
    e.operator === 'eq' &&
    e.left.kind === 'column' &&
    e.right.kind === 'slot'
      ? [e.left]
      : [],
  )
  // These types compare through a function, which no index answers.
  const direct = columns.filter(
    ({ type }) => type !== 'Edm.DateTimeOffset' && type !== 'Edm.TimeOfDay' && type !== 'Edm.Guid',
  )
  return direct.length === operands.length ? direct.map(({ name }) => name) : undefined
}

/** One row by a unique index. */
const isKeyRead = ({ shape }: ReadPlan, table: Table): boolean => {
  const columns = shape.filter && equalColumns(shape.filter)
  if (columns === undefined) return false
  return table.indexes.some(
    (index) => index.unique && index.columns.every((column) => columns.includes(column)),
  )
}

/** One page of a keyset in the order of an index, without a filter that could discard rows for long. */
const isKeysetPage = ({ shape, values }: ReadPlan, table: Table): boolean => {
  const { filter, order, after, limit, offset } = shape
  if (filter !== undefined || offset !== undefined || limit === undefined) return false
  if (Number(values[limit.index]) > mostRows) return false
  const descending = order[0]?.descending ?? false
  const columns = order.flatMap(({ expression: e, descending: d }) =>
    e.kind === 'column' &&
    d === descending &&
    e.type !== 'Edm.DateTimeOffset' &&
    e.type !== 'Edm.TimeOfDay' &&
    e.type !== 'Edm.Guid'
      ? [e]
      : [],
  )
  if (columns.length < order.length) return false
  const simple =
    after === undefined ||
    (after.every(({ kind }) => kind === 'slot') && !(descending && columns.some(isNullable)))
  return (
    simple &&
    table.indexes.some((index) => columns.every(({ name }, i) => index.columns[i] === name))
  )
}

/** Whether the read touches no more than a few rows, whatever the size of the table. */
export const isBoundedRead = (plan: ReadPlan, table: Table | undefined): boolean =>
  table !== undefined &&
  table.isPlain &&
  // Whatever is computed could take any time.
  plan.shape.outputs.every(({ kind }) => kind === 'column') &&
  (isKeyRead(plan, table) || isKeysetPage(plan, table))
