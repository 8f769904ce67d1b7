// A resource path against the model (OData 4.01 URL 4): from an entity set over keys and navigation properties to
// what is asked for.
import type { Argument, ODataExpression, ResourcePath, ResourceSegment } from '../ast.ts'
import type { EntitySet, Model, NavigationProperty, Property } from '../edm/model.ts'
import { badRequest, notFound, notSupported, ODataError } from '../errors.ts'
import type { BoundExpression, BoundLiteral, Instance } from './bound.ts'
import { bindCondition } from './expression.ts'
import { bindKey, keyCondition, keyOfSegments } from './key.ts'
import { createBudget, rowOf, suggestion, type Budget, type Scope } from './scope.ts'
import { renderExpression } from '../render/expression.ts'
import { keySegment } from '../render/links.ts'

type Row = Extract<Instance, { readonly kind: 'row' }>

/** A navigation property that the path follows; its entities are `row`. */
export type PathStep = {
  readonly from: Row
  readonly navigation: NavigationProperty
  readonly row: Row
}

/** Entities that a path leads to: all of them, or the one that keys and single-valued properties leave. */
export type BoundPath = {
  readonly set: EntitySet
  readonly row: Row
  readonly base: Row
  readonly steps: readonly PathStep[]
  readonly conditions: readonly BoundExpression[]
  readonly single: boolean
  /** Values of the key when the path is `Set(key)` and nothing more. */
  readonly key: readonly BoundLiteral[] | undefined
  /** The canonical text of the path, for links. */
  readonly text: string
}

/** What of it is asked for. */
export type BoundResource = {
  readonly path: BoundPath
  readonly budget: Budget
  readonly what:
    | { readonly kind: 'entities' | 'count' | 'ref' }
    | { readonly kind: 'property' | 'value'; readonly property: Property }
}

type Context = {
  readonly model: Model
  readonly budget: Budget
  readonly aliases: ReadonlyMap<string, ODataExpression>
}

const target = 'the path'

const withKey = (path: BoundPath, args: readonly Argument[], context: Context): BoundPath => {
  if (path.single) throw badRequest('A key follows a collection, not a single entity.', { target })
  const key = bindKey(args, path.set, context.aliases)
  return {
    ...path,
    conditions: [...path.conditions, ...keyCondition(path.row, key)],
    single: true,
    key: path.steps.length === 0 && path.conditions.length === 0 ? key : undefined,
    text:
      path.text +
      keySegment(
        path.set,
        key.map(({ value }) => value),
      ),
  }
}

const along = (path: BoundPath, navigation: NavigationProperty, context: Context): BoundPath => {
  const set = context.model.sets.get(navigation.targetSet)
  if (set === undefined) throw new TypeError(`The model has no set '${navigation.targetSet}'`)
  if (!path.single)
    throw badRequest(`Name one entity by its key before '${navigation.name}'.`, { target })
  const row = rowOf(set.type, context.budget)
  return {
    ...path,
    set,
    row,
    steps: [...path.steps, { from: path.row, navigation, row }],
    single: !navigation.collection,
    key: undefined,
    text: `${path.text}/${encodeURIComponent(navigation.name)}`,
  }
}

const startPath = (segment: ResourceSegment, context: Context): BoundPath => {
  if (segment.kind !== 'name') throw notFound('There is no such resource.', { target })
  const set = context.model.sets.get(segment.name)
  if (set === undefined) {
    const hint = suggestion(segment.name, context.model.sets.keys())
    throw notFound(`There is no entity set '${segment.name}'.${hint}`, { target })
  }
  const row = rowOf(set.type, context.budget)
  const text = encodeURIComponent(set.name)
  const path = { set, row, base: row, steps: [], conditions: [], single: false, text }
  const whole = { ...path, key: undefined }
  return segment.args === undefined ? whole : withKey(whole, segment.args, context)
}

const unknownSegment = (path: BoundPath, name: string): Error => {
  const { name: typeName, properties, navigations } = path.set.type
  const hint = suggestion(name, [...properties.keys(), ...navigations.keys()])
  return notFound(`There is no '${name}' below '${typeName}'.${hint}`, { target })
}

const filterScope = (path: BoundPath, context: Context): Scope => ({
  ...context,
  target,
  here: path.row,
  it: path.row,
  variables: new Map(),
  computed: new Map(),
})

type Found = { readonly path: BoundPath; readonly what: BoundResource['what'] | undefined }

/** A segment that ends a path: `$count`, `$ref`, `$value`. */
const bindWord = (
  path: BoundPath,
  what: BoundResource['what'] | undefined,
  kind: 'count' | 'ref' | 'value',
): BoundResource['what'] => {
  if (kind === 'value') {
    if (what?.kind !== 'property')
      throw badRequest('/$value follows a primitive property.', { target })
    return { kind: 'value', property: what.property }
  }
  if (what !== undefined)
    throw badRequest(`/$${kind} follows entities, not a property.`, { target })
  if (kind === 'count' && path.single)
    throw badRequest('/$count follows a collection, not a single entity.', { target })
  return { kind }
}

const bindName = (
  path: BoundPath,
  segment: Extract<ResourceSegment, { readonly kind: 'name' }>,
  context: Context,
): Found => {
  const { name, args } = segment
  if (name.includes('.'))
    throw notSupported(`the path segment '${name}' (a key with a dot is written in parentheses)`, {
      target,
    })
  const navigation = path.set.type.navigations.get(name)
  if (navigation !== undefined) {
    const next = along(path, navigation, context)
    return { path: args === undefined ? next : withKey(next, args, context), what: undefined }
  }
  const property = path.set.type.properties.get(name)
  if (property === undefined) throw unknownSegment(path, name)
  if (!path.single) throw badRequest(`Name one entity by its key before '${name}'.`, { target })
  if (args !== undefined) throw unknownSegment(path, `${name}(…)`)
  return { path, what: { kind: 'property', property } }
}

const bindSegment = (found: Found, segment: ResourceSegment, context: Context): Found => {
  const { path, what } = found
  switch (segment.kind) {
    case 'count':
    case 'ref':
    case 'value':
      return { path, what: bindWord(path, what, segment.kind) }
    case 'filter': {
      if (what !== undefined || path.single)
        throw badRequest('/$filter follows a collection.', { target })
      const more = bindCondition(segment.condition, filterScope(path, context))
      const text = `${path.text}/$filter(${encodeURIComponent(renderExpression(segment.condition))})`
      return {
        path: { ...path, conditions: [...path.conditions, more], key: undefined, text },
        what,
      }
    }
    case 'each':
      throw notSupported('/$each', { target })
    case 'query':
      throw new ODataError('method-not-allowed', 'Send the options in the body of a POST.', {
        target: '$query',
      })
    case 'text':
    case 'name':
      if (what?.kind === 'property')
        throw notFound(`Nothing lies below '${what.property.name}' but $value.`, { target })
      if (segment.kind === 'text') throw unknownSegment(path, segment.text)
      return bindName(path, segment, context)
  }
}

/** Binds a resource path. Throws `ODataError`: 404 for what does not exist, 501 for what is not offered. */
export const bindResource = (
  { segments }: Extract<ResourcePath, { readonly kind: 'resource' }>,
  model: Model,
  aliases: Context['aliases'],
): BoundResource => {
  const [first, ...rest] = segments
  if (first === undefined) throw notFound('There is no such resource.', { target })
  const context: Context = { model, budget: createBudget(), aliases }
  let found: Found = { path: startPath(first, context), what: undefined }
  for (let at = 0; at < rest.length; ) {
    const { path, what } = found
    const isMany = !path.single && what === undefined
    const key = isMany ? keyOfSegments(rest.slice(at), path.set) : undefined
    found =
      key === undefined
        ? bindSegment(found, rest[at] as ResourceSegment, context)
        : { path: withKey(path, key, context), what }
    at += key?.length ?? 1
  }
  return { path: found.path, budget: context.budget, what: found.what ?? { kind: 'entities' } }
}
