import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { renderCsdlXml } from './csdl-xml.ts'
import { modelFromTables } from './from-catalog.ts'
import { guessNames, pluralOf } from './names.ts'
import { parseSchemaMap } from './schema-map.ts'
import type { ColumnShape, TableShape } from './tables.ts'
import { parseSqlType } from './types.ts'

const column = (name: string, declaredType = 'VARCHAR(10)'): ColumnShape => {
  const { type, length, scale } = parseSqlType(declaredType) ?? {}
  return { name, declaredType, type, length, scale, nullable: true }
}
const foreignKey = (from: string, table: string) => ({
  columns: [from],
  table,
  referencedColumns: ['id'],
})
const table = (
  name: string,
  columns: readonly ColumnShape[],
  more: Partial<TableShape> = {},
): TableShape => ({
  name,
  columns: [column('id', 'INTEGER'), ...columns],
  primaryKey: ['id'],
  foreignKeys: [],
  ...more,
})
const settings = { namespace: 'my-source', nameCase: 'Default', schemaMap: undefined } as const
const mapped = (schema: object, root: object = {}) =>
  parseSchemaMap(
    JSON.stringify({ odata_mapping_v3: { ...root, schemas: [{ name: null, ...schema }] } }),
  )

const airline = [
  table('Airport', []),
  table('Flight', [column('origin', 'INTEGER'), column('destination', 'INTEGER')], {
    foreignKeys: [foreignKey('origin', 'Airport'), foreignKey('destination', 'Airport')],
  }),
]

describe('a model', () => {
  test('names types in the singular and sets in the plural', () => {
    const { sets, namespace } = modelFromTables(airline, settings)
    assert.deepEqual([...sets.keys()], ['Airports', 'Flights'])
    assert.equal(sets.get('Flights')?.type.name, 'Flight')
    assert.equal(namespace, 'my_source')
  })
  test('names navigation properties after their columns when two foreign keys conflict', () => {
    const { sets } = modelFromTables(airline, settings)
    assert.deepEqual(
      [...(sets.get('Flights')?.type.navigations.keys() ?? [])],
      ['Airport_origin', 'Airport_destination'],
    )
    assert.deepEqual(
      [...(sets.get('Airports')?.type.navigations.keys() ?? [])],
      ['Flights_origin', 'Flights_destination'],
    )
  })
  test('names a single navigation property after the type and a self reference after its column', () => {
    const tables = [
      table('Team', [column('parent', 'INTEGER')], { foreignKeys: [foreignKey('parent', 'Team')] }),
    ]
    const navigations = modelFromTables(tables, settings).sets.get('Teams')?.type.navigations
    assert.deepEqual([...(navigations?.keys() ?? [])], ['Team_parent', 'Teams'])
  })
  test('leaves out tables without a key and columns of unknown types, with a warning', () => {
    const tables = [table('Aa', [column('x', 'GEOMETRY')]), table('Bb', [], { primaryKey: [] })]
    const { sets, warnings } = modelFromTables(tables, settings)
    assert.deepEqual([...sets.keys()], ['Aas'])
    assert.equal(sets.get('Aas')?.type.properties.has('x'), false)
    assert.equal(warnings.length, 2)
  })
  test('makes every name of a property unique and valid', () => {
    const tables = [table('Aa', [column('a b'), column('a_b'), column('1x'), column('Aa')])]
    const names = [
      ...(modelFromTables(tables, settings).sets.get('Aas')?.type.properties.keys() ?? []),
    ]
    assert.deepEqual(names, ['id', 'a_b', 'a_b_2', '_1x', 'Aa_2'])
  })
  test('follows a schema map in names, keys, types and exclusions', () => {
    const schemaMap = mapped({
      tables: {
        V: {
          ODataAlias: 'View',
          ODataPluralAlias: 'Views',
          columns: {
            id: { primaryKeyComponent: 1, alias: 'Id', typeInfo: { dataType: 'BIGINT' } },
          },
          excludedColumns: ['secret'],
        },
      },
    })
    const tables = [
      table('V', [column('secret'), column('x')], { primaryKey: [] }),
      table('Other', []),
    ]
    const { sets } = modelFromTables(tables, { ...settings, schemaMap })
    assert.deepEqual([...sets.keys()], ['Views'])
    const type = sets.get('Views')?.type
    assert.deepEqual([...(type?.properties.keys() ?? [])], ['Id', 'x'])
    assert.equal(type?.key[0]?.type, 'Edm.Int64')
  })
  test('takes along the tables that a chosen one refers to', () => {
    const schemaMap = mapped({ tables: { Flight: {} } })
    assert.equal(modelFromTables(airline, { ...settings, schemaMap }).sets.size, 2)
  })
  test('applies excluded tables and the name case when no table is chosen', () => {
    const schemaMap = mapped({ excludedTables: ['Flight'] })
    const { sets } = modelFromTables(airline, { ...settings, nameCase: 'Uppercase', schemaMap })
    assert.deepEqual([...sets.keys()], ['AIRPORTS'])
  })
  test('is rendered as XML with escaped names', () => {
    const xml = renderCsdlXml(modelFromTables(airline, settings))
    assert.match(
      xml,
      /<NavigationProperty Name="Airport_origin" Type="my_source.Airport" Partner="Flights_origin">/,
    )
    assert.match(xml, /<EntitySet Name="Flights" EntityType="my_source.Flight">/)
  })
})

describe('names', () => {
  test('follow English plural rules', () => {
    const plurals = ['Airport', 'ACCOUNT', 'Country', 'COUNTRY', 'Day', 'Box', 'Church'].map(
      pluralOf,
    )
    assert.deepEqual(plurals, [
      'Airports',
      'ACCOUNTS',
      'Countries',
      'COUNTRIES',
      'Days',
      'Boxes',
      'Churches',
    ])
  })
  test('are guessed from a plural table name when the mode is GUESS', () => {
    assert.deepEqual(guessNames('companies', 'GUESS', undefined), {
      singular: 'company',
      plural: 'companies',
    })
    assert.deepEqual(guessNames('Orders', undefined, undefined), {
      singular: 'Orders',
      plural: 'Orderses',
    })
  })
})

describe('a schema map', () => {
  for (const text of [
    '',
    '[]',
    '{}',
    '{"odata_mapping_v3":{}}',
    '{"odata_mapping_v3":{"schemas":[{"tables":[]}]}}',
  ])
    test(`is refused when it is '${text}'`, () =>
      assert.throws(() => parseSchemaMap(text), { kind: 'bad-request' }))
})
