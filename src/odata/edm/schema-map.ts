import { badRequest } from '../errors.ts'

export type ColumnMap = {
  readonly alias?: string
  readonly primaryKeyComponent?: number
  readonly searchable?: boolean
  readonly typeInfo?: { readonly dataType?: string }
}

export type TableMap = {
  readonly ODataAlias?: string
  readonly ODataPluralAlias?: string
  /** HDP's words for how `$search` looks into the searchable columns; others need text indexes of the store. */
  readonly searchMode?: string
  readonly columns?: Readonly<Record<string, ColumnMap>>
  readonly excludedColumns?: readonly string[]
}

/** HDP's `odata_mapping_v3`: what of a catalog is served, and under which names. */
export type SchemaMap = {
  readonly timeAsString?: boolean
  readonly guidAsString?: boolean
  readonly unboundNumberAsDouble?: boolean
  readonly unboundNumberPrecision?: number
  readonly unboundNumberScale?: number
  readonly entityNameMode?: string
  readonly singularSuffix?: string
  readonly tables?: Readonly<Record<string, TableMap>>
  readonly excludedTables?: readonly string[]
}

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string'
const isFlag: Check = (value) => typeof value === 'boolean'
const isNatural: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText)
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Every key that we act on is checked; HDP has more of them, which only its own pages use. */
const checkShape = (
  value: unknown,
  checks: Readonly<Record<string, Check>>,
  where: string,
): void => {
  if (!isObject(value)) throw badRequest(`ODataSchemaMap: '${where}' must be a JSON object.`)
  for (const [key, check] of Object.entries(checks)) {
    const found = value[key]
    if (found !== undefined && !check(found))
      throw badRequest(`ODataSchemaMap: '${key}' in '${where}' has a value of the wrong kind.`)
  }
}

const rootChecks = {
  timeAsString: isFlag,
  guidAsString: isFlag,
  unboundNumberAsDouble: isFlag,
  unboundNumberPrecision: isNatural,
  unboundNumberScale: isNatural,
  entityNameMode: isText,
  singularSuffix: isText,
}
const tableChecks = {
  ODataAlias: isText,
  ODataPluralAlias: isText,
  searchMode: isText,
  excludedColumns: isTexts,
  columns: isObject,
}
const columnChecks = {
  alias: isText,
  primaryKeyComponent: isNatural,
  searchable: isFlag,
  typeInfo: isObject,
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw badRequest('ODataSchemaMap: the value is not JSON.')
  }
}

/** Parses the data source option `ODataSchemaMap`; throws a refusal that names the key at fault. */
export const parseSchemaMap = (text: string): SchemaMap => {
  const document = parseJson(text)
  const root = isObject(document) ? document['odata_mapping_v3'] : undefined
  if (!isObject(root)) throw badRequest("ODataSchemaMap: the key 'odata_mapping_v3' is missing.")
  checkShape(root, rootChecks, 'odata_mapping_v3')
  const { schemas } = root
  if (!Array.isArray(schemas) || schemas.length !== 1)
    throw badRequest("ODataSchemaMap: 'schemas' must be a list of one schema.")
  const schema: unknown = schemas[0]
  checkShape(schema, { tables: isObject, excludedTables: isTexts }, 'schemas[0]')
  const { tables = {}, excludedTables } = schema as SchemaMap
  for (const [name, table] of Object.entries(tables)) {
    checkShape(table, tableChecks, name)
    for (const [column, map] of Object.entries(table.columns ?? {}))
      checkShape(map, columnChecks, `${name}.${column}`)
  }
  return { ...(root as SchemaMap), tables, excludedTables: excludedTables ?? [] }
}
