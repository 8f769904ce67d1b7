// Entities with everything that a client could not work out without the model (OData 4.01 JSON Format 3.1.2, 4.6).
import type { BoundQuery } from '../bind/query.ts'
import type { NavigationProperty, Property } from '../edm/model.ts'
import type { RenderContext, RenderMembers } from './entity.ts'
import { controlName, isTypeHidden, primitiveType, type JsonFormat } from './format.ts'
import { createValueRenderer, valueIn, type RawCell } from './json.ts'
import type { Layout } from './layout.ts'
import { absolute, createEntityPath } from './links.ts'

type Row = readonly RawCell[]

/** Those that are selected, all where nothing is; `*` stands for structural properties alone (JSON Format 10.7). */
const shownNavigations = ({ set, options, expands }: BoundQuery): readonly NavigationProperty[] => {
  const all = [...set.type.navigations.values()]
  if (options.select === undefined) return all
  const named = new Set([
    ...options.select.map(({ path }) => path[0]),
    ...expands.map(({ name }) => name),
  ])
  return all.filter(({ name }) => named.has(name))
}

/** The type of a property, where its JSON value does not tell. */
const createMember = (property: Property, format: JsonFormat) => {
  const { name, type } = property
  const cell = createValueRenderer(property, format.ieee754)
  const plain = `${JSON.stringify(name)}:`
  const typed = `${controlName(format, 'type', name)}:${primitiveType(format, property)},${plain}`
  return (value: RawCell | undefined): string => {
    const text = cell(valueIn(value))
    return (isTypeHidden(type, text) ? typed : plain) + text
  }
}

/** The links of a navigation property, and what is expanded of it. */
const createNavigation = (
  name: string,
  format: JsonFormat,
  expanded: RenderMembers | undefined,
): ((row: Row, id: string) => string) => {
  const reference = controlName(format, 'associationLink', name)
  const related = controlName(format, 'navigationLink', name)
  return (row, id) => {
    const url = `${id}/${encodeURIComponent(name)}`
    const links = `,${reference}:${JSON.stringify(`${url}/$ref`)},${related}:${JSON.stringify(url)}`
    return expanded === undefined ? links : `${links},${expanded(row)}`
  }
}

/**
 * Makes the function that renders the members of one entity: type, id and read link (there is no edit link where
 * nothing can be edited), each property with its type, and the navigation properties with their links. `expanded`
 * renders what is expanded, by name. The layout has the key.
 */
export const createFullRenderer = (
  { properties, keyAt, query }: Layout,
  { format, namespace, serviceRoot }: RenderContext,
  expanded: ReadonlyMap<string, RenderMembers>,
): RenderMembers => {
  const { set } = query
  const pathOf = createEntityPath(set)
  const members = properties.map((property) => createMember(property, format))
  const navigations = shownNavigations(query).map(({ name }) =>
    createNavigation(name, format, expanded.get(name)),
  )
  const [type, idName, readLink] = ['type', 'id', 'readLink'].map((term) =>
    controlName(format, term),
  )
  const head = `${type}:${JSON.stringify(`#${namespace}.${set.type.name}`)},${idName}:`
  return (row) => {
    const id = absolute(serviceRoot, pathOf(keyAt.map((at) => row[at] ?? null)))
    const url = JSON.stringify(id)
    let text = `${head}${url},${readLink}:${url}`
    for (let i = 0; i < members.length; i++) text += `,${members[i]?.(row[i])}`
    for (const navigation of navigations) text += navigation(row, id)
    return text
  }
}
