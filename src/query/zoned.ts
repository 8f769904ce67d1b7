// Stamps without a zone are compared as local times, which an index answers; what changes is the instant that they meet. Every
// condition here is as exact as if each local time had been made an instant (`TimeZone.instantOf`).
import type { CompareOperator } from '#odata/ast.ts'
import type { BoundExpression } from '#odata/bind/bound.ts'
import type { TimeZone } from '#lib/time-zone.ts'
import type { Expression, Slot, Value } from './plan.ts'
import { durationSeconds } from './temporal.ts'

type Instant = { readonly seconds: number; readonly fraction: string }

const form = /^(-?\d{4,})(-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)$/i

/** An instant beyond what has a date of its own is as far away as that. */
const instantIn = (text: string): Instant => {
  const [, year = '', rest = '', second = ':00', fraction = '', zone = 'Z'] = form.exec(text) ?? []
  if (Number(year) > 9999) return { seconds: Infinity, fraction: '' }
  if (Number(year) < 1) return { seconds: -Infinity, fraction: '' }
  return { seconds: Date.parse(`${year}${rest}${second}${zone.toUpperCase()}`) / 1000, fraction }
}

const micros = ({ seconds, fraction }: Instant): number =>
  Number(fraction.slice(1, 7).padEnd(6, '0')) + (seconds % 1) * 1e6

/** A day more than the calendar has: no local time within it is that far from its instant. */
const reach = [
  Date.parse('0000-12-31T00:00:00Z') / 1000,
  Date.parse('+010000-01-02T00:00:00Z') / 1000,
] as const

/** An instant some seconds later, to the microsecond. */
const later = (instant: Instant, by: number): Instant => {
  if (!Number.isFinite(instant.seconds)) return instant
  const whole = Math.floor(by)
  const near = instant.seconds + whole
  if (near < reach[0]) return { seconds: -Infinity, fraction: '' }
  if (near > reach[1]) return { seconds: Infinity, fraction: '' }
  const parts = micros(instant) + Math.round((by - whole) * 1e6)
  const rest = parts % 1e6
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(6, '0')}`
  return { seconds: near + Math.floor(parts / 1e6), fraction }
}

const secondsOf = (bound: BoundExpression): number | undefined => {
  if (bound.kind === 'literal' && bound.type === 'Edm.Duration')
    return durationSeconds(String(bound.value))
  const operand = bound.kind === 'negate' ? secondsOf(bound.operand) : undefined
  return operand === undefined ? undefined : -operand
}

/** The instant that an expression stands for without looking at a row. `now` tells the time of the request. */
export const constantInstant = (bound: BoundExpression, now: () => string): Instant | undefined => {
  if (bound.kind === 'literal' && bound.type === 'Edm.DateTimeOffset')
    return instantIn(String(bound.value))
  if (bound.kind === 'call' && bound.name === 'now') return instantIn(now())
  if (bound.kind !== 'arithmetic') return undefined
  const from = constantInstant(bound.left, now)
  const by = secondsOf(bound.right)
  if (from === undefined || by === undefined) return undefined
  return later(from, bound.operator === 'sub' ? -by : by)
}

const nothing: Expression = { kind: 'null' }
const always: Expression = { kind: 'compare', operator: 'eq', left: nothing, right: nothing }
const never: Expression = { kind: 'compare', operator: 'ne', left: nothing, right: nothing }

const [first, last] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59Z')]

/** Which side of every date with four digits it lies on. */
const beyond = (local: number): 'below' | 'above' | undefined => {
  if (local * 1000 < first) return 'below'
  return local * 1000 > last ? 'above' : undefined
}

type Against = {
  readonly left: Expression
  readonly zone: TimeZone
  readonly slot: (value: Value, type: Slot['type']) => Slot
}

const compareBeyond = (
  operator: CompareOperator,
  side: 'below' | 'above',
  { left }: Against,
): Expression => {
  if (operator === 'eq') return never
  if (operator === 'ne') return always
  const holds = side === 'below' ? operator.startsWith('g') : operator.startsWith('l')
  return holds ? { kind: 'compare', operator: 'ne', left, right: nothing } : never
}

/** What holds of local times when none of them means the instant: those from `local` on are later, all others earlier. */
const inexact: Readonly<Record<Exclude<CompareOperator, 'eq' | 'ne'>, 'lt' | 'ge'>> = {
  lt: 'lt',
  le: 'lt',
  gt: 'ge',
  ge: 'ge',
}

/** `local operator instant`, where `local` is compiled from `left`. */
export const compareWithInstant = (
  operator: CompareOperator,
  { seconds, fraction }: Instant,
  against: Against,
): Expression => {
  const { left, zone, slot } = against
  if (!Number.isFinite(seconds))
    return compareBeyond(operator, seconds > 0 ? 'above' : 'below', against)
  const { local, exact, skipped } = zone.localsOf(seconds)
  const side = beyond(local)
  if (side !== undefined) return compareBeyond(operator, side, against)
  const at = (op: CompareOperator, moment: number, rest: string): Expression => {
    const text = `${new Date(moment * 1000).toISOString().slice(0, 19)}${rest}Z`
    return { kind: 'compare', operator: op, left, right: slot(text, 'Edm.DateTimeOffset') }
  }
  if (!exact) {
    if (operator === 'eq') return never
    return operator === 'ne' ? always : at(inexact[operator], local, '')
  }
  const plain = at(operator, local, fraction)
  if (skipped === undefined) return plain
  const same = at(operator, skipped.from, fraction)
  if (operator === 'eq') return { kind: 'or', operands: [plain, same] }
  if (operator === 'ne') return { kind: 'and', operands: [plain, same] }
  if (operator === 'lt' || operator === 'le') {
    const usual = at('ge', skipped.end, '')
    return { kind: 'and', operands: [plain, { kind: 'or', operands: [same, usual] }] }
  }
  const isSkipped = at('lt', skipped.end, '')
  return { kind: 'or', operands: [plain, { kind: 'and', operands: [same, isSkipped] }] }
}

const flipped: Readonly<Record<CompareOperator, CompareOperator>> = {
  eq: 'eq',
  ne: 'ne',
  lt: 'gt',
  le: 'ge',
  gt: 'lt',
  ge: 'le',
}

/** The operator when the two sides change places. */
export const flip = (operator: CompareOperator): CompareOperator => flipped[operator]
