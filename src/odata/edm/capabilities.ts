// What the service says of itself in its metadata (vocabularies Org.OData.Core.V1 and Org.OData.Capabilities.V1).
// Everything is a boolean, an integer, a text, a list of texts or of property names, or a record of those: a client of
// Power BI refuses a whole document for one enumeration member that it cannot resolve, so there is none.
import { mostLevels } from '../bind/expand.ts'
import { functions } from '../functions.ts'
import type { EntitySet } from './model.ts'
import { familyOf } from './types.ts'

export type AnnotationValue =
  | boolean
  | number
  | string
  | readonly string[]
  | { readonly properties: readonly string[] }
  | { readonly record: Readonly<Record<string, AnnotationValue>> }

export type Annotation = { readonly term: string; readonly value: AnnotationValue }

/** The vocabularies that the terms come from; the address of each ends in `.xml` or `.json`. */
export const vocabularies = ['Org.OData.Core.V1', 'Org.OData.Capabilities.V1'] as const

export const vocabularyUrl = (namespace: string, form: 'xml' | 'json'): string =>
  `https://oasis-tcs.github.io/odata-vocabularies/vocabularies/${namespace}.${form}`

/** What of the language is answered; whoever builds more of it says so here. Functions follow from their table. */
export const offers = {
  /** How deep `$expand` goes; the options of what is expanded are answered like those of a set. */
  expand: mostLevels,
  operators: 'eq ne gt ge lt le in and or not add sub mul div divby mod any all'.split(' '),
  /** Functions without a row in the table: each is answered while names are bound. */
  functions: 'case cast isof mindatetime maxdatetime totaloffsetminutes'.split(' '),
} satisfies {
  readonly expand: number
  readonly operators: readonly string[]
  readonly functions: readonly string[]
}

const capability = (name: string, value: AnnotationValue): Annotation => ({
  term: `Org.OData.Capabilities.V1.${name}`,
  value,
})

const restriction = (name: string, record: Readonly<Record<string, AnnotationValue>>): Annotation =>
  capability(`${name}Restrictions`, { record })

/** Of the service as a whole. A conformance level is not among it: that is claimed when it is proven. */
export const containerAnnotations: readonly Annotation[] = [
  { term: 'Org.OData.Core.V1.ODataVersions', value: '4.0 4.01' },
  capability('SupportedFormats', [
    'application/json;odata.metadata=minimal;IEEE754Compatible=true;odata.streaming=true',
    'application/json;odata.metadata=full;IEEE754Compatible=true;odata.streaming=true',
    'application/json;odata.metadata=none;IEEE754Compatible=true;odata.streaming=true',
    'text/csv',
    'application/x-ndjson;IEEE754Compatible=true',
  ]),
  capability('FilterFunctions', [
    ...offers.operators,
    ...Object.keys(functions),
    ...offers.functions,
  ]),
  capability('BatchSupported', true),
  capability('BatchContinueOnErrorSupported', true),
  capability('BatchSupport', {
    record: {
      Supported: true,
      ContinueOnErrorSupported: true,
      ReferencesInRequestBodiesSupported: false,
      ReferencesAcrossChangeSetsSupported: false,
      EtagReferencesSupported: false,
      SupportedFormats: ['multipart/mixed', 'application/json'],
    },
  }),
  capability('AsynchronousRequestsSupported', false),
  capability('ComputeSupported', true),
  capability('CrossJoinSupported', false),
  capability('KeyAsSegmentSupported', true),
]

const readOnly: readonly Annotation[] = [
  restriction('Insert', { Insertable: false }),
  restriction('Update', { Updatable: false }),
  restriction('Delete', { Deletable: false }),
]

/** Of one entity set: nothing is written, and bytes, like all that is opaque, can neither be compared nor ordered. */
export const setAnnotations = ({ type }: EntitySet): readonly Annotation[] => {
  const shown = [...type.properties.values()].filter(
    (p) => familyOf(p.type) === 'binary' || p.opaque !== undefined,
  )
  const properties = shown.map(({ name }) => name)
  const navigates = type.navigations.size > 0
  return [
    ...readOnly,
    ...(type.search === undefined ? [restriction('Search', { Searchable: false })] : []),
    ...(navigates ? [restriction('Expand', { Expandable: true, MaxLevels: offers.expand })] : []),
    ...(properties.length === 0
      ? []
      : [
          restriction('Filter', { NonFilterableProperties: { properties } }),
          restriction('Sort', { NonSortableProperties: { properties } }),
        ]),
  ]
}
