// Bound expressions as expressions of a plan: literals become slots, navigation properties become joins and nested
// queries.
import type { BoundExpression, BoundLiteral, BoundRows } from '#odata/bind/bound.ts'
import { zoneFacets, zoneOf } from '#odata/bind/zones.ts'
import { findTimeZone, type TimeZone } from '#lib/time-zone.ts'
import type { Property } from '#odata/edm/model.ts'
import { byKind } from '#lib/by-kind.ts'
import { notSupported } from '#odata/errors.ts'
import {
  conjunction,
  type Column,
  type Expression,
  type Null,
  type ReadShape,
  type Slot,
  type StampForm,
  type Value,
} from './plan.ts'
import { literalValue } from './literal.ts'
import { correlation, createRows, emptyShape, pairsOf, type Level } from './plan-rows.ts'
import { compareWithInstant, constantInstant, flip } from './zoned.ts'

export type Planner = {
  readonly values: Value[]
  readonly slot: (value: Value, type: Slot['type']) => Slot
  readonly integer: (n: number | undefined) => Slot | undefined
  readonly expression: (bound: BoundExpression) => Expression
  /** A bound expression as a cell: a column as it is kept. */
  readonly output: (bound: BoundExpression) => Expression
  /** The same where rows are grouped, by this or others. */
  readonly group: (bound: BoundExpression) => Expression
  readonly column: (row: number, property: Property, always?: boolean) => Column
  /** A column as it sorts and compares. */
  readonly operand: (row: number, property: Property) => Expression
  /** Whether the plan is about the moment of the request, so that it is good for no other one. */
  readonly isDated: () => boolean
  /** Begins a query on a row; what is joined to it meanwhile is found in the answer. */
  readonly open: (row: number) => Level
  /** Says that a row belongs to the query of another one. */
  readonly include: (row: number, level: Level) => void
}

type Parts = {
  readonly rows: ReturnType<typeof createRows>
  readonly literal: (bound: BoundLiteral) => Slot | Null
  readonly column: Planner['column']
  /** The form of stamps that may name a zone of their own. */
  readonly as: StampForm
  /** The zone of those that no zone is asked for; `undefined` where their text is good for what it is needed for. */
  readonly home: TimeZone | undefined
  readonly stamp: (
    column: Column,
    property: Property,
    form: Pick<Parts, 'as' | 'home'>,
  ) => Expression
  readonly slot: Planner['slot']
  readonly now: () => string
}

const greenwich = findTimeZone('GMT')

type Compare = Extract<BoundExpression, { readonly kind: 'compare' }>
type OpaqueProperty = Extract<BoundExpression, { readonly kind: 'property' }>

const mixed = (what: string): Error =>
  notSupported(
    `${what}, in another zone than GMT (timezone, ddcloud-timezone, ODataDefaultTimezone)`,
  )

const refuseOpaque = ({ name, opaque }: Property): void => {
  if (opaque !== undefined)
    throw notSupported(
      `expressions over '${name}', which can be shown and compared with null alone`,
    )
}

const isOpaque = (bound: BoundExpression): bound is OpaqueProperty =>
  bound.kind === 'property' && bound.property.opaque !== undefined

/** Whether a property that nobody can look into is there. */
const opaqueComparison = (
  { operator, left, right }: Pick<Compare, 'operator' | 'left' | 'right'>,
  { rows, column }: Parts,
): Expression | undefined => {
  const [opaque, other] = isOpaque(right) ? [right, left] : [left, right]
  if (!isOpaque(opaque) || other.type !== 'null') return undefined
  const { instance, property } = opaque
  const { list: _none, ...plain } = column(rows.rowOf(instance), property, true)
  const seen = opaque === left ? operator : flip(operator)
  return { kind: 'compare', operator: seen, left: plain, right: { kind: 'null' } }
}

const isByValue = (bound: BoundExpression): boolean => zoneFacets(bound).zoneless === 'by-value'

/** A comparison of local times with an instant; `undefined` where it is none, and is compiled as it stands. */
const zonedComparison = (
  { operator, left, right }: Pick<Compare, 'operator' | 'left' | 'right'>,
  parts: Parts,
): Expression | undefined => {
  const zones = [zoneOf(left), zoneOf(right)] as const
  const zone = zones[0] ?? zones[1]
  const others = zones[0] === undefined ? left : right
  if (zone === undefined || zones[0] === zones[1] || others.type === 'null') return undefined
  const instant = constantInstant(others, parts.now)
  if (instant === undefined)
    throw mixed('comparing a stamp without a zone with one that has its own, or is computed')
  const stamps = zones[0] === undefined ? right : left
  // What may name a zone is made an instant for each row, which is its own local time in GMT.
  const told = isByValue(stamps) ? (greenwich ?? zone) : zone
  const against = { left: expressionOf(stamps, parts), zone: told, slot: parts.slot }
  return compareWithInstant(zones[0] === undefined ? flip(operator) : operator, instant, against)
}

/** Local times are a fixed distance apart where the clock is never changed, and only there. */
const checkArithmetic = (left: BoundExpression, right: BoundExpression): void => {
  const zones: readonly (TimeZone | undefined)[] = [zoneOf(left), zoneOf(right)]
  if (zones.every((zone) => zone === undefined)) return
  if (zones.some((zone) => zone?.isFixed === false))
    throw mixed('calculating with stamps without a zone where the clock is changed')
  if (right.type === 'Edm.DateTimeOffset' && zones[0] !== zones[1])
    throw mixed('the distance of a stamp without a zone from one that has its own')
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

const asKept = (bound: BoundExpression, parts: Parts): Expression => {
  if (bound.kind !== 'property') return expressionOf(bound, parts)
  const { instance, property } = bound
  return parts.column(parts.rows.rowOf(instance), property, instance.kind === 'step')
}

/** Stamps that may name a zone are one however they are spelled. */
const groupedBy = (bound: BoundExpression, parts: Parts): Expression => {
  if (bound.kind === 'property') refuseOpaque(bound.property)
  return isByValue(bound)
    ? expressionOf(bound, { ...parts, as: 'grouped', home: greenwich })
    : asKept(bound, parts)
}

const aggregated = (
  { method, operand, type }: Extract<BoundExpression, { readonly kind: 'aggregate' }>,
  parts: Parts,
): Expression => {
  // The least and the greatest are found among texts.
  const home = method === 'min' || method === 'max' ? greenwich : undefined
  const of = operand && expressionOf(operand, { ...parts, as: 'instant', home })
  return { kind: 'aggregate', method, operand: of, type }
}

/** What looks at the clock of a zone: functions, and casts to the date or the time of the day. */
const onClock = (parts: Parts): Parts => ({ ...parts, as: 'local', home: undefined })

const compared = (parts: Parts): Parts => ({ ...parts, as: 'ordered', home: undefined })

const expressionOf: (bound: BoundExpression, parts: Parts) => Expression = byKind<
  BoundExpression,
  [Parts],
  Expression
>({
  literal: (bound, { literal }) => literal(bound),
  property: ({ instance, property }, parts) => {
    const { rows, column, stamp } = parts
    refuseOpaque(property)
    return stamp(column(rows.rowOf(instance), property, instance.kind === 'step'), property, parts)
  },
  call: ({ name, args, type }, parts) => ({
    kind: 'call',
    name,
    args: args.map((arg) => expressionOf(arg, onClock(parts))),
    type,
  }),
  compare: (bound, parts) =>
    opaqueComparison(bound, parts) ??
    zonedComparison(bound, compared(parts)) ?? {
      kind: 'compare',
      operator: bound.operator,
      left: expressionOf(bound.left, compared(parts)),
      right: expressionOf(bound.right, compared(parts)),
    },
  arithmetic: ({ operator, left, right, type }, parts) => {
    checkArithmetic(left, right)
    const inside: Parts = parts.as === 'local' ? parts : { ...parts, as: 'instant' }
    return {
      kind: 'arithmetic',
      operator,
      left: expressionOf(left, inside),
      right: expressionOf(right, inside),
      type,
    }
  },
  negate: ({ operand, type }, parts) => ({
    kind: 'negate',
    operand: expressionOf(operand, parts),
    type,
  }),
  cast: ({ operand, type }, parts) => ({
    kind: 'cast',
    operand: expressionOf(operand, onClock(parts)),
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
  in: ({ operand, items }, parts) => {
    const isZoned = [operand, ...items].some((part) => zoneOf(part) !== undefined)
    if (!isZoned && !isOpaque(operand))
      return {
        kind: 'in',
        operand: expressionOf(operand, compared(parts)),
        items: items.map((item) => expressionOf(item, compared(parts))),
      }
    const type = 'Edm.Boolean'
    const operands = items.map((right) =>
      expressionOf({ kind: 'compare', operator: 'eq', left: operand, right, type }, parts),
    )
    return { kind: 'or', operands }
  },
  aggregate: aggregated,
  sum: ({ operand, within: equal, upTo, type }, parts) => {
    const of = expressionOf(operand, parts)
    const within = equal.map((each) => groupedBy(each, parts))
    if (upTo === undefined) return { kind: 'whole', operand: of, within, type }
    const order = upTo.map((by) => ({ ...by, expression: expressionOf(by.expression, parts) }))
    return { kind: 'running', operand: of, within, order, type }
  },
  any: (bound, parts) => ofRows(bound, parts),
  all: (bound, parts) => ofRows(bound, parts),
  count: (bound, parts) => ofRows(bound, parts),
})

/** `firstFree` is the first number that no row of the bound tree has; `now` the time of the request. */
export const createPlanner = (firstFree: number, now: string | undefined): Planner => {
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
  const column: Planner['column'] = (row, property, always = false) => ({
    kind: 'column',
    row,
    name: property.column,
    // What nobody can look into is a text, whatever it is for the client.
    type: property.opaque === undefined ? property.type : 'Edm.String',
    nullable: property.nullable || always,
    ...(property.opaque === 'list' ? { list: true } : {}),
  })
  // One slot per zone, so that an expression is the same wherever it stands.
  const zones = new Map<string, Slot>()
  const zoneSlot = ({ id }: TimeZone): Slot => {
    const known = zones.get(id) ?? slot(id, 'Edm.String')
    zones.set(id, known)
    return known
  }
  const stamp: Parts['stamp'] = (operand, { zone: own, zoneless }, { as, home }) => {
    const zone = own ?? home
    return zone === undefined || zoneless !== 'by-value'
      ? operand
      : { kind: 'stamp', as, operand, zone: zoneSlot(zone), type: 'Edm.DateTimeOffset' }
  }
  let dated = false
  const moment = (): string => {
    if (now === undefined) throw mixed("'now'")
    dated = true
    return now
  }
  const parts: Parts = {
    rows,
    literal,
    column,
    as: 'ordered',
    home: undefined,
    stamp,
    slot,
    now: moment,
  }
  const given: Parts = { ...parts, as: 'instant' }
  return {
    values,
    slot,
    integer: (n) => (n === undefined ? undefined : slot(BigInt(n), 'Edm.Int64')),
    expression: (bound) => expressionOf(bound, parts),
    output: (bound) => asKept(bound, given),
    group: (bound) => groupedBy(bound, given),
    column,
    operand: (row, property) => stamp(column(row, property), property, parts),
    isDated: () => dated,
    open: rows.open,
    include: rows.include,
  }
}
