// A parsed request against the model: which set, which key, which columns, in which order.
import type { KeyPart, OrderItem, QueryOptions, ResourcePath, Select } from './ast.ts'
import {
  bindCondition,
  bindExpression,
  bindLiteral,
  type BoundExpression,
  type BoundLiteral,
  type Scope,
} from './bind.ts'
import type { EntitySet, EntityType, Model, Property } from './edm/model.ts'
import { familyOf } from './edm/types.ts'
import { badRequest, notFound, notSupported } from './errors.ts'

export type BoundOrderItem = { readonly expression: BoundExpression; readonly descending: boolean }

export type BoundSelect = {
  readonly properties: readonly Property[]
  /** The projection as the context URL lists it; `undefined` when there is none. */
  readonly listed: readonly string[] | undefined
}

export type BoundCollection = {
  readonly set: EntitySet
  readonly select: BoundSelect
  readonly filter: BoundExpression | undefined
  readonly orderBy: readonly BoundOrderItem[]
}

export type BoundEntity = {
  readonly set: EntitySet
  readonly select: BoundSelect
  /** One value per key property, in the order of the type's key. */
  readonly key: readonly BoundLiteral[]
}

type SetPath = Extract<ResourcePath, { kind: 'set' }>

/** OData 4.01 URL 5.1.3. Clients name navigation properties too; they have no value unless expanded. */
export const bindSelect = (select: Select | undefined, type: EntityType): BoundSelect => {
  const all = [...type.properties.values()]
  if (select === undefined) return { properties: all, listed: undefined }
  const names = new Set<string>()
  for (const { name, at } of select) {
    if (name !== '*' && !type.properties.has(name) && !type.navigations.has(name))
      throw badRequest(`'${type.name}' has no property '${name}'`, {
        target: '$select',
        position: at,
      })
    names.add(name)
  }
  const properties = names.has('*') ? all : all.filter(({ name }) => names.has(name))
  // JSON Format 10.7: `*` stands for all structural properties.
  const listed = [...names].filter((name) => !(names.has('*') && type.properties.has(name)))
  return { properties, listed }
}

const bindOrderItem = ({ expression, descending }: OrderItem, scope: Scope): BoundOrderItem => {
  const bound = bindExpression(expression, scope)
  if (bound.kind !== 'property' && bound.kind !== 'call')
    throw notSupported('ordering by anything but properties and functions', {
      target: scope.target,
      position: expression.at,
    })
  if (familyOf(bound.type) === 'binary')
    throw notSupported('ordering by Edm.Binary', { target: scope.target, position: expression.at })
  return { expression: bound, descending }
}

const bindKey = (parts: readonly KeyPart[], { name, type }: EntitySet): readonly BoundLiteral[] => {
  const names = type.key.map((property) => property.name)
  const fault = (text: string) =>
    badRequest(`${text} The key of '${name}' is (${names.join(',')}).`, { target: 'the path' })
  if (parts.length !== names.length) throw fault(`Give ${names.length} key value(s).`)
  return type.key.map((property, i) => {
    // The only part of a key need not be named (OData 4.01 URL 4.3.1).
    const part = parts.find((p) => p.name === property.name) ?? parts[i]
    if (part === undefined || (part.name !== undefined && part.name !== property.name))
      throw fault(`'${property.name}' is missing.`)
    const value = bindLiteral(part.value)
    if (value.type === 'null' || familyOf(value.type) !== familyOf(property.type))
      throw fault(`'${property.name}' is ${property.type}, not ${value.type}.`)
    return value
  })
}

const laterSegments: ReadonlySet<string> = new Set(['$ref', '$value', '$query', '$each', '$count'])

/** Whatever follows the set or the entity is either nothing that exists or not supported yet. */
const refuseRest = ({ rest, key, count }: SetPath, { type }: EntitySet): void => {
  const [segment] = rest
  if (segment === undefined) return
  if (count) throw notFound('Nothing lies below /$count.', { target: 'the path' })
  const [word = ''] = segment.split('(', 1)
  const known =
    laterSegments.has(word) ||
    word === '$filter' ||
    segment.includes('.') ||
    type.properties.has(word) ||
    type.navigations.has(word) ||
    key === undefined
  if (known && !(segment.startsWith('$') && !laterSegments.has(word) && word !== '$filter'))
    throw notSupported(`the path segment '${segment}'`, { target: 'the path' })
  throw notFound(`There is no '${segment}' below '${type.name}'.`, { target: 'the path' })
}

/** Finds the entity set of a path; the set's name is case-sensitive. */
export const bindSet = (path: SetPath, model: Model): EntitySet => {
  const set = model.sets.get(path.name)
  if (set === undefined)
    throw notFound(`There is no entity set '${path.name}'.`, { target: 'the path' })
  refuseRest(path, set)
  if (path.count && path.key !== undefined)
    throw badRequest('/$count follows a collection, not a single entity.', { target: 'the path' })
  return set
}

const forCollections = ['filter', 'orderBy', 'top', 'skip', 'skipToken'] as const

/** `Set(key)`: options that only make sense for collections are refused. */
export const bindEntity = (
  set: EntitySet,
  key: readonly KeyPart[],
  options: QueryOptions,
): BoundEntity => {
  const wrong = forCollections.find((name) => options[name] !== undefined)
  if (wrong !== undefined || options.count)
    throw badRequest(`$${(wrong ?? 'count').toLowerCase()} applies to collections only.`)
  return { set, key: bindKey(key, set), select: bindSelect(options.select, set.type) }
}

export const bindCollection = (set: EntitySet, options: QueryOptions): BoundCollection => {
  const scope = (target: string): Scope => ({ type: set.type, target })
  return {
    set,
    select: bindSelect(options.select, set.type),
    filter: options.filter && bindCondition(options.filter, scope('$filter')),
    orderBy: (options.orderBy ?? []).map((item) => bindOrderItem(item, scope('$orderby'))),
  }
}
