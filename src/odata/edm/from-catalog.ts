import { runAtOnce } from '#lib/slices.ts'
import type {
  EntitySet,
  EntityType,
  Model,
  ModelWarning,
  NavigationProperty,
  Property,
} from './model.ts'
import { claimName, edmName, guessNames, inCase, type NameCase } from './names.ts'
import { addNavigations, type MutableType } from './navigations.ts'
import type { ColumnMap, SchemaMap, TableMap } from './schema-map.ts'
import type { ColumnShape, TableShape } from './tables.ts'
import { parseSqlType, type EdmType } from './types.ts'
import {
  binaryKey,
  columnsNotFound,
  noPrimaryKey,
  tableNotFound,
  typeNotSupported,
} from './warnings.ts'

export type ModelSettings = {
  readonly namespace: string
  readonly nameCase: NameCase
  /** Without a map the whole catalog is served. */
  readonly schemaMap: SchemaMap | undefined
}

const chosenTables = (
  tables: readonly TableShape[],
  map: SchemaMap | undefined,
  warnings: ModelWarning[],
): readonly TableShape[] => {
  const named = Object.keys(map?.tables ?? {})
  if (named.length === 0) {
    const excluded = new Set(map?.excludedTables)
    return tables.filter((table) => !excluded.has(table.name))
  }
  const byName = new Map(tables.map((table) => [table.name, table]))
  for (const table of named) if (!byName.has(table)) warnings.push(tableNotFound(table))
  // Tables that a chosen one refers to come along, so that its navigation properties resolve.
  const wanted = new Set(named)
  for (const name of wanted)
    for (const key of byName.get(name)?.foreignKeys ?? []) wanted.add(key.table)
  return tables.filter((table) => wanted.has(table.name))
}

const typeOfColumn = (column: ColumnShape, map: SchemaMap, own: ColumnMap): EdmType | undefined => {
  const override = own.typeInfo?.dataType
  const type = override === undefined ? column.type : parseSqlType(override)?.type
  if (type === 'Edm.TimeOfDay' && map.timeAsString === true) return 'Edm.String'
  if (type === 'Edm.Guid' && map.guidAsString === true) return 'Edm.String'
  const unbound = type === 'Edm.Decimal' && column.length === undefined
  return unbound && map.unboundNumberAsDouble === true ? 'Edm.Double' : type
}

/** What the schema map makes of a column that nobody can look into is still what the store writes. */
const facetsOf = (
  { opaque, zoneless, type: own }: ColumnShape,
  type: EdmType,
): Pick<Property, 'collection' | 'opaque' | 'zoneless'> => ({
  ...(opaque === 'list' || (opaque === 'text' && type === own) ? { opaque } : {}),
  ...(opaque === 'list' && type === own ? { collection: true } : {}),
  ...(type === 'Edm.DateTimeOffset' && zoneless !== undefined ? { zoneless } : {}),
})

const propertyOf = (column: ColumnShape, name: string, type: EdmType, map: SchemaMap): Property => {
  const decimal = type === 'Edm.Decimal'
  return {
    name,
    type,
    // OData knows no null list, and anything may be in one (CSDL 7.2.1).
    nullable: column.nullable || column.opaque === 'list',
    maxLength: type === 'Edm.String' || type === 'Edm.Binary' ? column.length : undefined,
    precision: decimal ? (column.length ?? map.unboundNumberPrecision) : undefined,
    scale: decimal
      ? column.length === undefined
        ? map.unboundNumberScale
        : (column.scale ?? 0)
      : undefined,
    column: column.name,
    ...facetsOf(column, type),
  }
}

const virtualKey = (own: TableMap): readonly string[] =>
  Object.entries(own.columns ?? {})
    .flatMap(([name, column]) =>
      column.primaryKeyComponent === undefined ? [] : [{ name, at: column.primaryKeyComponent }],
    )
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name)

/** A declared key is taken from the store and cannot be replaced. */
const keyColumnsOf = (table: TableShape, own: TableMap): readonly string[] =>
  table.primaryKey.length > 0 ? table.primaryKey : virtualKey(own)

/** The properties of a table by column; columns of unsupported types are warned of. */
const propertiesOf = (
  table: TableShape,
  name: string,
  settings: ModelSettings,
  warnings: ModelWarning[],
): ReadonlyMap<string, Property> => {
  const map = settings.schemaMap ?? {}
  const own = map.tables?.[table.name] ?? {}
  warnings.push(...columnsNotFound(table, own))
  const key = keyColumnsOf(table, own)
  // CSDL 6.5 forbids a property to be called like its type.
  const taken = new Set([name])
  const byColumn = new Map<string, Property>()
  for (const column of table.columns) {
    const isKey = key.includes(column.name)
    if (own.excludedColumns?.includes(column.name) && !isKey) continue
    const columnMap = own.columns?.[column.name] ?? {}
    const type = typeOfColumn(column, map, columnMap)
    if (type === undefined || (isKey && column.opaque !== undefined)) {
      warnings.push(typeNotSupported(table, column, isKey))
      continue
    }
    const given = columnMap.alias ?? inCase(edmName(column.name), settings.nameCase)
    const property = propertyOf(column, claimName(edmName(given), taken), type, map)
    byColumn.set(column.name, isKey ? { ...property, nullable: false } : property)
  }
  return byColumn
}

/** Only text is searched; full-text modes are those of stores with text indexes, and search as substrings here. */
const searchOf = (own: TableMap, byColumn: ReadonlyMap<string, Property>): EntityType['search'] => {
  const { searchMode = 'no-search', columns = {} } = own
  const properties = Object.entries(columns).flatMap(([name, { searchable }]) => {
    const property = searchable === true ? byColumn.get(name) : undefined
    return property?.type === 'Edm.String' && property.opaque === undefined ? [property] : []
  })
  if (searchMode === 'no-search' || properties.length === 0) return undefined
  return { mode: searchMode === 'begins' ? 'begins' : 'substring', properties }
}

const entityType = (
  table: TableShape,
  name: string,
  settings: ModelSettings,
  warnings: ModelWarning[],
): MutableType | undefined => {
  const byColumn = propertiesOf(table, name, settings, warnings)
  const own = settings.schemaMap?.tables?.[table.name] ?? {}
  const keyColumns = keyColumnsOf(table, own)
  const key = keyColumns.flatMap((column) => byColumn.get(column) ?? [])
  const binary = key.find(({ type }) => type === 'Edm.Binary')
  if (binary !== undefined) warnings.push(binaryKey(table, binary.column))
  if (key.length === 0 || key.length < keyColumns.length || binary !== undefined) {
    warnings.push(noPrimaryKey(table))
    return undefined
  }
  const properties = new Map([...byColumn.values()].map((property) => [property.name, property]))
  const navigations = new Map<string, NavigationProperty>()
  const search = searchOf(own, byColumn)
  return { name, table: table.name, key, properties, navigations, search, byColumn, shape: table }
}

/**
 * Builds the model of a catalog, table by table; throws nothing: what cannot be served becomes a warning. Yields the share that
 * is done, so that many tables can be taken in slices.
 */
export const modelSteps = function* (
  tables: readonly TableShape[],
  settings: ModelSettings,
): Generator<number, Model> {
  const { schemaMap: map, nameCase, namespace } = settings
  const warnings: ModelWarning[] = []
  const takenTypes = new Set<string>()
  const takenSets = new Set<string>()
  const chosen = chosenTables(tables, map, warnings)
  const found: { readonly name: string; readonly type: MutableType }[] = []
  for (const [index, table] of chosen.entries()) {
    yield (0.6 * index) / chosen.length
    const own = map?.tables?.[table.name]
    const guess = guessNames(edmName(table.name), map?.entityNameMode, map?.singularSuffix)
    const typeName = own?.ODataAlias ?? inCase(guess.singular, nameCase)
    const setName = own?.ODataPluralAlias ?? inCase(guess.plural, nameCase)
    const type = entityType(table, claimName(edmName(typeName), takenTypes), settings, warnings)
    if (type !== undefined) found.push({ name: claimName(edmName(setName), takenSets), type })
  }
  for (const share of addNavigations(found)) yield 0.6 + 0.4 * share
  const sets = new Map<string, EntitySet>()
  for (const { name, type } of found) {
    const { name: typeName, table, key, properties, navigations, search } = type
    sets.set(name, { name, type: { name: typeName, table, key, properties, navigations, search } })
  }
  return { namespace: edmName(namespace), sets, warnings }
}

/** Builds the model of a small catalog in one go. */
export const modelFromTables = (tables: readonly TableShape[], settings: ModelSettings): Model =>
  runAtOnce(modelSteps(tables, settings))
