// `$select` against the model (OData 4.01 URL 5.1.4), and what the context URL says of it (Protocol 10.7 to 10.10).
import type { QueryOptions, SelectItem } from '../ast.ts'
import type { Property } from '../edm/model.ts'
import { notSupported } from '../errors.ts'
import type { BoundExpression, BoundOutput } from './bound.ts'
import type { BoundExpand } from './expand.ts'
import { unknownProperty, type Scope } from './scope.ts'
import { zoneFacets } from './zones.ts'

type BoundSelect = {
  readonly outputs: readonly BoundOutput[]
  readonly listed: readonly string[] | undefined
}

const nameOf = ({ path, options, at }: SelectItem, { target, here: { type } }: Scope): string => {
  const [name = '', more] = path
  const place = { target, position: at }
  const whole = path.join('/')
  if (type.properties.has(whole)) return whole
  if (more !== undefined || name.startsWith('@') || name.includes('.'))
    throw notSupported('paths, qualified names and annotations in $select', place)
  if (options !== undefined)
    throw notSupported('nested options in $select, because no property is a collection', place)
  return name
}

/** The member that a computed value shows itself as (OData 4.01 URL 5.1.3). */
const computedOutput = (name: string, expression: BoundExpression): BoundOutput => {
  const { type } = expression
  const property: Property = {
    name,
    type: type === 'null' ? 'Edm.String' : type,
    nullable: true,
    maxLength: undefined,
    precision: undefined,
    scale: undefined,
    column: '',
    ...zoneFacets(expression),
  }
  return { property, expression }
}

/** Expanded properties are listed with what is shown of them: `Items(ID,Name)`, `Items()`. */
const listExpands = (expands: readonly BoundExpand[]): readonly string[] =>
  expands
    .filter(({ what }) => what !== 'count')
    .map(({ name, what, query }) =>
      what === 'ref' ? name : `${name}(${(query.listed ?? []).join(',')})`,
    )

/** What only orders the rows of `$apply` has a name that no client can write. */
const isShown = ({ name }: Property): boolean => !name.startsWith('$')

/** `Customer/Country` as the context URL lists it: `Customer(Country)`. */
export const listPaths = (names: readonly string[]): readonly string[] => {
  const inner = new Map<string, string[] | undefined>()
  for (const name of names) {
    const slash = name.indexOf('/')
    if (slash < 0) inner.set(name, undefined)
    else {
      const first = name.slice(0, slash)
      inner.set(first, [...(inner.get(first) ?? []), name.slice(slash + 1)])
    }
  }
  return [...inner].map(([name, more]) =>
    more === undefined ? name : `${name}(${listPaths(more).join(',')})`,
  )
}

/** Clients name navigation properties too; they have no value unless expanded. */
export const bindSelect = (
  { select }: QueryOptions,
  scope: Scope,
  expands: readonly BoundExpand[],
): BoundSelect => {
  const { type } = scope.here
  const all = [...type.properties.values()].filter(isShown).map(
    (property): BoundOutput => ({
      property,
      expression: { kind: 'property', instance: scope.here, property, type: property.type },
    }),
  )
  const computed = [...scope.computed].map(([name, bound]) => computedOutput(name, bound))
  const expanded = [...listExpands(expands)]
  if (select === undefined) {
    // Computed properties are part of the answer unless $select leaves them out (URL 5.1.3).
    const listed = expanded.length > 0 || computed.length > 0
    const names = ['*', ...computed.map(({ property }) => property.name), ...expanded]
    if (computed.length === 0) names.shift()
    return { outputs: [...all, ...computed], listed: listed ? names : undefined }
  }
  const names = new Set<string>()
  for (const item of select) {
    const name = nameOf(item, scope)
    const known =
      name === '*' ||
      type.properties.has(name) ||
      type.navigations.has(name) ||
      scope.computed.has(name)
    if (!known) throw unknownProperty(type, name, { target: scope.target, position: item.at })
    names.add(name)
  }
  const outputs = [
    ...all.filter(({ property }) => names.has('*') || names.has(property.name)),
    ...computed.filter(({ property }) => names.has(property.name)),
  ]
  // JSON Format 10.7: `*` stands for all structural properties.
  const isExpanded = new Set(expands.map(({ name }) => name))
  const listed = [...names].filter(
    (name) => !(names.has('*') && type.properties.has(name)) && !isExpanded.has(name),
  )
  return { outputs, listed: [...listed, ...expanded] }
}
