// Conditions and operands of a plan in SQL. OData's comparisons are never unknown while SQL's are, so a
// condition is compiled in one of two ways: `loose` where unknown counts as false anyhow (the outermost
// `and`s and `or`s, which keeps indexes usable), exact everywhere else.
import type { CompareOperator } from '#odata/ast.ts'
import { byKind } from '#lib/by-kind.ts'
import { isNullable, typeOf, type Expression, type Order, type ReadShape } from '#query/plan.ts'
import type { Dialect } from './dialect.ts'
import { empty, identifier, join, name, slotValue, sql, type Sql } from './fragment.ts'

type Ordering = Exclude<CompareOperator, 'eq' | 'ne'>
type Kind<K extends Expression['kind']> = Extract<Expression, { readonly kind: K }>

/** What an expression is compiled for: an engine, and how nested queries become SQL. */
export type Compiler = {
  readonly dialect: Dialect
  readonly query: (shape: ReadShape, columns: 'none' | 'count' | 'named') => Sql
}

const signs = {
  gt: sql` > `,
  ge: sql` >= `,
  lt: sql` < `,
  le: sql` <= `,
} as const satisfies Record<Ordering, Sql>

const operandOf = (expression: Expression, compiler: Compiler) => ({
  sql: compileOperand(expression, compiler),
  type: typeOf(expression),
})

const compileCase = ({ branches }: Kind<'case'>, compiler: Compiler): Sql => {
  const cases = branches.map(
    ({ when, value }) =>
      sql` WHEN ${compileCondition(when, compiler, true)} THEN ${compileOperand(value, compiler)}`,
  )
  return sql`CASE${join(cases, empty)} END`
}

const isSame = (a: Expression, b: Expression): boolean =>
  a === b || (a.kind === 'column' && b.kind === 'column' && a.row === b.row && a.name === b.name)

/** All rows of a nested query in one cell. */
const compileRows = ({ query }: Kind<'rows'>, compiler: Compiler): Sql =>
  compiler.dialect.collect(
    query.outputs.map((output, i) => ({
      sql: name(`c${i}`),
      type: output.kind === 'rows' ? 'rows' : typeOf(output),
    })),
    compiler.query(query, 'named'),
    query.order.flatMap(({ expression, descending }) => {
      const at = query.outputs.findIndex((output) => isSame(output, expression))
      return at === -1 ? [] : [{ sql: name(`c${at}`), descending }]
    }),
  )

/** `ORDER BY`, where there is something to order by: a value that is the same for all rows is not, and some engines refuse it. */
export const compileOrder = (order: readonly Order[], compiler: Compiler): Sql => {
  const telling = order.filter(({ expression: { kind } }) => kind !== 'slot' && kind !== 'null')
  const items = telling.map(({ expression, descending }) => {
    const operand = compileSortable(expression, compiler)
    // Said where null cannot be, it would keep some engines from using an index.
    const nulls = isNullable(expression) ? compiler.dialect.orderNulls(descending) : empty
    return sql`${operand}${descending ? sql` DESC` : empty}${nulls}`
  })
  return items.length === 0 ? empty : sql` ORDER BY ${join(items, sql`, `)}`
}

/** An expression as it is given, and as rows are grouped by it. */
export const compileGiven = (expression: Expression, compiler: Compiler): Sql => {
  const operand = compileOperand(expression, compiler)
  return compiler.dialect.given?.(typeOf(expression), operand) ?? operand
}

const compileWithin = (within: readonly Expression[], compiler: Compiler): Sql =>
  within.length === 0
    ? empty
    : sql`PARTITION BY ${join(
        within.map((expression) => compileGiven(expression, compiler)),
        sql`, `,
      )}`

const asCondition = (expression: Expression, compiler: Compiler): Sql =>
  sql`(${compileCondition(expression, compiler, false)})`

/** An expression as a value. */
export const compileOperand: (expression: Expression, compiler: Compiler) => Sql = byKind<
  Expression,
  [Compiler],
  Sql
>({
  column: ({ row, name: column, list }, { dialect }) => {
    const plain = sql`${name(`t${row}`)}.${identifier(column)}`
    return list === true ? dialect.list(plain) : plain
  },
  slot: ({ type, index }, { dialect }) => dialect.parameter(type, slotValue(index)),
  null: () => sql`NULL`,
  stamp: ({ as, operand, zone }, compiler) =>
    compiler.dialect.stamp(as, compileOperand(operand, compiler), slotValue(zone.index)),
  call: ({ name: called, args, type }, compiler) =>
    compiler.dialect.functions[called](
      args.map((arg) => compileOperand(arg, compiler)),
      type,
      args.map(typeOf),
    ),
  arithmetic: ({ operator, left, right, type }, compiler) =>
    compiler.dialect.arithmetic(
      operator,
      operandOf(left, compiler),
      operandOf(right, compiler),
      type,
    ),
  // The smallest of a small type has no opposite in it.
  negate: ({ operand, type }, compiler) =>
    typeOf(operand) === type
      ? sql`(- ${compileOperand(operand, compiler)})`
      : sql`(- ${compiler.dialect.cast(operandOf(operand, compiler), type)})`,
  cast: ({ operand, type }, compiler) => compiler.dialect.cast(operandOf(operand, compiler), type),
  case: (expression, compiler) => sql`(${compileCase(expression, compiler)})`,
  count: ({ query }, compiler) => sql`(${compiler.query(query, 'count')})`,
  rows: compileRows,
  aggregate: ({ method, operand, type }, compiler) =>
    compiler.dialect.aggregate(method, operand && operandOf(operand, compiler), type),
  running: ({ operand, within, order }, compiler) =>
    sql`sum(${compileOperand(operand, compiler)}) OVER (${compileWithin(within, compiler)}${compileOrder(order, compiler)} ROWS UNBOUNDED PRECEDING)`,
  whole: ({ operand, within }, compiler) =>
    sql`sum(${compileOperand(operand, compiler)}) OVER (${compileWithin(within, compiler)})`,
  compare: asCondition,
  and: asCondition,
  or: asCondition,
  not: asCondition,
  true: asCondition,
  in: asCondition,
  exists: asCondition,
})

/** The operand in the form in which it compares. */
const compileComparable = (expression: Expression, compiler: Compiler): Sql =>
  compiler.dialect.comparable(typeOf(expression), compileOperand(expression, compiler))

/** The operand in the form in which it is equal. */
export const compileEquatable = (expression: Expression, compiler: Compiler): Sql => {
  const { comparable, equatable = comparable } = compiler.dialect
  return equatable(typeOf(expression), compileOperand(expression, compiler))
}

/** The operand in the form in which it sorts. */
export const compileSortable = (expression: Expression, compiler: Compiler): Sql => {
  const { comparable, sortable = comparable } = compiler.dialect
  return sortable(typeOf(expression), compileOperand(expression, compiler))
}

/** OData 4.01 URL 5.1.1.1: null equals null only, and is neither above nor below anything. */
const againstNull = (operator: CompareOperator, other: Expression, compiler: Compiler): Sql => {
  if (operator === 'gt' || operator === 'lt') return sql`FALSE`
  if (other.kind === 'null') return operator === 'ne' ? sql`FALSE` : sql`TRUE`
  const operand = compileOperand(other, compiler)
  return operator === 'ne' ? sql`${operand} IS NOT NULL` : sql`${operand} IS NULL`
}

const compileEquality = (
  { operator, left, right }: Kind<'compare'>,
  compiler: Compiler,
  loose: boolean,
): Sql => {
  const { dialect } = compiler
  const a = compileEquatable(left, compiler)
  const b = compileEquatable(right, compiler)
  const nullable = [isNullable(left), isNullable(right)]
  if (operator === 'ne')
    return nullable.includes(true) ? dialect.different(a, b) : sql`${a} <> ${b}`
  const plain = !nullable.includes(true) || (loose && nullable.includes(false))
  return plain ? sql`${a} = ${b}` : dialect.same(a, b)
}

const compileCompare = (expression: Kind<'compare'>, compiler: Compiler, loose: boolean): Sql => {
  const { operator, left, right } = expression
  if (right.kind === 'null') return againstNull(operator, left, compiler)
  if (left.kind === 'null') return againstNull(operator, right, compiler)
  if (operator === 'eq' || operator === 'ne') return compileEquality(expression, compiler, loose)
  const a = compileComparable(left, compiler)
  const b = compileComparable(right, compiler)
  const plain = sql`${a}${signs[operator]}${b}`
  const nullable = [isNullable(left), isNullable(right)]
  const orEqual = operator === 'ge' || operator === 'le'
  const whole =
    orEqual && !nullable.includes(false)
      ? sql`(${plain} OR (${a} IS NULL AND ${b} IS NULL))`
      : plain
  return loose || !nullable.includes(true) ? whole : compiler.dialect.isTrue(whole)
}

const compileIn = ({ operand, items }: Kind<'in'>, compiler: Compiler, loose: boolean): Sql => {
  const plain = items.filter((item) => item.kind === 'slot')
  const others = items.filter((item) => item.kind !== 'slot' && item.kind !== 'null')
  const values = plain.map((slot) => compileEquatable(slot, compiler))
  const a = compileEquatable(operand, compiler)
  const listed = values.length === 0 ? sql`FALSE` : sql`${a} IN (${join(values, sql`, `)})`
  const exact =
    loose || values.length === 0 || !isNullable(operand) ? listed : compiler.dialect.isTrue(listed)
  const equals = others.map((right) =>
    compileEquality({ kind: 'compare', operator: 'eq', left: operand, right }, compiler, loose),
  )
  const nulls = items.some((item) => item.kind === 'null')
    ? [sql`${compileOperand(operand, compiler)} IS NULL`]
    : []
  return sql`(${join([exact, ...equals, ...nulls], sql` OR `)})`
}

/** Operands an engine may nest one in the other: SQLite refuses what is more than a thousand deep. */
const mostInRow = 200

/** Many operands as a tree that is nowhere deep. */
const balanced = (operands: readonly Sql[], separator: Sql): Sql => {
  if (operands.length <= mostInRow) return join(operands, separator)
  const half = Math.ceil(operands.length / 2)
  const [first, second] = [operands.slice(0, half), operands.slice(half)]
  return join(
    [first, second].map((part) => sql`(${balanced(part, separator)})`),
    separator,
  )
}

/** Compiles a Boolean expression to a condition. `loose`: unknown may stand for false. */
export const compileCondition = (
  expression: Expression,
  compiler: Compiler,
  loose: boolean,
): Sql => {
  switch (expression.kind) {
    case 'compare':
      return compileCompare(expression, compiler, loose)
    case 'and':
    case 'or': {
      const operands = expression.operands.map(
        (operand) => sql`(${compileCondition(operand, compiler, loose)})`,
      )
      return balanced(operands, expression.kind === 'and' ? sql` AND ` : sql` OR `)
    }
    case 'not':
      return sql`NOT (${compileCondition(expression.operand, compiler, false)})`
    case 'true':
      return compiler.dialect.isTrue(compileCondition(expression.operand, compiler, false))
    case 'in':
      return compileIn(expression, compiler, loose)
    case 'exists':
      return sql`EXISTS (${compiler.query(expression.query, 'none')})`
    case 'null':
      return sql`NULL`
    default:
      return compileOperand(expression, compiler)
  }
}
