import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Source } from '#connectors/connector.ts'
import { openShop, type Shop } from '#test/support/odata-service.ts'

let asked: string[] = []
const noted = (source: Source): Source => ({
  ...source,
  read: (plan, signal) => {
    asked.push('rows')
    return source.read(plan, signal)
  },
  readText: (plan, wanted, signal) => {
    asked.push('text')
    return source.readText?.(plan, wanted, signal) ?? assert.fail('no text')
  },
})

let shop: Shop
before(async () => {
  shop = await openShop(
    `CREATE TABLE Sound (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, at TIMESTAMP NOT NULL);
     CREATE TABLE Spoilt (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
     INSERT INTO Sound WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1200)
       SELECT i, i * 2, '2020-06-01 12:00:00' FROM c;
     INSERT INTO Spoilt SELECT id, iif(id = 700, 'seven', n) FROM Sound`,
    { wrap: noted },
  )
})
after(() => shop.close())

const rowsOf = async (url: string): Promise<readonly Record<string, unknown>[]> =>
  (await shop.ask(url)).json()['value'] as Record<string, unknown>[]

describe('a long page', () => {
  test('is taken as text, and says what a page of rows says', async () => {
    for (const [url, way] of [
      ['/Sounds?$select=id,n,at', 'text'],
      ['/Sounds?$select=id,n,at&timezone=Europe/Berlin', 'rows'],
      ['/Sounds?$select=id,n,at&$compute=id as x', 'text'],
    ] as const) {
      asked = []
      const long = await rowsOf(url)
      assert.deepEqual(asked, [way], url)
      assert.equal(long.length, 1200)
      asked = []
      assert.deepEqual(await rowsOf(`${url}&$top=300`), long.slice(0, 300))
      assert.ok(!asked.includes('text'), url)
    }
  })
  test('names the row of a value that cannot be served, wherever its text is made', async () => {
    for (const url of ['/Spoilts?$select=n', '/Spoilts?$select=n&$top=10&$skip=695']) {
      const { status, text } = await shop.ask(url)
      assert.equal(status, 500, url)
      assert.match(text, /'n' holds a value that is not Edm\.Int32.* It is in Spoilts\(700\)\./)
    }
  })
})
