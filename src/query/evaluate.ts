// Expressions over rows in memory: for what a source cannot do, and as the oracle of the tests.
import { familyOf, type EdmType } from '#odata/edm/types.ts'
import type { FunctionName } from '#odata/functions.ts'
import type { Expression, Row, Value } from './plan.ts'
import { typeOf } from './plan.ts'
import type { Rest } from './split.ts'
import { dateParts, instantOf } from './temporal.ts'

export type Lookup = (column: string) => Value

const text = (value: Value): string => String(value)

/** One cell per canonical function; no argument is null here. */
const cells = {
  contains: ([a = null, b = null]) => text(a).includes(text(b)),
  startswith: ([a = null, b = null]) => text(a).startsWith(text(b)),
  endswith: ([a = null, b = null]) => text(a).endsWith(text(b)),
  length: ([a = null]) => Array.from(text(a)).length,
  tolower: ([a = null]) => text(a).toLowerCase(),
  toupper: ([a = null]) => text(a).toUpperCase(),
  year: ([a = null]) => dateParts(text(a))?.year ?? null,
  month: ([a = null]) => dateParts(text(a))?.month ?? null,
  day: ([a = null]) => dateParts(text(a))?.day ?? null,
} as const satisfies Record<FunctionName, (args: readonly Value[]) => Value>

/** Text by code points, as databases order it; UTF-16 units would put emoji before some letters. */
const compareText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const comparable = (value: Value, type: EdmType | undefined): Value => {
  if (value === null || type === undefined) return value
  const family = familyOf(type)
  if (family === 'boolean') return value === true || value === 1 || value === 1n ? 1 : 0
  if (family === 'datetime') return instantOf(text(value)) ?? null
  if (family === 'time') return text(instantOf(`2000-01-01T${text(value)}Z`) ?? '')
  return family === 'guid' ? text(value).toLowerCase() : value
}

const compareValues = (a: Value, b: Value): number => {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  if (a === null || b === null) return Number.NaN
  return a < b ? -1 : a > b ? 1 : 0
}

/** OData 4.01 URL 5.1.1.1: null equals null and nothing else; no value is above or below it. */
const compare = (operator: string, a: Value, b: Value): boolean => {
  const equal = a === null || b === null ? a === b : compareValues(a, b) === 0
  switch (operator) {
    case 'eq':
      return equal
    case 'ne':
      return !equal
    case 'gt':
      return compareValues(a, b) > 0
    case 'lt':
      return compareValues(a, b) < 0
    case 'ge':
      return equal || compareValues(a, b) > 0
    default:
      return equal || compareValues(a, b) < 0
  }
}

const truth = (value: Value): boolean | null =>
  value === null ? null : value === true || value === 1 || value === 1n

const not = (value: boolean | null): boolean | null => (value === null ? null : !value)

/** OData 4.01 URL 5.1.1.1.7: the outcome decides as soon as one operand does, otherwise null wins. */
const any = (operands: readonly Expression[], row: Lookup, values: Row): boolean | null => {
  let outcome: boolean | null = false
  for (const operand of operands) {
    const value = truth(evaluate(operand, row, values))
    if (value === true) return true
    if (value === null) outcome = null
  }
  return outcome
}

const every = (operands: readonly Expression[], row: Lookup, values: Row): boolean | null =>
  not(
    any(
      operands.map((operand): Expression => ({ kind: 'not', operand })),
      row,
      values,
    ),
  )

/** The value of an expression for one row; `values` fill the slots. */
export const evaluate = (expression: Expression, row: Lookup, values: Row): Value => {
  switch (expression.kind) {
    case 'column':
      return row(expression.name)
    case 'slot':
      return values[expression.index] ?? null
    case 'null':
      return null
    case 'call': {
      const args = expression.args.map((arg) => evaluate(arg, row, values))
      return args.includes(null) ? null : cells[expression.name](args)
    }
    case 'compare': {
      const { left, right, operator } = expression
      const type = typeOf(left) ?? typeOf(right)
      const a = comparable(evaluate(left, row, values), type)
      return compare(operator, a, comparable(evaluate(right, row, values), type))
    }
    case 'and':
      return every(expression.operands, row, values)
    case 'or':
      return any(expression.operands, row, values)
    case 'not':
      return not(truth(evaluate(expression.operand, row, values)))
    case 'in': {
      const type = typeOf(expression.operand)
      const found = comparable(evaluate(expression.operand, row, values), type)
      return expression.items.some((item) =>
        compare('eq', found, comparable(evaluate(item, row, values), type)),
      )
    }
  }
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
      const lookup: Lookup = (column) => row[rest.columnAt.get(column) ?? -1] ?? null
      if (evaluate(rest.filter, lookup, values) !== true) continue
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
