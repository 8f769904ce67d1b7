// `$expand` against the model (OData 4.01 URL 5.1.2), to any depth.
import type { ExpandItem, QueryOptions } from '../ast.ts'
import type { EntitySet, NavigationProperty } from '../edm/model.ts'
import { badRequest, notSupported } from '../errors.ts'
import { noOptions } from '../no-options.ts'
import type { Instance } from './bound.ts'
import type { BoundQuery } from './query.ts'
import { rowOf, spend, unknownProperty, type Scope } from './scope.ts'

export type BoundExpand = {
  readonly name: string
  readonly navigation: NavigationProperty
  /** The row that the property belongs to. */
  readonly from: Instance
  readonly what: 'entities' | 'ref' | 'count'
  readonly query: BoundQuery
}

/** Binds the options of an expanded property. */
export type BindNested = (
  options: QueryOptions,
  of: { readonly set: EntitySet; readonly row: BoundQuery['row']; readonly it: Instance },
) => BoundQuery

/** Each level multiplies the rows; nobody reads more, and a data store works on it for long. */
const mostDepth = 20

/** How deep `$levels=max` goes (URL 5.1.2.1.1 leaves that to the service). */
export const mostLevels = 6

/** The options of the next level: the same again, one level less, as long as the property leads to its own type. */
const withLevels = (
  item: ExpandItem,
  options: QueryOptions,
  navigation: NavigationProperty,
  scope: Scope,
): QueryOptions => {
  const { levels } = options
  if (levels === undefined) return options
  const left = levels === 'max' ? mostLevels : levels
  if (left > mostLevels)
    throw badRequest(`$levels goes up to ${mostLevels}; use 'max' for that.`, {
      target: scope.target,
      position: item.at,
    })
  if (navigation.target !== scope.here.type.name || left <= 1)
    return { ...options, levels: undefined }
  const again: ExpandItem = { ...item, options: { ...options, levels: left - 1 } }
  return { ...options, levels: undefined, expand: [...(options.expand ?? []), again] }
}

const refuse = (
  options: QueryOptions,
  navigation: NavigationProperty,
  scope: Scope,
  at: number,
) => {
  const place = { target: scope.target, position: at }
  if (options.apply !== undefined) throw notSupported('$apply inside $expand', place)
  const { filter, orderBy, top, skip, count, search } = options
  const forMany = [filter, orderBy, top, skip, search].some((given) => given !== undefined)
  if (!navigation.collection && (forMany || count))
    throw badRequest(
      `'${navigation.name}' leads to one entity, so only $select, $expand, $compute and $levels apply to it.`,
      place,
    )
}

const bindItem = (
  item: ExpandItem,
  name: string,
  scope: Scope,
  bindNested: BindNested,
): BoundExpand => {
  const { suffix, at } = item
  const place = { target: scope.target, position: at }
  const navigation = scope.here.type.navigations.get(name)
  if (navigation === undefined) {
    if (scope.here.type.properties.has(name))
      throw badRequest(`'${name}' is a structural property; name it in $select.`, place)
    throw unknownProperty(scope.here.type, name, place)
  }
  if (suffix === 'count' && !navigation.collection)
    throw badRequest(`'${name}' leads to one entity, which has no $count.`, place)
  const set = scope.model.sets.get(navigation.targetSet)
  if (set === undefined) throw new TypeError(`The model has no set '${navigation.targetSet}'`)
  const given = item.options ?? noOptions
  refuse(given, navigation, scope, at)
  spend(scope)
  const options = withLevels(item, given, navigation, scope)
  const row = rowOf(set.type, scope.budget)
  if (++scope.budget.depth > mostDepth)
    throw badRequest(`$expand goes at most ${mostDepth} deep; leave the innermost out.`, place)
  const query = bindNested(options, { set, row, it: scope.it })
  scope.budget.depth--
  const what = suffix ?? 'entities'
  return { name, navigation, from: scope.here, what, query }
}

/** The expanded navigation properties, each once; `*` is all that are not named. */
export const bindExpand = (
  { expand = [] }: QueryOptions,
  scope: Scope,
  bindNested: BindNested,
): readonly BoundExpand[] => {
  const found = new Map<string, BoundExpand>()
  const place = (at: number) => ({ target: scope.target, position: at })
  const items = [
    ...expand.filter(({ path }) => path[0] !== '*'),
    ...expand.filter(({ path }) => path[0] === '*'),
  ]
  for (const item of items) {
    const [name = '', more] = item.path
    if (more !== undefined || name.startsWith('@') || name === '$value')
      throw notSupported('paths, annotations and $value in $expand', place(item.at))
    const names = name === '*' ? [...scope.here.type.navigations.keys()] : [name]
    for (const each of names) {
      if (found.has(each)) {
        if (name === '*') continue
        throw badRequest(`Expand '${each}' only once.`, place(item.at))
      }
      found.set(each, bindItem(item, each, scope, bindNested))
    }
  }
  return [...found.values()]
}
