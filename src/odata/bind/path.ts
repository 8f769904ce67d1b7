// Paths in expressions (OData 4.01 URL 5.1.1.15): from the instance over navigation properties to a value.
import type { ODataExpression, PathExpression, PathSegment } from '../ast.ts'
import { badRequest, notSupported } from '../errors.ts'
import type { BoundExpression, BoundRows, Instance } from './bound.ts'
import { unknownFunction } from './call.ts'
import { conjunction } from './outputs.ts'
import {
  faultAt,
  findProperty,
  rowOf,
  spend,
  typeOfSet,
  unknownProperty,
  type Scope,
} from './scope.ts'
import { checkBoolean, type Bind } from './types.ts'

type NameSegment = Extract<PathSegment, { readonly kind: 'name' }>
type BindAny = Bind<ODataExpression>

/** What is bound so far: still an instance, or the entities of a collection. */
type Walked = { readonly instance: Instance } | { readonly rows: BoundRows }

const refuseArguments = (segment: NameSegment, { type }: Instance, { target }: Scope): void => {
  const known = type.properties.has(segment.name) || type.navigations.has(segment.name)
  if (segment.args !== undefined && !known && !segment.name.includes('.'))
    throw badRequest(unknownFunction(segment.name), { target, position: segment.at })
  if (segment.args !== undefined)
    throw notSupported(`keys and function calls in expressions ('${segment.name}(…)')`, {
      target,
      position: segment.at,
    })
  if (segment.name.includes('.'))
    throw notSupported(`type casts and functions of a schema ('${segment.name}')`, {
      target,
      position: segment.at,
    })
}

const step = (instance: Instance, segment: NameSegment, scope: Scope): Walked | undefined => {
  const navigation = instance.type.navigations.get(segment.name)
  if (navigation === undefined) return undefined
  const type = typeOfSet(scope.model, navigation)
  if (!navigation.collection)
    return { instance: { kind: 'step', from: instance, navigation, type } }
  const row = rowOf(type, scope.budget)
  return { rows: { from: instance, navigation, row, filter: undefined } }
}

/** The scope of a condition on the entities of a collection. */
const within = (scope: Scope, row: Instance, variable: string | undefined): Scope =>
  variable === undefined
    ? { ...scope, here: row, computed: new Map() }
    : { ...scope, variables: new Map([...scope.variables, [variable, row]]) }

const condition = (expression: ODataExpression, scope: Scope, bind: BindAny): BoundExpression => {
  const bound = bind(expression, scope)
  checkBoolean(bound, scope, expression.at)
  return bound
}

/** `/any`, `/all`, `/$count`, `/$filter` after a collection. */
const ofRows = (
  rows: BoundRows,
  segment: PathSegment,
  scope: Scope,
  bind: BindAny,
): BoundExpression | Walked => {
  switch (segment.kind) {
    case 'filter': {
      const more = condition(segment.condition, within(scope, rows.row, undefined), bind)
      return { rows: { ...rows, filter: conjunction([rows.filter, more]) } }
    }
    case 'count': {
      if (segment.search !== undefined)
        throw notSupported('$search inside $count', { target: scope.target, position: segment.at })
      const more =
        segment.filter && condition(segment.filter, within(scope, rows.row, undefined), bind)
      return {
        kind: 'count',
        rows: { ...rows, filter: conjunction([rows.filter, more]) },
        type: 'Edm.Int64',
      }
    }
    case 'any':
    case 'all': {
      const { kind, variable, predicate } = segment
      if (variable !== undefined && scope.variables.has(variable))
        throw faultAt(scope, `'${variable}' is the name of a variable already`, segment.at)
      const inner = within(scope, rows.row, variable ?? '')
      return {
        kind,
        rows,
        predicate: predicate && condition(predicate, inner, bind),
        type: 'Edm.Boolean',
      }
    }
    case 'aggregate':
      throw notSupported('aggregate in an expression', {
        target: scope.target,
        position: segment.at,
      })
    case 'name':
    case 'annotation':
      throw faultAt(scope, 'A collection is followed by any, all, $count or $filter', segment.at)
  }
}

const ofInstance = (
  instance: Instance,
  segment: PathSegment,
  scope: Scope,
): BoundExpression | Walked => {
  const place = { target: scope.target, position: segment.at }
  if (segment.kind === 'annotation') throw notSupported('annotations in expressions', place)
  if (segment.kind === 'count') throw badRequest('$count follows a collection', place)
  if (segment.kind !== 'name') throw badRequest(`'${segment.kind}' follows a collection`, place)
  refuseArguments(segment, instance, scope)
  const found = findProperty(scope, instance, segment.name) ?? step(instance, segment, scope)
  if (found === undefined) throw unknownProperty(instance.type, segment.name, place)
  return found
}

const isBound = (found: BoundExpression | Walked): found is BoundExpression => 'kind' in found

/** An entity as such has no value; against null its key does (OData 4.01 Protocol, intermediate level: `Category eq null`). */
const asValue = (found: BoundExpression | Walked, scope: Scope, at: number): BoundExpression => {
  if (isBound(found)) return found
  if ('rows' in found)
    throw faultAt(scope, 'A collection is followed by any, all, $count or $filter', at)
  const [key] = found.instance.type.key
  if (key === undefined || scope.entities !== true || found.instance.kind === 'row')
    throw faultAt(scope, 'Expected a property, found an entity; name one of its properties', at)
  return { kind: 'property', instance: found.instance, property: key, type: key.type }
}

const startOf = (
  path: PathExpression,
  scope: Scope,
): { readonly instance: Instance; readonly rest: readonly PathSegment[] } => {
  const { root, segments, at } = path
  if (root === '$it') return { instance: scope.it, rest: segments }
  if (root === '$this') return { instance: scope.here, rest: segments }
  if (root !== 'here') throw notSupported(`${root} here`, { target: scope.target, position: at })
  const [first, ...rest] = segments
  const variable =
    first?.kind === 'name' && first.args === undefined ? scope.variables.get(first.name) : undefined
  return variable === undefined
    ? { instance: scope.here, rest: segments }
    : { instance: variable, rest }
}

const walkOn = (
  found: BoundExpression | Walked,
  segment: PathSegment,
  scope: Scope,
  bind: BindAny,
): BoundExpression | Walked => {
  spend(scope)
  if (isBound(found))
    throw notSupported('a path below a primitive property', {
      target: scope.target,
      position: segment.at,
    })
  return 'rows' in found
    ? ofRows(found.rows, segment, scope, bind)
    : ofInstance(found.instance, segment, scope)
}

const walk = (
  start: Instance,
  segments: readonly PathSegment[],
  scope: Scope,
  bind: BindAny,
): BoundExpression | Walked => {
  let found: BoundExpression | Walked = { instance: start }
  for (const segment of segments) found = walkOn(found, segment, scope, bind)
  return found
}

/** A property that is named by a path, as those are that rows were grouped by. */
const groupedProperty = (
  instance: Instance,
  segments: readonly PathSegment[],
): BoundExpression | undefined => {
  if (segments.length < 2) return undefined
  const names = segments.map((segment) => (segment.kind === 'name' ? segment.name : '$'))
  const property = instance.type.properties.get(names.join('/'))
  return property && { kind: 'property', instance, property, type: property.type }
}

/** Binds a path to a value. Throws `ODataError` at the segment at fault. */
export const bindPath = (path: PathExpression, scope: Scope, bind: BindAny): BoundExpression => {
  const { instance, rest } = startOf(path, scope)
  return (
    groupedProperty(instance, rest) ?? asValue(walk(instance, rest, scope, bind), scope, path.at)
  )
}

/** Whether the path names an entity rather than a value, so that it compares with null only. */
export const leadsToEntity = (expression: ODataExpression, scope: Scope): boolean => {
  if (expression.kind !== 'path') return false
  const last = expression.segments.at(-1)
  if (last?.kind !== 'name' || expression.root.startsWith('@')) return false
  const { instance, rest } = startOf(expression, scope)
  let type = instance.type
  for (const segment of rest) {
    const navigation = segment.kind === 'name' ? type.navigations.get(segment.name) : undefined
    if (navigation === undefined || navigation.collection) return false
    type = typeOfSet(scope.model, navigation)
  }
  return rest.length > 0
}
