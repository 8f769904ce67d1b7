// The OData options that every data source has (data access reference A.13).
import { parseSchemaMap, type SchemaMap } from '#odata/edm/schema-map.ts'
import type { NameCase } from '#odata/edm/names.ts'
import { findTimeZone } from '#lib/time-zone.ts'
import { ODataError } from '#odata/errors.ts'
import { isGreenwich, timeZoneFault } from '#odata/time-zone.ts'
import { ConnectorError } from './errors.ts'
import { checkDefinitions, type OptionDefinition, valueOf, valuesOf } from './option-definition.ts'

export { checkDefinitions }

export type Options = Readonly<Record<string, string>>

export type ODataSettings = {
  readonly nameCase: NameCase
  readonly schemaMap: SchemaMap | undefined
  /** Rows per page, where the data source says so itself. */
  readonly pageSize: number | undefined
  readonly readOnly: boolean
  /** The zone of stamps without one, where it is another than GMT. */
  readonly timeZone: string | undefined
}

type More = Omit<OptionDefinition, 'name' | 'required' | 'secret' | 'maxLength' | 'tab'>

const option = (name: string, maxLength: number, more: More): OptionDefinition => ({
  name,
  required: false,
  secret: false,
  maxLength,
  ...more,
  tab: 'OData',
})

const nameCases: readonly NameCase[] = ['Default', 'Uppercase', 'Lowercase']

// Results are never kept, so a query always runs again and each page is counted on its own: what three of these options say of
// HDP's buffer is fulfilled by every one of their values.
const definitions = {
  version: option('ODataVersion', 1, {
    displayName: 'OData version',
    documentation: 'The version of OData that is spoken.',
    type: valuesOf('4'),
    default: '4',
  }),
  nameCase: option('ODataNameMappingCase', 9, {
    displayName: 'Case of names',
    documentation: 'How names of sets, types and properties are written that have no alias.',
    type: valuesOf(...nameCases),
    default: 'Default',
  }),
  timeZone: option('ODataDefaultTimezone', 64, {
    displayName: 'Default time zone',
    documentation:
      'The zone of timestamps without one, unless a request names another: a name of the tz database (America/New_York) or an offset (+02:00).',
    default: 'GMT',
  }),
  schemaMap: option('ODataSchemaMap', 4_000_000, {
    displayName: 'Schema map',
    documentation:
      'JSON text with the key odata_mapping_v3: which tables are served, and under which names. Everything is served without one.',
  }),
  pageSize: option('ODataPageSize', 5, {
    displayName: 'Page size',
    documentation: 'Rows of a page; 0: what the limit ODataPageSize says.',
    type: { kind: 'integer', min: 0, max: 10_000 },
    default: '0',
  }),
  refreshResult: option('ODataRefreshResult', 1, {
    displayName: 'Refresh result',
    documentation: 'Whether a query runs again; here it always does.',
    type: {
      kind: 'enumeration',
      values: [
        { value: '0', displayName: 'Cached first page' },
        { value: '1', displayName: 'Run again' },
      ],
    },
    default: '1',
  }),
  inlineCountMode: option('ODataInlineCountMode', 1, {
    displayName: 'Inline count mode',
    documentation: 'How rows are counted beside a page; here always by a query of its own.',
    type: {
      kind: 'enumeration',
      values: [
        { value: '0', displayName: 'Default' },
        { value: '1', displayName: 'Query of its own' },
        { value: '2', displayName: 'Buffer all rows' },
      ],
    },
    default: '2',
  }),
  topMode: option('ODataTopMode', 1, {
    displayName: 'Top mode',
    documentation: 'What $top means beside $skip; here both ways read the same rows.',
    type: {
      kind: 'enumeration',
      values: [
        { value: '0', displayName: '$top limits the result' },
        { value: '1', displayName: '$top and $skip page through it' },
      ],
    },
    default: '0',
  }),
  readOnly: option('ODataReadOnly', 5, {
    displayName: 'Read-only',
    documentation: 'Refuses every request that would write, with 405.',
    type: { kind: 'boolean' },
    default: 'false',
  }),
} as const satisfies Record<string, OptionDefinition>

export const odataOptions: readonly OptionDefinition[] = Object.values(definitions)

const schemaMapOf = (options: Options): SchemaMap | undefined => {
  const text = valueOf(options, definitions.schemaMap)
  // HDP serves nothing without a map. Here the whole catalog is served then: the file was named on purpose.
  if (text === undefined) return undefined
  try {
    return parseSchemaMap(text)
  } catch (error) {
    if (error instanceof ODataError) throw new ConnectorError('rejected', error.message)
    throw error
  }
}

const timeZoneOf = (options: Options): string | undefined => {
  const id = valueOf(options, definitions.timeZone) ?? 'GMT'
  const zone = findTimeZone(id)
  if (zone === undefined)
    throw new ConnectorError('rejected', `ODataDefaultTimezone: ${timeZoneFault(id)}`)
  return isGreenwich(zone) ? undefined : zone.id
}

/** Parses the OData options of a data source; throws a `ConnectorError` that names the option at fault. */
export const parseODataOptions = (options: Options): ODataSettings => {
  const names = new Set(odataOptions.map(({ name }) => name))
  const own = Object.fromEntries(Object.entries(options).filter(([name]) => names.has(name)))
  checkDefinitions(own, odataOptions)
  const nameCase = valueOf(options, definitions.nameCase)
  const timeZone = timeZoneOf(options)
  const pageSize = Number(valueOf(options, definitions.pageSize))
  return {
    nameCase: nameCases.find((known) => known === nameCase) ?? 'Default',
    schemaMap: schemaMapOf(options),
    pageSize: pageSize === 0 ? undefined : pageSize,
    readOnly: valueOf(options, definitions.readOnly) === 'true',
    timeZone,
  }
}
