import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { modelFromTables } from '#odata/edm/from-catalog.ts'
import { onlyTable } from '#query/plan.ts'
import { planOfUrl } from '#test/support/plans.ts'
import { boundOf } from './bounded.ts'
import { describeDatabase } from './introspect.ts'

const db = new DatabaseSync(':memory:')
after(() => db.close())
db.exec(`CREATE TABLE City (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE Item (id INTEGER PRIMARY KEY, city INTEGER REFERENCES City (id), n INTEGER);
  CREATE INDEX ItemCity ON Item (city);
  CREATE TABLE Note (id INTEGER PRIMARY KEY, item INTEGER REFERENCES Item (id))`)
const { tables } = describeDatabase(db)
const model = modelFromTables(tables, { namespace: 'b', nameCase: 'Default', schemaMap: undefined })
const find = (name: string) => tables.find((table) => table.name === name)

const isBounded = (url: string, limit = 51): boolean => {
  const plan = planOfUrl(model, url, { limit, offset: undefined, after: undefined })
  return boundOf(plan, find(onlyTable(plan.shape) ?? ''), find) !== undefined
}

for (const [url, bounded] of [
  ['/Items', true],
  ['/Items(1)', true],
  ['/Items?$filter=n eq 1', false],
  ['/Items?$filter=city eq 1', true],
  ['/Items?$filter=city eq 1&$orderby=id desc', true],
  ['/Items?$filter=city eq 1&$orderby=n', false],
  ['/Items?$filter=city eq 1 and n eq 1', false],
  ['/Items?$filter=city eq 1 and city eq 2', false],
  ['/Items?$filter=city gt 1', false],
  ['/Items?$orderby=n', false],
  ['/Items?$compute=n add 1 as x', false],
  ['/Items?$expand=City', true],
  ['/Items(1)?$expand=City', true],
  ['/Cities(1)?$expand=Items', true],
  ['/Cities?$expand=Items($top=3)', true],
  ['/Cities?$expand=Items($top=3;$expand=City)', true],
  // A hundred of them for each of fifty-one is too much for the server itself.
  ['/Cities?$expand=Items($expand=City)', false],
  ['/Cities?$expand=Items($top=3;$orderby=n)', false],
  ['/Cities?$expand=Items($top=3;$filter=n eq 1)', false],
  ['/Cities?$expand=Items($top=3;$skip=1)', false],
  ['/Cities?$expand=Items/$count', false],
  // No index leads from an item to its notes.
  ['/Items(1)?$expand=Notes($top=3)', false],
  ['/Cities(1)/Items', false],
  ['/Items?$apply=aggregate($count as N)', false],
] as const)
  test(`${url} is ${bounded ? 'read in the server itself' : 'read by a process'}`, () =>
    assert.equal(isBounded(url), bounded))
