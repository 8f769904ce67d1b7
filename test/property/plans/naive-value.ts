// Values as the naive evaluator has them, and what single ones give: written from the specification, not from the product.
import type { ArithmeticOperator, CompareOperator, Literal } from '#odata/ast.ts'
import { familyOf, isInteger, type EdmType } from '#odata/edm/types.ts'

/** Whole numbers are bigint, others number; stamps, times and identifiers are text in one form each. */
export type Plain = null | boolean | bigint | number | string

const stampText = (text: string): string => new Date(text).toISOString()

/** `12:34` as `12:34:00.000`. */
export const timeText = (text: string): string => {
  const [clock = '', fraction = ''] = text.split('.')
  return `${clock.length === 5 ? `${clock}:00` : clock}.${fraction.padEnd(3, '0')}`
}

/** What a text of the data set stands for. */
export const plainOf = (text: string | null, type: EdmType): Plain => {
  if (text === null) return null
  if (isInteger(type)) return BigInt(text)
  switch (familyOf(type)) {
    case 'number':
      return Number(text)
    case 'boolean':
      return text === 'true'
    case 'datetime':
      return stampText(text)
    case 'time':
      return timeText(text)
    case 'guid':
      return text.toLowerCase()
    default:
      return text
  }
}

export const plainLiteral = ({ type, value }: Literal): Plain => {
  if (type === 'decimal') return Number(value)
  if (typeof value !== 'string') return value
  if (type === 'datetime') return stampText(value)
  if (type === 'time') return timeText(value)
  return type === 'guid' ? value.toLowerCase() : value
}

/** Null is lowest; text goes by code points. */
export const order = (a: Plain, b: Plain): number => {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null)
  if (typeof a === 'string' && typeof b === 'string')
    return Buffer.compare(Buffer.from(a), Buffer.from(b))
  // oxlint-disable-next-line eqeqeq -- 3n is 3
  return a == b ? 0 : a < b ? -1 : 1
}

/** OData 4.01 URL 5.1.1.1: null equals null; nothing is above or below it. */
export const compare = (operator: CompareOperator, a: Plain, b: Plain): boolean => {
  const known = a !== null && b !== null
  const by = order(a, b)
  switch (operator) {
    case 'eq':
      return by === 0
    case 'ne':
      return by !== 0
    case 'gt':
      return known && by > 0
    case 'lt':
      return known && by < 0
    case 'ge':
      return by === 0 || (known && by > 0)
    case 'le':
      return by === 0 || (known && by < 0)
  }
}

const wholes: Record<Exclude<ArithmeticOperator, 'divby'>, (a: bigint, b: bigint) => bigint> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  mod: (a, b) => a % b,
}
const numbers: Record<ArithmeticOperator, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  divby: (a, b) => a / b,
  mod: (a, b) => a % b,
}

/** Numbers only. What is divided by zero is null, as docs/odata.md says. */
export const calculate = (operator: ArithmeticOperator, a: Plain, b: Plain): Plain => {
  if (a === null || b === null) return null
  if (['div', 'divby', 'mod'].includes(operator) && Number(b) === 0) return null
  if (typeof a === 'bigint' && typeof b === 'bigint' && operator !== 'divby')
    return wholes[operator](a, b)
  return numbers[operator](Number(a), Number(b))
}

const points = (text: string): readonly string[] => Array.from(text)

const halfAwayFromZero = (n: number): number => Math.sign(n) * Math.round(Math.abs(n))

const onNumber = (change: (n: number) => number) => (a: Plain) =>
  typeof a === 'number' ? change(a) : a

/** `2024-02-29` or `12:34:56.000` of a stamp as its parts. */
const part = (from: number, to: number) => (a: Plain) => {
  const text = String(a)
  const whole = text.includes('T') ? text : text.includes('-') ? `${text}T` : `0000-00-00T${text}`
  return BigInt(whole.slice(from, to))
}

const substring = (text: Plain, from: Plain, length?: Plain): Plain => {
  const all = points(String(text))
  const start = Number(from) < 0 ? Math.max(0, all.length + Number(from)) : Number(from)
  return all.slice(start, length === undefined ? undefined : start + Number(length)).join('')
}

const functions: Record<string, (a: Plain, b: Plain, c?: Plain) => Plain> = {
  tolower: (a) => String(a).toLowerCase(),
  toupper: (a) => String(a).toUpperCase(),
  trim: (a) => String(a).trim(),
  concat: (a, b) => `${a}${b}`,
  length: (a) => BigInt(points(String(a)).length),
  contains: (a, b) => String(a).includes(String(b)),
  startswith: (a, b) => String(a).startsWith(String(b)),
  endswith: (a, b) => String(a).endsWith(String(b)),
  substring,
  year: part(0, 4),
  month: part(5, 7),
  day: part(8, 10),
  hour: part(11, 13),
  minute: part(14, 16),
  second: part(17, 19),
  round: onNumber(halfAwayFromZero),
  floor: onNumber(Math.floor),
  ceiling: onNumber(Math.ceil),
}

export const call = (name: string, args: readonly Plain[]): Plain => {
  const of = functions[name]
  if (of === undefined) throw new TypeError(`The naive evaluator knows no ${name}`)
  const [a = null, b = null, c] = args
  return args.includes(null) ? null : of(a, b, c)
}
