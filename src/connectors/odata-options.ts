// The OData options that every data source has (data access reference A.13).
import { parseSchemaMap, type SchemaMap } from '#odata/edm/schema-map.ts'
import type { NameCase } from '#odata/edm/names.ts'
import { ODataError } from '#odata/errors.ts'
import type { OptionDefinition } from './connector.ts'
import { ConnectorError } from './errors.ts'

export type Options = Readonly<Record<string, string>>

export type ODataSettings = {
  readonly nameCase: NameCase
  readonly schemaMap: SchemaMap | undefined
  /** Rows per page, where the data source says so itself. */
  readonly pageSize: number | undefined
  readonly readOnly: boolean
}

const largestPageSize = 10_000

const option = (name: string, maxLength: number): OptionDefinition => ({
  name,
  required: false,
  secret: false,
  maxLength,
})

export const odataOptions: readonly OptionDefinition[] = [
  option('ODataVersion', 1),
  option('ODataNameMappingCase', 9),
  option('ODataDefaultTimezone', 64),
  option('ODataSchemaMap', 4_000_000),
  option('ODataPageSize', 5),
  option('ODataRefreshResult', 1),
  option('ODataInlineCountMode', 1),
  option('ODataTopMode', 1),
  option('ODataReadOnly', 5),
]

const rejected = (message: string): ConnectorError => new ConnectorError('rejected', message)

const oneOf = <T extends string>(
  options: Options,
  name: string,
  allowed: readonly T[],
): T | undefined => {
  const given = options[name]
  if (given === undefined || given === '') return undefined
  const found = allowed.find((value) => value === given)
  if (found === undefined) throw rejected(`${name} must be one of ${allowed.join(', ')}.`)
  return found
}

const pageSizeOf = (options: Options): number | undefined => {
  const text = options['ODataPageSize'] ?? '0'
  if (!/^\d{0,5}$/.test(text) || Number(text) > largestPageSize)
    throw rejected(`ODataPageSize must be a whole number from 0 to ${largestPageSize}.`)
  return Number(text) === 0 ? undefined : Number(text)
}

const schemaMapOf = (options: Options): SchemaMap | undefined => {
  const text = options['ODataSchemaMap']
  // HDP serves nothing without a map. Here the whole catalog is served then: the file was named on purpose.
  if (text === undefined || text === '') return undefined
  try {
    return parseSchemaMap(text)
  } catch (error) {
    if (error instanceof ODataError) throw rejected(error.message)
    throw error
  }
}

/** Parses the OData options of a data source; throws a `ConnectorError` that names the option at fault. */
export const parseODataOptions = (options: Options): ODataSettings => {
  oneOf(options, 'ODataVersion', ['4'])
  // Values are served in GMT; another zone must not seem to work.
  oneOf(options, 'ODataDefaultTimezone', ['GMT', 'UTC', 'Z'])
  // Results are never kept, so a query always runs again and each page is counted on its own; the other
  // values of these three say when HDP may use its buffer, and ask for nothing that is not done anyhow.
  oneOf(options, 'ODataRefreshResult', ['0', '1'])
  oneOf(options, 'ODataInlineCountMode', ['0', '1', '2'])
  oneOf(options, 'ODataTopMode', ['0', '1'])
  return {
    nameCase:
      oneOf(options, 'ODataNameMappingCase', ['Default', 'Uppercase', 'Lowercase']) ?? 'Default',
    schemaMap: schemaMapOf(options),
    pageSize: pageSizeOf(options),
    readOnly: oneOf(options, 'ODataReadOnly', ['true', 'false']) === 'true',
  }
}

/** Refuses unknown, missing and too long options of a connector. */
export const checkDefinitions = (
  options: Options,
  definitions: readonly OptionDefinition[],
): void => {
  for (const [name, value] of Object.entries(options)) {
    const definition = definitions.find((known) => known.name === name)
    if (definition === undefined) throw rejected(`There is no option '${name}'.`)
    if (typeof value !== 'string') throw rejected(`${name} must be a text.`)
    if (value.length > definition.maxLength)
      throw rejected(`${name} is longer than ${definition.maxLength} characters.`)
  }
  for (const { name, required } of definitions)
    if (required && (options[name] ?? '') === '') throw rejected(`${name} is missing.`)
}
