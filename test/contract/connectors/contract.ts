// What holds of every connector that reads tables. To have an engine join: one `Engine`.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Source } from '#connectors/connector.ts'
import { bindCollection, bindEntity } from '#odata/bind-request.ts'
import { modelFromTables } from '#odata/edm/from-catalog.ts'
import type { EntitySet, Model } from '#odata/edm/model.ts'
import { parseQueryOptions } from '#odata/parse/query-options.ts'
import { parseResourcePath } from '#odata/parse/resource-path.ts'
import { createRowRenderer } from '#odata/render/json.ts'
import { encodeQueryText } from '#odata/render/url.ts'
import { keyValues, planCollection, shapeOfEntity } from '#query/from-odata.ts'
import type { Column, ReadPlan, ReadShape, Row, Value } from '#query/plan.ts'
import { splitPlan } from '#query/split.ts'
import { bigRows, tables, type TestTable } from './tables.ts'

export type OpenedEngine = {
  readonly source: Source
  /** Opens the same data again, as another source. */
  readonly reopen: () => Promise<Source>
  readonly close: () => Promise<void>
}

export type Engine = {
  readonly name: string
  /** Makes the tables, `Big` (see `bigRows`), and a view `Runaway (id)` that never gives its first row; opens them. */
  readonly open: (tables: readonly TestTable[]) => Promise<OpenedEngine>
  /** What an engine may lack: declared keys, and decimals of any number of digits. */
  readonly has: { readonly keys: boolean; readonly exactDecimals: boolean }
}

const never = new AbortController().signal
const whole = { limit: undefined, offset: undefined, after: undefined }

// Where a source tells of no keys, the schema map does.
const schemaMap = {
  tables: {
    Kind: { columns: { code: { primaryKeyComponent: 1 } } },
    Item: { columns: { id: { primaryKeyComponent: 1 } } },
  },
}

const id: Column = { kind: 'column', name: 'id', type: 'Edm.Int32', nullable: false }

/** All of a table that is not in the model. */
const everything = (table: string, order: boolean, more: Partial<ReadShape> = {}): ReadShape => ({
  table,
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
]

/** Reads what a query string of OData asks for. */
const createReader = (source: Source, model: () => Model) => {
  const setOf = (table: string): EntitySet => {
    const found = [...model().sets.values()].find(({ type }) => type.table === table)
    assert.ok(found, table)
    return found
  }
  const planOf = (table: string, query: string, request: Parameters<typeof planCollection>[1]) =>
    planCollection(bindCollection(setOf(table), parseQueryOptions(query)), request)
  const run = (plan: ReadPlan): Promise<readonly Row[]> => {
    assert.equal(splitPlan(plan, source.capabilities).rest, undefined, 'all of it is pushed down')
    return collect(source.read(plan, never))
  }
  return { setOf, planOf, run }
}

const json = async (source: Source, set: EntitySet, query: string): Promise<readonly unknown[]> => {
  const bound = bindCollection(set, parseQueryOptions(query))
  const render = createRowRenderer(bound.select.properties, true)
  const rows = await collect(source.read(planCollection(bound, whole), never))
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
      for (const { name, columns, key, references } of tables) {
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
        const foreign = references
          ? [{ columns: [references.column], table: 'Kind', referencedColumns: ['code'] }]
          : []
        assert.deepEqual(table.foreignKeys, foreign)
        assert.ok(
          table.indexes.some((index) => index.unique && index.columns.join() === key.join()),
        )
      }
    })
    test('gives every type exactly, its extremes, the empty value and null', async () => {
      const [first, second, third, fourth, fifth] = (await json(
        source,
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
              paged.push(...rows.map(([id]) => id ?? null))
              if (rows.length < size) break
              last = plan.orderAt.map((at) => rows.at(-1)?.[at] ?? null)
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
      const properties = [...set.type.properties.values()]
      const shape = shapeOfEntity(set.type, properties)
      const read = (code: string) => {
        const path = parseResourcePath(`/${set.name}('${encodeURIComponent(code)}')`)
        assert.ok(path.kind === 'set' && path.key !== undefined)
        const bound = bindEntity(set, path.key, parseQueryOptions(''))
        return reader.run({ shape, values: keyValues(bound) })
      }
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

    const filler: Column = { kind: 'column', name: 'filler', type: 'Edm.String', nullable: true }
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
