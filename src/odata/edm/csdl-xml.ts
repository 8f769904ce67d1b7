import type { ODataVersion } from '../version.ts'
import {
  containerAnnotations,
  setAnnotations,
  vocabularies,
  vocabularyUrl,
  type Annotation,
  type AnnotationValue,
} from './capabilities.ts'
import { containerName } from './names.ts'
import type { EntitySet, Model, NavigationProperty, Property } from './model.ts'
import { isTimed } from './types.ts'

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c] ?? '&quot;')

const attribute = (name: string, value: string | number | boolean | undefined): string =>
  value === undefined ? '' : ` ${name}="${escaped(String(value))}"`

const many = (element: string, texts: readonly string[]): string =>
  `<Collection>${texts.map((text) => `<${element}>${escaped(text)}</${element}>`).join('')}</Collection>`

/** A value as attribute where that is possible, else as the element inside (CSDL XML 14.3, 14.4). */
const holding = (open: string, element: string, value: AnnotationValue): string => {
  if (typeof value === 'boolean') return `${open} Bool="${value}"/>`
  if (typeof value === 'number') return `${open} Int="${value}"/>`
  if (typeof value === 'string') return `${open}${attribute('String', value)}/>`
  const inner =
    'record' in value
      ? record(value.record)
      : 'properties' in value
        ? many('PropertyPath', value.properties)
        : many('String', value)
  return `${open}>${inner}</${element}>`
}

const record = (values: Readonly<Record<string, AnnotationValue>>): string =>
  `<Record>${Object.entries(values)
    .map(([name, value]) =>
      holding(`<PropertyValue${attribute('Property', name)}`, 'PropertyValue', value),
    )
    .join('')}</Record>`

const annotations = (all: readonly Annotation[]): string =>
  all
    .map(({ term, value }) => holding(`<Annotation${attribute('Term', term)}`, 'Annotation', value))
    .join('')

const property = (of: Property): string => {
  const { name, type, nullable, maxLength, precision, scale, collection } = of
  // Without a facet the fraction of a second would be cut (CSDL 7.2.3) and every decimal be an integer.
  const facets =
    attribute('Nullable', nullable ? undefined : false) +
    attribute('MaxLength', maxLength) +
    attribute('Precision', isTimed(type) ? 6 : precision) +
    attribute('Scale', type === 'Edm.Decimal' ? (scale ?? 'variable') : undefined)
  const told = collection === true ? `Collection(${type})` : type
  return `<Property${attribute('Name', name)} Type="${told}"${facets}/>`
}

const navigation = (namespace: string, nav: NavigationProperty): string => {
  const target = `${namespace}.${nav.target}`
  const open =
    `<NavigationProperty${attribute('Name', nav.name)}` +
    attribute('Type', nav.collection ? `Collection(${target})` : target) +
    attribute('Nullable', nav.collection || nav.nullable ? undefined : false) +
    attribute('Partner', nav.partner)
  const constraints = nav.constraints.map(
    (c) =>
      `<ReferentialConstraint${attribute('Property', c.property)}${attribute('ReferencedProperty', c.referenced)}/>`,
  )
  return constraints.length === 0
    ? `${open}/>`
    : `${open}>${constraints.join('')}</NavigationProperty>`
}

const entityType = (namespace: string, { type }: EntitySet): string =>
  `<EntityType${attribute('Name', type.name)}>` +
  `<Key>${type.key.map(({ name }) => `<PropertyRef${attribute('Name', name)}/>`).join('')}</Key>` +
  [...type.properties.values()].map(property).join('') +
  [...type.navigations.values()].map((nav) => navigation(namespace, nav)).join('') +
  '</EntityType>'

const entitySet = (namespace: string, set: EntitySet): string => {
  const { name, type } = set
  const bindings = [...type.navigations.values()].map(
    (nav) =>
      `<NavigationPropertyBinding${attribute('Path', nav.name)}${attribute('Target', nav.targetSet)}/>`,
  )
  return (
    `<EntitySet${attribute('Name', name)}${attribute('EntityType', `${namespace}.${type.name}`)}>` +
    `${bindings.join('')}${annotations(setAnnotations(set))}</EntitySet>`
  )
}

const references = vocabularies
  .map(
    (namespace) =>
      `<edmx:Reference${attribute('Uri', vocabularyUrl(namespace, 'xml'))}>` +
      `<edmx:Include${attribute('Namespace', namespace)}/></edmx:Reference>`,
  )
  .join('')

/**
 * The metadata document in XML (OData 4.01 CSDL XML), in the form of the version that the client speaks. One document
 * for all clients, without what some of them refuse: navigation properties in complex types, enumeration members in
 * annotations, aliases.
 */
export const renderCsdlXml = ({ namespace, sets }: Model, version: ODataVersion = '4.0'): string =>
  '<?xml version="1.0" encoding="UTF-8"?>\n' +
  `<edmx:Edmx Version="${version}" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">` +
  `${references}<edmx:DataServices>` +
  `<Schema${attribute('Namespace', namespace)} xmlns="http://docs.oasis-open.org/odata/ns/edm">` +
  [...sets.values()].map((set) => entityType(namespace, set)).join('') +
  `<EntityContainer${attribute('Name', containerName(sets))}>` +
  [...sets.values()].map((set) => entitySet(namespace, set)).join('') +
  `${annotations(containerAnnotations)}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>\n`
