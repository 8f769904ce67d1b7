import { claimName } from './names.ts'
import type { EntitySet, Model, NavigationProperty, Property } from './model.ts'

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c] ?? '&quot;')

const attribute = (name: string, value: string | number | boolean | undefined): string =>
  value === undefined ? '' : ` ${name}="${escaped(String(value))}"`

const property = ({ name, type, nullable, maxLength, precision, scale }: Property): string => {
  // Without a facet the fraction of a second would be cut (CSDL 7.2.3) and every decimal be an integer.
  const temporal = type === 'Edm.DateTimeOffset' || type === 'Edm.TimeOfDay'
  const facets =
    attribute('Nullable', nullable ? undefined : false) +
    attribute('MaxLength', maxLength) +
    attribute('Precision', temporal ? 6 : precision) +
    attribute('Scale', type === 'Edm.Decimal' ? (scale ?? 'variable') : undefined)
  return `<Property${attribute('Name', name)} Type="${type}"${facets}/>`
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

const entitySet = (namespace: string, { name, type }: EntitySet): string => {
  const open = `<EntitySet${attribute('Name', name)}${attribute('EntityType', `${namespace}.${type.name}`)}`
  const bindings = [...type.navigations.values()].map(
    (nav) =>
      `<NavigationPropertyBinding${attribute('Path', nav.name)}${attribute('Target', nav.targetSet)}/>`,
  )
  return bindings.length === 0 ? `${open}/>` : `${open}>${bindings.join('')}</EntitySet>`
}

/** Type names and the container share one name space (CSDL 5.1). */
const containerName = (sets: Model['sets']): string =>
  claimName('Container', new Set([...sets.values()].map(({ type }) => type.name)))

/** The metadata document in XML (OData 4.01 CSDL XML). Free of annotations, which some readers choke on. */
export const renderCsdlXml = ({ namespace, sets }: Model): string =>
  '<?xml version="1.0" encoding="UTF-8"?>\n' +
  '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">' +
  '<edmx:DataServices>' +
  `<Schema${attribute('Namespace', namespace)} xmlns="http://docs.oasis-open.org/odata/ns/edm">` +
  [...sets.values()].map((set) => entityType(namespace, set)).join('') +
  `<EntityContainer${attribute('Name', containerName(sets))}>` +
  [...sets.values()].map((set) => entitySet(namespace, set)).join('') +
  '</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>\n'
