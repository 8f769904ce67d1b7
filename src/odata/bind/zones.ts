// Whether the stamps that an expression gives are local times of a zone, or instants.
import { byKind } from '#lib/by-kind.ts'
import type { TimeZone } from '#lib/time-zone.ts'
import type { Property } from '../edm/model.ts'
import { familyOf } from '../edm/types.ts'
import { notSupported } from '../errors.ts'
import type { BoundExpression } from './bound.ts'

/** How the stamps of an expression are read, as a property has it. */
export type ZoneFacets = Pick<Property, 'zone' | 'zoneless'>

const instants: ZoneFacets = {}
const none = (): ZoneFacets => instants
const ofOperand = ({ operand }: { readonly operand: BoundExpression | undefined }) =>
  operand === undefined ? instants : zoneFacets(operand)

/** Whether two properties, or what was computed from them, hold stamps that are read in the same way. */
export const isReadAlike = (a: ZoneFacets, b: ZoneFacets): boolean =>
  a.zone === b.zone && (a.zone === undefined || a.zoneless === b.zoneless)

const ofBranches = (values: readonly { readonly value: BoundExpression }[]): ZoneFacets => {
  const stamps = values.filter(({ value }) => isStamp(value))
  const [first = instants, ...others] = stamps.map(({ value }) => zoneFacets(value))
  if (!others.every((other) => isReadAlike(first, other)))
    throw notSupported('a case whose stamps are partly without a zone, in another zone than GMT')
  return others.find(({ zoneless }) => zoneless !== undefined) ?? first
}

/** Whether an expression gives points in time, null aside. */
export const isStamp = ({ type }: BoundExpression): boolean =>
  type !== 'null' && familyOf(type) === 'datetime'

const facets = byKind<BoundExpression, [], ZoneFacets>({
  property: ({ property: { zone, zoneless } }) => ({
    ...(zone && { zone }),
    ...(zoneless && { zoneless }),
  }),
  arithmetic: ({ left }) => zoneFacets(left),
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
 * How the stamps of an expression are read: what is computed from those that may name a zone of their own is one of them, too.
 * Empty where it gives instants, or no stamps. Throws 501 for a mixture.
 */
export const zoneFacets = (expression: BoundExpression): ZoneFacets =>
  isStamp(expression) ? facets(expression) : instants

/** The zone that the stamps of an expression are local times of; `undefined` where they are instants, or no stamps. */
export const zoneOf = (expression: BoundExpression): TimeZone | undefined =>
  zoneFacets(expression).zone
