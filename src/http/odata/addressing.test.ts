// Other ways to the same data: keys as segments, ids, values of bytes.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openShop, serviceRoot as root, type Shop } from '#test/support/odata-service.ts'

let shop: Shop
before(async () => {
  shop = await openShop(`
    CREATE TABLE City (name TEXT PRIMARY KEY, raw BLOB) WITHOUT ROWID;
    CREATE TABLE Item (id INTEGER PRIMARY KEY, city TEXT REFERENCES City (name));
    CREATE TABLE Pair (a INTEGER, b TEXT, note TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
    CREATE TABLE Day (day DATE PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE Thing (id UUID PRIMARY KEY) WITHOUT ROWID;
    INSERT INTO City VALUES ('Ro''me/x', x'00ff0a0d80'), ('name', x''), ('a.b', NULL), ('7', NULL), ('Bern (BE)', 'text');
    INSERT INTO Item VALUES (1, 'name'), (2, 'name'), (3, NULL);
    INSERT INTO Pair VALUES (1, 'x/y', 'slash'), (1, 'note', 'named');
    INSERT INTO Day VALUES ('2001-01-01');
    INSERT INTO Thing VALUES ('0123abcd-0000-4000-8000-00000000ffff');
    CREATE TABLE Bad (id INTEGER PRIMARY KEY, raw BLOB);
    INSERT INTO Bad VALUES (1, 'text');`)
})
after(() => shop.close())

const messageOf = async (url: string): Promise<string> => {
  const { status, json } = await shop.ask(url)
  return `${status} ${(json() as { error: { message: string } }).error.message}`
}

describe('a key as a segment', () => {
  for (const [url, canonical] of [
    ['/Items/1', '/Items(1)'],
    ['/Items/1?$select=city&$expand=City', '/Items(1)?$select=city&$expand=City'],
    ['/Items/1/City', '/Items(1)/City'],
    ['/Items/1/City/name/$value', '/Items(1)/City/name/$value'],
    ['/Items/1/$ref', '/Items(1)/$ref'],
    ["/Cities/Ro'me%2Fx", "/Cities('Ro''me%2Fx')"],
    ['/Cities/7', "/Cities('7')"],
    ['/Cities/name%20', "/Cities('name%20')"],
    ["/Cities('name')/Items/2", "/Cities('name')/Items(2)"],
    ["/Cities('name')/Items/3", "/Cities('name')/Items(3)"],
    ['/Pairs/1/x%2Fy', "/Pairs(a=1,b='x%2Fy')"],
    ['/Pairs/1/note', "/Pairs(a=1,b='note')"],
    ['/Pairs/1/note/note', "/Pairs(a=1,b='note')/note"],
    ['/Days/2001-01-01', '/Days(2001-01-01)'],
    [
      '/Things/0123ABCD-0000-4000-8000-00000000FFFF',
      '/Things(0123abcd-0000-4000-8000-00000000ffff)',
    ],
    ['/Items/$filter(id%20lt%202)/1', '/Items/$filter(id%20lt%202)/1'],
  ] as const)
    test(`${url} is ${canonical}, to the byte`, async () => {
      const [one, other] = [await shop.ask(url), await shop.ask(canonical)]
      assert.notEqual(one.status, 501)
      assert.deepEqual(
        [one.status, one.headers, one.text],
        [other.status, other.headers, other.text],
      )
    })

  test('finds what it names, and says so where there is nothing', async () => {
    assert.equal((await shop.ask("/Cities/Ro'me%2Fx")).json()['name'], "Ro'me/x")
    assert.equal((await shop.ask('/Pairs/1/note')).json()['note'], 'named')
    assert.match(await messageOf('/Items/9'), /^404 There is no entity with this key/)
    assert.match(await messageOf("/Cities/'name'"), /^404 There is no entity with this key/)
  })

  test('is never guessed where a segment could be something else', async () => {
    assert.match(await messageOf('/Cities/name'), /^400 Name one entity by its key/)
    assert.match(await messageOf('/Cities/Items'), /^400 Name one entity by its key/)
    assert.match(await messageOf('/Cities/a.b'), /^501 .*in parentheses/)
    assert.equal((await shop.ask("/Cities('a.b')")).status, 200)
    assert.match(await messageOf('/Cities/$x'), /^404 There is no path segment '\$x'/)
    assert.match(await messageOf('/Items/abc'), /^404 There is no 'abc' below 'Item'/)
    assert.match(await messageOf('/Items/1/2'), /^404 There is no '2' below 'Item'/)
    assert.match(await messageOf('/Items/1/city/2'), /^404 Nothing lies below 'city'/)
    assert.match(await messageOf('/Items/1.x'), /^404 There is no '1\.x' below 'Item'/)
    assert.match(await messageOf('/Days/2001-02-30'), /^404 /)
    assert.match(await messageOf('/Items/null'), /^400 'id' is Edm\.Int32/)
    assert.match(await messageOf('/Cities/a%00b'), /^404 There is no 'a.b' below 'City'/)
  })

  test('has all its parts', async () => {
    assert.match(await messageOf('/Pairs/1'), /^400 'b' is missing.* \/a\/b, or \(a=…,b=…\)/)
    assert.match(await messageOf('/Pairs/1/$count'), /^400 'b' is missing/)
    assert.match(await messageOf('/Pairs/x/1'), /^404 There is no 'x'/)
  })
})

describe('$entity', () => {
  for (const id of [
    'Items(1)',
    'Items/1',
    `${root}/Items(1)`,
    '/api/odata4/shop/Items(1)',
    "Cities('Ro''me%252Fx')",
    `${root}/Cities('name')/Items(2)`,
    'Items(1)/City',
  ])
    test(`answers what ${id} answers`, async () => {
      const path = decodeURIComponent(id).replace(root, '').replace('/api/odata4/shop', '')
      const { status, text } = await shop.ask(`/$entity?$id=${id}`)
      const direct = await shop.ask(path.startsWith('/') ? path : `/${path}`)
      assert.deepEqual([status, text], [200, direct.text])
    })

  test('takes the options of an entity, and remembers nothing wrong', async () => {
    for (const id of [1, 2, 1]) {
      const answer = await shop.ask(
        `/$entity?$id=Items(${id})&$select=id&$expand=City($select=name)`,
      )
      assert.deepEqual([answer.json()['id'], answer.json()['City']], [id, { name: 'name' }])
    }
  })

  test('is of this data source alone, and of one entity (T71)', async () => {
    const refused = async (id: string, reason: RegExp) =>
      assert.match(await messageOf(`/$entity?$id=${id}`), reason, id)
    for (const id of [
      'https://data.example/api/odata4/other/Items(1)',
      'https://data.example/api/odata4/shop2/Items(1)',
      'https://data.example/api/odata4/shopItems(1)',
      'https://elsewhere.example/api/odata4/shop/Items(1)',
      'http://data.example/api/odata4/shop/Items(1)',
      '/api/odata4/other/Items(1)',
      '//data.example/api/odata4/shop/Items(1)',
    ])
      await refused(id, /^400 An id of this service begins with https:/)
    await refused('Items(1)?$expand=City', /^400 An id has neither options/)
    await refused('Items(1)%23x', /^400 An id has neither options nor a fragment/)
    for (const id of ['Items', 'Items/$count', 'Items(1)/city', 'Items(1)/$ref', '$metadata', ''])
      await refused(id, /^400 \$id is not the URL of one entity/)
    for (const id of ['../other/Items(1)', 'Nope(1)', 'Items(9)'])
      assert.match(String((await shop.ask(`/$entity?$id=${id}`)).status), /^40[04]$/, id)
    assert.match(await messageOf('/$entity'), /^400 Say which entity/)
    assert.equal((await shop.ask('/$entity/shop.Item?$id=Items(1)')).status, 501)
    assert.equal((await shop.ask('/Items?$id=Items(1)')).status, 501)
    assert.equal((await shop.ask('/$entity?$id=Items(1)&$filter=true')).status, 400)
  })
})

describe('the value of bytes', () => {
  const rome = "/Cities('Ro''me%2Fx')/raw/$value"

  test('is the bytes themselves, with an ETag', async () => {
    const { status, headers, bytes } = await shop.ask(rome)
    assert.deepEqual([status, headers['Content-Type']], [200, 'application/octet-stream'])
    assert.deepEqual(Buffer.from(bytes ?? []), Buffer.from([0, 0xff, 0x0a, 0x0d, 0x80]))
    const again = await shop.ask(rome, { headers: { 'if-none-match': headers['ETag'] ?? '' } })
    assert.deepEqual([again.status, again.text], [304, ''])
    const empty = await shop.ask("/Cities('name')/raw/$value")
    assert.deepEqual([empty.status, empty.bytes?.length], [200, 0])
    assert.notEqual(empty.headers['ETag'], headers['ETag'])
  })

  test('is 204 where there is none, and 500 where it is no bytes', async () => {
    assert.equal((await shop.ask("/Cities('a.b')/raw/$value")).status, 204)
    assert.equal((await shop.ask('/Bads(1)/raw/$value')).status, 500)
    assert.equal((await shop.ask(rome, { method: 'HEAD' })).text, '')
  })
})
