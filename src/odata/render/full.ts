// Rows with everything that a client could not work out without the model (OData 4.01 JSON Format 3.1.2, 4.5).
import type { EntitySet, NavigationProperty, Property } from '../edm/model.ts'
import type { EdmType } from '../edm/types.ts'
import { controlPrefix } from '../version.ts'
import { createCell, type RawValue } from './json.ts'
import type { LayoutRequest } from './layout.ts'
import { setUrl } from './links.ts'

// JSON Format 4.5.3: a JSON value says by itself that it is one of these.
const evident: ReadonlySet<EdmType> = new Set(['Edm.String', 'Edm.Boolean', 'Edm.Double'])

type Row = readonly RawValue[]

/** A key value as it stands in a URL; the cell has checked that it is of its type. */
const createKeyText = ({ name, type }: Property, cell: (value: RawValue) => string) => {
  const text = type === 'Edm.String'
  return (value: RawValue): string => {
    const json = cell(value)
    // A client that reads it back must get the very text, so it is taken from what was checked, not from the value.
    const plain = json.startsWith('"') ? String(JSON.parse(json)) : json
    const literal = text ? `'${plain.replaceAll("'", "''")}'` : plain
    return `${name}=${encodeURIComponent(literal)}`
  }
}

/** Makes the function that gives the canonical URL of a row (OData 4.01 URL 4.3.1). */
const createIdOf = (set: EntitySet, properties: readonly Property[], serviceRoot: string) => {
  const { key } = set.type
  const base = setUrl(serviceRoot, set.name)
  const parts = key.map((property) => {
    const at = properties.indexOf(property)
    const text = createKeyText(property, createCell(property, false))
    return (row: Row): string => text(row[at] ?? null)
  })
  const single = key.length === 1 ? `${key[0]?.name}=`.length : 0
  return (row: Row): string =>
    `${base}(${parts
      .map((part) => part(row))
      .join(',')
      .slice(single)})`
}

/** Those that are selected, all where nothing is; `*` stands for structural properties alone (JSON Format 10.7). */
const shownNavigations = ({ set, select }: LayoutRequest): readonly NavigationProperty[] => {
  const all = [...set.type.navigations.values()]
  const { listed } = select
  return listed === undefined ? all : all.filter(({ name }) => listed.includes(name))
}

/** The type of a property, where its JSON value does not tell; null has none. */
const createMember = (
  property: Property,
  { ieee754, version }: LayoutRequest['format'],
): ((value: RawValue) => string) => {
  const cell = createCell(property, ieee754)
  const name = JSON.stringify(property.name)
  const hash = version === '4.0' ? '#' : ''
  const typed = `"${property.name}${controlPrefix(version)}type":"${hash}${property.type.slice(4)}",${name}:`
  const always = !evident.has(property.type)
  return (value) => {
    const text = cell(value)
    // Edm.Double is evident but for the three values that are texts.
    const special = property.type === 'Edm.Double' && text.startsWith('"')
    return value !== null && (always || special) ? typed + text : `${name}:${text}`
  }
}

/**
 * Makes the function that renders the members of one row: type, id and read link (there is no edit link where nothing
 * can be edited), each property with its type, and the links of the navigation properties. `properties` are the
 * selected ones, followed by what of the key is not selected and therefore not shown.
 */
export const createFullRenderer = (
  request: LayoutRequest,
  properties: readonly Property[],
): ((row: Row) => string) => {
  const { set, select, format, namespace, serviceRoot } = request
  const at = controlPrefix(format.version)
  const idOf = createIdOf(set, properties, serviceRoot)
  const members = select.properties.map((property) => createMember(property, format))
  const navigations = shownNavigations(request).map(({ name }) => name)
  const head = `"${at}type":${JSON.stringify(`#${namespace}.${set.type.name}`)}`
  return (row) => {
    const id = idOf(row)
    const url = JSON.stringify(id)
    let text = `${head},"${at}id":${url},"${at}readLink":${url}`
    members.forEach((member, i) => (text += `,${member(row[i] ?? null)}`))
    for (const name of navigations) {
      const link = `${id}/${encodeURIComponent(name)}`
      text += `,"${name}${at}associationLink":${JSON.stringify(`${link}/$ref`)}`
      text += `,"${name}${at}navigationLink":${JSON.stringify(link)}`
    }
    return text
  }
}
