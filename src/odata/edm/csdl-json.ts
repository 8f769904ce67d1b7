// The metadata document in JSON (OData 4.01 CSDL JSON). The same model and the same annotations as in XML.
import type { ODataVersion } from '../version.ts'
import {
  containerAnnotations,
  setAnnotations,
  vocabularies,
  vocabularyUrl,
  type Annotation,
  type AnnotationValue,
} from './capabilities.ts'
import type { EntitySet, Model, NavigationProperty, Property } from './model.ts'
import { containerName } from './names.ts'
import { isTimed } from './types.ts'

type Json = Readonly<Record<string, unknown>>

// Names come from a catalog: only what defines its members, and does not assign them, is safe for all of them.
const object = (entries: Iterable<readonly [string, unknown]>): Json => Object.fromEntries(entries)

const annotationValue = (value: AnnotationValue): unknown => {
  if (typeof value !== 'object') return value
  if ('properties' in value) return value.properties
  if (!('record' in value)) return value
  return object(Object.entries(value.record).map(([name, inner]) => [name, annotationValue(inner)]))
}

const annotations = (all: readonly Annotation[]): readonly (readonly [string, unknown])[] =>
  all.map(({ term, value }) => [`@${term}`, annotationValue(value)])

/** CSDL JSON 7: a member that is left out means Edm.String, not nullable, unbounded. */
const property = ({ type, nullable, maxLength, precision, scale, collection }: Property): Json => ({
  ...(collection === true ? { $Collection: true } : {}),
  ...(type === 'Edm.String' ? {} : { $Type: type }),
  ...(nullable ? { $Nullable: true } : {}),
  ...(maxLength === undefined ? {} : { $MaxLength: maxLength }),
  ...(isTimed(type) ? { $Precision: 6 } : precision === undefined ? {} : { $Precision: precision }),
  ...(type === 'Edm.Decimal' ? { $Scale: scale ?? 'variable' } : {}),
})

const navigation = (namespace: string, nav: NavigationProperty): Json => ({
  $Kind: 'NavigationProperty',
  $Type: `${namespace}.${nav.target}`,
  ...(nav.collection ? { $Collection: true } : {}),
  ...(!nav.collection && nav.nullable ? { $Nullable: true } : {}),
  $Partner: nav.partner,
  ...(nav.constraints.length === 0
    ? {}
    : { $ReferentialConstraint: object(nav.constraints.map((c) => [c.property, c.referenced])) }),
})

const entityType = (namespace: string, { type }: EntitySet): Json =>
  object([
    ['$Kind', 'EntityType'],
    ['$Key', type.key.map(({ name }) => name)],
    ...[...type.properties.values()].map((p) => [p.name, property(p)] as const),
    ...[...type.navigations.values()].map((nav) => [nav.name, navigation(namespace, nav)] as const),
  ])

const entitySet = (namespace: string, set: EntitySet): Json => {
  const bindings = [...set.type.navigations.values()].map((n) => [n.name, n.targetSet] as const)
  return object([
    ['$Collection', true],
    ['$Type', `${namespace}.${set.type.name}`],
    ...(bindings.length === 0 ? [] : [['$NavigationPropertyBinding', object(bindings)] as const]),
    ...annotations(setAnnotations(set)),
  ])
}

/** Renders the model; `$Version` is the version that the client speaks. */
export const renderCsdlJson = (
  { namespace, sets }: Model,
  version: ODataVersion = '4.01',
): string => {
  const all = [...sets.values()]
  const container = containerName(sets)
  return JSON.stringify({
    $Version: version,
    $EntityContainer: `${namespace}.${container}`,
    $Reference: object(
      vocabularies.map((vocabulary) => [
        vocabularyUrl(vocabulary, 'json'),
        { $Include: [{ $Namespace: vocabulary }] },
      ]),
    ),
    [namespace]: object([
      ...all.map((set) => [set.type.name, entityType(namespace, set)] as const),
      [
        container,
        object([
          ['$Kind', 'EntityContainer'],
          ...all.map((set) => [set.name, entitySet(namespace, set)] as const),
          ...annotations(containerAnnotations),
        ]),
      ],
    ]),
  })
}
