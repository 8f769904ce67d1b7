import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openShop, serviceRoot as root, type Shop } from '#test/support/odata-service.ts'

let shop: Shop
before(async () => {
  shop = await openShop(`
    CREATE TABLE City (name TEXT PRIMARY KEY, zone INTEGER) WITHOUT ROWID;
    CREATE TABLE Item (id INTEGER PRIMARY KEY, price DECIMAL(10,2), city TEXT REFERENCES City (name));
    CREATE TABLE Flag (ok BOOLEAN PRIMARY KEY) WITHOUT ROWID;
    INSERT INTO City VALUES ('Ro''me/x', 1), ('Bern', 2);
    INSERT INTO Item VALUES (1, 1.25, 'Bern'), (2, NULL, NULL);
    INSERT INTO Item WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
      SELECT i, i, 'Ro''me/x' FROM n;
    INSERT INTO Flag VALUES (1);`)
})
after(() => shop.close())

const at = (metadata: string, more: Record<string, string> = {}) => ({
  headers: { accept: `application/json;odata.metadata=${metadata}`, ...more },
})
const v401 = { 'odata-maxversion': '4.01' }
const rome = `Cities('Ro''me%2Fx')`

describe('full metadata of what is expanded', () => {
  test('says of each entity its type, id, links and types, however deep it lies and whatever of it is selected', async () => {
    const url =
      "/Cities('Bern')?$select=name&$expand=Items($select=price;$count=true;$expand=City($select=zone))"
    const [bern, item] = [`${root}/Cities('Bern')`, `${root}/Items(1)`]
    assert.deepEqual((await shop.ask(url, at('full'))).json(), {
      '@odata.context': `${root}/$metadata#Cities(name,Items(price,City(zone)))/$entity`,
      '@odata.type': '#shop.City',
      '@odata.id': bern,
      '@odata.readLink': bern,
      name: 'Bern',
      'Items@odata.associationLink': `${bern}/Items/$ref`,
      'Items@odata.navigationLink': `${bern}/Items`,
      'Items@odata.count': 1,
      Items: [
        {
          '@odata.type': '#shop.Item',
          '@odata.id': item,
          '@odata.readLink': item,
          'price@odata.type': '#Decimal',
          price: 1.25,
          'City@odata.associationLink': `${item}/City/$ref`,
          'City@odata.navigationLink': `${item}/City`,
          City: {
            '@odata.type': '#shop.City',
            '@odata.id': bern,
            '@odata.readLink': bern,
            'zone@odata.type': '#Int32',
            zone: 2,
          },
        },
      ],
    })
  })
  test('has the links of a property that leads nowhere, and those of what is not expanded', async () => {
    const { text } = await shop.ask('/Items(2)?$select=id&$expand=City', at('full'))
    assert.match(text, /"City@odata\.navigationLink":"[^"]+\/Items\(2\)\/City","City":null}$/)
    const plain = await shop.ask('/Items(1)?$expand=City($select=zone)', at('full'))
    // What is expanded shows all of its own where nothing of it is selected.
    assert.doesNotMatch(plain.text, /Items@/)
    const nested = await shop.ask('/Items(1)?$expand=City', at('full'))
    assert.match(nested.text, /"Items@odata\.navigationLink":"[^"]+\/Cities\('Bern'\)\/Items"/)
  })
  test('gives references and numbers of what is expanded as such', async () => {
    const references = await shop.ask("/Cities('Bern')?$expand=Items/$ref", at('full'))
    assert.match(references.text, /"Items":\[\{"@odata\.id":"https:\/\/[^"]+\/Items\(1\)"\}\]\}$/)
    const counts = await shop.ask("/Cities('Bern')?$expand=Items/$count", at('full'))
    assert.match(counts.text, /\/Items","Items@odata\.count":1\}$/)
  })
  test('goes on where a next link of it leads', async () => {
    const first = (await shop.ask(`/${rome}?$expand=Items($select=id)`, at('full'))).json()
    assert.equal((first['Items'] as unknown[]).length, 100)
    const next = String(first['Items@odata.nextLink'])
    assert.ok(next.startsWith(`${root}/${rome}/Items?`))
    const page = (await shop.ask(next.slice(root.length), at('full'))).json()
    const [last] = page['value'] as Record<string, unknown>[]
    assert.equal(last?.['@odata.id'], `${root}/Items(200)`)
  })
  test('makes ids that can be read, whatever form the source keeps a key in', async () => {
    const page = (await shop.ask('/Flags', at('full'))).json()
    const [flag] = page['value'] as Record<string, unknown>[]
    assert.equal(flag?.['@odata.id'], `${root}/Flags(true)`)
    assert.equal((await shop.ask('/Flags(true)')).status, 200)
  })
  test('tells the type of a property that is asked for alone', async () => {
    assert.deepEqual((await shop.ask('/Items(1)/price', at('full'))).json(), {
      '@odata.context': `${root}/$metadata#Items(1)/price`,
      '@odata.type': '#Decimal',
      value: 1.25,
    })
    assert.doesNotMatch((await shop.ask('/Items(1)/city', at('full'))).text, /odata\.type/)
  })
})

describe('rows of $apply', () => {
  const sums = '/Items?$apply=filter(id lt 3)/aggregate($count as Number)'
  test('have control information of the level and the version', async () => {
    const row = async (metadata: string, version: Record<string, string> = {}) =>
      ((await shop.ask(sums, at(metadata, version))).json()['value'] as unknown[])[0]
    assert.deepEqual(await row('none'), { Number: 2 })
    assert.deepEqual(await row('minimal', v401), {
      '@type': '#shop.Item',
      '@id': null,
      'Number@type': 'Int64',
      Number: 2,
    })
    const grouped = '/Items?$apply=filter(id lt 3)/groupby((price))&$orderby=price desc'
    const typed = /"price@odata\.type":"#Decimal","price":1\.25/
    assert.match((await shop.ask(grouped, at('full'))).text, typed)
    assert.doesNotMatch((await shop.ask(grouped)).text, typed)
  })
  test('that are still entities are told by their id alone', async () => {
    const url = '/Items?$apply=concat(filter(id eq 1),filter(id eq 2))&$select=price'
    const { value } = (await shop.ask(url, at('full'))).json() as {
      value: Record<string, unknown>[]
    }
    assert.deepEqual(
      value.map((row) => row['@odata.id']),
      [`${root}/Items(1)`, `${root}/Items(2)`],
    )
  })
})

describe('version 4.01', () => {
  const url = `/Cities?$filter=zone eq 1&$count=true&$expand=Items($count=true;$select=id;$expand=City/$ref)`
  test('has no prefix at any depth, whether 4.0 was asked for before or after', async () => {
    for (const level of ['minimal', 'full', 'none']) {
      const before = await shop.ask(url, at(level))
      const { text, headers } = await shop.ask(url, at(level, v401))
      assert.doesNotMatch(text, /@odata\./)
      for (const name of ['@count', 'Items@count', 'Items@nextLink', '@id'])
        assert.ok(text.includes(`"${name}":`), `${level} ${name}`)
      assert.equal(headers['OData-Version'], '4.01')
      const again = await shop.ask(url, at(level))
      assert.equal(again.headers['ETag'], before.headers['ETag'])
      assert.match(again.text, /"Items@odata\.count":101/)
    }
  })
  test('names primitive types without a hash, and holds for property, reference and nothing', async () => {
    const full = at('full', v401)
    assert.match(
      (await shop.ask('/Items(1)/price', full)).text,
      /"@type":"Decimal","value":1\.25}$/,
    )
    const reference = (await shop.ask('/Items(1)/$ref', full)).json()
    assert.deepEqual(reference, {
      '@context': `${root}/$metadata#$ref`,
      '@id': `${root}/Items(1)`,
    })
    const references = await shop.ask(`/Cities('Bern')/Items/$ref`, at('minimal', v401))
    assert.match(references.text, /"value":\[\{"@id":"Items\(1\)"\}\]\}$/)
    for (const nothing of ['/Items(2)/price', '/Items(2)/City', '/Items(2)/City/$ref']) {
      const { status, headers, text } = await shop.ask(nothing, full)
      assert.equal(status, 204, nothing)
      assert.deepEqual(headers, { 'OData-Version': '4.01' })
      assert.equal(text, '')
    }
  })
})

describe('no metadata', () => {
  test('keeps counts and next links of what is expanded, and nothing else', async () => {
    const url = `/${rome}?$select=zone&$expand=Items($count=true;$select=id;$top=1)`
    assert.deepEqual((await shop.ask(url, at('none'))).json(), {
      zone: 1,
      'Items@odata.count': 101,
      Items: [{ id: 100 }],
    })
    const long = await shop.ask(`/${rome}?$select=zone&$expand=Items`, at('none'))
    assert.match(long.text, /"Items@odata\.nextLink":/)
  })
  test('leaves references their ids, absolute because nothing says what they are relative to', async () => {
    const one = `{"@odata.id":"${root}/Items(1)"}`
    assert.equal((await shop.ask('/Items(1)/$ref', at('none'))).text, one)
    const many = (await shop.ask(`/Cities('Bern')/Items/$ref`, at('none'))).text
    assert.equal(many, `{"value":[${one}]}`)
    const inside = await shop.ask(`/Cities('Bern')?$select=zone&$expand=Items/$ref`, at('none'))
    assert.equal(inside.text, `{"zone":2,"Items":[${one}]}`)
  })
})

describe('the ETag of an answer with links inside', () => {
  const url = '/Cities?$select=zone&$expand=Items($select=price;$orderby=id)'
  test('stays although they are sealed anew, and differs by what they hold', async () => {
    const [one, two] = [await shop.ask(url), await shop.ask(url)]
    assert.notEqual(one.text, two.text)
    assert.ok(one.headers['ETag'])
    assert.equal(one.headers['ETag'], two.headers['ETag'])
    const known = { headers: { 'if-none-match': one.headers['ETag'] } }
    assert.equal((await shop.ask(url, known)).status, 304)
    const entity = `/${rome}?$expand=Items`
    const tag = (await shop.ask(entity)).headers['ETag'] ?? ''
    assert.equal((await shop.ask(entity, { headers: { 'if-none-match': tag } })).status, 304)
  })
  test('changes with a row that is shown nowhere but in the link', async () => {
    const before = await shop.ask(url)
    // The last row shown moves in the order and stays the last; its price, all that is shown of it, is the same.
    await shop.change(
      'UPDATE Item SET id = 1990 WHERE id = 200; UPDATE Item SET id = 1989 WHERE id = 199',
    )
    const later = await shop.ask(url)
    const shown = (text: string): string => text.replaceAll(/skiptoken=[^"]+/g, '')
    assert.equal(shown(later.text), shown(before.text))
    assert.notEqual(later.headers['ETag'], before.headers['ETag'])
  })
})
