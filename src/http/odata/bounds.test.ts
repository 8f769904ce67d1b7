// What is refused or done elsewhere because it would cost too much.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Source } from '#connectors/connector.ts'
import type { ReadPlan } from '#query/plan.ts'
import { openShop, type Shop } from '#test/support/odata-service.ts'

/** Whether the server itself read what was asked for last. */
let here: boolean | undefined
const noted = (source: Source): Source => ({
  ...source,
  readNow: (plan: ReadPlan) => {
    const rows = source.readNow?.(plan)
    here = rows !== undefined
    return rows
  },
})

let shop: Shop
before(async () => {
  shop = await openShop(
    `CREATE TABLE Folder (id INTEGER PRIMARY KEY, note TEXT, parent INTEGER REFERENCES Folder (id));
     CREATE TABLE Page (id INTEGER PRIMARY KEY, folder INTEGER REFERENCES Folder (id), body TEXT);
     CREATE INDEX PageFolder ON Page (folder, id);
     INSERT INTO Folder VALUES (1, 'thin', NULL), (2, 'wide', NULL), (3, printf('%.*c', 1500000, 'x'), NULL);
     INSERT INTO Page WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20)
       SELECT i, 1 + i % 2, CASE i % 2 WHEN 0 THEN 'short' ELSE printf('%.*c', 100000, 'y') END FROM c`,
    { wrap: noted },
  )
})
after(() => shop.close())

describe('one entity', () => {
  for (const [url, isHere] of [
    ['/Folders(1)', true],
    ['/Folders(1)?$expand=Pages', true],
    ['/Folders(3)', false],
    ['/Folders(2)?$expand=Pages', false],
  ] as const)
    test(`${url} is read by ${isHere ? 'the server' : 'a process, because it is large'}`, async () => {
      here = undefined
      const { status, text } = await shop.ask(url)
      assert.equal(status, 200)
      assert.equal(here, isHere)
      assert.equal(text.length > 1_000_000, !isHere)
    })
})

describe('a query', () => {
  test('may have very many operands', async () => {
    const many = Array.from({ length: 1500 }, (_, i) => `id eq ${i}`).join(' or ')
    const found = (await shop.ask(`/Folders?$select=id&$filter=${encodeURIComponent(many)}`)).json()
    assert.deepEqual(found['value'], [{ id: 1 }, { id: 2 }, { id: 3 }])
  })
  test('expands up to twenty deep', async () => {
    const nested = (depth: number): string =>
      depth === 0 ? '' : `$expand=Folder_parent${depth === 1 ? '' : `(${nested(depth - 1)})`}`
    const url = (depth: number): string => `/Folders?$top=1&$select=id&${nested(depth)}`
    assert.equal((await shop.ask(url(20))).status, 200)
    const { status, text } = await shop.ask(url(21))
    assert.equal(status, 400)
    assert.match(text, /\$expand goes at most 20 deep/)
  })
})

describe('HEAD', () => {
  test('tells the length that GET has, where that is known', async () => {
    const { text } = await shop.ask('/Folders(1)')
    const head = await shop.ask('/Folders(1)', { method: 'HEAD' })
    assert.equal(head.headers['Content-Length'], String(Buffer.byteLength(text)))
    assert.equal(
      (await shop.ask('/Folders', { method: 'HEAD' })).headers['Content-Length'],
      undefined,
    )
  })
})
