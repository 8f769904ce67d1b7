// Which types go together (OData 4.01 URL 5.1.1.1 and 5.1.1.2, Protocol 11.2.6 promotion).
import type { ArithmeticOperator, Literal } from '../ast.ts'
import { familyOf, isFloating, isInteger, type EdmType, type Family } from '../edm/types.ts'
import { notSupported } from '../errors.ts'
import type { BoundExpression, BoundLiteral } from './bound.ts'
import { faultAt, type Scope } from './scope.ts'

/** Binds an expression in a scope; handed to those that need it, so that files need not know each other. */
export type Bind<T> = (expression: T, scope: Scope) => BoundExpression

const literalTypes = {
  null: 'null',
  boolean: 'Edm.Boolean',
  integer: 'Edm.Int64',
  decimal: 'Edm.Decimal',
  double: 'Edm.Double',
  string: 'Edm.String',
  date: 'Edm.Date',
  datetime: 'Edm.DateTimeOffset',
  time: 'Edm.TimeOfDay',
  guid: 'Edm.Guid',
  duration: 'Edm.Duration',
  binary: 'Edm.Binary',
} as const satisfies Record<Exclude<Literal['type'], 'enum' | 'geo'>, EdmType | 'null'>

/** Throws where the literal is of a type that no property here has. */
export const bindLiteral = ({ type, value, at }: Literal, target: string): BoundLiteral => {
  if (type === 'geo') throw notSupported('geography and geometry', { target, position: at })
  if (type === 'enum') throw notSupported('enumerations', { target, position: at })
  return { kind: 'literal', type: literalTypes[type], value, at }
}

export const familyOrNull = (expression: BoundExpression): Family | 'null' =>
  expression.type === 'null' ? 'null' : familyOf(expression.type)

export const checkComparable = (
  left: BoundExpression,
  right: BoundExpression,
  scope: Scope,
  position: number,
): void => {
  const families = [familyOrNull(left), familyOrNull(right)]
  if (families.includes('binary'))
    throw notSupported('comparing Edm.Binary', { target: scope.target, position })
  if (families[0] === families[1] || families.includes('null')) return
  throw faultAt(scope, `${left.type} and ${right.type} cannot be compared`, position)
}

export const checkBoolean = (expression: BoundExpression, scope: Scope, position: number): void => {
  const family = familyOrNull(expression)
  if (family !== 'boolean' && family !== 'null')
    throw faultAt(scope, `Expected a Boolean expression, found ${expression.type}`, position)
}

const numericResult = (operator: ArithmeticOperator, a: EdmType, b: EdmType): EdmType => {
  if (isFloating(a) || isFloating(b)) return 'Edm.Double'
  return isInteger(a) && isInteger(b) && operator !== 'divby' ? 'Edm.Int64' : 'Edm.Decimal'
}

const additive: ReadonlySet<ArithmeticOperator> = new Set(['add', 'sub'])
const scaling: ReadonlySet<ArithmeticOperator> = new Set(['mul', 'div', 'divby'])

/** Families that go together, and what comes out: the type of the left side, of the right one, or a duration. */
const mixtures: readonly {
  readonly left: readonly Family[]
  readonly right: Family
  readonly operators: ReadonlySet<ArithmeticOperator>
  readonly gives: 'left' | 'right' | 'Edm.Duration'
}[] = [
  { left: ['duration'], right: 'number', operators: scaling, gives: 'left' },
  { left: ['number'], right: 'duration', operators: new Set(['mul']), gives: 'right' },
  { left: ['datetime', 'date', 'duration'], right: 'duration', operators: additive, gives: 'left' },
  { left: ['datetime'], right: 'datetime', operators: new Set(['sub']), gives: 'Edm.Duration' },
  { left: ['date'], right: 'date', operators: new Set(['sub']), gives: 'Edm.Duration' },
]

/** The type of `a operator b`, `undefined` where the two do not go together. */
export const arithmeticType = (
  operator: ArithmeticOperator,
  a: EdmType | 'null',
  b: EdmType | 'null',
): EdmType | undefined => {
  if (a === 'null' || b === 'null') {
    const other = a === 'null' ? b : a
    return other === 'null' || familyOf(other) !== 'number' ? undefined : other
  }
  const [left, right] = [familyOf(a), familyOf(b)]
  if (left === 'number' && right === 'number') return numericResult(operator, a, b)
  const found = mixtures.find(
    (row) => row.left.includes(left) && row.right === right && row.operators.has(operator),
  )
  if (found === undefined) return undefined
  if (found.gives === 'Edm.Duration') return found.gives
  return found.gives === 'left' ? a : b
}

/** The one type that all values of a `case` have; `undefined` where they differ. */
export const commonType = (types: readonly (EdmType | 'null')[]): EdmType | undefined => {
  const given = types.filter((type) => type !== 'null')
  const [first] = given
  if (first === undefined) return 'Edm.String'
  if (given.every((type) => type === first)) return first
  if (!given.every((type) => familyOf(type) === 'number'))
    return given.every((type) => familyOf(type) === familyOf(first)) ? first : undefined
  return given.reduce((a, b) => numericResult('add', a, b))
}

const castable: Partial<Record<Family, readonly Family[]>> = {
  number: ['number', 'string'],
  boolean: ['boolean', 'string'],
  guid: ['guid', 'string'],
  date: ['date', 'string'],
  datetime: ['datetime', 'date', 'time'],
  string: ['string'],
  time: ['time', 'string'],
}

/** Whether every value of the one type has its like in the other. */
export const isCastable = (from: EdmType, to: EdmType): boolean =>
  castable[familyOf(from)]?.includes(familyOf(to)) ?? false
