// What holds of every connector that reads tables. To have an engine join: one `Engine`.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { RowText, Source, TextBatch } from '#connectors/connector.ts'
import { modelFromTables } from '#odata/edm/from-catalog.ts'
import type { EntitySet, Model } from '#odata/edm/model.ts'
import { createEntityRenderer } from '#odata/render/entity.ts'
import { createRowsRenderer } from '#odata/render/rows.ts'
import { encodeQueryText } from '#odata/render/url.ts'
import type { CollectionPlan, PageRequest } from '#query/from-odata.ts'
import type { Column, ReadPlan, ReadShape, Row, Value } from '#query/plan.ts'
import { splitPlan } from '#query/split.ts'
import { bindUrl, orderValues, planOfUrl, valueOf, wholePage } from '../../support/plans.ts'
import { explainingContract, type RunStatement } from './explaining.ts'
import { bigRows, tables, type TestTable } from './tables.ts'

export type OpenedEngine = {
  readonly source: Source
  /** Opens the same data again, as another source. */
  readonly reopen: () => Promise<Source>
  /** Runs a statement that changes data; files have none. */
  readonly change?: (statement: string) => Promise<unknown>
  /** Texts that no explanation may have in it: where the data lies, and what opens it. */
  readonly hidden: readonly string[]
  /** Runs a statement on the data, past the connector. */
  readonly run: RunStatement
  readonly close: () => Promise<void>
  /** Statements that were run for reads until now; where rows can be expanded. */
  readonly statements?: () => number
}

export type Engine = {
  readonly name: string
  /** Makes the tables, `Big` (see `bigRows`), and a view `Runaway (id)` that never gives its first row; opens them. */
  readonly open: (tables: readonly TestTable[]) => Promise<OpenedEngine>
  /** What an engine may lack: declared keys, and decimals of any number of digits. */
  readonly has: {
    readonly keys: boolean
    readonly exactDecimals: boolean
    /** Text of rows from where they are read. */
    readonly text: boolean
  }
}

const never = new AbortController().signal
const whole = wholePage

// Where a source tells of no keys, the schema map does.
const schemaMap = {
  tables: {
    Kind: { columns: { code: { primaryKeyComponent: 1 } } },
    Item: { columns: { id: { primaryKeyComponent: 1 } } },
  },
}

const id: Column = { kind: 'column', row: 0, name: 'id', type: 'Edm.Int32', nullable: false }

/** All of a table that is not in the model. */
const everything = (table: string, order: boolean, more: Partial<ReadShape> = {}): ReadShape => ({
  from: { kind: 'table', row: 0, table },
  joins: [],
  groupBy: undefined,
  outputs: [id],
  filter: undefined,
  order: order ? [{ expression: id, descending: false }] : [],
  after: undefined,
  limit: undefined,
  offset: undefined,
  ...more,
})

const collect = async (rows: AsyncIterable<readonly Row[]>): Promise<readonly Row[]> => {
  const found: Row[] = []
  for await (const batch of rows) found.push(...batch)
  return found
}

/** The text of all batches, and what the last one tells. */
const collectText = async (source: Source, plan: ReadPlan, wanted: RowText): Promise<TextBatch> => {
  assert.ok(source.readText)
  const texts: string[] = []
  let count = 0
  let last: TextBatch | undefined
  for await (const batch of source.readText(plan, wanted, never)) {
    if (batch.count > 0) texts.push(batch.text)
    count += batch.count
    last = batch
  }
  return { text: texts.join(), count, hasMore: last?.hasMore ?? false, after: last?.after ?? [] }
}

const bigProperties = [
  { name: 'id', type: 'Edm.Int32' },
  { name: 'filler', type: 'Edm.String' },
] as const

const nothing: ReadShape['filter'] = { kind: 'compare', operator: 'lt', left: id, right: id }

/** Filters with the ids of the rows of `Item` that they find (OData 4.01 URL 5.1.1). */
const filters: readonly (readonly [string, readonly number[]])[] = [
  ['id eq 3', [3]],
  ["t eq ''", [4]],
  ['t eq null', [5]],
  ['t ne null', [1, 2, 3, 4, 6]],
  ["t ne ''", [1, 2, 3, 5, 6]],
  ['not (n gt 0)', [2, 4, 5, 6]],
  ['n le null', [5, 6]],
  ['n lt 2.5', [2, 4]],
  ['n lt 9007199254740993', [1, 2, 3, 4]],
  ['b eq 9007199254740993', [1]],
  ['b gt 9007199254740992', [1, 3]],
  ['b lt -9223372036854775807', [2]],
  ['d eq 0.1', [1]],
  ['d lt 0', [2]],
  ['x eq 12.5', [1]],
  ['x lt 0', [2]],
  ['f', [1, 3]],
  ['not f', [2, 4]],
  ['f ne true', [2, 4, 5, 6]],
  ['day eq 2024-02-29', [1]],
  ['day lt 2000-01-01', [2]],
  ['at eq 2024-03-01T00:59:59.999+01:00', [1]],
  ['at lt 1970-01-01T00:00:00Z', [2]],
  ['clock ge 12:34:56', [1, 3]],
  ['g eq 0F8FAD5B-D9CB-469F-A165-70867728950E', [1]],
  ["kind in ('a','B',null)", [1, 2, 5, 6]],
  ["contains(t,'%_')", [2]],
  ["contains(t,'')", [1, 2, 3, 4, 6]],
  ["startswith(t,'o''x')", [2]],
  ["endswith(t,'fel')", [1, 6]],
  ["endswith(t,'')", [1, 2, 3, 4, 6]],
  ['length(t) eq 2', [3]],
  ["tolower(t) eq 'äpfel'", [1]],
  ["toupper(t) eq 'ÄPFEL'", [1]],
  ["t gt 'z'", [1, 3]],
  ['year(at) eq 1969', [2]],
  ['month(day) eq 2 and day(day) eq 29', [1]],
  ["(n eq 5 or t eq 'apfel') and not (id eq 6)", [1]],
  ['(n gt 1) eq (f eq true)', [1, 2, 3, 4, 5, 6]],
  ["concat(t,'x') eq 'apfelx'", [6]],
  ["indexof(t,'fel') eq 2", [1, 6]],
  ["indexof(t,'zz') eq -1", [1, 2, 3, 4, 6]],
  ["substring(t,1) eq 'pfel'", [1, 6]],
  ["substring(t,1,2) eq 'pf'", [1, 6]],
  ["substring(t,-2) eq 'el'", [1, 6]],
  ["substring(t,1,0) eq ''", [1, 2, 3, 4, 6]],
  ["trim(concat(' ',t)) eq 'apfel'", [6]],
  ["matchesPattern(t,'^.pfel$')", [1, 6]],
  ['hour(at) eq 23', [1, 2, 3]],
  ['minute(at) eq 0', [2]],
  ['second(clock) eq 56', [1]],
  ['fractionalseconds(at) eq 0.999', [1]],
  ['date(at) eq 2024-02-29', [1]],
  ['time(at) eq 23:00:00', [2]],
  ['totaloffsetminutes(at) eq 0', [1, 2, 3]],
  ['mindatetime() lt at and at lt maxdatetime()', [1, 2, 3]],
  ['now() gt at', [1, 2]],
  ['round(x) eq 13', [1]],
  ['round(d) eq 1', [6]],
  ['floor(x) eq -1', [2]],
  ['ceiling(d) eq 1', [1, 3, 6]],
  ['round(n) eq 5', [1]],
  ['n add 1 eq 6', [1]],
  ['n mul 2 gt 0', [1, 3]],
  ['n sub 1 lt -2147483648', [2]],
  ['n div 2 eq 2', [1]],
  ['n mod 3 eq 2', [1]],
  ['n divby 2 eq 2.5', [1]],
  ['n div 0 eq null', [1, 2, 3, 4, 5, 6]],
  ['d div 0 eq null', [1, 2, 3, 4, 5, 6]],
  ['x mod 2 eq 0.5', [1]],
  ['x mul 2 eq 25', [1]],
  ['d mul 1 eq 0.5', [6]],
  ['b div 3 eq 3002399751580331', [1]],
  ['-n lt 0', [1, 3]],
  ["at sub duration'PT1H' lt 1970-01-01T00:00:00Z", [2]],
  ["day add duration'P1D' eq 2024-03-01", [1]],
  ['totalseconds(at sub 1969-12-31T22:00:00Z) eq 3600', [2]],
  ["totalseconds(duration'PT1M30S') eq 90", [1, 2, 3, 4, 5, 6]],
  ["cast(id,Edm.String) eq '3'", [3]],
  ["cast(f,Edm.String) eq 'true'", [1, 3]],
  ['cast(n,Edm.Double) eq 5', [1]],
  ['cast(at,Edm.Date) eq 2024-02-29', [1]],
  ['isof(n,Edm.Int32)', [1, 2, 3, 4]],
  ["case(n gt 0 : 'p',n eq 0 : 'z') eq 'z'", [4]],
  ['case(n gt 0 : 1,true : 0) eq 0', [2, 4, 5, 6]],
  ['n in [id,5]', [1]],
  ['year(at) in (1969,2024)', [1, 2]],
]

/** Aggregations of `Item` with their rows, ordered by all of their columns (OData Data Aggregation 4.0 section 3). */
const aggregations: readonly (readonly [string, readonly (readonly unknown[])[]])[] = [
  ['aggregate($count as C,id with sum as S,id with average as A)', [[6, 21, 3.5]]],
  [
    'aggregate(x with sum as S,x with max as M,d with min as D)',
    [[10000012.48, 9999999.99, -1.7976931348623157e308]],
  ],
  [
    'aggregate(kind with countdistinct as K,f with countdistinct as F,t with min as T)',
    [[4, 2, '']],
  ],
  ['aggregate(at with max as M,day with min as D)', [['9999-12-31T23:59:59Z', '0001-01-01']]],
  [
    'groupby((f),aggregate($count as C,n with max as N))',
    [
      [null, 2, null],
      [false, 2, 0],
      [true, 2, 2147483647],
    ],
  ],
  ['groupby((f),aggregate($count as C))/filter(f ne null)/aggregate(C with sum as S)', [[4]]],
  ['filter(id gt 3)/groupby((f))', [[null], [false]]],
  ['topcount(2,n)/aggregate(id with sum as S)', [[4]]],
  ['bottomcount(2,id)/aggregate(id with sum as S)', [[3]]],
  ['topsum(10,id)/aggregate(id with min as M)', [[5]]],
  ['bottompercent(50,id)/aggregate(id with max as M)', [[5]]],
  // A sum is of what is there; who reaches the amount is the last one, whatever comes after it.
  ['topsum(3,n)/aggregate(id with sum as S)', [[3]]],
  ['topsum(99999999999,n)/aggregate($count as C)', [[6]]],
  ['bottomsum(1,n)/aggregate($count as C)', [[6]]],
  ['bottomsum(0,n)/aggregate($count as C)', [[0]]],
  ['filter(n gt -1)/toppercent(100,n)/aggregate(id with sum as S)', [[4]]],
  // Rankings of each group, of those whose value is null as well; among equals the key decides.
  [
    'groupby((f),topcount(1,n)/aggregate(id with sum as S,$count as C))',
    [
      [null, 5, 1],
      [false, 4, 1],
      [true, 3, 1],
    ],
  ],
  [
    'groupby((f),topsum(6,id)/aggregate($count as C))',
    [
      [null, 1],
      [false, 2],
      [true, 2],
    ],
  ],
  [
    'groupby((f),toppercent(60,id)/aggregate($count as C)/filter(C lt 3))',
    [
      [null, 2],
      [false, 1],
      [true, 1],
    ],
  ],
  ['groupby((f),bottomcount(1,n))/aggregate(id with sum as S)', [[8]]],
  ['groupby((f),bottompercent(40,id)/filter(id gt 1))/aggregate(id with sum as S)', [[14]]],
  ['groupby((f),topcount(2,id)/bottomcount(1,id))/aggregate(id with sum as S)', [[8]]],
  [
    'compute(id mod 2 as R)/groupby((R),topcount(1,id))/aggregate(id with sum as S,R with sum as T)',
    [[11, 1]],
  ],
  ['orderby(id)/top(4)/groupby((f),topcount(1,id))/aggregate(id with sum as S)', [[7]]],
  [
    'groupby((f,kind),aggregate(id with sum as S))/groupby((f),topcount(1,S))/aggregate(S with sum as T)',
    [[13]],
  ],
  // A literal in what is grouped by.
  [
    "filter(id gt 3)/compute(concat(t,'x') as Y)/groupby((Y),aggregate($count as C))",
    [
      [null, 1],
      ['apfelx', 1],
      ['x', 1],
    ],
  ],
  // What a ranking needs for itself is nobody else's.
  ['concat(topsum(9,id),topsum(1,x),bottomsum(1,d))/aggregate($count as C)', [[9]]],
  ["orderby('x',n desc)/top(1)/aggregate(id with min as M)", [[3]]],
  ['orderby(id)/top(4)/skip(2)/aggregate(id with sum as S)', [[7]]],
  ['orderby(id)/orderby(f)/top(3)/aggregate(id with sum as S)', [[13]]],
  ['compute(id mul 2 as D)/filter(D ge 8)/aggregate(D with sum as S)', [[30]]],
  ['orderby(id desc)/skip(1)/top(2)/aggregate(id with min as M)', [[4]]],
  [
    'concat(aggregate(id with sum as S),groupby((f),aggregate(id with sum as S)))/filter(S gt 4)',
    [
      [6, false],
      [11, null],
      [21, null],
    ],
  ],
]

/** The same where there are foreign keys: ids of items, and the label that each row has. */
const relatedAggregations: readonly (readonly [string, readonly unknown[]])[] = [
  [
    'groupby((Kind/label),topcount(1,id))',
    [
      [1, 'small a'],
      [4, 'umlaut'],
      [5, null],
      [6, 'big b'],
    ],
  ],
  [
    'concat(groupby((Kind/label),bottomsum(3,id)),filter(id eq 4))',
    [
      [1, 'small a'],
      [2, 'big b'],
      [3, null],
      [4, 'umlaut'],
      [4, 'umlaut'],
      [6, 'big b'],
    ],
  ],
  // Entities beside others stay what they are, however deep they stand.
  [
    'filter(id le 2)/concat(groupby((Kind/label)),concat(aggregate(id with sum as S),identity))',
    [
      [null, null],
      [null, 'big b'],
      [null, 'small a'],
      [1, 'small a'],
      [2, 'big b'],
    ],
  ],
  [
    "filter(id le 2)/concat(concat(groupby((kind)),concat(identity,aggregate(id with max as S)))/filter(kind ne 'a'),groupby((rollup(Kind/label))))",
    [
      [null, null],
      [null, null],
      [null, 'big b'],
      [null, 'small a'],
      [2, 'big b'],
    ],
  ],
]

/** The same where there are foreign keys; the second of each is the set. */
const relatedFilters: readonly (readonly [string, 'Item' | 'Kind', readonly unknown[]])[] = [
  ["Kind/label eq 'big b'", 'Item', [2, 6]],
  ['Kind eq null', 'Item', [5]],
  ['length(Kind/label) gt 5', 'Item', [1, 4]],
  ["Kind/Items/any(i:i/t eq 'apfel')", 'Item', [2, 6]],
  ['Items/any()', 'Kind', ['B', 'a', 'ä', '😀']],
  ['Items/any(i:i/n lt 0)', 'Kind', ['B']],
  ['Items/all(i:i/n ge 0)', 'Kind', ['a', 'ä', '😀']],
  ["Items/any(i:i/Kind/label eq label and i/t eq 'apfel')", 'Kind', ['B']],
  ['Items/any(i:i/Kind/code eq $it/code and i/d eq 0.5)', 'Kind', ['B']],
  ['Items/$count eq 2', 'Kind', ['B']],
  ['Items/$count($filter=n ge 0) eq 1', 'Kind', ['a', 'ä', '😀']],
  ['Items/$filter(n lt 0)/$count eq 1', 'Kind', ['B']],
]

/** Reads what a query string of OData asks for. */
const createReader = (source: Source, model: () => Model) => {
  const setOf = (table: string): EntitySet => {
    const found = [...model().sets.values()].find(({ type }) => type.table === table)
    assert.ok(found, table)
    return found
  }
  const planOf = (table: string, query: string, request: PageRequest): CollectionPlan =>
    planOfUrl(model(), `/${encodeURIComponent(setOf(table).name)}?${query}`, request)
  const run = (plan: ReadPlan): Promise<readonly Row[]> => {
    assert.equal(splitPlan(plan, source.capabilities).rest, undefined, 'all of it is pushed down')
    return collect(source.read(plan, never))
  }
  return { setOf, planOf, run }
}

/** Entities as they are answered; links to what follows are left out. */
export const entitiesOf = async (
  source: Source,
  model: Model,
  set: EntitySet,
  query: string,
): Promise<readonly unknown[]> => {
  const plan = planOfUrl(model, `/${encodeURIComponent(set.name)}?${query}`)
  const render = createEntityRenderer(plan.layout, {
    format: { metadata: 'minimal', ieee754: true, version: '4.0' },
    namespace: 'c',
    serviceRoot: 'https://data.example/c',
    nested: () => 'next',
  })
  const rows = await collect(source.read(plan, never))
  return rows.map((row) => JSON.parse(`{${render(row)}}`) as unknown)
}

export const connectorContract = (engine: Engine): void => {
  describe(`the connector contract on ${engine.name}`, () => {
    let opened: OpenedEngine
    let source: Source
    let model: Model
    let reader: ReturnType<typeof createReader>
    const names = () => reader.setOf('Item').type.properties
    before(async () => {
      opened = await engine.open(tables)
      source = opened.source
      const catalog = await source.describe()
      model = modelFromTables(catalog.tables, {
        namespace: 'c',
        nameCase: 'Default',
        schemaMap,
      })
      reader = createReader(source, () => model)
    })
    after(() => opened.close())

    test('tells of tables, columns with their types, keys and foreign keys', async () => {
      const catalog = await source.describe()
      for (const { name, columns, key, references = [] } of tables) {
        const table = catalog.tables.find((found) => found.name === name)
        assert.ok(table, name)
        assert.deepEqual(
          table.columns.map((column) => [column.name, column.type]),
          columns.map((column) => [column.name, column.type]),
        )
        if (!engine.has.keys) continue
        assert.deepEqual(table.primaryKey, key)
        assert.deepEqual(
          table.columns.filter(({ nullable }) => !nullable).map((column) => column.name),
          columns.filter(({ required }) => required).map((column) => column.name),
        )
        for (const column of columns.filter(({ type }) => type === 'Edm.Decimal'))
          assert.deepEqual(
            table.columns.find((found) => found.name === column.name),
            {
              ...table.columns.find((found) => found.name === column.name),
              length: column.length,
              scale: column.scale,
            },
          )
        assert.deepEqual(table.foreignKeys, references)
        assert.ok(
          table.indexes.some((index) => index.unique && index.columns.join() === key.join()),
        )
      }
    })
    test('gives every type exactly, its extremes, the empty value and null', async () => {
      const [first, second, third, fourth, fifth] = (await entitiesOf(
        source,
        model,
        reader.setOf('Item'),
        '$orderby=id',
      )) as Record<string, unknown>[]
      const decimal = (text: string) => (engine.has.exactDecimals ? text : String(Number(text)))
      assert.deepEqual(first, {
        id: 1,
        t: 'Äpfel',
        n: 5,
        b: '9007199254740993',
        d: 0.1,
        x: decimal('12.50'),
        f: true,
        day: '2024-02-29',
        at: '2024-02-29T23:59:59.999Z',
        clock: '12:34:56',
        g: '0f8fad5b-d9cb-469f-a165-70867728950e',
        bin: 'AP8Q',
        kind: 'a',
      })
      assert.deepEqual(
        [second?.['t'], second?.['n'], second?.['b'], second?.['d'], second?.['bin']],
        [
          'o\'x "q" %_\\\n',
          -2_147_483_648,
          '-9223372036854775808',
          -1.797_693_134_862_315_7e308,
          '',
        ],
      )
      assert.deepEqual([second?.['day'], second?.['at']], ['0001-01-01', '1969-12-31T23:00:00Z'])
      assert.deepEqual(
        [third?.['t'], third?.['b'], third?.['d'], third?.['x'], third?.['day']],
        ['😀\uffee', '9223372036854775807', 5e-324, '9999999.99', '9999-12-31'],
      )
      assert.equal(fourth?.['t'], '')
      assert.deepEqual(
        Object.entries(fifth ?? {}).filter(([, value]) => value !== null),
        [['id', 5]],
      )
    })
    for (const [filter, ids] of filters)
      test(`finds with ${filter}`, async () => {
        const query = `$select=id&$orderby=id&$filter=${encodeQueryText(filter)}`
        const plan = reader.planOf('Item', query, whole)
        const rows = await reader.run(plan)
        assert.deepEqual(
          rows.map(([id]) => Number(id)),
          ids,
        )
        assert.equal(await source.count(plan, never), BigInt(ids.length))
      })
    for (const [filter, table, keys] of engine.has.keys ? relatedFilters : [])
      test(`finds with ${filter}`, async () => {
        const [key] = reader.setOf(table).type.key
        const order = `$select=${key?.name}&$orderby=${key?.name}`
        const rows = await reader.run(
          reader.planOf(table, `${order}&$filter=${encodeQueryText(filter)}`, whole),
        )
        assert.deepEqual(new Set(rows.map(([value]) => value)), new Set(keys))
      })
    for (const [apply, wanted] of engine.has.keys ? relatedAggregations : [])
      test(`finds related members in ${apply}`, async () => {
        const set = reader.setOf('Item')
        const query = `$apply=${encodeQueryText(apply)}&$orderby=id,Kind/label`
        const rows = await entitiesOf(source, model, set, query)
        assert.deepEqual(
          (rows as Record<string, unknown>[]).map((row) => [row['id'], row['Kind/label']]),
          wanted,
        )
      })
    if (engine.has.keys)
      test('gives expanded rows as it gives them alone, and computed values beside them', async () => {
        const [kinds, items] = [reader.setOf('Kind'), reader.setOf('Item')]
        const more = '$compute=n add 1 as next,concat(t,kind) as both'
        const nested = `Items(${more};$orderby=id desc;$expand=Kind($select=label))`
        const found = await entitiesOf(
          source,
          model,
          kinds,
          `$orderby=code&$expand=${encodeQueryText(nested)}`,
        )
        assert.equal(found.length, 4)
        for (const kind of found as { code: string; Items: unknown[] }[]) {
          const filter = encodeQueryText(`kind eq '${kind.code}'`)
          const alone = await entitiesOf(
            source,
            model,
            items,
            `${more}&$orderby=id desc&$expand=Kind($select=label)&$filter=${filter}`,
          )
          assert.ok(alone.length > 0)
          assert.deepEqual(kind.Items, alone)
        }
      })
    if (engine.has.keys)
      for (const nested of [
        'Items',
        'Items($expand=Kind)',
        'Items($top=2;$count=true;$expand=Kind($expand=Items($select=id;$expand=Kind)))',
      ])
        test(`reads what is expanded with one statement: ${nested}`, async () => {
          const kinds = reader.setOf('Kind')
          const { statements } = opened
          assert.ok(statements)
          await entitiesOf(source, model, kinds, '$orderby=code')
          const expand = `$expand=${encodeQueryText(nested)}`
          const filter = `$filter=${encodeQueryText("code ne 'x'")}`
          for (const query of [expand, `${expand}&${filter}`]) {
            const before = statements()
            const found = await entitiesOf(source, model, kinds, query)
            assert.equal(found.length, 4)
            assert.equal(statements() - before, 1, query)
          }
        })
    for (const [apply, wanted] of aggregations)
      test(`aggregates by ${apply}`, async () => {
        const columns = bindUrl(
          model,
          `/${encodeURIComponent(reader.setOf('Item').name)}?$apply=${encodeQueryText(apply)}`,
        ).query.outputs
        const order = columns.map(({ property }) => property.name).join(',')
        const query = `$apply=${encodeQueryText(apply)}&$orderby=${encodeQueryText(order)}`
        const rows = await entitiesOf(source, model, reader.setOf('Item'), query)
        const plain = rows.map((row) =>
          Object.values(row as object).map((value: unknown) =>
            typeof value === 'string' && /^-?[\d.]+(?:e[+-]?\d+)?$/.test(value)
              ? Number(value)
              : value,
          ),
        )
        assert.deepEqual(plain, wanted)
        assert.equal(
          await source.count(reader.planOf('Item', query, whole), never),
          BigInt(wanted.length),
        )
      })
    for (const apply of [
      'concat(identity,aggregate(id with sum as S))',
      'concat(concat(identity,identity),filter(id gt 2))',
      'concat(groupby((rollup(f,kind)),aggregate($count as C)),groupby((f)))',
      'groupby((kind),aggregate(n with max as N))/orderby(N desc)',
      'concat(orderby(n desc)/top(4),orderby(x)/skip(1))',
      'groupby((kind),topcount(1,n))',
    ])
      test(`pages what ${apply} gives, every row once and in its order`, async () => {
        const query = `$apply=${encodeQueryText(apply)}`
        const wanted = await reader.run(reader.planOf('Item', query, whole))
        assert.ok(wanted.length > 3)
        for (const size of [1, 2, 4]) {
          const paged: Row[] = []
          let last: readonly Value[] | undefined
          for (;;) {
            const request = { limit: size, offset: undefined, after: last }
            const plan = reader.planOf('Item', query, request)
            const rows = await reader.run(plan)
            paged.push(...rows)
            if (rows.length < size) break
            last = orderValues(plan, rows.at(-1) ?? [])
          }
          assert.deepEqual(paged, wanted, `by ${size}`)
        }
      })
    for (const [apply, wanted] of [
      ['groupby((id),aggregate(n with max as N))/orderby(N desc,id)', [3, 1, 4, 2, 5, 6]],
      ['orderby(id desc)/compute(id add 1 as J)/top(4)/skip(1)', [5, 4, 3]],
      ['concat(orderby(id desc)/top(2),orderby(n,id desc)/top(3))', [6, 5, 6, 5, 2]],
      ["topcount(3,id)/orderby('x')/orderby(id desc)", [6, 5, 4]],
    ] as const)
      test(`gives the rows of ${apply} in that order`, async () => {
        const set = reader.setOf('Item')
        const rows = await entitiesOf(source, model, set, `$apply=${encodeQueryText(apply)}`)
        assert.deepEqual(
          rows.map((row) => (row as { id: number }).id),
          wanted,
        )
      })
    test('sorts what it made lower or upper case by code points', async () => {
      for (const order of ['tolower(t)', 'toupper(t)']) {
        const query = `$select=id&$orderby=${encodeQueryText(order)}`
        const rows = await reader.run(reader.planOf('Item', query, whole))
        assert.deepEqual(
          rows.map(([id]) => Number(id)),
          [5, 4, 6, 2, 1, 3],
        )
      }
    })
    test('sorts null below every value, in both directions', async () => {
      const idsBy = async (order: string) =>
        (await reader.run(reader.planOf('Item', `$select=id&$orderby=${order}`, whole))).map(
          ([id]) => Number(id),
        )
      assert.deepEqual(await idsBy('n,id'), [5, 6, 2, 4, 1, 3])
      assert.deepEqual(await idsBy('n desc,id'), [3, 1, 4, 2, 5, 6])
      assert.deepEqual(await idsBy('f desc,id desc'), [3, 1, 4, 2, 6, 5])
    })
    test('pages by keyset, of any size and in any order, give every row once', async () => {
      const columns = [...names().values()].filter(({ type }) => type !== 'Edm.Binary')
      for (const { name } of columns)
        for (const direction of ['', ' desc'])
          for (const size of [1, 2, 4]) {
            const query = `$select=id&$orderby=${encodeQueryText(`${name}${direction}`)}`
            const wanted = await reader.run(reader.planOf('Item', query, whole))
            const paged: Value[] = []
            let last: readonly Value[] | undefined
            for (;;) {
              const plan = reader.planOf('Item', query, {
                limit: size,
                offset: undefined,
                after: last,
              })
              const rows = await reader.run(plan)
              paged.push(...rows.map(([id]) => valueOf(id)))
              if (rows.length < size) break
              last = orderValues(plan, rows.at(-1) ?? [])
            }
            assert.deepEqual(
              paged,
              wanted.map(([id]) => id),
              `${name}${direction} by ${size}`,
            )
          }
    })
    test('reads one row by its key, and none by a key that no row has', async () => {
      const set = reader.setOf('Kind')
      const read = (code: string) =>
        reader.run(planOfUrl(model, `/${set.name}('${encodeURIComponent(code)}')`))
      assert.deepEqual(await read('😀'), [['😀', null]])
      assert.deepEqual(await read('A'), [])
    })
    test('skips and limits', async () => {
      const slot = (index: number) => ({ kind: 'slot', index, type: 'Edm.Int64' }) as const
      const shape = everything('Big', true, { limit: slot(0), offset: slot(1) })
      assert.deepEqual(
        (await reader.run({ shape, values: [3n, 7n] })).map(([id]) => Number(id)),
        [8, 9, 10],
      )
    })

    const filler: Column = {
      kind: 'column',
      row: 0,
      name: 'filler',
      type: 'Edm.String',
      nullable: true,
    }
    const big = (): ReadPlan => ({
      shape: everything('Big', true, { outputs: [id, filler] }),
      values: [],
    })
    test('streams all rows in batches, no further than it is asked to', async () => {
      const rows = source.read(big(), never)[Symbol.asyncIterator]()
      const first = await rows.next()
      assert.ok(first.done !== true && first.value.length <= 2000)
      let total = first.value.length
      for (let next = await rows.next(); next.done !== true; next = await rows.next()) {
        assert.equal(Number(next.value[0]?.[0]), total + 1)
        assert.ok(next.value.length <= 5000)
        total += next.value.length
      }
      assert.equal(total, bigRows)
    })
    if (engine.has.text) {
      const bigText = { properties: bigProperties, ieee754: false, orderAt: [0] }
      test('makes text of rows of every type as the server does, and tells where they end', async () => {
        const plan = reader.planOf('Item', '', whole)
        const { properties, orderAt } = plan.layout
        const rows = await reader.run(plan)
        const texts = await collectText(source, plan, {
          properties,
          ieee754: false,
          orderAt,
          most: rows.length,
        })
        assert.equal(texts.text, createRowsRenderer(properties, false)(rows))
        assert.deepEqual([texts.hasMore, texts.count], [false, rows.length])
        assert.deepEqual(texts.after.map(String), orderValues(plan, rows.at(-1) ?? []).map(String))
      })
      for (const most of [1, 500, 501, bigRows - 1, bigRows, bigRows + 1])
        test(`makes text of at most ${most} rows, and says whether there are more`, async () => {
          const shown = Math.min(most, bigRows)
          const { text, count, hasMore, after } = await collectText(source, big(), {
            ...bigText,
            most,
          })
          const found = JSON.parse(`[${text}]`) as readonly { readonly id: number }[]
          assert.deepEqual([found.length, found.at(-1)?.id], [shown, shown])
          assert.deepEqual([count, hasMore, Number(after[0])], [shown, most < bigRows, shown])
        })
      test('makes no text of no rows', async () => {
        const none = { ...big(), shape: { ...big().shape, filter: nothing } }
        assert.equal((await collectText(source, none, { ...bigText, most: 5 })).count, 0)
      })
      test('refuses a value that its type cannot hold, and goes on', async () => {
        const properties = [{ name: 'filler', type: 'Edm.Date' }] as const
        const plan = { ...big(), shape: { ...big().shape, outputs: [filler] } }
        await assert.rejects(
          collectText(source, plan, { properties, ieee754: false, orderAt: [], most: 9 }),
          { kind: 'unrepresentable', target: 'filler' },
        )
        for (let i = 0; i < 5; i++)
          for await (const _ of source.readText?.(big(), { ...bigText, most: bigRows }, never) ??
            [])
            break
        assert.equal(await source.count(big(), never), BigInt(bigRows))
      })
    }
    test('goes on after an iteration that ended early', async () => {
      for (let i = 0; i < 15; i++) for await (const _ of source.read(big(), never)) break
      assert.equal(await source.count(big(), never), BigInt(bigRows))
    })
    test('goes on after streams that were aborted and never touched again', async () => {
      for (let i = 0; i < 15; i++) {
        const gone = new AbortController()
        const rows = source.read(big(), gone.signal)[Symbol.asyncIterator]()
        await rows.next()
        gone.abort()
      }
      assert.equal(await source.count(big(), never), BigInt(bigRows))
    })
    const runaway = (): ReadPlan => ({ shape: everything('Runaway', false), values: [] })
    explainingContract({
      source: () => source,
      model: () => model,
      run: () => opened.run,
      hidden: () => opened.hidden,
      filters: filters.map(([filter]) => filter),
      relatedFilters,
      // Stamps and days look otherwise in each driver.
      aggregations: aggregations
        .map(([apply]) => apply)
        .filter((apply) => !/\bat with/.test(apply)),
      hasKeys: engine.has.keys,
      runaway: runaway(),
    })
    test('ends a statement whose reader has left', async () => {
      const gone = new AbortController()
      const reading = collect(source.read(runaway(), gone.signal))
      setImmediate(() => gone.abort())
      await assert.rejects(reading, { name: 'AbortError' })
      assert.equal(await source.count(big(), never), BigInt(bigRows))
    })
    test('begins nothing for a reader that has left already', async () => {
      await assert.rejects(collect(source.read(big(), AbortSignal.abort())), { name: 'AbortError' })
    })
    test('ends a statement that runs away, and says that it took too long', async () => {
      await assert.rejects(collect(source.read(runaway(), never)), { kind: 'timed-out' })
      assert.equal(await source.count(big(), never), BigInt(bigRows))
    })
    test('has one version for as long as nothing changes', () => {
      assert.equal(source.version(), source.version())
    })
    test('says unavailable once it is closed, and is opened again', async () => {
      const other = await opened.reopen()
      assert.equal(await other.count(big(), never), BigInt(bigRows))
      await other.close()
      await assert.rejects(
        async () => {
          await other.count(big(), never)
        },
        { kind: 'unavailable' },
      )
      const again = await opened.reopen()
      assert.equal(await again.count(big(), never), BigInt(bigRows))
      await again.close()
    })
  })
}
