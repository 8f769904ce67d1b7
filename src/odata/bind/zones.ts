// Whether the stamps that an expression gives are local times of a zone, or instants.
import { byKind } from '#lib/by-kind.ts'
import type { TimeZone } from '#lib/time-zone.ts'
import type { Property } from '../edm/model.ts'
import { familyOf } from '../edm/types.ts'
import { notSupported } from '../errors.ts'
import type { BoundExpression } from './bound.ts'

const none = (): undefined => undefined
const ofOperand = ({ operand }: { readonly operand: BoundExpression | undefined }) =>
  operand && zoneOf(operand)

const ofBranches = (
  values: readonly { readonly value: BoundExpression }[],
): TimeZone | undefined => {
  const stamps = values.filter(({ value }) => isStamp(value))
  const zones = new Set(stamps.map(({ value }) => zoneOf(value)))
  if (zones.size > 1)
    throw notSupported('a case whose stamps are partly without a zone, in another zone than GMT')
  return zones.values().next().value
}

/** Whether an expression gives points in time, null aside. */
export const isStamp = ({ type }: BoundExpression): boolean =>
  type !== 'null' && familyOf(type) === 'datetime'

const zones = byKind<BoundExpression, [], TimeZone | undefined>({
  property: ({ property }) => property.zone,
  arithmetic: ({ left }) => zoneOf(left),
  aggregate: ofOperand,
  cast: ofOperand,
  case: ({ branches }) => ofBranches(branches),
  literal: none,
  call: none,
  compare: none,
  negate: none,
  and: none,
  or: none,
  not: none,
  in: none,
  any: none,
  all: none,
  count: none,
  sum: none,
})

/**
 * The zone that the stamps of an expression are local times of; `undefined` where they are instants, or no stamps. Throws 501 for
 * a mixture.
 */
export const zoneOf = (expression: BoundExpression): TimeZone | undefined =>
  isStamp(expression) ? zones(expression) : undefined

/** What a computed property has to say of its zone: a value that was computed from local times names none of its own. */
export const zoneFacets = (expression: BoundExpression): Pick<Property, 'zone' | 'zoneless'> => {
  const zone = zoneOf(expression)
  if (zone === undefined) return {}
  const own = expression.kind === 'property' ? expression.property.zoneless : undefined
  return { zone, zoneless: own ?? 'always' }
}
