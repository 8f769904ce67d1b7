import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { modelFromTables } from '#odata/edm/from-catalog.ts'
import { onlyTable, type ReadShape } from '#query/plan.ts'
import { compileRead } from '#sql/compile.ts'
import { dialects } from '#sql/dialects/index.ts'
import { planOfUrl } from '#test/support/plans.ts'
import { boundOf } from './bounded.ts'
import { describeDatabase } from './introspect.ts'
import { staysInWindow, takesIndexes } from './query-steps.ts'
import { windowOf } from './window.ts'

const tables = `CREATE TABLE City (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE Item (id INTEGER PRIMARY KEY, city INTEGER REFERENCES City (id), n INTEGER, m INTEGER);
  CREATE INDEX ItemCity ON Item (city, n)`

/** What whoever wrote the file says of it: a city has nearly all items, and the table is tiny. */
const lies = `ANALYZE; DELETE FROM sqlite_stat1;
  INSERT INTO sqlite_stat1 VALUES ('Item', 'ItemCity', '1000000 1000000 1000000'), ('Item', NULL, '2');
  ANALYZE sqlite_schema`

const open = (...scripts: readonly string[]): DatabaseSync => {
  const db = new DatabaseSync(':memory:')
  after(() => db.close())
  for (const script of scripts) db.exec(script)
  return db
}

const planIn = (db: DatabaseSync, url: string) => {
  const catalog = describeDatabase(db).tables
  const find = (name: string) => catalog.find((table) => table.name === name)
  const options = { namespace: 's', nameCase: 'Default', schemaMap: undefined } as const
  const page = { limit: 51, offset: undefined, after: undefined }
  const plan = planOfUrl(modelFromTables(catalog, options), url, page)
  return { plan, table: find(onlyTable(plan.shape) ?? ''), find }
}

const stepsOf = (db: DatabaseSync, shape: ReadShape): readonly string[] => {
  const { text } = compileRead(shape, dialects.sqlite)
  const told = db.prepare(`EXPLAIN QUERY PLAN ${text}`).all()
  return told.map(({ detail }) => String(detail))
}

/** Whether a URL is bounded by what the file has, and by what SQLite makes of that. */
const judge = (db: DatabaseSync, url: string): { bound: string | undefined; taken: boolean } => {
  const { plan, table, find } = planIn(db, url)
  const bound = boundOf(plan, table, find)
  return {
    bound,
    taken: bound !== undefined && takesIndexes(stepsOf(db, plan.shape), plan.shape, bound),
  }
}

/** Whether a filtered page has a window of row ids, and SQLite stays in it; undefined where it has none. */
const staysIn = (db: DatabaseSync, url: string): boolean | undefined => {
  const { plan, table, find } = planIn(db, url)
  const window = table && windowOf(plan, table, find)
  return window && staysInWindow(stepsOf(db, window.shape))
}

for (const [url, stays] of [
  ['/Items?$filter=m gt 1', true],
  // The index of cities leads out of it, to rows that are sorted.
  ['/Items?$filter=m gt 1 and city eq 1', false],
  ['/Items?$filter=m gt 1&$expand=City', true],
  ['/Cities?$filter=id gt 0 and id ne 5&$expand=Items($top=3;$orderby=n,id)', true],
  // A hundred rows in each of a full page are too many for the server.
  ['/Cities?$filter=id ne 5&$expand=Items($orderby=n,id)', undefined],
  ['/Cities?$filter=id ne 5&$expand=Items($top=3;$orderby=m)', undefined],
  ['/Items?$filter=m gt 1&$orderby=m', undefined],
] as const)
  test(`${url} ${stays === true ? 'is tried in a window' : stays === false ? 'would leave its window' : 'has no window'}`, () =>
    assert.equal(staysIn(open(tables), url), stays))

test('a filter whose index leads out of the window is not tried in it', () => {
  const index = 'CREATE INDEX ItemM ON Item (m)'
  assert.equal(staysIn(open(tables, index), '/Items?$filter=m gt 1 and m lt 5'), false)
})

for (const [url, bound] of [
  ['/Items', 'page'],
  ['/Items(1)', 'row'],
  ["/Cities?$filter=name eq 'Oslo'", 'row'],
  ['/Items?$filter=city eq 1&$orderby=n,id', 'page'],
  ['/Items?$filter=city eq 1 and n eq 2', 'page'],
  ['/Cities?$expand=Items($top=3;$orderby=n,id)', 'page'],
  ['/Cities(1)?$expand=Items($top=3;$orderby=n,id;$expand=City)', 'row'],
] as const)
  test(`${url} is bounded, and SQLite takes the indexes`, () =>
    assert.deepEqual(judge(open(tables), url), { bound, taken: true }))

test('a page that the statistics of a file lead through the whole table is not for the server', () => {
  const url = '/Items?$filter=city eq 1 and n eq 2'
  assert.deepEqual(judge(open(tables), url), { bound: 'page', taken: true })
  assert.deepEqual(judge(open(tables, lies), url), { bound: 'page', taken: false })
})

const shape = (filtered: boolean) => {
  const column = {
    kind: 'column',
    name: 'city',
    type: 'Edm.Int32',
    row: 0,
    nullable: true,
  } as const
  const right = { kind: 'slot', index: 0, type: 'Edm.Int32' } as const
  const filter = { kind: 'compare', operator: 'eq', left: column, right } as const
  const from = { kind: 'table', schema: undefined, table: 'Item', row: 0 } as const
  return {
    from,
    joins: [],
    outputs: [],
    filter: filtered ? filter : undefined,
    order: [],
    after: undefined,
    limit: undefined,
    offset: undefined,
  } as unknown as Parameters<typeof takesIndexes>[1]
}

for (const [steps, filtered, taken] of [
  [['SCAN t0'], false, true],
  [['SCAN t0'], true, false],
  [['SEARCH t0 USING INDEX ItemCity (city=?)'], true, true],
  [['SEARCH t0 USING INDEX ItemCity (electricity=?)'], true, false],
  [['SEARCH t0 USING INTEGER PRIMARY KEY (rowid>?)'], true, false],
  [['SEARCH t0 USING INDEX ItemCity (city=?)', 'USE TEMP B-TREE FOR ORDER BY'], true, false],
  [['SCAN t0', 'CORRELATED SCALAR SUBQUERY 1', 'SCAN t1'], false, false],
  [['SCAN t0', 'SEARCH t1 USING AUTOMATIC COVERING INDEX (city=?)'], false, false],
  [['SCAN t0', 'SEARCH t1 USING INDEX ItemCity (city=?)', 'SCAN (subquery-1)'], false, true],
] as const)
  test(`${steps.join('; ')} ${filtered ? 'behind a filter ' : ''}is ${taken ? '' : 'not '}bounded`, () =>
    assert.equal(takesIndexes(steps, shape(filtered), 'page'), taken))
