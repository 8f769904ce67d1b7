import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { bindable, openReadOnly, prepareRows } from '#connectors/sqlite/connection.ts'
import { describeDatabase } from '#connectors/sqlite/introspect.ts'
import { bindQuery } from '#odata/bind/query.ts'
import { bindResource } from '#odata/bind/resource.ts'
import { modelFromTables } from '#odata/edm/from-catalog.ts'
import { ODataError } from '#odata/errors.ts'
import { parseResourcePath } from '#odata/parse/resource-path.ts'
import { parseQueryOptions } from '#odata/parse/query-options.ts'
import { encodeQueryText } from '#odata/render/url.ts'
import { evaluate } from '#query/evaluate.ts'
import { planCollection, type PageRequest } from '#query/from-odata.ts'
import type { ReadPlan, Row, Value } from '#query/plan.ts'
import { compileRead } from '#sql/compile.ts'
import { dialects } from '#sql/dialects/index.ts'
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

const directory = mkdtempSync(join(tmpdir(), 'headgate-pushdown-'))
const file = join(directory, 'p.db')
/** SQLite keeps stamps as text, in more than one form. */
const ownStamps = [...stamps, '2001-01-01 00:00:00', '2001-01-01 12:30']

const build = (): void => {
  const db = new DatabaseSync(file)
  db.exec(`CREATE TABLE Item (id INTEGER PRIMARY KEY, t TEXT COLLATE NOCASE, c CHAR(3), e VARCHAR(9), n INTEGER,
    m INTEGER NOT NULL, b BIGINT, d DOUBLE, x DECIMAL(20,2), r REAL, f BOOLEAN, at TIMESTAMP, ts TIMESTAMP, day DATE,
    clock TIME, g UUID)`)
  const insert = db.prepare(`INSERT INTO Item VALUES (${Array(16).fill('?').join()})`)
  for (let i = 0; i < 120; i++)
    insert.run(
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
      at([0, 1, null], i * 5),
      at(ownStamps, i * 13),
      at(stamps, i * 3),
      at(dates, i * 17),
      at(clocks, i * 3),
      at(guids, i * 7),
    )
  db.close()
}
build()
const db = openReadOnly(file, 0)
after(() => {
  db.close()
  rmSync(directory, { recursive: true })
})
const { tables } = describeDatabase(db)
const model = modelFromTables(tables, { namespace: 'p', nameCase: 'Default', schemaMap: undefined })
const set = model.sets.get('Items')
assert.ok(set)
const items = set

const run = ({ shape, values }: ReadPlan): readonly Row[] => {
  const { text, slots } = compileRead(shape, dialects.sqlite)
  return prepareRows(db, text, true).all(slots.map((slot) => bindable(values[slot] ?? null)))
}
const page = { limit: undefined, offset: undefined, after: undefined }
const planOf = (query: string, request: PageRequest = page) => {
  const path = parseResourcePath('/Items')
  assert.ok(path.kind === 'resource')
  const options = parseQueryOptions(query)
  const { path: bound, budget } = bindResource(path, model, options.aliases)
  const start = { model, set: items, row: bound.row, budget, aliases: new Map() }
  return planCollection(bound, bindQuery(options, start), budget.rows, request)
}

const columns = [...items.type.properties.values()].map(({ column }) => column)
const everything = run(planOf(''))
const valueAt = (row: Row, at: number): Value => {
  const cell = row[at] ?? null
  assert.ok(!Array.isArray(cell))
  return cell as Value
}
const idOf = (row: Row): Value => valueAt(row, 0)

test('a pushed filter finds the rows that the evaluation in memory finds', () => {
  let compared = 0
  fc.assert(
    fc.property(condition, (filter) => {
      const plan = planOf(`$filter=${encodeQueryText(filter)}`)
      const { filter: expression } = plan.shape
      assert.ok(expression)
      const pushed = run(plan).map(idOf)
      const kept = everything.filter((row) => {
        const cell = (_row: number, column: string) => valueAt(row, columns.indexOf(column))
        const value = evaluate(expression, { cell, values: plan.values })
        return value === true || value === 1n
      })
      assert.deepEqual(pushed, kept.map(idOf), filter)
      compared += pushed.length > 0 && pushed.length < everything.length ? 1 : 0
    }),
    { numRuns: 1500 },
  )
  assert.ok(compared > 250, `only ${compared} filters told rows apart`)
})

test('pages by keyset give every row once and in the order of the whole', () => {
  fc.assert(
    fc.property(
      orders,
      fc.integer({ min: 1, max: 50 }),
      fc.constantFrom('', '&$filter=m ne 1'),
      (order, size, more) => {
        const query = `$select=id&$orderby=${order}${more}`
        const whole = run(planOf(query)).map(idOf)
        const paged: Value[] = []
        let last: readonly Value[] | undefined
        for (;;) {
          const plan = planOf(query, { limit: size, offset: undefined, after: last })
          const rows = run(plan)
          paged.push(...rows.map(idOf))
          if (rows.length < size) break
          const end = rows.at(-1) ?? []
          last = plan.layout.orderAt.map((at) => valueAt(end, at))
        }
        assert.deepEqual(paged, whole, order)
      },
    ),
    { numRuns: 80 },
  )
})

test('a decimal literal is refused when the engine could not compare it exactly', () => {
  for (const filter of ['b gt 9007199254740993.5', 'd eq 12345678901234567890'])
    assert.throws(
      () => planOf(`$filter=${filter}`),
      (error) => error instanceof ODataError && error.kind === 'not-implemented',
    )
})
