// Canonical functions and arithmetic on values in memory.
import type { ArithmeticOperator } from '#odata/ast.ts'
import { familyOf, isInteger, type EdmType } from '#odata/edm/types.ts'
import type { FunctionName } from '#odata/functions.ts'
import type { Value } from './plan.ts'
import { clockParts, dateParts, instantOf, stampOf } from './temporal.ts'

const text = (value: Value): string => String(value)
const points = (value: Value): readonly string[] => Array.from(text(value))

const substring = ([a = null, start = null, count]: readonly Value[]): Value => {
  const all = points(a)
  const from = Number(start) < 0 ? Math.max(all.length + Number(start), 0) : Number(start)
  const to = count === undefined ? all.length : from + Math.max(Number(count), 0)
  return all.slice(from, to).join('')
}

const indexOf = ([a = null, b = null]: readonly Value[]): Value => {
  const at = text(a).indexOf(text(b))
  return at < 0 ? -1 : points(text(a).slice(0, at)).length
}

/** Halves go away from zero (OData 4.01 URL 5.1.1.8.3). */
const round = (value: Value): Value => {
  if (typeof value !== 'number') return value
  return Math.sign(value) * Math.round(Math.abs(value))
}

const onNumber =
  (change: (n: number) => number) =>
  ([a = null]: readonly Value[]): Value =>
    typeof a === 'number' ? change(a) : a

/** One cell per canonical function; no argument is null here. */
export const cells = {
  concat: ([a = null, b = null]) => text(a) + text(b),
  contains: ([a = null, b = null]) => text(a).includes(text(b)),
  startswith: ([a = null, b = null]) => text(a).startsWith(text(b)),
  endswith: ([a = null, b = null]) => text(a).endsWith(text(b)),
  indexof: indexOf,
  length: ([a = null]) => points(a).length,
  substring,
  // An expression of somebody else's could keep the server busy for ever; sources are asked, or nobody is (T70).
  matchespattern: () => {
    throw new TypeError('matchesPattern is not evaluated in memory')
  },
  tolower: ([a = null]) => text(a).toLowerCase(),
  toupper: ([a = null]) => text(a).toUpperCase(),
  trim: ([a = null]) => text(a).trim(),
  year: ([a = null]) => dateParts(text(a))?.year ?? null,
  month: ([a = null]) => dateParts(text(a))?.month ?? null,
  day: ([a = null]) => dateParts(text(a))?.day ?? null,
  hour: ([a = null]) => clockParts(text(a))?.hour ?? null,
  minute: ([a = null]) => clockParts(text(a))?.minute ?? null,
  second: ([a = null]) => clockParts(text(a))?.second ?? null,
  fractionalseconds: ([a = null]) => clockParts(text(a))?.fraction ?? null,
  date: ([a = null]) => stampOf(instantOf(text(a)))?.slice(0, 10) ?? null,
  time: ([a = null]) => stampOf(instantOf(text(a)))?.slice(11, 23) ?? null,
  totalseconds: ([a = null]) => a,
  // Functions from data to data have no clock; sources have one.
  now: () => {
    throw new TypeError('now is not evaluated in memory')
  },
  round: ([a = null]) => round(a),
  floor: onNumber(Math.floor),
  ceiling: onNumber(Math.ceil),
} as const satisfies Record<FunctionName, (args: readonly Value[]) => Value>

/** What needs the source: a clock, or an engine whose work can be bounded. */
export const needsSource: ReadonlySet<FunctionName> = new Set(['now', 'matchespattern'])

const exact = (value: Value): bigint =>
  typeof value === 'bigint' ? value : BigInt(Math.trunc(Number(value)))

const integers: Record<ArithmeticOperator, (a: bigint, b: bigint) => Value> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => (b === 0n ? null : a / b),
  divby: (a, b) => (b === 0n ? null : Number(a) / Number(b)),
  mod: (a, b) => (b === 0n ? null : a % b),
}
const numbers: Record<ArithmeticOperator, (a: number, b: number) => Value> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => (b === 0 ? null : a / b),
  divby: (a, b) => (b === 0 ? null : a / b),
  mod: (a, b) => (b === 0 ? null : a % b),
}

export type Operand = { readonly value: Value; readonly type: EdmType | undefined }

const temporal = (operator: ArithmeticOperator, a: Operand, b: Operand, type: EdmType): Value => {
  const from = instantOf(text(a.value))
  if (from === undefined) return null
  if (type === 'Edm.Duration') {
    const other = instantOf(text(b.value))
    return other === undefined ? null : (from - other) / 1000
  }
  const shift = Number(b.value) * (operator === 'sub' ? -1000 : 1000)
  const stamp = stampOf(from + shift)
  return type === 'Edm.Date' ? (stamp?.slice(0, 10) ?? null) : (stamp ?? null)
}

/** `a operator b`; dividing by zero gives null, as it does in the sources. */
export const arithmetic = (
  operator: ArithmeticOperator,
  a: Operand,
  b: Operand,
  type: EdmType,
): Value => {
  if (a.value === null || b.value === null) return null
  const family = a.type === undefined ? 'number' : familyOf(a.type)
  if (family === 'datetime' || family === 'date') return temporal(operator, a, b, type)
  return isInteger(type)
    ? integers[operator](exact(a.value), exact(b.value))
    : numbers[operator](Number(a.value), Number(b.value))
}

/** A value as another type (`cast`); only pairs that the binder lets through. */
export const castValue = (value: Value, from: EdmType | undefined, to: EdmType): Value => {
  if (value === null || from === undefined || from === to) return value
  const family = familyOf(to)
  if (family === 'number') return isInteger(to) ? exact(value) : Number(value)
  if (family === 'date') return cells.date([value])
  if (family === 'time') return cells.time([value])
  if (familyOf(from) === 'boolean') return text(value === true || value === 1 || value === 1n)
  return familyOf(from) === 'guid' ? text(value).toLowerCase() : text(value)
}
