// topcount, topsum, toppercent and their opposites (OData Data Aggregation 4.0 section 3.3.1).
import type { ODataExpression, Ranking } from '../../ast.ts'
import { familyOf } from '../../edm/types.ts'
import { badRequest, notSupported } from '../../errors.ts'
import type { BoundExpression, BoundOrderItem } from '../bound.ts'
import { bindExpression } from '../expression.ts'
import { beforeFilter, closed, filtered, scopeOf, target, type Open } from './stage.ts'

const amountOf = (amount: ODataExpression): number => {
  const value = amount.kind === 'literal' ? amount.value : undefined
  const number = typeof value === 'bigint' || typeof value === 'string' ? Number(value) : value
  if (amount.kind !== 'literal' || typeof number !== 'number' || !Number.isFinite(number))
    throw notSupported('an amount that is not a number', { target, position: amount.at })
  if (number < 0)
    throw badRequest('The amount must not be negative', { target, position: amount.at })
  return number
}

const literal = (value: number): BoundExpression => ({
  kind: 'literal',
  type: 'Edm.Double',
  value,
  at: 0,
})

const compared = (left: BoundExpression, right: BoundExpression): BoundExpression => ({
  kind: 'compare',
  operator: 'lt',
  left,
  right,
  type: 'Edm.Boolean',
})

const calculated = (
  operator: 'sub' | 'mul',
  left: BoundExpression,
  right: BoundExpression,
): BoundExpression => ({ kind: 'arithmetic', operator, left, right, type: 'Edm.Double' })

/**
 * The least set of top (or bottom) rows whose measures reach the amount (section 3.3.1): a row belongs to it as long as what
 * came before it does not.
 */
const rankedBySum = (
  open: Open,
  measure: BoundExpression,
  amount: number,
  { descending, isShare }: { readonly descending: boolean; readonly isShare: boolean },
): Open => {
  const key = open.row.type.key.map((property) => ({
    expression: { kind: 'property', instance: open.row, property, type: property.type } as const,
    descending: false,
  }))
  const upTo = [{ expression: measure, descending }, ...key]
  const names = { own: '$measure', running: '$running', whole: '$whole' }
  const sum = (order: readonly BoundOrderItem[] | undefined): BoundExpression => ({
    kind: 'sum',
    operand: measure,
    upTo: order,
    type: 'Edm.Double',
  })
  const computed = new Map(open.computed)
  computed.set(names.own, measure)
  computed.set(names.running, sum(upTo))
  if (isShare) computed.set(names.whole, sum(undefined))
  const next = closed({ ...open, computed })
  const value = (name: string): BoundExpression => {
    const property = next.row.type.properties.get(name)
    if (property === undefined) throw new TypeError(`There is no '${name}'`)
    return { kind: 'property', instance: next.row, property, type: property.type }
  }
  const before = calculated('sub', value(names.running), value(names.own))
  const limit = isShare
    ? calculated('mul', value(names.whole), literal(amount / 100))
    : literal(amount)
  return filtered(next, compared(before, limit))
}

export const rankStep = (
  open: Open,
  kind: Ranking,
  amount: ODataExpression,
  measure: ODataExpression,
): Open => {
  const ready = beforeFilter(open)
  const bound = bindExpression(measure, scopeOf(ready))
  if (bound.type === 'null' || familyOf(bound.type) !== 'number')
    throw badRequest('A ranking is by a number', { target, position: measure.at })
  const descending = kind.startsWith('top')
  const number = amountOf(amount)
  if (!kind.endsWith('count'))
    return rankedBySum(ready, bound, number, { descending, isShare: kind.endsWith('percent') })
  if (!Number.isSafeInteger(number))
    throw badRequest('A count is a whole number', { target, position: amount.at })
  return closed({ ...ready, order: [{ expression: bound, descending }], limit: number })
}
