// topcount, topsum, toppercent and their opposites (OData Data Aggregation 4.0 section 3.3.1).
import type { ODataExpression, Ranking, Transformation } from '../../ast.ts'
import { familyOf } from '../../edm/types.ts'
import { badRequest, notSupported } from '../../errors.ts'
import type { BoundExpression, BoundOrderItem } from '../bound.ts'
import { bindExpression } from '../expression.ts'
import { computedOutput } from '../outputs.ts'
import {
  beforeFilter,
  byKey,
  closed,
  filtered,
  hidden,
  named,
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

const closedWith = (
  open: Open,
  more: Readonly<Record<`$${string}`, BoundExpression | undefined>>,
): Open =>
  closed(
    open,
    Object.entries(more).flatMap(([name, expression]) =>
      expression === undefined ? [] : [computedOutput(name, expression)],
    ),
  )

/** How rows are ranked: by what, in which direction, and with whom: those that have the same in the properties of these names. */
type Way = { readonly descending: boolean; readonly within: readonly string[] }

/** Among equal measures the key decides, so that every request finds the same rows (section 3.3.1, step 1). */
const ranks = (open: Open, measure: BoundExpression, descending: boolean) => [
  { expression: measure, descending },
  ...byKey(open.row),
]

/** The sum of what the rows have that are ranked with one, or of those up to it. */
const sumOf = (
  { row }: Open,
  operand: BoundExpression,
  upTo: readonly BoundOrderItem[] | undefined,
  { within }: Way,
): BoundExpression => ({
  kind: 'sum',
  operand,
  within: within.map((name) => named(row, name)),
  upTo,
  type: 'Edm.Double',
})

/** The first rows in the order of the measure, so many of each group. */
const rankedByCount = (open: Open, measure: BoundExpression, amount: number, way: Way): Open => {
  const place = sumOf(open, literal('Edm.Int32', 1n), ranks(open, measure, way.descending), way)
  const told = closedWith(open, { $place: place })
  return filtered(told, compared('le', hidden(told.row, '$place'), literal('Edm.Double', amount)))
}

/**
 * Rows in the order of the measure until their sum, or its share of the whole, reaches the amount: the row that reaches it is the
 * last one, even where numbers below zero bring the sum down again. A measure that is null adds nothing.
 */
const rankedBySum = (
  open: Open,
  measure: BoundExpression,
  amount: number,
  { isShare, ...way }: Way & { readonly isShare: boolean },
): Open => {
  const { descending } = way
  const summed = closedWith(open, {
    $measure: measure,
    $running: sumOf(open, measure, ranks(open, measure, descending), way),
    $whole: isShare ? sumOf(open, measure, undefined, way) : undefined,
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
    $past: sumOf(summed, reached, ranks(summed, hidden(summed.row, '$measure'), descending), way),
  })
  return filtered(told, compared('le', hidden(told.row, '$past'), hidden(told.row, '$reached')))
}

/**
 * Takes the first or last rows by a measure: of all rows, or of each group of those that have the same in the properties named by
 * `within` (section 3.2.3.3).
 */
export const rankStep = (
  open: Open,
  { kind, amount, measure }: Extract<Transformation, { readonly kind: Ranking }>,
  within: readonly string[] = [],
): Open => {
  const ready = beforeFilter(open)
  const bound = bindExpression(measure, scopeOf(ready))
  if (bound.type === 'null' || familyOf(bound.type) !== 'number')
    throw badRequest('A ranking is by a number', { target, position: measure.at })
  const descending = kind.startsWith('top')
  const number = amountOf(kind, amount)
  const way = { descending, within }
  if (kind.endsWith('count') && within.length > 0) return rankedByCount(ready, bound, number, way)
  // The measure says which rows are taken, not in which order they come out.
  if (kind.endsWith('count'))
    return {
      ...closed({ ...ready, order: [{ expression: bound, descending }], limit: number }),
      order: [],
    }
  if (number <= 0 && within.length > 0)
    throw notSupported('an amount inside groupby that is reached without any row', {
      target,
      position: amount.at,
    })
  // The sum of no rows is enough already.
  if (number <= 0) return closed({ ...ready, limit: 0 })
  return rankedBySum(ready, bound, number, { ...way, isShare: kind.endsWith('percent') })
}
