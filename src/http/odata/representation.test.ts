import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { offers } from '#odata/edm/capabilities.ts'
import { openShop, serviceRoot as root, type Shop } from '#test/support/odata-service.ts'

let shop: Shop
before(async () => {
  shop = await openShop(`
    CREATE TABLE City (name TEXT, zone INTEGER, PRIMARY KEY (name, zone)) WITHOUT ROWID;
    CREATE TABLE Item (
      id INTEGER PRIMARY KEY, label TEXT, price DECIMAL(10,2), big BIGINT, weight DOUBLE, ok BOOLEAN,
      sold TIMESTAMP, raw BLOB, city TEXT, zone INTEGER, FOREIGN KEY (city, zone) REFERENCES City (name, zone)
    );
    INSERT INTO City VALUES ('Ro''me/x', 1), ('Bern', 2);
    INSERT INTO Item VALUES
      (1, 'a', 1.25, 9007199254740993, 1.5, 1, '2001-01-01 00:47:00', x'00ff', 'Bern', 2),
      (2, NULL, NULL, NULL, 9e999, 0, NULL, NULL, NULL, NULL);`)
})
after(() => shop.close())

const at = (metadata: string, more: Record<string, string> = {}) => ({
  headers: { accept: `application/json;odata.metadata=${metadata}`, ...more },
})
const v401 = { 'odata-maxversion': '4.01' }

describe('full metadata', () => {
  test('says of an entity its type, id, links, and the types that its JSON does not tell', async () => {
    const item = `${root}/Items(1)`
    assert.deepEqual((await shop.ask('/Items(1)', at('full'))).json(), {
      '@odata.context': `${root}/$metadata#Items/$entity`,
      '@odata.type': '#shop.Item',
      '@odata.id': item,
      '@odata.readLink': item,
      'id@odata.type': '#Int32',
      id: 1,
      label: 'a',
      'price@odata.type': '#Decimal',
      price: 1.25,
      'big@odata.type': '#Int64',
      big: Number('9007199254740993'),
      weight: 1.5,
      ok: true,
      'sold@odata.type': '#DateTimeOffset',
      sold: '2001-01-01T00:47:00Z',
      'raw@odata.type': '#Binary',
      raw: 'AP8',
      city: 'Bern',
      'zone@odata.type': '#Int32',
      zone: 2,
      'City@odata.associationLink': `${item}/City/$ref`,
      'City@odata.navigationLink': `${item}/City`,
    })
  })
  test('says nothing of the type of null, and tells a number that is a text', async () => {
    const { text } = await shop.ask('/Items(2)?$select=price,weight', at('full'))
    assert.doesNotMatch(text, /price@/)
    assert.match(text, /"price":null,"weight@odata\.type":"#Double","weight":"INF"}$/)
  })
  test('makes links of a key that is not selected, quoted and encoded, and does not show it', async () => {
    const page = (await shop.ask('/Cities?$select=zone&$orderby=zone', at('full'))).json()
    const [first] = page['value'] as Record<string, unknown>[]
    const id = `${root}/Cities(name='Ro''me%2Fx',zone=1)`
    assert.deepEqual(first, {
      '@odata.type': '#shop.City',
      '@odata.id': id,
      '@odata.readLink': id,
      'zone@odata.type': '#Int32',
      zone: 1,
    })
    assert.equal((await shop.ask(id.slice(root.length))).status, 200, 'the id can be read')
  })
  test('links what of the navigation properties is selected', async () => {
    const { text } = await shop.ask('/Items(1)?$select=id,City', at('full'))
    assert.match(text, /"City@odata\.navigationLink"/)
    const { text: none } = await shop.ask('/Items(1)?$select=*', at('full'))
    assert.doesNotMatch(none, /navigationLink/)
  })
  test('pages like any other, with a count and a next link', async () => {
    const answer = await shop.ask('/Items?$count=true', at('full', { prefer: 'maxpagesize=1' }))
    assert.equal(answer.headers['Content-Type']?.includes('odata.metadata=full'), true)
    const page = answer.json()
    assert.equal(page['@odata.count'], 2)
    const next = String(page['@odata.nextLink']).slice(root.length)
    const [second] = (await shop.ask(next, at('full'))).json()['value'] as unknown[]
    assert.equal((second as Record<string, unknown>)['@odata.id'], `${root}/Items(2)`)
  })
})

describe('no metadata', () => {
  test('leaves out the context, and keeps the count and the next link', async () => {
    const url = '/Items?$count=true&$select=id'
    const page = (await shop.ask(url, at('none', { prefer: 'maxpagesize=1' }))).json()
    assert.deepEqual(Object.keys(page), ['@odata.count', 'value', '@odata.nextLink'])
    assert.deepEqual((await shop.ask('/Items(1)?$select=id', at('none'))).json(), { id: 1 })
    assert.deepEqual(Object.keys((await shop.ask('', at('none'))).json()), ['value'])
  })
})

describe('version 4.01', () => {
  test('drops the prefix of control information and of format parameters (expectations 3.1 #3)', async () => {
    const page = await shop.ask('/Items?$count=true', {
      headers: { ...v401, prefer: 'maxpagesize=1' },
    })
    assert.deepEqual(Object.keys(page.json()), ['@context', '@count', 'value', '@nextLink'])
    assert.match(page.headers['Content-Type'] ?? '', /^application\/json;metadata=minimal;/)
    assert.equal(page.headers['Preference-Applied'], 'maxpagesize=1')
    const entity = await shop.ask('/Items(1)?$select=big', at('full', v401))
    assert.match(entity.text, /^{"@context":.*"@id":.*"big@type":"Int64","big":9007199254740993}$/)
    assert.deepEqual(Object.keys((await shop.ask('', { headers: v401 })).json()), [
      '@context',
      'value',
    ])
    assert.match((await shop.ask('/$metadata', { headers: v401 })).text, /Version="4\.01"/)
  })
  test('is told by the one header of every answer, and 4.0 where nobody asks for more (expectations 3.1 #1)', async () => {
    for (const url of [
      '',
      '/$metadata',
      '/Items',
      '/Items(1)',
      '/Items/$count',
      '/Nope',
      '/Items?$x=1',
    ])
      for (const [headers, version] of [
        [{}, '4.0'],
        [{ 'odata-maxversion': '4.0' }, '4.0'],
        [v401, '4.01'],
      ] as const) {
        const answer = await shop.ask(url, { headers: { ...headers } })
        assert.equal(answer.headers['OData-Version'], version, url)
      }
  })
  test('does not get an entity that was prepared for 4.0, nor the other way round', async () => {
    for (const [headers, name] of [
      [{}, '@odata.context'],
      [v401, '@context'],
      [{}, '@odata.context'],
    ] as const)
      for (const url of ['/Items(1)', '/Items?$top=1'])
        assert.ok(name in (await shop.ask(url, { headers: { ...headers } })).json(), url)
  })
})

describe('an ETag', () => {
  const urls = ['', '/$metadata', '/Items(1)', '/Items', '/Items/$count']
  const tagOf = async (url: string, headers: Record<string, string> = {}) =>
    (await shop.ask(url, { headers })).headers['ETag'] ?? ''

  test('comes with whatever is one text, and gets 304 without a body from who knows it', async () => {
    for (const url of urls) {
      const tag = await tagOf(url)
      assert.match(tag, /^W\/"[\w-]{27,40}"$/)
      for (const known of [tag, tag.slice(2), `"x", ${tag}`, '*']) {
        const again = await shop.ask(url, { headers: { 'if-none-match': known } })
        assert.equal(again.status, 304, `${url} ${known}`)
        assert.equal(again.text, '')
        assert.equal(again.headers['ETag'], tag)
        assert.equal(again.headers['Cache-Control'], 'private, no-cache')
        assert.equal(again.headers['OData-Version'], '4.0')
      }
      const other = await shop.ask(url, { headers: { 'if-none-match': '"x", W/"y"' } })
      assert.equal(other.status, 200)
    }
  })
  test('differs by representation', async () => {
    const tags = await Promise.all([
      tagOf('/Items(1)'),
      tagOf('/Items(1)', v401),
      tagOf('/Items(1)', { accept: 'application/json;odata.metadata=none' }),
      tagOf('/Items(1)', { accept: 'application/json;IEEE754Compatible=true' }),
      // The same bytes, called by two names.
      tagOf('/Items(1)?$select=label'),
      tagOf('/Items(1)?$select=label', { accept: 'application/json;IEEE754Compatible=true' }),
      tagOf('/$metadata'),
      tagOf('/$metadata', { accept: 'application/json' }),
    ])
    assert.equal(new Set(tags).size, tags.length)
  })
  test('of a page stays although its next link is sealed anew, and differs by where the page ends', async () => {
    const headers = { prefer: 'maxpagesize=1' }
    const [one, two] = [
      await shop.ask('/Items?$select=ok', { headers }),
      await shop.ask('/Items?$select=ok', { headers }),
    ]
    assert.notEqual(one.text, two.text)
    assert.equal(one.headers['ETag'], two.headers['ETag'])
    // The same row is shown, and another one follows it.
    const left = await shop.ask('/Items?$select=ok&$top=2', { headers })
    assert.notEqual(left.headers['ETag'], one.headers['ETag'])
  })
  test('changes with what it stands for', async () => {
    const before = await Promise.all(urls.map((url) => tagOf(url)))
    await shop.change('CREATE TABLE Late (id INTEGER PRIMARY KEY); DELETE FROM Item WHERE id = 2')
    const later = await Promise.all(urls.map((url) => tagOf(url)))
    const changed = urls.filter((_url, i) => before[i] !== later[i])
    assert.deepEqual(changed, ['', '/$metadata', '/Items', '/Items/$count'])
  })
  test('does not come with a refusal', async () => {
    const { headers } = await shop.ask('/Nope', { headers: { 'if-none-match': '*' } })
    assert.equal(headers['ETag'], undefined)
  })
})

describe('what $metadata says of filters', () => {
  /** A filter with each operator or function that no table of the code has; all of them hold for item 1. */
  const examples: Readonly<Record<string, string>> = {
    eq: 'id eq 1',
    ne: 'id ne 2',
    gt: 'id gt 0',
    ge: 'id ge 1',
    lt: 'id lt 2',
    le: 'id le 1',
    in: 'id in (1,5)',
    and: 'ok and id eq 1',
    or: 'id eq 1 or id eq 7',
    not: 'not (id eq 2)',
    add: 'id add 1 eq 2',
    sub: 'id sub 1 eq 0',
    mul: 'id mul 3 eq 3',
    div: 'id div 1 eq 1',
    divby: 'id divby 2 eq 0.5',
    mod: 'id mod 2 eq 1',
    any: "City/Items/any(i:i/label eq 'a')",
    all: "City/Items/all(i:i/label eq 'a')",
    case: 'case(id eq 1:true)',
    cast: "cast(id,Edm.String) eq '1'",
    isof: 'isof(id,Edm.Int32)',
    mindatetime: 'mindatetime() lt sold',
    maxdatetime: 'maxdatetime() gt sold',
    totaloffsetminutes: 'totaloffsetminutes(sold) eq 0',
  }
  test('is answered', async () => {
    const named = [...offers.operators, ...offers.functions]
    assert.deepEqual(named.toSorted(), Object.keys(examples).toSorted())
    for (const [name, filter] of Object.entries(examples)) {
      const url = `/Items?$filter=${encodeURIComponent(filter)}&$select=id`
      const { value } = (await shop.ask(url)).json() as { value?: { id: number }[] }
      assert.ok(
        value?.some(({ id }) => id === 1),
        name,
      )
    }
  })
})
