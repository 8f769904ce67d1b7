// topcount, topsum, toppercent and their opposites (OData Data Aggregation 4.0 section 3.3.1).
import type { ODataExpression, Ranking } from '../../ast.ts'
import { familyOf } from '../../edm/types.ts'
import { badRequest, notSupported } from '../../errors.ts'
import type { BoundExpression, BoundOrderItem } from '../bound.ts'
import { bindExpression } from '../expression.ts'
import {
  beforeFilter,
  byKey,
  closed,
  filtered,
  hidden,
  scopeOf,
  target,
  type Open,
} from './stage.ts'

/** The first parameter: no property, so a literal. A sum may be any number; the others are positive, a share at most 100. */
const amountOf = (kind: Ranking, amount: ODataExpression): number => {
  const place = { target, position: amount.at }
  const value = amount.kind === 'literal' ? amount.value : undefined
  const number = typeof value === 'bigint' || typeof value === 'string' ? Number(value) : value
  if (amount.kind !== 'literal' || typeof number !== 'number' || !Number.isFinite(number))
    throw notSupported('an amount that is not a number', place)
  if (kind.endsWith('count') && !(Number.isSafeInteger(number) && number > 0))
    throw badRequest('A count is a whole number from 1 on', place)
  if (kind.endsWith('percent') && !(number > 0 && number <= 100))
    throw badRequest('A percentage is above 0, and 100 at most', place)
  return number
}

const literal = (
  type: 'Edm.Double' | 'Edm.Int32' | 'Edm.Boolean',
  value: number | bigint | boolean,
) => ({ kind: 'literal', type, value, at: 0 }) as const

const compared = (
  operator: 'ge' | 'le',
  left: BoundExpression,
  right: BoundExpression,
): BoundExpression => ({ kind: 'compare', operator, left, right, type: 'Edm.Boolean' })

/** 1 where the condition holds, else 0. */
const flagOf = (when: BoundExpression): BoundExpression => ({
  kind: 'case',
  branches: [
    { when, value: literal('Edm.Int32', 1n) },
    { when: literal('Edm.Boolean', true), value: literal('Edm.Int32', 0n) },
  ],
  type: 'Edm.Int32',
})

const sum = (
  operand: BoundExpression,
  upTo: readonly BoundOrderItem[] | undefined,
): BoundExpression => ({ kind: 'sum', operand, upTo, type: 'Edm.Double' })

const closedWith = (
  open: Open,
  more: Readonly<Record<`$${string}`, BoundExpression | undefined>>,
): Open => {
  const computed = new Map(open.computed)
  for (const [name, expression] of Object.entries(more))
    if (expression !== undefined) computed.set(name, expression)
  return closed({ ...open, computed })
}

/** Among equal measures the key decides, so that every request finds the same rows (section 3.3.1, step 1). */
const ranks = (open: Open, measure: BoundExpression, descending: boolean) => [
  { expression: measure, descending },
  ...byKey(open.row),
]

/**
 * Rows in the order of the measure until their sum, or its share of the whole, reaches the amount: the row that reaches it is the
 * last one, even where numbers below zero bring the sum down again. A measure that is null adds nothing.
 */
const rankedBySum = (
  open: Open,
  measure: BoundExpression,
  amount: number,
  { descending, isShare }: { readonly descending: boolean; readonly isShare: boolean },
): Open => {
  const summed = closedWith(open, {
    $measure: measure,
    $running: sum(measure, ranks(open, measure, descending)),
    $whole: isShare ? sum(measure, undefined) : undefined,
  })
  const running = hidden(summed.row, '$running')
  const share: BoundExpression = isShare
    ? {
        kind: 'arithmetic',
        operator: 'divby',
        left: running,
        right: hidden(summed.row, '$whole'),
        type: 'Edm.Double',
      }
    : running
  const least = literal('Edm.Double', isShare ? amount / 100 : amount)
  const reached = flagOf(compared('ge', share, least))
  const told = closedWith(summed, {
    $reached: reached,
    $past: sum(reached, ranks(summed, hidden(summed.row, '$measure'), descending)),
  })
  return filtered(told, compared('le', hidden(told.row, '$past'), hidden(told.row, '$reached')))
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
  const number = amountOf(kind, amount)
  // The measure says which rows are taken, not in which order they come out.
  if (kind.endsWith('count'))
    return {
      ...closed({ ...ready, order: [{ expression: bound, descending }], limit: number }),
      order: [],
    }
  // The sum of no rows is enough already.
  if (number <= 0) return closed({ ...ready, limit: 0 })
  return rankedBySum(ready, bound, number, { descending, isShare: kind.endsWith('percent') })
}
