import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { Source } from '#connectors/connector.ts'
import { modelFromTables } from '#odata/edm/from-catalog.ts'
import type { Model } from '#odata/edm/model.ts'
import { encodeQueryText } from '#odata/render/url.ts'
import { evaluate } from '#query/evaluate.ts'
import type { PageRequest } from '#query/from-odata.ts'
import type { ReadPlan, Row, Value } from '#query/plan.ts'
import { createFolder, never, openFolderWith, runDuckdb } from '#test/contract/connectors/files.ts'
import { orderValues, planOfUrl, valueOf, wholePage } from '#test/support/plans.ts'
import {
  at,
  bigs,
  clocks,
  condition,
  dates,
  decimals,
  doubles,
  guids,
  integers,
  orders,
  stamps,
  texts,
} from './filters.ts'

const { filesDirectory, folder, remove } = createFolder()
const { pool, open } = openFolderWith(filesDirectory, { processes: 1 })
let source: Source | undefined
let model: Model
let everything: readonly Row[]

const literal = (value: Value): string =>
  value === null ? 'NULL' : `'${String(value).replaceAll("'", "''")}'`

const rows = Array.from({ length: 120 }, (_, i) =>
  [
    i,
    at(texts, i),
    at(['a', 'B', null], i * 2),
    at(['sad', 'ok', null], i),
    at(integers, i * 7),
    i % 3,
    at(bigs, i * 3),
    at(doubles, i * 11),
    at(decimals, i * 7),
    at([0.1, -2.5, 3, null], i * 5),
    at([true, false, null], i * 5),
    at(stamps, i * 13),
    at(stamps, i * 3),
    at(dates, i * 17),
    at(clocks, i * 3),
    at(guids, i * 7),
  ].map(literal),
)

const planOf = (query: string, request: PageRequest = wholePage) =>
  planOfUrl(model, `/items?${query}`, request)

const run = async (plan: ReadPlan): Promise<readonly Row[]> => {
  const found: Row[] = []
  assert.ok(source)
  for await (const batch of source.read(plan, never)) found.push(...batch)
  return found
}

before(async () => {
  await runDuckdb(
    `SET TimeZone = 'UTC'`,
    `CREATE TABLE item ("id" INTEGER, "t" VARCHAR, "c" VARCHAR, "e" ENUM ('sad', 'ok'), "n" INTEGER, "m" INTEGER,
      "b" BIGINT, "d" DOUBLE, "x" DECIMAL(20,2), "r" FLOAT, "f" BOOLEAN, "at" TIMESTAMPTZ, "ts" TIMESTAMP, "day" DATE,
      "clock" TIME, "g" UUID)`,
    `INSERT INTO item VALUES ${rows.map((row) => `(${row.join()})`).join()}`,
    `COPY item TO '${join(folder, 'item.parquet')}' (ROW_GROUP_SIZE 50)`,
  )
  source = await open()
  const { tables } = await source.describe()
  const settings = { namespace: 'p', nameCase: 'Default', schemaMap: undefined } as const
  model = modelFromTables(tables, settings)
  everything = await run(planOf(''))
  assert.equal(everything.length, rows.length)
})
after(async () => {
  await source?.close()
  await pool.close()
  remove()
})

const idOf = (row: Row): Value => valueOf(row[0])

const columnIn = (row: Row, name: string): Value => {
  const properties = [...(model.sets.get('items')?.type.properties.values() ?? [])]
  return valueOf(row[properties.findIndex(({ column }) => column === name)])
}

test('a filter finds in a file the rows that the evaluation in memory finds', async () => {
  let compared = 0
  await fc.assert(
    fc.asyncProperty(condition, async (filter) => {
      const plan = planOf(`$filter=${encodeQueryText(filter)}`)
      const { filter: expression } = plan.shape
      assert.ok(expression)
      const pushed = (await run(plan)).map(idOf)
      const kept = everything.filter(
        (row) =>
          evaluate(expression, {
            cell: (_row, name) => columnIn(row, name),
            values: plan.values,
          }) === true,
      )
      assert.deepEqual(pushed, kept.map(idOf), filter)
      compared += pushed.length > 0 && pushed.length < everything.length ? 1 : 0
    }),
    { numRuns: 150 },
  )
  assert.ok(compared > 25, `only ${compared} filters told rows apart`)
})

test('pages by keyset give every row of a file once and in the order of the whole', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(orders, fc.constantFrom('RowNumber', 'RowNumber desc', 'RowNumber,t')),
      fc.integer({ min: 10, max: 50 }),
      fc.constantFrom('', '&$filter=m ne 1'),
      async (order, size, more) => {
        const query = `$select=id&$orderby=${order}${more}`
        const whole = (await run(planOf(query))).map(idOf)
        const paged: Value[] = []
        let last: readonly Value[] | undefined
        for (;;) {
          const plan = planOf(query, { limit: size, offset: undefined, after: last })
          const found = await run(plan)
          paged.push(...found.map(idOf))
          assert.ok(paged.length <= rows.length, order)
          if (found.length < size) break
          last = orderValues(plan, found.at(-1) ?? [])
        }
        assert.deepEqual(paged, whole, order)
      },
    ),
    { numRuns: 20 },
  )
})
