// Expressions over rows in memory: for what a source cannot do, and as the oracle of the tests.
import { byKind } from '#lib/by-kind.ts'
import { familyOf, type EdmType } from '#odata/edm/types.ts'
import { arithmetic, castValue, cells } from './cells.ts'
import type { Expression, ReadShape, Row, Value } from './plan.ts'
import { typeOf } from './plan.ts'
import type { Rest } from './split.ts'
import { stampAs } from './stamps.ts'
import { instantOf } from './temporal.ts'

/** What an expression looks at: cells of rows, what fills the slots, and nested queries where there are any. */
export type Surroundings = {
  readonly cell: (row: number, column: string) => Value
  readonly values: readonly Value[]
  readonly rows?: (query: ReadShape) => readonly Row[]
}

const text = (value: Value): string => String(value)

/** Text by code points, as databases order it; UTF-16 units would put emoji before some letters. */
const compareText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** A decimal as text: exact when it is whole. */
const numberOf = (digits: string): Value =>
  /^-?\d+(?:\.0*)?$/.test(digits) ? BigInt(digits.replace(/\..*/, '')) : Number(digits)

/** A value in the form in which values of its type compare. */
export const comparable = (value: Value, type: EdmType | undefined): Value => {
  if (value === null || type === undefined) return value
  const family = familyOf(type)
  if (family === 'number' && typeof value === 'string') return numberOf(value)
  if (family === 'boolean') return value === true || value === 1 || value === 1n ? 1 : 0
  if (family === 'datetime') return instantOf(text(value)) ?? null
  if (family === 'time') return text(instantOf(`2000-01-01T${text(value)}Z`) ?? '')
  return family === 'guid' ? text(value).toLowerCase() : value
}

/** Negative, zero or positive; null is lowest (OData 4.01 URL 5.1.5). */
export const compareValues = (a: Value, b: Value): number => {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  return a < b ? -1 : a > b ? 1 : 0
}

/** OData 4.01 URL 5.1.1.1: null equals null and nothing else; no value is above or below it. */
const compare = (operator: string, a: Value, b: Value): boolean => {
  const equal = a === null || b === null ? a === b : compareValues(a, b) === 0
  const order = a === null || b === null ? Number.NaN : compareValues(a, b)
  switch (operator) {
    case 'eq':
      return equal
    case 'ne':
      return !equal
    case 'gt':
      return order > 0
    case 'lt':
      return order < 0
    case 'ge':
      return equal || order > 0
    default:
      return equal || order < 0
  }
}

/** A condition's value; null is unknown. */
export const truth = (value: Value): boolean | null =>
  value === null ? null : value === true || value === 1 || value === 1n

const not = (value: boolean | null): boolean | null => (value === null ? null : !value)

/** OData 4.01 URL 5.1.1.1.7: the outcome decides as soon as one operand does, otherwise null wins. */
const decide = (
  operands: readonly Expression[],
  around: Surroundings,
  deciding: boolean,
): boolean | null => {
  let outcome: boolean | null = !deciding
  for (const operand of operands) {
    const value = truth(evaluate(operand, around))
    if (value === deciding) return deciding
    if (value === null) outcome = null
  }
  return outcome
}

const rowsOf = (query: ReadShape, { rows }: Surroundings): readonly Row[] => {
  if (rows === undefined) throw new TypeError('Nested queries are for the source')
  return rows(query)
}

const evaluateCase = (
  { branches }: Extract<Expression, { readonly kind: 'case' }>,
  around: Surroundings,
): Value => {
  const found = branches.find(({ when }) => truth(evaluate(when, around)) === true)
  return found === undefined ? null : evaluate(found.value, around)
}

const evaluateArithmetic = (
  { operator, left, right, type }: Extract<Expression, { readonly kind: 'arithmetic' }>,
  around: Surroundings,
): Value => {
  const operand = (of: Expression) => ({ value: evaluate(of, around), type: typeOf(of) })
  return arithmetic(operator, operand(left), operand(right), type)
}

const negated = (value: Value): Value =>
  typeof value === 'bigint' ? -value : value === null ? null : -Number(value)

const notHere = ({ kind }: Expression): never => {
  throw new TypeError(`'${kind}' is no value of one row`)
}

const junction = (
  { kind, operands }: Extract<Expression, { readonly kind: 'and' | 'or' }>,
  around: Surroundings,
): Value => decide(operands, around, kind === 'or')

/** The value of an expression for one row. */
export const evaluate: (expression: Expression, around: Surroundings) => Value = byKind<
  Expression,
  [Surroundings],
  Value
>({
  column: ({ row, name }, around) => around.cell(row, name),
  slot: ({ index }, { values }) => values[index] ?? null,
  null: () => null,
  call: ({ name, args }, around) => {
    const given = args.map((arg) => evaluate(arg, around))
    return given.includes(null) ? null : cells[name](given)
  },
  compare: ({ left, right, operator }, around) => {
    const type = typeOf(left) ?? typeOf(right)
    const a = comparable(evaluate(left, around), type)
    return compare(operator, a, comparable(evaluate(right, around), type))
  },
  stamp: ({ as, operand, zone }, around) =>
    stampAs(as, evaluate(operand, around), around.values[zone.index] ?? null),
  arithmetic: evaluateArithmetic,
  negate: ({ operand }, around) => negated(evaluate(operand, around)),
  cast: ({ operand, type }, around) => castValue(evaluate(operand, around), typeOf(operand), type),
  case: evaluateCase,
  and: junction,
  or: junction,
  not: ({ operand }, around) => not(truth(evaluate(operand, around))),
  true: ({ operand }, around) => truth(evaluate(operand, around)) === true,
  in: ({ operand, items }, around) => {
    const type = typeOf(operand)
    const found = comparable(evaluate(operand, around), type)
    return items.some((item) => compare('eq', found, comparable(evaluate(item, around), type)))
  },
  exists: ({ query }, around) => rowsOf(query, around).length > 0,
  count: ({ query }, around) => BigInt(rowsOf(query, around).length),
  rows: notHere,
  aggregate: notHere,
  running: notHere,
  whole: notHere,
})

const value = (cell: Row[number]): Value => {
  if (Array.isArray(cell)) throw new TypeError('Rows are no value')
  return cell as Value
}

/** Finishes a split plan: filters, skips and limits the rows that the source gave. */
export const applyRest = async function* (
  batches: AsyncIterable<readonly Row[]>,
  rest: Rest,
  values: readonly Value[],
): AsyncGenerator<readonly Row[]> {
  let skip = rest.offset
  let left = rest.limit ?? Infinity
  if (left <= 0) return
  for await (const batch of batches) {
    const kept: Row[] = []
    for (const row of batch) {
      const cell = (_row: number, column: string): Value =>
        value(row[rest.columnAt.get(column) ?? -1] ?? null)
      if (evaluate(rest.filter, { cell, values }) !== true) continue
      if (skip > 0) skip--
      else if (left > 0) {
        kept.push(row.slice(0, rest.width))
        left--
      }
    }
    if (kept.length > 0) yield kept
    if (left === 0) return
  }
}
