// Bound expressions as expressions of a plan: literals become slots, navigation properties become joins and nested
// queries.
import type { BoundExpression, BoundLiteral, BoundRows, Instance } from '#odata/bind/bound.ts'
import type { EntityType, NavigationProperty, Property } from '#odata/edm/model.ts'
import { byKind } from '#lib/by-kind.ts'
import { notSupported } from '#odata/errors.ts'
import {
  conjunction,
  type Column,
  type Expression,
  type Join,
  type Null,
  type ReadShape,
  type Slot,
  type Value,
} from './plan.ts'
import { durationSeconds } from './temporal.ts'

const maxInt64 = 2n ** 63n - 1n

/** Decimals beyond this many digits are not compared exactly by engines that keep them as doubles. */
const exactDigits = 15

/** A decimal literal as a value that compares exactly, or a refusal (DESIGN invariant 23). */
const decimalValue = (text: string, position: number): Value => {
  const [whole = '', fraction = ''] = text.split('.')
  if (/^0*$/.test(fraction)) {
    const integer = BigInt(whole)
    if (integer <= maxInt64 && integer >= -maxInt64) return integer
  }
  const digits = (whole.replace('-', '') + fraction).replace(/^0+/, '').length
  if (digits > exactDigits)
    throw notSupported(`decimal literals of more than ${exactDigits} digits`, {
      target: 'the URL',
      position,
    })
  return Number(text)
}

/** The value of a literal as sources take it. Throws `ODataError` where it could not be compared exactly. */
export const literalValue = ({ type, value, at }: BoundLiteral): Value => {
  if (typeof value !== 'string') return value
  if (type === 'Edm.Decimal') return decimalValue(value, at)
  if (type === 'Edm.Duration') return durationSeconds(value)
  return type === 'Edm.Binary' ? Buffer.from(value, 'base64url') : value
}

/** One query of a plan while it is made: its own rows and what is joined to them. */
type Level = { readonly joins: Join[] }

export type Planner = {
  readonly values: Value[]
  readonly slot: (value: Value, type: Slot['type']) => Slot
  readonly integer: (n: number | undefined) => Slot | undefined
  readonly expression: (bound: BoundExpression) => Expression
  readonly column: (row: number, property: Property, always?: boolean) => Column
  /** Begins a query on a row; what is joined to it meanwhile is found in the answer. */
  readonly open: (row: number) => Level
  /** Says that a row belongs to the query of another one. */
  readonly include: (row: number, level: Level) => void
}

/** Pairs of columns that are equal where the navigation property leads from the one row to the other. */
export const pairsOf = (
  navigation: NavigationProperty,
  from: { readonly row: number; readonly type: EntityType },
  to: { readonly row: number; readonly type: EntityType },
): Join['on'] => {
  const back = to.type.navigations.get(navigation.partner)
  const forward = navigation.constraints.length > 0
  const constraints = forward ? navigation.constraints : (back?.constraints ?? [])
  const column = (side: typeof from, name: string): Column => {
    const property = side.type.properties.get(name)
    if (property === undefined) throw new TypeError(`'${side.type.name}' has no '${name}'`)
    const { column: columnName, type, nullable } = property
    return { kind: 'column', row: side.row, name: columnName, type, nullable }
  }
  if (constraints.length === 0)
    throw new TypeError(`'${navigation.name}' has no referential constraint`)
  return constraints.map(({ property, referenced }) => ({
    left: column(from, forward ? property : referenced),
    right: column(to, forward ? referenced : property),
  }))
}

/** The conditions of a join as a filter, where the join is that of a nested query with the one around it. */
export const correlation = (on: Join['on']): readonly Expression[] =>
  on.map(({ left, right }) => ({ kind: 'compare', operator: 'eq', left: right, right: left }))

/** Reads nothing yet: to be completed by what asks for it. */
export const emptyShape = (row: number, table: string): ReadShape => ({
  from: { kind: 'table', row, table },
  joins: [],
  outputs: [],
  filter: undefined,
  groupBy: undefined,
  order: [],
  after: undefined,
  limit: undefined,
  offset: undefined,
})

/** Levels by row, and the rows that navigation properties lead to, each joined once. */
const createRows = (firstFree: number) => {
  const levels = new Map<number, Level>()
  const steps = new Map<string, number>()
  let free = firstFree
  // A path is read once for each sequence of $apply, and joined anew in each.
  const open = (row: number): Level => {
    const level: Level = { joins: [] }
    levels.set(row, level)
    for (const key of steps.keys()) if (key.startsWith(`${row}/`)) steps.delete(key)
    return level
  }
  const include = (row: number, level: Level): void => void levels.set(row, level)
  const rowOf = (instance: Instance): number => {
    if (instance.kind === 'row') return instance.id
    const from = rowOf(instance.from)
    const key = `${from}/${instance.navigation.name}`
    const known = steps.get(key)
    if (known !== undefined) return known
    const level = levels.get(from)
    if (level === undefined) throw new TypeError('A row of no query')
    const row = free++
    const on = pairsOf(
      instance.navigation,
      { row: from, type: instance.from.type },
      { row, type: instance.type },
    )
    level.joins.push({ row, table: instance.type.table, on, inner: false })
    levels.set(row, level)
    steps.set(key, row)
    return row
  }
  return { open, include, rowOf }
}

type Parts = {
  readonly rows: ReturnType<typeof createRows>
  readonly literal: (bound: BoundLiteral) => Slot | Null
  readonly column: Planner['column']
}

/** The entities of a collection as a nested query, correlated with the row they belong to. */
const queryOf = (
  { from, navigation, row, filter }: BoundRows,
  more: BoundExpression | undefined,
  parts: Parts,
): ReadShape => {
  const outer = parts.rows.rowOf(from)
  const level = parts.rows.open(row.id)
  const on = pairsOf(navigation, { row: outer, type: from.type }, { row: row.id, type: row.type })
  const conditions = [filter, more].map((bound) => bound && expressionOf(bound, parts))
  const joins = level.joins
  return {
    ...emptyShape(row.id, row.type.table),
    joins,
    filter: conjunction([...correlation(on), ...conditions]),
  }
}

const ofRows = (
  bound: Extract<BoundExpression, { readonly kind: 'any' | 'all' | 'count' }>,
  parts: Parts,
): Expression => {
  if (bound.kind === 'count') return { kind: 'count', query: queryOf(bound.rows, undefined, parts) }
  const { kind, rows, predicate } = bound
  if (kind === 'any') return { kind: 'exists', query: queryOf(rows, predicate, parts) }
  // All are as the predicate says when none is otherwise; null is otherwise (URL 5.1.1.13.2).
  const query = queryOf(rows, undefined, parts)
  const holds: Expression | undefined = predicate && {
    kind: 'true',
    operand: expressionOf(predicate, parts),
  }
  const filter = conjunction([query.filter, holds && { kind: 'not', operand: holds }])
  return { kind: 'not', operand: { kind: 'exists', query: { ...query, filter } } }
}

const operands = (
  { kind, operands: all }: Extract<BoundExpression, { readonly kind: 'and' | 'or' }>,
  parts: Parts,
): Expression => ({ kind, operands: all.map((operand) => expressionOf(operand, parts)) })

const expressionOf: (bound: BoundExpression, parts: Parts) => Expression = byKind<
  BoundExpression,
  [Parts],
  Expression
>({
  literal: (bound, { literal }) => literal(bound),
  property: ({ instance, property }, { rows, column }) =>
    column(rows.rowOf(instance), property, instance.kind === 'step'),
  call: ({ name, args, type }, parts) => ({
    kind: 'call',
    name,
    args: args.map((arg) => expressionOf(arg, parts)),
    type,
  }),
  compare: ({ operator, left, right }, parts) => ({
    kind: 'compare',
    operator,
    left: expressionOf(left, parts),
    right: expressionOf(right, parts),
  }),
  arithmetic: ({ operator, left, right, type }, parts) => ({
    kind: 'arithmetic',
    operator,
    left: expressionOf(left, parts),
    right: expressionOf(right, parts),
    type,
  }),
  negate: ({ operand, type }, parts) => ({
    kind: 'negate',
    operand: expressionOf(operand, parts),
    type,
  }),
  cast: ({ operand, type }, parts) => ({
    kind: 'cast',
    operand: expressionOf(operand, parts),
    type,
  }),
  case: ({ branches, type }, parts) => ({
    kind: 'case',
    branches: branches.map(({ when, value }) => ({
      when: expressionOf(when, parts),
      value: expressionOf(value, parts),
    })),
    type,
  }),
  and: operands,
  or: operands,
  not: ({ operand }, parts) => ({ kind: 'not', operand: expressionOf(operand, parts) }),
  in: ({ operand, items }, parts) => ({
    kind: 'in',
    operand: expressionOf(operand, parts),
    items: items.map((item) => expressionOf(item, parts)),
  }),
  aggregate: ({ method, operand, type }, parts) => ({
    kind: 'aggregate',
    method,
    operand: operand && expressionOf(operand, parts),
    type,
  }),
  sum: ({ operand, upTo, type }, parts) => {
    const of = expressionOf(operand, parts)
    if (upTo === undefined) return { kind: 'whole', operand: of, type }
    const order = upTo.map(({ expression, descending }) => ({
      expression: expressionOf(expression, parts),
      descending,
    }))
    return { kind: 'running', operand: of, order, type }
  },
  any: (bound, parts) => ofRows(bound, parts),
  all: (bound, parts) => ofRows(bound, parts),
  count: (bound, parts) => ofRows(bound, parts),
})

/** `firstFree` is the first number that no row of the bound tree has. */
export const createPlanner = (firstFree: number): Planner => {
  const values: Value[] = []
  const rows = createRows(firstFree)
  const slot = (value: Value, type: Slot['type']): Slot => {
    values.push(value)
    return { kind: 'slot', index: values.length - 1, type }
  }
  const literal = (bound: BoundLiteral): Slot | Null =>
    bound.type === 'null' || bound.value === null
      ? { kind: 'null' }
      : slot(literalValue(bound), bound.type)
  const column: Planner['column'] = (row, { column: name, type, nullable }, always = false) => ({
    kind: 'column',
    row,
    name,
    type,
    nullable: nullable || always,
  })
  const parts: Parts = { rows, literal, column }
  return {
    values,
    slot,
    integer: (n) => (n === undefined ? undefined : slot(BigInt(n), 'Edm.Int64')),
    expression: (bound) => expressionOf(bound, parts),
    column,
    open: rows.open,
    include: rows.include,
  }
}
