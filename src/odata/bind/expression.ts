// Names and types of an expression against the model (OData 4.01 URL 5.1.1, CSDL 4.4).
import type { ODataExpression } from '../ast.ts'
import { isInteger } from '../edm/types.ts'
import { notSupported } from '../errors.ts'
import { byKind } from '#lib/by-kind.ts'
import type { BoundExpression } from './bound.ts'
import { bindCall, bindCase, bindCast } from './call.ts'
import { bindPath, leadsToEntity } from './path.ts'
import { faultAt, spend, type Scope } from './scope.ts'
import {
  arithmeticType,
  bindLiteral,
  checkBoolean,
  checkComparable,
  familyOrNull,
} from './types.ts'

type Kind<K extends ODataExpression['kind']> = Extract<ODataExpression, { readonly kind: K }>

/** A Boolean expression, as `$filter`, `and`, `or` and `not` need it. */
export const bindCondition = (expression: ODataExpression, scope: Scope): BoundExpression => {
  const bound = bindExpression(expression, scope)
  checkBoolean(bound, scope, expression.at)
  return bound
}

/** A value of an alias; one that was not given is null (OData 4.01 URL 5.3). */
const bindAlias = ({ root, segments, at }: Kind<'path'>, scope: Scope): BoundExpression => {
  const name = root.slice(1)
  const value = scope.aliases.get(name)
  if (segments.length > 0)
    throw notSupported('a path below an alias', { target: scope.target, position: at })
  if (value === undefined) return { kind: 'literal', type: 'null', value: null, at }
  // Inside its own value an alias is not given, so that no circle is walked.
  const aliases = new Map(scope.aliases)
  aliases.delete(name)
  return bindExpression(value, { ...scope, aliases, target: root })
}

const bindCompare = (expression: Kind<'compare'>, scope: Scope): BoundExpression => {
  const { operator, at } = expression
  const sideOf = (side: ODataExpression): BoundExpression =>
    bindExpression(side, leadsToEntity(side, scope) ? { ...scope, entities: true } : scope)
  const left = sideOf(expression.left)
  const right = sideOf(expression.right)
  for (const [side, other] of [
    [expression.left, right],
    [expression.right, left],
  ] as const)
    if (other.type !== 'null' && leadsToEntity(side, scope))
      throw faultAt(
        scope,
        'An entity compares with null only; compare one of its properties',
        side.at,
      )
  checkComparable(left, right, scope, at)
  return { kind: 'compare', operator, left, right, type: 'Edm.Boolean' }
}

const bindArithmetic = (expression: Kind<'arithmetic'>, scope: Scope): BoundExpression => {
  const { operator, at } = expression
  const left = bindExpression(expression.left, scope)
  const right = bindExpression(expression.right, scope)
  const type = arithmeticType(operator, left.type, right.type)
  if (type === undefined)
    throw faultAt(scope, `${left.type} ${operator} ${right.type} has no meaning`, at)
  return { kind: 'arithmetic', operator, left, right, type }
}

const bindNegate = (expression: Kind<'not' | 'negate'>, scope: Scope): BoundExpression => {
  const operand = bindExpression(expression.operand, scope)
  const family = familyOrNull(operand)
  if (operand.type === 'null') return operand
  if (family !== 'number' && family !== 'duration')
    throw faultAt(
      scope,
      `A minus sign stands before a number, not before ${operand.type}`,
      expression.at,
    )
  const type = isInteger(operand.type) ? 'Edm.Int64' : operand.type
  return { kind: 'negate', operand, type }
}

const bindIn = (expression: Kind<'in'>, scope: Scope): BoundExpression => {
  const { items, at } = expression
  const operand = bindExpression(expression.operand, scope)
  const alias =
    'kind' in items && items.kind === 'path' && items.root.startsWith('@')
      ? scope.aliases.get(items.root.slice(1))
      : undefined
  const listed = 'kind' in items ? (alias?.kind === 'array' ? alias.items : undefined) : items
  if (listed === undefined)
    throw notSupported("'in' with anything but a list of values", {
      target: scope.target,
      position: at,
    })
  const bound = listed.map((item) => {
    const value = bindExpression(item, scope)
    checkComparable(operand, value, scope, item.at)
    return value
  })
  return { kind: 'in', operand, items: bound, type: 'Edm.Boolean' }
}

const bindOperands = ({ kind, operands }: Kind<'and' | 'or'>, scope: Scope): BoundExpression => ({
  kind,
  operands: operands.map((operand) => bindCondition(operand, scope)),
  type: 'Edm.Boolean',
})

const refuse =
  (what: string) =>
  ({ at }: ODataExpression, { target }: Scope): never => {
    throw notSupported(what, { target, position: at })
  }

const bindKind = byKind<ODataExpression, [Scope], BoundExpression>({
  literal: (expression, { target }) => bindLiteral(expression, target),
  path: (expression, scope) =>
    expression.root.startsWith('@')
      ? bindAlias(expression, scope)
      : bindPath(expression, scope, bindExpression),
  call: (expression, scope) => bindCall(expression, scope, bindExpression),
  cast: (expression, scope) => bindCast(expression, scope, bindExpression),
  isof: (expression, scope) => bindCast(expression, scope, bindExpression),
  case: (expression, scope) => bindCase(expression, scope, bindExpression),
  compare: bindCompare,
  arithmetic: bindArithmetic,
  and: bindOperands,
  or: bindOperands,
  not: ({ operand }, scope) => ({
    kind: 'not',
    operand: bindCondition(operand, scope),
    type: 'Edm.Boolean',
  }),
  negate: bindNegate,
  in: bindIn,
  has: refuse("'has', because no property is an enumeration"),
  array: refuse('arrays as values'),
  object: refuse('objects as values'),
})

/** Resolves names and checks types; throws `ODataError` with the position of the node at fault. */
export const bindExpression = (expression: ODataExpression, scope: Scope): BoundExpression => {
  spend(scope)
  return bindKind(expression, scope)
}
