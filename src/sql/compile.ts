import {
  isNullable,
  typeOf,
  type Join,
  type Order,
  type ReadShape,
  type Slot,
} from '#query/plan.ts'
import {
  compileCondition,
  compileEquatable,
  compileGiven,
  compileOrder,
  compileSortable,
  type Compiler,
} from './condition.ts'
import type { Dialect } from './dialect.ts'
import {
  empty,
  identifier,
  join,
  name,
  renderSql,
  slotValue,
  sql,
  type Sql,
  type Statement,
} from './fragment.ts'

type After = NonNullable<ReadShape['after']>[number]

type Step = { readonly order: Order; readonly value: After; readonly column: Sql; readonly at: Sql }

/** Rows beyond the value in one item of the order; null is lowest (OData 4.01 URL 5.1.5). */
const beyond = ({ order, value, column, at }: Step): Sql => {
  if (value.kind === 'null') return order.descending ? sql`FALSE` : sql`${column} IS NOT NULL`
  if (!order.descending) return sql`${column} > ${at}`
  const below = sql`${column} < ${at}`
  return isNullable(order.expression) ? sql`(${below} OR ${column} IS NULL)` : below
}

const level = ({ value, column, at }: Step): Sql =>
  value.kind === 'null' ? sql`${column} IS NULL` : sql`${column} = ${at}`

/** One comparison of rows, which an index can answer; only where no null gets in the way. */
const isOneDirection = (steps: readonly Step[], { ranksNullInRows }: Dialect): boolean => {
  const descending = steps[0]?.order.descending ?? false
  return steps.every(
    ({ order, value }) =>
      order.descending === descending &&
      value.kind !== 'null' &&
      !(
        (descending || (ranksNullInRows === true && steps.length > 1)) &&
        isNullable(order.expression)
      ),
  )
}

/** The rows after the last one of a page. */
const compileAfter = (shape: ReadShape, after: readonly After[], compiler: Compiler): Sql => {
  const steps = shape.order.flatMap((order, i): Step[] => {
    const value = after[i]
    if (value === undefined) return []
    const column = compileSortable(order.expression, compiler)
    const slot =
      value.kind === 'slot' ? { ...value, type: typeOf(order.expression) ?? value.type } : value
    return [{ order, value, column, at: compileSortable(slot, compiler) }]
  })
  if (isOneDirection(steps, compiler.dialect)) {
    const columns = join(
      steps.map(({ column }) => column),
      sql`, `,
    )
    const values = join(
      steps.map(({ at }) => at),
      sql`, `,
    )
    const sign = steps[0]?.order.descending ? sql` < ` : sql` > `
    return steps.length === 1
      ? sql`${columns}${sign}${values}`
      : sql`(${columns})${sign}(${values})`
  }
  const cases = steps.map((step, i) => {
    const before = steps.slice(0, i).map(level)
    return sql`(${join([...before, beyond(step)], sql` AND `)})`
  })
  return sql`(${join(cases, sql` OR `)})`
}

const compileWhere = (shape: ReadShape, compiler: Compiler): Sql => {
  const conditions = [
    ...(shape.filter === undefined
      ? []
      : [sql`(${compileCondition(shape.filter, compiler, true)})`]),
    ...(shape.after === undefined ? [] : [compileAfter(shape, shape.after, compiler)]),
  ]
  return conditions.length === 0 ? empty : sql` WHERE ${join(conditions, sql` AND `)}`
}

const alias = (row: number): Sql => name(`t${row}`)

const compileJoin = ({ row, table, on, inner }: Join, compiler: Compiler): Sql => {
  const pairs = on.map(
    ({ left, right }) =>
      sql`${compileEquatable(right, compiler)} = ${compileEquatable(left, compiler)}`,
  )
  const kind = inner ? sql` JOIN ` : sql` LEFT JOIN `
  return sql`${kind}${identifier(table)} AS ${alias(row)} ON ${join(pairs, sql` AND `)}`
}

const compileFrom = ({ from, joins }: ReadShape, compiler: Compiler): Sql => {
  const joined = join(
    joins.map((each) => compileJoin(each, compiler)),
    empty,
  )
  if (from.kind === 'table')
    return sql` FROM ${identifier(from.table)} AS ${alias(from.row)}${joined}`
  const queries = from.queries.map(
    (query) => sql`SELECT * FROM (${compileQuery(query, compiler, 'named')}) AS q`,
  )
  return sql` FROM (${join(queries, sql` UNION ALL `)}) AS ${alias(from.row)}${joined}`
}

const compileGroup = ({ groupBy }: ReadShape, compiler: Compiler): Sql =>
  groupBy === undefined || groupBy.length === 0
    ? empty
    : sql` GROUP BY ${join(
        groupBy.map((expression) => compileGiven(expression, compiler)),
        sql`, `,
      )}`

const optional = (slot: Slot | undefined): Sql | undefined => slot && slotValue(slot.index)

const compileColumns = (
  { outputs }: ReadShape,
  compiler: Compiler,
  columns: 'none' | 'plain' | 'named',
): Sql => {
  if (columns === 'none' || outputs.length === 0) return sql`1`
  const items = outputs.map((output, i) => {
    const operand = compileGiven(output, compiler)
    return columns === 'named' ? sql`${operand} AS ${name(`c${i}`)}` : operand
  })
  return join(items, sql`, `)
}

const compileQuery = (
  shape: ReadShape,
  compiler: Compiler,
  columns: 'none' | 'count' | 'plain' | 'named',
): Sql => {
  if (columns === 'count') return compileCountOf(shape, compiler)
  const rows = sql`SELECT ${compileColumns(shape, compiler, columns)}${compileFrom(shape, compiler)}${compileWhere(shape, compiler)}${compileGroup(shape, compiler)}`
  return sql`${rows}${compileOrder(shape.order, compiler)}${compiler.dialect.limit(optional(shape.limit), optional(shape.offset))}`
}

const compileCountOf = (shape: ReadShape, compiler: Compiler): Sql => {
  const whole = { ...shape, after: undefined }
  if (shape.groupBy === undefined && shape.limit === undefined && shape.offset === undefined)
    return sql`SELECT count(*)${compileFrom(shape, compiler)}${compileWhere(whole, compiler)}`
  return sql`SELECT count(*) FROM (${compileQuery({ ...whole, order: [] }, compiler, 'named')}) AS q`
}

const compilerOf = (dialect: Dialect): Compiler => {
  const compiler: Compiler = {
    dialect,
    query: (shape, columns) => compileQuery(shape, compiler, columns),
  }
  return compiler
}

/** Compiles a read into one statement. */
export const compileRead = (shape: ReadShape, dialect: Dialect): Statement =>
  renderSql(compileQuery(shape, compilerOf(dialect), 'plain'), dialect.placeholder)

/** Compiles the count of all rows of a read, without its limit, offset and keyset. */
export const compileCount = (shape: ReadShape, dialect: Dialect): Statement => {
  const whole = { ...shape, order: [], limit: undefined, offset: undefined }
  return renderSql(compileCountOf(whole, compilerOf(dialect)), dialect.placeholder)
}
