import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { readCsv } from '#test/support/csv.ts'
import { openShop, type Shop } from '#test/support/odata-service.ts'

let shop: Shop
before(async () => {
  shop = await openShop(`
    CREATE TABLE City (id INTEGER PRIMARY KEY, name TEXT, n BIGINT, price DECIMAL(10,2), at TIMESTAMP, raw BLOB);
    CREATE TABLE Item (id INTEGER PRIMARY KEY, city INTEGER REFERENCES City (id), name TEXT);
    CREATE TABLE Pile (id INTEGER PRIMARY KEY, n INTEGER, filler TEXT);
    CREATE TABLE Größe (id INTEGER PRIMARY KEY);
    INSERT INTO City VALUES
      (1, 'a,"b"' || char(13, 10) || 'ü', 9007199254740993, 1.25, '2001-01-01 00:47:00', x'00ff'),
      (2, '', NULL, NULL, NULL, x''), (3, NULL, -1, 2, NULL, NULL);
    INSERT INTO Item VALUES (1, 1, '=1+1'), (2, 1, NULL), (3, NULL, ' x ');
    INSERT INTO Item WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
      SELECT i, 3, 'x' FROM n;
    INSERT INTO Pile WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
      SELECT i, iif(i = 4900, 'text', i), hex(zeroblob(40)) FROM n;`)
})
after(() => shop.close())

const csv = { headers: { accept: 'text/csv' } }
const ndjson = { headers: { accept: 'application/x-ndjson' } }
const text = async (url: string, how = csv): Promise<string> => {
  const answer = await shop.ask(encodeURI(url), how)
  assert.equal(answer.status, 200, answer.text)
  return answer.text
}
const linesOf = (of: string): readonly unknown[] => {
  assert.ok(of === '' || of.endsWith('\n'))
  return of
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line))
}
const refusal = async (url: string, how: Parameters<Shop['ask']>[1] = csv): Promise<string> => {
  const { status, json } = await shop.ask(url, how)
  const { error } = json() as { error: { message: string; target: string | null } }
  return `${status} ${error.target} ${error.message}`
}

describe('CSV', () => {
  test('has a header, exact values, and null told from the empty text and from no bytes', async () =>
    assert.equal(
      await text('/Cities'),
      'id,name,n,price,at,raw\r\n' +
        '1,"a,""b""\r\nü",9007199254740993,1.25,2001-01-01T00:47:00Z,AP8\r\n' +
        '2,"",,,,""\r\n' +
        '3,,-1,2,,\r\n',
    ))

  test('says what it is and how to save it, and is not opened by a browser', async () => {
    const { headers } = await shop.ask('/Cities', csv)
    assert.equal(headers['Content-Type'], 'text/csv;charset=utf-8;header=present')
    assert.equal(headers['Content-Disposition'], 'attachment; filename="Cities.csv"')
    const other = await shop.ask(`/${encodeURIComponent('Größes')}?$format=csv`)
    assert.equal(
      other.headers['Content-Disposition'],
      "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fes.csv",
    )
  })

  test('alters nothing that a spreadsheet would take for a formula', async () =>
    assert.equal(await text('/Items?$top=3&$select=name'), 'name\r\n=1+1\r\n\r\n x \r\n'))

  for (const [url, expected] of [
    ['/Cities?$select=name,id&$orderby=id desc&$top=1&$skip=1', 'id,name\r\n2,""\r\n'],
    ['/Cities?$filter=n lt 0&$select=id', 'id\r\n3\r\n'],
    ['/Items?$top=1&$compute=City/price mul 2 as twice&$select=id,twice', 'id,twice\r\n1,2.5\r\n'],
    [
      '/Items?$apply=groupby((City/id),aggregate($count as many))&$orderby=many desc&$top=2',
      'City/id,many\r\n3,101\r\n1,2\r\n',
    ],
    ['/Cities(1)/Items?$select=id', 'id\r\n1\r\n2\r\n'],
    ['/Cities/$filter(id eq 2)?$select=id', 'id\r\n2\r\n'],
    ['/Cities?$top=0&$select=id', 'id\r\n'],
    ['/Cities?$select=id&$filter=false', 'id\r\n'],
  ] as const)
    test(`answers ${url}`, async () => assert.equal(await text(url), expected))

  test('is refused where rows would stand in rows, or no column is left', async () => {
    const nested = await refusal('/Cities?$expand=Items')
    assert.match(nested, /^400 \$expand CSV has no rows inside rows\. .*\$compute/)
    assert.match(await refusal('/Items?$expand=City'), /^400 \$expand /)
    assert.match(await refusal('/Cities?$select=Items'), /^400 \$select CSV needs a column/)
  })
})

describe('NDJSON', () => {
  test('is an object a line, as in a page without metadata', async () => {
    const page = await shop.ask('/Cities', {
      headers: { accept: 'application/json;odata.metadata=none' },
    })
    assert.deepEqual(linesOf(await text('/Cities', ndjson)), page.json()['value'])
  })

  test('has big numbers as texts on request, and says so', async () => {
    const type = 'application/x-ndjson;IEEE754Compatible=true'
    const answer = await shop.ask('/Cities?$top=1&$select=n', { headers: { accept: type } })
    assert.equal(answer.text, '{"n":"9007199254740993"}\n')
    assert.equal(answer.headers['Content-Type'], type)
  })

  test('nests what is expanded, with a link to what does not fit', async () => {
    const [first, , third] = linesOf(
      await text('/Cities?$select=id&$expand=Items($select=id)', ndjson),
    ) as Record<string, unknown>[]
    assert.deepEqual(first, { id: 1, Items: [{ id: 1 }, { id: 2 }] })
    assert.equal((third?.['Items'] as unknown[] | undefined)?.length, 100)
    assert.match(String(third?.['Items@odata.nextLink']), /\/Cities\(3\)\/Items\?.*skiptoken=/)
  })

  test('nests what $apply grouped by a path', async () =>
    assert.equal(
      await text('/Items?$apply=groupby((City/id))&$filter=City/id eq 1', ndjson),
      '{"City":{"id":1}}\n',
    ))
})

describe('an export', () => {
  test('is the whole result whatever a page has, and has no link', async () => {
    const rows = readCsv(await text('/Piles?$select=id&$filter=id lt 4900'))
    assert.equal(rows.length, 4900)
    assert.deepEqual(rows.at(-1), ['4899'])
    const lines = linesOf(await text('/Piles?$select=id&$top=4500', ndjson))
    assert.deepEqual(lines.at(-1), { id: 4500 })
    const { headers } = await shop.ask('/Piles?$select=id', {
      headers: { accept: 'text/csv', prefer: 'maxpagesize=10' },
    })
    assert.equal(headers['Preference-Applied'], undefined)
  })

  for (const [what, type] of [
    ['CSV', 'text/csv'],
    ['NDJSON', 'application/x-ndjson'],
  ] as const)
    test(`breaks as ${what} at a value that cannot be shown, also far behind its begin`, async () => {
      await assert.rejects(shop.ask('/Piles', { headers: { accept: type } }), {
        kind: 'unrepresentable',
      })
      const early = await shop.ask('/Piles?$filter=id%20gt%204890', { headers: { accept: type } })
      assert.equal(early.status, 500)
    })

  test('is refused where the limit of rows would end it, and never cut in silence', async () => {
    for (const accept of ['text/csv', 'application/x-ndjson']) {
      const how = (rows: number) => ({ headers: { accept }, rows })
      assert.match(await refusal('/Cities', how(2)), /^400 null The result has more than 2 rows/)
      assert.match(await refusal('/Cities?$top=3', how(2)), /^400 null .*MaxFetchRows/)
      // A long result, too, before anything of it is sent.
      assert.match(await refusal('/Piles?$filter=id%20lt%204900', how(4898)), /^400 /)
      for (const url of ['/Cities?$top=2', '/Cities?$skip=1', '/Cities?$filter=id%20gt%201'])
        assert.equal((await shop.ask(url, how(2))).status, 200)
      assert.equal((await shop.ask('/Cities', how(3))).status, 200)
    }
  })

  test('breaks when rows come between counting and reading, rather than end at the limit', async () => {
    const grown: Shop = await openShop(
      `CREATE TABLE Row (id INTEGER PRIMARY KEY); INSERT INTO Row VALUES (1), (2)`,
      {
        wrap: (source) => ({
          ...source,
          count: async (...args) => {
            const total = await source.count(...args)
            await grown.change('INSERT INTO Row VALUES (3)')
            return total
          },
        }),
      },
    )
    assert.match((await grown.ask('/Rows', { ...csv, rows: 2 })).text, /more than 2 rows/)
    assert.equal((await grown.ask('/Rows', csv)).text, 'id\r\n1\r\n2\r\n3\r\n')
    await grown.close()
  })

  test('has neither a count nor a page', async () => {
    assert.match(await refusal('/Cities?$count=true'), /^400 \$count .*\/\$count/)
    assert.match(await refusal('/Cities?$skiptoken=x'), /^400 \$skiptoken /)
  })

  test('is of collections of entities alone', async () => {
    for (const path of ['/', '/$metadata', '/Cities(1)', '/Cities(1)/name', '/Cities/$ref'])
      for (const accept of ['text/csv', 'application/x-ndjson'])
        assert.equal((await shop.ask(path, { headers: { accept } })).status, 406, path)
  })

  test('has the headers alone for HEAD', async () => {
    const { status, text: body, headers } = await shop.ask('/Piles', { ...csv, method: 'HEAD' })
    assert.deepEqual([status, body], [200, ''])
    assert.equal(headers['Content-Type'], 'text/csv;charset=utf-8;header=present')
  })

  test('has an ETag while it is short, and none as a stream', async () => {
    const { headers } = await shop.ask('/Cities', csv)
    const again = { headers: { ...csv.headers, 'if-none-match': headers['ETag'] ?? '' } }
    assert.equal((await shop.ask('/Cities', again)).status, 304)
    assert.equal((await shop.ask('/Piles?$top=4800', csv)).headers['ETag'], undefined)
  })
})
