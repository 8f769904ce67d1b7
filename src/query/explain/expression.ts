// Expressions of a plan as text for who tunes a query: OData's words, properties with the row that they are of (`t0.delay`).
import { byKind } from '#lib/by-kind.ts'
import type { EdmType } from '#odata/edm/types.ts'
import type { Expression, Order, ReadShape, Value } from '../plan.ts'
import type { Names } from './names.ts'

/** What a text is made with. */
export type Words = { readonly names: Names; readonly values: readonly Value[] }

type Kind<K extends Expression['kind']> = Extract<Expression, { readonly kind: K }>

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Longer texts are cut: whole values are among the parameters of the statement. */
const longestText = 200

const cut = (text: string): string =>
  text.length > longestText ? `${text.slice(0, longestText)}…` : text

/** A value as a literal of its type. */
export const valueText = (value: Value, type: EdmType | undefined): string => {
  if (value instanceof Uint8Array)
    return `binary${quoted(cut(Buffer.from(value).toString('base64url')))}`
  if (type === 'Edm.Duration' && value !== null) return `duration'PT${String(value)}S'`
  return typeof value === 'string' && type === 'Edm.String'
    ? quoted(cut(value))
    : cut(String(value))
}

/** What may stand beside an operator without parentheses. */
const simple: ReadonlySet<Expression['kind']> = new Set([
  'column',
  'slot',
  'null',
  'call',
  'cast',
  'case',
  'exists',
  'count',
  'aggregate',
])

const operand = (expression: Expression, words: Words): string => {
  const text = expressionText(expression, words)
  return simple.has(expression.kind) ? text : `(${text})`
}

const sides = ({ left, operator, right }: Kind<'compare' | 'arithmetic'>, words: Words): string =>
  `${operand(left, words)} ${operator} ${operand(right, words)}`

const listed = (items: readonly Expression[], words: Words): string =>
  items.map((item) => expressionText(item, words)).join(',')

const withinText = (within: readonly Expression[], words: Words): string =>
  within.length === 0 ? '' : ` with equal ${listed(within, words)}`

/** What a nested query reads, in one line. */
const queryText = ({ from, joins, filter }: ReadShape, words: Words): string => {
  const { names } = words
  const start =
    from.kind === 'table'
      ? `${names.set(from.table)} as t${from.row}`
      : `(${from.queries.map((query) => queryText(query, words)).join(', then ')}) as t${from.row}`
  const joined = joins.map(
    (join) => ` join ${names.set(join.table)} as t${join.row} on ${joinText(join.on, words)}`,
  )
  return `${start}${joined.join('')}${filter === undefined ? '' : ` where ${expressionText(filter, words)}`}`
}

/** Which rows of a join belong together. */
export const joinText = (
  on: readonly { readonly left: Expression; readonly right: Expression }[],
  words: Words,
): string =>
  on.map(({ left, right }) => `${operand(left, words)} eq ${operand(right, words)}`).join(' and ')

export const orderText = ({ expression, descending }: Order, words: Words): string =>
  `${expressionText(expression, words)}${descending ? ' desc' : ''}`

const junction = ({ kind, operands }: Kind<'and' | 'or'>, words: Words): string =>
  operands.map((each) => operand(each, words)).join(` ${kind} `)

const aggregateText = ({ method, operand: of }: Kind<'aggregate'>, words: Words): string =>
  of === undefined ? '$count' : `${method}(${expressionText(of, words)})`

/** An expression as text. */
export const expressionText: (expression: Expression, words: Words) => string = byKind<
  Expression,
  [Words],
  string
>({
  column: ({ row, name }, { names }) => names.property(row, name),
  slot: ({ index, type }, { values }) => valueText(values[index] ?? null, type),
  null: () => 'null',
  stamp: ({ as, operand: of, zone }, words) =>
    `${as === 'local' ? as : 'instant'}(${expressionText(of, words)},${expressionText(zone, words)})`,
  call: ({ name, args }, words) => `${name}(${listed(args, words)})`,
  compare: sides,
  arithmetic: sides,
  negate: ({ operand: of }, words) => `-${operand(of, words)}`,
  cast: ({ operand: of, type }, words) => `cast(${expressionText(of, words)},${type})`,
  case: ({ branches }, words) => {
    const parts = branches.map(
      ({ when, value }) => `${expressionText(when, words)} : ${expressionText(value, words)}`,
    )
    return `case(${parts.join(',')})`
  },
  and: junction,
  or: junction,
  not: ({ operand: of }, words) => `not ${operand(of, words)}`,
  true: ({ operand: of }, words) => `${operand(of, words)} eq true`,
  in: ({ operand: of, items }, words) => `${operand(of, words)} in (${listed(items, words)})`,
  exists: ({ query }, words) => `exists(${queryText(query, words)})`,
  count: ({ query }, words) => `count(${queryText(query, words)})`,
  rows: ({ query }, words) => `rows(${queryText(query, words)})`,
  aggregate: aggregateText,
  running: ({ operand: of, within, order }, words) => {
    const items = order.map((item) => orderText(item, words)).join(',')
    return `sum(${expressionText(of, words)}) up to this row in the order of ${items}${withinText(within, words)}`
  },
  whole: ({ operand: of, within }, words) =>
    `sum(${expressionText(of, words)}) over all rows${withinText(within, words)}`,
})
