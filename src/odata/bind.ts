// Names and types of an expression against the model (OData 4.01 URL 5.1.1, CSDL 4.4).
import type { CompareOperator, Literal, ODataExpression } from './ast.ts'
import type { EntityType, Property } from './edm/model.ts'
import { familyOf, type EdmType, type Family } from './edm/types.ts'
import { badRequest, notSupported } from './errors.ts'
import { functions, isFunctionName, type FunctionName } from './functions.ts'

export type BoundLiteral = {
  readonly kind: 'literal'
  readonly type: EdmType | 'null'
  readonly value: Literal['value']
  readonly at: number
}

export type BoundExpression =
  | BoundLiteral
  | { readonly kind: 'property'; readonly property: Property; readonly type: EdmType }
  | {
      readonly kind: 'call'
      readonly name: FunctionName
      readonly args: readonly BoundExpression[]
      readonly type: EdmType
    }
  | {
      readonly kind: 'compare'
      readonly operator: CompareOperator
      readonly left: BoundExpression
      readonly right: BoundExpression
      readonly type: 'Edm.Boolean'
    }
  | {
      readonly kind: 'and' | 'or'
      readonly operands: readonly BoundExpression[]
      readonly type: 'Edm.Boolean'
    }
  | { readonly kind: 'not'; readonly operand: BoundExpression; readonly type: 'Edm.Boolean' }
  | {
      readonly kind: 'in'
      readonly operand: BoundExpression
      readonly items: readonly BoundLiteral[]
      readonly type: 'Edm.Boolean'
    }

/** Where names are looked up, and which option is to be named in a refusal. */
export type Scope = { readonly type: EntityType; readonly target: string }

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
} as const satisfies Record<Literal['type'], EdmType | 'null'>

export const bindLiteral = ({ type, value, at }: Literal): BoundLiteral => ({
  kind: 'literal',
  type: literalTypes[type],
  value,
  at,
})

const familyOrNull = (expression: BoundExpression): Family | 'null' =>
  expression.type === 'null' ? 'null' : familyOf(expression.type)

/** Finds a structural property by its exact name. */
export const bindProperty = ({ type, target }: Scope, name: string, position: number): Property => {
  const property = type.properties.get(name)
  if (property !== undefined) return property
  if (type.navigations.has(name))
    throw notSupported(`the navigation property '${name}' here`, { target, position })
  throw badRequest(`'${type.name}' has no property '${name}'`, { target, position })
}

const checkComparable = (
  left: BoundExpression,
  right: BoundExpression,
  { target }: Scope,
  position: number,
): void => {
  const families = [familyOrNull(left), familyOrNull(right)]
  if (families.includes('binary')) throw notSupported('comparing Edm.Binary', { target, position })
  if (families[0] === families[1] || families.includes('null')) return
  throw badRequest(`${left.type} and ${right.type} cannot be compared`, { target, position })
}

const checkBoolean = (expression: BoundExpression, { target }: Scope, position: number): void => {
  const family = familyOrNull(expression)
  if (family !== 'boolean' && family !== 'null')
    throw badRequest(`Expected a Boolean expression, found ${expression.type}`, {
      target,
      position,
    })
}

const bindCall = (
  call: Extract<ODataExpression, { kind: 'call' }>,
  scope: Scope,
): BoundExpression => {
  const { name, at } = call
  const place = { target: scope.target, position: at }
  if (!isFunctionName(name)) throw badRequest(`There is no function '${name}'`, place)
  const { parameters, result } = functions[name]
  if (call.args.length !== parameters.length)
    throw badRequest(
      `'${name}' takes ${parameters.length} argument(s), got ${call.args.length}`,
      place,
    )
  const args = call.args.map((arg, i) => {
    const bound = bindExpression(arg, scope)
    const family = familyOrNull(bound)
    const allowed: readonly Family[] = parameters[i] ?? []
    if (family !== 'null' && !allowed.includes(family))
      throw badRequest(`'${name}' takes no ${bound.type} as argument ${i + 1}`, place)
    return bound
  })
  return { kind: 'call', name, args, type: result }
}

/** A Boolean expression, as `$filter`, `and`, `or` and `not` need it. */
export const bindCondition = (expression: ODataExpression, scope: Scope): BoundExpression => {
  const bound = bindExpression(expression, scope)
  checkBoolean(bound, scope, expression.at)
  return bound
}

/** Resolves names and checks types; throws `ODataError` with the position of the node at fault. */
export const bindExpression = (expression: ODataExpression, scope: Scope): BoundExpression => {
  switch (expression.kind) {
    case 'literal':
      return bindLiteral(expression)
    case 'member': {
      const property = bindProperty(scope, expression.name, expression.at)
      return { kind: 'property', property, type: property.type }
    }
    case 'call':
      return bindCall(expression, scope)
    case 'compare': {
      const left = bindExpression(expression.left, scope)
      const right = bindExpression(expression.right, scope)
      checkComparable(left, right, scope, expression.at)
      return { kind: 'compare', operator: expression.operator, left, right, type: 'Edm.Boolean' }
    }
    case 'and':
    case 'or': {
      const operands = expression.operands.map((operand) => bindCondition(operand, scope))
      return { kind: expression.kind, operands, type: 'Edm.Boolean' }
    }
    case 'not':
      return { kind: 'not', operand: bindCondition(expression.operand, scope), type: 'Edm.Boolean' }
    case 'in': {
      const operand = bindExpression(expression.operand, scope)
      const items = expression.items.map(bindLiteral)
      for (const item of items) checkComparable(operand, item, scope, item.at)
      return { kind: 'in', operand, items, type: 'Edm.Boolean' }
    }
  }
}
