// Conditions and operands of a plan in SQL. OData's comparisons are never unknown while SQL's are, so a
// condition is compiled in one of two ways: `loose` where unknown counts as false anyhow (the outermost
// `and`s and `or`s, which keeps indexes usable), exact everywhere else.
import type { CompareOperator } from '#odata/ast.ts'
import { isNullable, typeOf, type Expression } from '#query/plan.ts'
import type { Dialect } from './dialect.ts'
import { identifier, join, slotValue, sql, type Sql } from './fragment.ts'

type Ordering = Exclude<CompareOperator, 'eq' | 'ne'>

const signs = {
  gt: sql` > `,
  ge: sql` >= `,
  lt: sql` < `,
  le: sql` <= `,
} as const satisfies Record<Ordering, Sql>

export const compileOperand = (expression: Expression, dialect: Dialect): Sql => {
  switch (expression.kind) {
    case 'column':
      return identifier(expression.name)
    case 'slot':
      return slotValue(expression.index)
    case 'null':
      return sql`NULL`
    case 'call':
      return dialect.functions[expression.name](
        expression.args.map((arg) => compileOperand(arg, dialect)),
      )
    case 'compare':
    case 'and':
    case 'or':
    case 'not':
    case 'in':
      return sql`(${compileCondition(expression, dialect, false)})`
  }
}

/** The operand in the form in which it compares. */
const compileComparable = (expression: Expression, dialect: Dialect): Sql =>
  dialect.comparable(typeOf(expression), compileOperand(expression, dialect))

/** The operand in the form in which it is equal. */
const compileEquatable = (expression: Expression, dialect: Dialect): Sql =>
  (dialect.equatable ?? dialect.comparable)(typeOf(expression), compileOperand(expression, dialect))

/** The operand in the form in which it sorts. */
export const compileSortable = (expression: Expression, dialect: Dialect): Sql =>
  (dialect.sortable ?? dialect.comparable)(typeOf(expression), compileOperand(expression, dialect))

/** OData 4.01 URL 5.1.1.1: null equals null only, and is neither above nor below anything. */
const againstNull = (operator: CompareOperator, other: Expression, dialect: Dialect): Sql => {
  if (operator === 'gt' || operator === 'lt') return sql`FALSE`
  if (other.kind === 'null') return operator === 'ne' ? sql`FALSE` : sql`TRUE`
  const operand = compileOperand(other, dialect)
  return operator === 'ne' ? sql`${operand} IS NOT NULL` : sql`${operand} IS NULL`
}

const compileEquality = (
  { operator, left, right }: Extract<Expression, { kind: 'compare' }>,
  dialect: Dialect,
  loose: boolean,
): Sql => {
  const a = compileEquatable(left, dialect)
  const b = compileEquatable(right, dialect)
  const nullable = [isNullable(left), isNullable(right)]
  if (operator === 'ne')
    return nullable.includes(true) ? dialect.different(a, b) : sql`${a} <> ${b}`
  const plain = !nullable.includes(true) || (loose && nullable.includes(false))
  return plain ? sql`${a} = ${b}` : dialect.same(a, b)
}

const compileCompare = (
  expression: Extract<Expression, { kind: 'compare' }>,
  dialect: Dialect,
  loose: boolean,
): Sql => {
  const { operator, left, right } = expression
  if (right.kind === 'null') return againstNull(operator, left, dialect)
  if (left.kind === 'null') return againstNull(operator, right, dialect)
  if (operator === 'eq' || operator === 'ne') return compileEquality(expression, dialect, loose)
  const a = compileComparable(left, dialect)
  const b = compileComparable(right, dialect)
  const plain = sql`${a}${signs[operator]}${b}`
  const nullable = [isNullable(left), isNullable(right)]
  const orEqual = operator === 'ge' || operator === 'le'
  const whole =
    orEqual && !nullable.includes(false)
      ? sql`(${plain} OR (${a} IS NULL AND ${b} IS NULL))`
      : plain
  return loose || !nullable.includes(true) ? whole : dialect.isTrue(whole)
}

const compileIn = (
  { operand, items }: Extract<Expression, { kind: 'in' }>,
  dialect: Dialect,
  loose: boolean,
): Sql => {
  const slots = items.filter((item) => item.kind === 'slot')
  const values = slots.map((slot) => compileEquatable(slot, dialect))
  const a = compileEquatable(operand, dialect)
  const listed = values.length === 0 ? sql`FALSE` : sql`${a} IN (${join(values, sql`, `)})`
  const exact =
    loose || values.length === 0 || !isNullable(operand) ? listed : dialect.isTrue(listed)
  if (slots.length === items.length) return exact
  return sql`(${exact} OR ${compileOperand(operand, dialect)} IS NULL)`
}

/** Compiles a Boolean expression to a condition. `loose`: unknown may stand for false. */
export const compileCondition = (expression: Expression, dialect: Dialect, loose: boolean): Sql => {
  switch (expression.kind) {
    case 'compare':
      return compileCompare(expression, dialect, loose)
    case 'and':
    case 'or': {
      const operands = expression.operands.map((o) => sql`(${compileCondition(o, dialect, loose)})`)
      return join(operands, expression.kind === 'and' ? sql` AND ` : sql` OR `)
    }
    case 'not':
      return sql`NOT (${compileCondition(expression.operand, dialect, false)})`
    case 'in':
      return compileIn(expression, dialect, loose)
    case 'column':
    case 'slot':
    case 'null':
    case 'call':
      return compileOperand(expression, dialect)
  }
}
