import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { renderCsdlJson } from './csdl-json.ts'
import { renderCsdlXml } from './csdl-xml.ts'
import { modelFromTables } from './from-catalog.ts'
import type { ColumnShape, TableShape } from './tables.ts'
import type { EdmType } from './types.ts'

const column = (name: string, type: EdmType, more: Partial<ColumnShape> = {}): ColumnShape => ({
  name,
  type,
  declaredType: type,
  nullable: true,
  length: undefined,
  scale: undefined,
  ...more,
})

const tables: readonly TableShape[] = [
  {
    name: 'Country',
    columns: [column('code', 'Edm.String', { length: 2 }), column('flag', 'Edm.Binary')],
    primaryKey: ['code'],
    foreignKeys: [],
  },
  {
    name: 'City',
    columns: [
      column('id', 'Edm.Int64'),
      column('founded', 'Edm.DateTimeOffset'),
      column('area', 'Edm.Decimal', { length: 10, scale: 2, nullable: false }),
      column('rate', 'Edm.Decimal'),
      column('__proto__', 'Edm.String'),
      column('country', 'Edm.String', { nullable: false }),
      column('twin', 'Edm.String'),
    ],
    primaryKey: ['id'],
    foreignKeys: [
      { table: 'Country', columns: ['country'], referencedColumns: ['code'] },
      { table: 'Country', columns: ['twin'], referencedColumns: ['code'] },
    ],
  },
  // Its type is called like the container wants to be.
  { name: 'Container', columns: [column('a', 'Edm.Guid')], primaryKey: ['a'], foreignKeys: [] },
]
const model = modelFromTables(tables, {
  namespace: 'world',
  nameCase: 'Default',
  schemaMap: undefined,
})

type Json = Record<string, unknown>
const document = JSON.parse(renderCsdlJson(model)) as Json
const schema = document['world'] as Record<string, Json>
const container = schema['Container_2'] as Record<string, Json>
const xml = renderCsdlXml(model)
/** How often each text is among them. */
const tally = (texts: readonly (string | undefined)[]) =>
  new Map(Object.entries(Object.groupBy(texts, String)).map(([t, all]) => [t, all?.length]))
const count = (pattern: RegExp): number => [...xml.matchAll(pattern)].length

describe('CSDL JSON', () => {
  test('says where its container is, which name is not taken by a type', () => {
    assert.equal(document['$Version'], '4.01')
    assert.equal(document['$EntityContainer'], 'world.Container_2')
    assert.equal(schema['Container']?.['$Kind'], 'EntityType')
    assert.equal(container['$Kind'], 'EntityContainer')
    assert.equal((JSON.parse(renderCsdlJson(model, '4.0')) as Json)['$Version'], '4.0')
  })
  test('describes properties by what differs from a text that is never null', () => {
    const city = schema['City']
    assert.ok(city)
    assert.deepEqual(city['$Key'], ['id'])
    assert.deepEqual(city['id'], { $Type: 'Edm.Int64' })
    assert.deepEqual(city['founded'], {
      $Type: 'Edm.DateTimeOffset',
      $Nullable: true,
      $Precision: 6,
    })
    assert.deepEqual(city['area'], { $Type: 'Edm.Decimal', $Precision: 10, $Scale: 2 })
    assert.deepEqual(city['rate'], { $Type: 'Edm.Decimal', $Nullable: true, $Scale: 'variable' })
    assert.deepEqual(schema['Country']?.['code'], { $MaxLength: 2 })
  })
  test('has each property, whatever it is called', () => {
    assert.ok(Object.hasOwn(schema['City'] ?? {}, '__proto__'))
  })
  test('describes navigation properties with partner, constraint and binding', () => {
    const city = schema['City']
    assert.deepEqual(city?.['Country_country'], {
      $Kind: 'NavigationProperty',
      $Type: 'world.Country',
      $Partner: 'Cities_country',
      $ReferentialConstraint: { country: 'code' },
    })
    const twin = city?.['Country_twin'] as Json | undefined
    assert.equal(twin?.['$Nullable'], true)
    assert.deepEqual(schema['Country']?.['Cities_twin'], {
      $Kind: 'NavigationProperty',
      $Type: 'world.City',
      $Collection: true,
      $Partner: 'Country_twin',
    })
    assert.deepEqual(container['Cities']?.['$NavigationPropertyBinding'], {
      Country_country: 'Countries',
      Country_twin: 'Countries',
    })
  })
})

describe('annotations', () => {
  const capability = (name: string) => `@Org.OData.Capabilities.V1.${name}`
  test('say of each set that it is read-only, in both forms', () => {
    for (const [verb, what] of [
      ['Insert', 'Insertable'],
      ['Update', 'Updatable'],
      ['Delete', 'Deletable'],
    ] as const) {
      assert.equal(count(new RegExp(`V1\\.${verb}Restrictions"`, 'g')), 3)
      assert.equal(count(new RegExp(`<PropertyValue Property="${what}" Bool="false"/>`, 'g')), 3)
      for (const set of ['Cities', 'Countries', 'Containers'])
        assert.deepEqual(container[set]?.[capability(`${verb}Restrictions`)], { [what]: false })
    }
  })
  test('name the properties of bytes as not ordered and not filtered, and no others', () => {
    const sort = capability('SortRestrictions')
    assert.deepEqual(container['Countries']?.[sort], { NonSortableProperties: ['flag'] })
    assert.equal(container['Cities']?.[sort], undefined)
    assert.equal(count(/<PropertyPath>flag<\/PropertyPath>/g), 2)
    assert.equal(count(/<PropertyPath>/g), 2)
  })
  test('tell how deep a set that leads somewhere can be expanded, and which sets nothing is found in', () => {
    const [expand, search] = [capability('ExpandRestrictions'), capability('SearchRestrictions')]
    const deep = { Expandable: true, MaxLevels: 6 }
    assert.deepEqual(container['Cities']?.[expand], deep)
    assert.equal(container['Containers']?.[expand], undefined)
    assert.equal(count(/<PropertyValue Property="MaxLevels" Int="6"\/>/g), 2)
    assert.deepEqual(container['Cities']?.[search], { Searchable: false })
    const searched = modelFromTables(tables, {
      namespace: 'world',
      nameCase: 'Default',
      schemaMap: {
        tables: {
          City: { searchMode: 'substring', columns: { twin: { searchable: true } } },
          Country: {},
        },
      },
    })
    assert.equal(renderCsdlXml(searched).split('Property="Searchable" Bool="false"').length - 1, 1)
  })
  test('claim no conformance level, and have no enumeration member, for which Power BI refused a document (expectations 3.1 #16)', () => {
    for (const text of [xml, JSON.stringify(document)])
      assert.doesNotMatch(text, /ConformanceLevel|EnumMember|FilterExpressionRestriction/)
  })
  test('use no alias, and refer to the vocabularies that they come from', () => {
    const used = new Set([...xml.matchAll(/Term="(.+?)\.\w+"/g)].map(([, namespace]) => namespace))
    const included = [...xml.matchAll(/<edmx:Include Namespace="(.+?)"\/>/g)]
    assert.deepEqual(used, new Set(included.map(([, namespace]) => namespace)))
    assert.doesNotMatch(xml, /Alias=/)
    assert.equal(Object.keys(document['$Reference'] as Json).length, used.size)
  })
  test('are the same in both forms', () => {
    const terms = (values: Json) => Object.keys(values).filter((name) => name.startsWith('@'))
    const inJson = [container, ...Object.values(container)].flatMap((part) =>
      typeof part === 'object' ? terms(part).map((term) => term.slice(1)) : [],
    )
    const inXml = [...xml.matchAll(/<Annotation Term="(.+?)"/g)].map(([, term]) => term)
    assert.deepEqual(tally(inXml), tally(inJson))
  })
})

describe('CSDL XML', () => {
  test('names the version that the client speaks', () => {
    assert.match(xml, /<edmx:Edmx Version="4\.0" /)
    assert.match(renderCsdlXml(model, '4.01'), /<edmx:Edmx Version="4\.01" /)
  })
  test('has its elements closed, and in the order that the schema of CSDL wants', () => {
    const order: Readonly<Record<string, readonly string[]>> = {
      'edmx:Edmx': ['edmx:Reference', 'edmx:DataServices'],
      'edmx:Reference': ['edmx:Include'],
      'edmx:DataServices': ['Schema'],
      Schema: ['EntityType', 'EntityContainer'],
      EntityType: ['Key', 'Property', 'NavigationProperty'],
      Key: ['PropertyRef'],
      NavigationProperty: ['ReferentialConstraint'],
      EntityContainer: ['EntitySet', 'Annotation'],
      EntitySet: ['NavigationPropertyBinding', 'Annotation'],
      Annotation: ['Collection', 'Record'],
      Record: ['PropertyValue'],
      PropertyValue: ['Collection', 'Record'],
      Collection: ['String', 'PropertyPath', 'Record'],
    }
    const open: { name: string; at: number }[] = []
    for (const [, slash, name = '', empty] of xml.matchAll(/<(\/?)([\w:]+)[^>]*?(\/?)>/g)) {
      if (slash === '/') {
        assert.equal(open.pop()?.name, name)
        continue
      }
      const parent = open.at(-1)
      const at = parent === undefined ? 0 : (order[parent.name]?.indexOf(name) ?? -1)
      assert.ok(at >= (parent?.at ?? 0), `${name} in ${parent?.name}`)
      if (parent !== undefined) parent.at = at
      if (empty === '') open.push({ name, at: 0 })
    }
    assert.deepEqual(open, [])
  })
})
