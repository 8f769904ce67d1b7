// Calls of canonical functions, cast, isof and case (OData 4.01 URL 5.1.1.5 to 5.1.1.10).
import type { ODataExpression } from '../ast.ts'
import { isEdmType, type EdmType } from '../edm/types.ts'
import { notSupported } from '../errors.ts'
import { functionRow, functions, isFunctionName } from '../functions.ts'
import type { BoundExpression, BoundLiteral } from './bound.ts'
import { faultAt, suggestion, type Scope } from './scope.ts'
import { zoneOf } from './zones.ts'
import { checkBoolean, commonType, familyOrNull, isCastable, type Bind } from './types.ts'

type Kind<K extends ODataExpression['kind']> = Extract<ODataExpression, { readonly kind: K }>
type BindAny = Bind<ODataExpression>

const constant = (type: EdmType, value: BoundLiteral['value'], at: number): BoundLiteral => ({
  kind: 'literal',
  type,
  value,
  at,
})

/** Functions that need no source: their value is known, or follows from how values are served. */
const bindConstant = (call: Kind<'call'>, scope: Scope, bind: BindAny) => {
  const { name, args, at } = call
  if (name === 'mindatetime' && args.length === 0)
    return constant('Edm.DateTimeOffset', '0001-01-01T00:00:00Z', at)
  if (name === 'maxdatetime' && args.length === 0)
    return constant('Edm.DateTimeOffset', '9999-12-31T23:59:59.999Z', at)
  const [only] = args
  if (name !== 'totaloffsetminutes' || only === undefined || args.length > 1) return undefined
  const bound = bind(only, scope)
  if (familyOrNull(bound) !== 'datetime')
    throw faultAt(scope, `'${name}' takes an Edm.DateTimeOffset`, only.at)
  const zone = zoneOf(bound)
  if (zone?.isFixed === false)
    throw notSupported(`'${name}' of a stamp without a zone, in a zone whose offset changes`, {
      target: scope.target,
      position: at,
    })
  // What names a zone is served in GMT; null has no offset.
  const isNull: BoundExpression = {
    kind: 'compare',
    operator: 'ne',
    left: bound,
    right: { kind: 'literal', type: 'null', value: null, at },
    type: 'Edm.Boolean',
  }
  const minutes = constant('Edm.Int32', BigInt((zone?.offsetAt(0) ?? 0) / 60), at)
  return { kind: 'case', branches: [{ when: isNull, value: minutes }], type: 'Edm.Int32' } as const
}

export const bindCall = (call: Kind<'call'>, scope: Scope, bind: BindAny): BoundExpression => {
  const { name, at } = call
  const known = bindConstant(call, scope, bind)
  if (known !== undefined) return known
  if (!isFunctionName(name))
    throw notSupported(`the function '${name}'`, { target: scope.target, position: at })
  const { parameters, optional = 0, result } = functionRow(name)
  const [least, most] = [parameters.length - optional, parameters.length]
  if (call.args.length < least || call.args.length > most) {
    const count = least === most ? String(most) : `${least} or ${most}`
    throw faultAt(scope, `'${name}' takes ${count} argument(s), got ${call.args.length}`, at)
  }
  const args = call.args.map((arg, i) => {
    const bound = bind(arg, scope)
    const family = familyOrNull(bound)
    if (family !== 'null' && !(parameters[i] ?? []).includes(family))
      throw faultAt(scope, `'${name}' takes no ${bound.type} as argument ${i + 1}`, at)
    return bound
  })
  const first = args[0]?.type ?? 'null'
  const type = result === 'same' ? (first === 'null' ? 'Edm.Double' : first) : result
  return { kind: 'call', name, args, type }
}

/** `There is no function 'contain'. Did you mean 'contains'?` */
export const unknownFunction = (name: string): string =>
  `There is no function '${name}'.${suggestion(name, Object.keys(functions))}`

export const bindCast = (
  cast: Kind<'cast' | 'isof'>,
  scope: Scope,
  bind: BindAny,
): BoundExpression => {
  const { kind, typeName, operand, at } = cast
  const place = { target: scope.target, position: at }
  if (operand === undefined || !isEdmType(typeName))
    throw notSupported(`${kind} to '${typeName}'`, place)
  const bound = bind(operand, scope)
  if (bound.kind === 'property' && bound.property.collection === true)
    throw notSupported(`${kind} of '${bound.property.name}', which is a collection`, place)
  // A property has exactly its type; null is of every type but is no instance of any (URL 5.1.1.9.2).
  if (kind === 'isof') {
    if (bound.type !== typeName) return constant('Edm.Boolean', false, at)
    const nothing: BoundLiteral = { kind: 'literal', type: 'null', value: null, at }
    return { kind: 'compare', operator: 'ne', left: bound, right: nothing, type: 'Edm.Boolean' }
  }
  if (bound.type === 'null' || bound.type === typeName)
    return { ...bound, type: typeName } as BoundExpression
  if (!isCastable(bound.type, typeName))
    throw notSupported(`cast of ${bound.type} to ${typeName}`, place)
  return { kind: 'cast', operand: bound, type: typeName }
}

export const bindCase = (
  expression: Kind<'case'>,
  scope: Scope,
  bind: BindAny,
): BoundExpression => {
  const branches = expression.branches.map(({ when, value }) => {
    const test = bind(when, scope)
    checkBoolean(test, scope, when.at)
    return { when: test, value: bind(value, scope) }
  })
  const type = commonType(branches.map(({ value }) => value.type))
  if (type === undefined)
    throw faultAt(scope, 'The values of a case must have one type', expression.at)
  return { kind: 'case', branches, type }
}
