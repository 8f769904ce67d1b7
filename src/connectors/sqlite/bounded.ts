// Which reads an index bounds, so that they may run inside the server (DESIGN invariant 22).
import type { EdmType } from '#odata/edm/types.ts'
import type { Table, TableIndex } from '#query/catalog.ts'
import {
  isNullable,
  onlyTable,
  type Expression,
  type ReadPlan,
  type ReadShape,
} from '#query/plan.ts'

/** Rows of one page that the server itself may read. */
const mostRows = 201

/** These types compare through a function, which no index answers. */
const throughFunction: ReadonlySet<EdmType> = new Set([
  'Edm.DateTimeOffset',
  'Edm.TimeOfDay',
  'Edm.Guid',
])

/** The columns of a filter that is nothing but equalities with values, each as often as it is compared. */
export const equalColumns = (filter: Expression): readonly string[] | undefined => {
  const operands = filter.kind === 'and' ? filter.operands : [filter]
  const columns = operands.flatMap((e) =>
    e.kind === 'compare' &&
    e.operator === 'eq' &&
    e.left.kind === 'column' &&
    e.right.kind === 'slot'
      ? [e.left]
      : [],
  )
  const direct = columns.filter(({ type }) => !throughFunction.has(type))
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

/** Whether an index has these columns first, in whatever order, and then those in theirs. */
const leadsThrough = (
  { columns }: TableIndex,
  first: ReadonlySet<string>,
  then: readonly string[],
): boolean =>
  columns.length >= first.size + then.length &&
  columns.slice(0, first.size).every((name) => first.has(name)) &&
  then.every((name, i) => columns[first.size + i] === name)

/** One page of a keyset in the order of an index, behind the columns that a filter makes equal and no other filter. */
const isKeysetPage = ({ shape, values }: ReadPlan, table: Table): boolean => {
  const { filter, order, after, limit, offset } = shape
  const equal = filter === undefined ? [] : equalColumns(filter)
  // Of a column that is compared twice the index answers one comparison; the other could discard rows for long.
  if (equal === undefined || new Set(equal).size < equal.length) return false
  if (offset !== undefined || limit === undefined) return false
  if (Number(values[limit.index]) > mostRows) return false
  const descending = order[0]?.descending ?? false
  const columns = order.flatMap(({ expression: e, descending: d }) =>
    e.kind === 'column' && d === descending && !throughFunction.has(e.type) ? [e] : [],
  )
  if (columns.length < order.length) return false
  const simple =
    after === undefined ||
    (after.every(({ kind }) => kind === 'slot') && !(descending && columns.some(isNullable)))
  return (
    simple &&
    table.indexes.some((index) =>
      leadsThrough(
        index,
        new Set(equal),
        columns.map(({ name }) => name),
      ),
    )
  )
}

export type FindTable = (name: string) => Table | undefined

/** Rows of one answer, expanded ones included, that the server itself may read. */
export const mostNestedRows = 5500

/** The columns that tie nested rows to the row they belong to; undefined where there is another condition. */
const tiedColumns = ({ from, filter }: ReadShape): readonly string[] | undefined => {
  const operands = filter === undefined ? [] : filter.kind === 'and' ? filter.operands : [filter]
  const columns = operands.flatMap((e) =>
    e.kind === 'compare' &&
    e.operator === 'eq' &&
    e.left.kind === 'column' &&
    e.left.row === from.row &&
    e.right.kind === 'column' &&
    e.right.row !== from.row
      ? [e.left]
      : [],
  )
  const direct = columns.filter(({ type }) => !throughFunction.has(type))
  return direct.length === operands.length ? direct.map(({ name }) => name) : undefined
}

/** At most so many nested rows belong to one row, found by an index in their order; undefined where nothing bounds them. */
const nestedRows = (query: ReadShape, plan: ReadPlan, find: FindTable): number | undefined => {
  const table = find(onlyTable(query) ?? '')
  const tied = tiedColumns(query)
  if (table?.isPlain !== true || tied === undefined || query.offset !== undefined) return undefined
  const isTied = (column: string | undefined) => column !== undefined && tied.includes(column)
  if (table.indexes.some(({ unique, columns }) => unique && columns.every(isTied))) return 1
  const [first] = query.order
  const order = query.order.map(({ expression: e, descending }) =>
    e.kind === 'column' && descending === first?.descending && !throughFunction.has(e.type)
      ? e.name
      : undefined,
  )
  const isPlainOrder = order.every((name) => name !== undefined)
  const answers =
    isPlainOrder && table.indexes.some((index) => leadsThrough(index, new Set(tied), order))
  return answers && query.limit !== undefined ? Number(plan.values[query.limit.index]) : undefined
}

/** Rows inside one row of the shape, of all depths; undefined where something could take any time. */
export const rowsInside = (
  shape: ReadShape,
  plan: ReadPlan,
  find: FindTable,
): number | undefined => {
  let total = 0
  for (const output of shape.outputs) {
    if (output.kind === 'column') continue
    if (output.kind !== 'rows') return undefined
    const own = nestedRows(output.query, plan, find)
    const inside = rowsInside(output.query, plan, find)
    if (own === undefined || inside === undefined) return undefined
    total += own * (1 + inside)
  }
  return total
}

/**
 * Why a read touches no more than a few rows, whatever the size of the tables: it is one row by a unique index, or one
 * page in the order of an index. Undefined where nothing bounds it.
 */
export const boundOf = (
  plan: ReadPlan,
  table: Table | undefined,
  find: FindTable,
): 'row' | 'page' | undefined => {
  if (table === undefined || !table.isPlain) return undefined
  const inside = rowsInside(plan.shape, plan, find)
  if (inside === undefined) return undefined
  if (isKeyRead(plan, table)) return inside <= mostNestedRows ? 'row' : undefined
  const limit = plan.shape.limit
  const page = limit === undefined ? Infinity : Number(plan.values[limit.index])
  const isBounded = isKeysetPage(plan, table) && (inside === 0 || page * inside <= mostNestedRows)
  return isBounded ? 'page' : undefined
}
