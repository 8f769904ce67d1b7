import { isNullable, type Order, type ReadShape, type Slot } from '#query/plan.ts'
import { compileCondition, compileOperand, compileSortable } from './condition.ts'
import type { Dialect } from './dialect.ts'
import {
  empty,
  identifier,
  join,
  renderSql,
  slotValue,
  sql,
  type Sql,
  type Statement,
} from './fragment.ts'

type After = NonNullable<ReadShape['after']>[number]

type Step = { readonly order: Order; readonly value: After; readonly column: Sql; readonly at: Sql }

/** Rows beyond the value in one item of the order; null is lowest (OData 4.01 URL 5.1.4). */
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
const compileAfter = (shape: ReadShape, after: readonly After[], dialect: Dialect): Sql => {
  const steps = shape.order.flatMap((order, i): Step[] => {
    const value = after[i]
    if (value === undefined) return []
    const column = compileSortable(order.expression, dialect)
    const slot = value.kind === 'slot' ? { ...value, type: typeOfOrder(order, value) } : value
    return [{ order, value, column, at: compileSortable(slot, dialect) }]
  })
  if (isOneDirection(steps, dialect)) {
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

const typeOfOrder = ({ expression }: Order, slot: Slot): Slot['type'] =>
  expression.kind === 'column' || expression.kind === 'call' ? expression.type : slot.type

const compileWhere = (shape: ReadShape, dialect: Dialect): Sql => {
  const conditions = [
    ...(shape.filter === undefined
      ? []
      : [sql`(${compileCondition(shape.filter, dialect, true)})`]),
    ...(shape.after === undefined ? [] : [compileAfter(shape, shape.after, dialect)]),
  ]
  return conditions.length === 0 ? empty : sql` WHERE ${join(conditions, sql` AND `)}`
}

const compileOrder = (order: readonly Order[], dialect: Dialect): Sql => {
  if (order.length === 0) return empty
  const items = order.map(({ expression, descending }) => {
    const operand = compileSortable(expression, dialect)
    // Said where null cannot be, it would keep some engines from using an index.
    const nulls = isNullable(expression) ? dialect.orderNulls(descending) : empty
    return sql`${operand}${descending ? sql` DESC` : empty}${nulls}`
  })
  return sql` ORDER BY ${join(items, sql`, `)}`
}

const optional = (slot: Slot | undefined): Sql | undefined => slot && slotValue(slot.index)

/** Compiles a read into one statement. */
export const compileRead = (shape: ReadShape, dialect: Dialect): Statement => {
  const outputs = shape.outputs.map((output) => compileOperand(output, dialect))
  const columns = outputs.length === 0 ? sql`1` : join(outputs, sql`, `)
  const rows = sql`SELECT ${columns} FROM ${identifier(shape.table)}${compileWhere(shape, dialect)}`
  const limit = dialect.limit(optional(shape.limit), optional(shape.offset))
  return renderSql(sql`${rows}${compileOrder(shape.order, dialect)}${limit}`, dialect.placeholder)
}

/** Compiles the count of all rows that the filter lets through. */
export const compileCount = (shape: ReadShape, dialect: Dialect): Statement => {
  const where = compileWhere({ ...shape, after: undefined }, dialect)
  return renderSql(
    sql`SELECT count(*) FROM ${identifier(shape.table)}${where}`,
    dialect.placeholder,
  )
}
