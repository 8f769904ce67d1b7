import assert from 'node:assert/strict'
import { createAddressPolicy } from '#egress/address-policy.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import { parseODataOptions } from '#connectors/odata-options.ts'
import { createConnectorRegistry } from '#connectors/registry.ts'
import { createODataService, renderODataError } from './answer.ts'
import type { CursorSealer } from './service.ts'

const addresses = createAddressPolicy([])

const directory = mkdtempSync(join(tmpdir(), 'headgate-answer-'))
const registry = createConnectorRegistry()
const connector = registry.find(5001)
assert.ok(connector)

const db = new DatabaseSync(join(directory, 'shop.db'))
db.exec(`
  CREATE TABLE City (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE Item (
    id INTEGER PRIMARY KEY, name VARCHAR(20), price DECIMAL(10,2), big BIGINT, sold TIMESTAMP,
    city INTEGER REFERENCES City (id)
  );
  CREATE TABLE Sub (id INTEGER PRIMARY KEY, item INTEGER REFERENCES Item (id));
  CREATE TABLE Part (id INTEGER PRIMARY KEY, part INTEGER REFERENCES Part (id));
  INSERT INTO Part VALUES (1, NULL), (2, 1), (3, 2), (4, 1);
  CREATE TABLE Pair (a INTEGER, b TEXT, note TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
  INSERT INTO City VALUES (1, 'Rome');
  INSERT INTO Pair VALUES (1, 'x/y', 'slash'), (2, 'o''n', 'quote');
`)
const insert = db.prepare('INSERT INTO Item VALUES (?, ?, ?, ?, ?, 1)')
for (let i = 1; i <= 1000; i++)
  insert.run(i, i % 10 === 0 ? null : `n${i % 7}`, i / 4, 9007199254740993n, '2001-01-01 00:47:00')
db.exec(`CREATE TABLE Lone (id INTEGER PRIMARY KEY, city INTEGER REFERENCES City (id));
  INSERT INTO Lone VALUES (1, NULL)`)
db.exec('CREATE TABLE Bad (id INTEGER PRIMARY KEY, n INTEGER, filler TEXT)')
const insertBad = db.prepare('INSERT INTO Bad VALUES (?, ?, ?)')
for (let i = 1; i <= 1500; i++) insertBad.run(i, i === 1400 ? 'text' : i, 'x'.repeat(80))
db.close()

const sealer: CursorSealer = {
  seal: (text, context) => Buffer.from(JSON.stringify([text, context])).toString('base64url'),
  open: (token, context) => {
    try {
      const [text, sealed] = JSON.parse(Buffer.from(token, 'base64url').toString()) as string[]
      return sealed === context ? text : undefined
    } catch {
      return undefined
    }
  },
}

const root = 'https://data.example/api/odata4/shop'
const options = { Database: 'shop.db' }
const source = await connector.open(options, { filesDirectory: directory, addresses })
const serviceWith = (more: Record<string, string>) =>
  createODataService({
    source,
    sourceId: '7',
    namespace: 'shop',
    settings: parseODataOptions({ ...options, ...more }),
    sealer,
    serviceRoot: root,
  })
const service = serviceWith({})
const small = serviceWith({ ODataPageSize: '30' })

after(async () => {
  await source.close()
  await registry.close()
  rmSync(directory, { recursive: true })
})

type Ask = {
  headers?: Record<string, string>
  userId?: string
  method?: string
  on?: typeof service
  limits?: typeof noLimits
}

const noLimits = { rows: Infinity, pageSize: 2000 }

const ask = async (
  url: string,
  { headers = {}, userId = 'u', method = 'GET', on = service, limits = noLimits }: Ask = {},
) => {
  const question = url.indexOf('?')
  const [path, query] = question < 0 ? [url, ''] : [url.slice(0, question), url.slice(question + 1)]
  try {
    const answer = await on.answer(
      { method, path, query, headers },
      { userId, limits },
      new AbortController().signal,
    )
    let body = ''
    if (typeof answer.body === 'string') body = answer.body
    else for await (const chunk of answer.body) body += chunk
    return { ...answer, body }
  } catch (error) {
    const answer = renderODataError(error)
    assert.ok(typeof answer.body === 'string')
    return { ...answer, body: answer.body }
  }
}

type Payload = Record<string, unknown> & {
  value: Record<string, unknown>[]
  error: { code: string; message: string }
}
const json = async (url: string, how?: Ask): Promise<Payload> =>
  JSON.parse((await ask(url, how)).body) as Payload
const statusOf = async (url: string, how?: Ask) => (await ask(url, how)).status

const walk = async (url: string, how: Ask = {}) => {
  const rows: Record<string, unknown>[] = []
  let pages = 0
  for (let next: string | undefined = url; next !== undefined; pages++) {
    const page: Payload = await json(next, how)
    rows.push(...page.value)
    const link = page['@odata.nextLink'] as string | undefined
    assert.ok(link === undefined || link.startsWith(`${root}/`))
    next = link?.slice(root.length)
  }
  return { rows, pages }
}

describe('the service', () => {
  test('lists its sets at the root, with and without a slash', async () => {
    const document = await json('')
    assert.equal(document['@odata.context'], `${root}/$metadata`)
    assert.deepEqual(
      document.value.map(({ name }) => name),
      ['Bads', 'Cities', 'Items', 'Lones', 'Pairs', 'Parts', 'Subs'],
    )
    assert.deepEqual(await json('/'), document)
  })
  test('gives one OData-Version and a full content type with every answer', async () => {
    for (const url of ['', '/Items(1)', '/Items?$top=1', '/Items/$count', '/$metadata', '/Nope']) {
      const { headers } = await ask(url)
      assert.equal(headers['OData-Version'], '4.0')
      assert.match(headers['Content-Type'] ?? '', /charset=utf-8$/)
    }
  })
  test('answers $metadata in XML for any Accept that allows XML, in JSON for JSON alone, and 406 otherwise', async () => {
    for (const accept of [undefined, '*/*', 'application/xml', 'application/json, */*;q=0.1']) {
      const answer = await ask('/$metadata', { headers: accept === undefined ? {} : { accept } })
      assert.match(answer.headers['Content-Type'] ?? '', /^application\/xml/)
    }
    const answer = await ask('/$metadata', { headers: { accept: 'application/json' } })
    assert.match(answer.headers['Content-Type'] ?? '', /^application\/json/)
    assert.equal(await statusOf('/$metadata', { headers: { accept: 'text/html' } }), 406)
  })
  test('negotiates the metadata level and the form of big numbers', async () => {
    const none = await json('/Items(1)', {
      headers: { accept: 'application/json;odata.metadata=none' },
    })
    assert.equal(none['@odata.context'], undefined)
    const quoted = await ask('/Items(1)?$select=big', {
      headers: { accept: 'application/json;IEEE754Compatible=true' },
    })
    assert.match(quoted.body, /"big":"9007199254740993"/)
    assert.match(quoted.headers['Content-Type'] ?? '', /IEEE754Compatible=true/)
    assert.equal(await statusOf('/Items', { headers: { accept: 'text/html' } }), 406)
    assert.equal(await statusOf('/Items?$format=atom'), 406)
    assert.equal(await statusOf('/Items?$format=json', { headers: { accept: 'text/html' } }), 200)
  })
  test('references are not answered with the entities that were asked for before', async () => {
    const [item] = (await json('/Items?$top=1')).value
    const [reference] = (await json('/Items/$ref?$top=1')).value
    assert.equal(item?.['id'], 1)
    assert.deepEqual(reference, { '@odata.id': 'Items(1)' })
  })

  test('refuses versions below 4.0 and methods that write', async () => {
    assert.equal(await statusOf('', { headers: { 'odata-maxversion': '3.0' } }), 400)
    assert.equal(await statusOf('', { headers: { 'odata-maxversion': '4.0' } }), 200)
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await ask('/Items(1)', { method })
      assert.equal(answer.status, 405)
      assert.equal(answer.headers['Allow'], 'GET')
    }
    assert.equal(await statusOf('/$batch', { method: 'POST' }), 400, 'a batch in a batch')
    const batch = await ask('/$batch')
    assert.equal(batch.status, 405)
    assert.equal(batch.headers['Allow'], 'POST')
    assert.equal((await ask('/Items', { method: 'HEAD' })).body, '')
  })
  test('refuses a URL longer than its limit with 414', async () => {
    assert.equal(await statusOf(`/Items?$filter=${'a'.repeat(40_000)}`), 414)
  })
})

describe('an entity', () => {
  test('is found by simple, compound and encoded keys', async () => {
    assert.equal((await json('/Items(5)'))['price'], 1.25)
    assert.equal((await json("/Pairs(b='o''n',a=2)"))['note'], 'quote')
    assert.equal((await json("/Pairs(a=1,b='x%2Fy')"))['note'], 'slash')
  })
  test('lists exactly its projection in the context URL', async () => {
    const entity = await json('/Items(5)?$select=name,City,id')
    assert.deepEqual(entity, {
      '@odata.context': `${root}/$metadata#Items(name,City,id)/$entity`,
      id: 5,
      name: 'n5',
    })
  })
  test('renders big integers and timestamps exactly', async () => {
    const { body } = await ask('/Items(1)?$select=big,sold')
    assert.match(body, /"big":9007199254740993,"sold":"2001-01-01T00:47:00Z"/)
  })
  for (const [url, status] of [
    ['/Items(2000)', 404],
    ["/Items('5')", 400],
    ['/Items(null)', 400],
    ['/Items()', 400],
    ['/Items(1.5)', 404],
    ['/Items(id=1,name=2)', 400],
    ['/Pairs(1)', 400],
    ['/items(1)', 404],
    ['/Items(1)/name', 200],
    ['/Items(1)/City', 200],
    ['/Items(1)/$value', 400],
    ['/Items(1)/$ref', 200],
    ['/Items(1)/nope', 404],
    ['/Items(1)/$nope', 404],
    ['/Items(1)/$count', 400],
    ['/Items/5', 200],
    ['/Items/5x', 404],
    ['/Items/$count/x', 404],
    ['/Items/$filter(true)', 200],
    ['/Items/', 400],
    ['/Items(1)?$filter=true', 400],
    ['/Items(1)?$top=1', 400],
    ['/Items(1)?$select=nope', 400],
    ['/Items(99999999999999999999)', 501],
  ] as const)
    test(`is answered ${status} when the URL is ${url}`, async () =>
      assert.equal(await statusOf(url), status))
})

describe('a collection', () => {
  for (const [filter, count] of [
    ["name eq 'n1'", 129],
    ["name ne 'n1'", 871],
    ['name eq null', 100],
    ["not (name gt 'n1')", 357],
    ["contains(name,'N1')", 0],
    ["startswith(toupper(name),'N') and id le 20", 18],
    ["name in ('n1',null)", 229],
    ['price lt 2.5', 9],
    ['big eq 9007199254740993 and id le 10', 10],
    ['big eq 9007199254740992', 0],
    ['year(sold) eq 2001 and month(sold) eq 1 and day(sold) eq 1', 1000],
    ['sold eq 2001-01-01T01:47:00+01:00', 1000],
  ] as const)
    test(`holds ${count} rows when the filter is ${filter}`, async () => {
      const url = `/Items/$count?$filter=${encodeURIComponent(filter)}`
      assert.equal((await ask(url)).body, String(count))
      const { rows } = await walk(`/Items?$filter=${encodeURIComponent(filter)}&$select=id`, {
        on: small,
      })
      assert.equal(rows.length, count)
    })
  for (const [query, status] of [
    ["$filter=price eq 'x'", 400],
    ['$filter=nope eq 1', 400],
    ["$filter=contain(name,'x')", 400],
    ['$filter=City(1)/name eq null', 501],
    ['$filter=Ns.f(x=1)', 501],
    ['$filter=id', 400],
    ['$filter=contains(id,1)', 400],
    ['$filter=contains(name)', 400],
    ['$filter=City eq null', 200],
    ['$filter=City/name eq null', 200],
    ['$orderby=nope', 400],
    ['$orderby=id eq 1', 200],
    ['$select=nope', 400],
    ['$expand=City', 200],
    ['$skiptoken=x', 410],
    ['$top=1&$TOP=2', 400],
    ['foo=bar', 200],
  ] as const)
    test(`is answered ${status} when the query is ${query}`, async () =>
      assert.equal(await statusOf(`/Items?${query}`), status))
  test('is walked in pages, every row once, whatever the order', async () => {
    for (const order of [
      '',
      '&$orderby=name',
      '&$orderby=name desc',
      '&$orderby=length(name),price desc',
    ]) {
      const { rows, pages } = await walk(`/Items?$select=id${order}`, { on: small })
      assert.equal(new Set(rows.map(({ id }) => id)).size, 1000)
      assert.equal(rows.length, 1000)
      assert.equal(pages, 34)
      assert.deepEqual(Object.keys(rows[0] ?? {}), ['id'])
    }
  })
  test('never links beyond the $top of the client', async () => {
    for (const top of [0, 1, 29, 30, 31, 60, 61]) {
      const { rows, pages } = await walk(`/Items?$top=${top}&$skip=10`, { on: small })
      assert.equal(rows.length, top)
      assert.equal(pages, Math.max(1, Math.ceil(top / 30)))
      assert.equal(rows[0]?.['id'], top === 0 ? undefined : 11)
    }
  })
  test('has no link on a last page that is just full', async () => {
    const { pages } = await walk('/Items?$filter=id le 60', { on: small })
    assert.equal(pages, 2)
  })
  test('honours the preferred page size up to its own', async () => {
    const answer = await ask('/Items', {
      headers: { prefer: 'respond-async, odata.maxpagesize=5' },
      on: small,
    })
    assert.equal((JSON.parse(answer.body) as Payload).value.length, 5)
    assert.equal(answer.headers['Preference-Applied'], 'odata.maxpagesize=5')
    const more = await json('/Items', { headers: { prefer: 'maxpagesize=500' }, on: small })
    assert.equal(more.value.length, 30)
  })
  test('counts all rows of the filter beside a page', async () => {
    const page = await json('/Items?$count=true&$top=3&$filter=id gt 500')
    assert.equal(page['@odata.count'], 500)
    assert.equal(page.value.length, 3)
  })
  test('refuses a next link of another user, another query or altered', async () => {
    const { '@odata.nextLink': link } = await json('/Items?$orderby=name', { on: small })
    const url = String(link).slice(root.length)
    assert.equal(await statusOf(url, { on: small }), 200)
    assert.equal(await statusOf(url, { on: small, userId: 'other' }), 410)
    assert.equal(await statusOf(url.replace('orderby=name', 'orderby=price'), { on: small }), 410)
    assert.equal(await statusOf(`${url.slice(0, -4)}AAAA`, { on: small }), 410)
    assert.equal(await statusOf(url.replace('/Items', '/Cities'), { on: small }), 410)
  })
  test('breaks the stream instead of ending it when a row in its middle cannot be rendered', async () => {
    const { body } = await service.answer(
      { method: 'GET', path: '/Bads', query: '', headers: {} },
      { userId: 'u', limits: noLimits },
      new AbortController().signal,
    )
    assert.ok(typeof body !== 'string')
    let text = ''
    await assert.rejects(
      async () => {
        for await (const chunk of body) text += chunk
      },
      { kind: 'unrepresentable' },
    )
    assert.throws(() => JSON.parse(text))
  })
  test('gives the same model until the schema changes', async () => {
    const model = await service.model()
    assert.equal(await service.model(), model)
    // Reads share a lock until their turn of the event loop is over; nobody can write before that.
    await new Promise((resolve) => setImmediate(resolve))
    const writer = new DatabaseSync(join(directory, 'shop.db'), { timeout: 5000 })
    writer.exec('CREATE TABLE Late (id INTEGER PRIMARY KEY)')
    writer.close()
    assert.ok((await service.model()).sets.has('Lates'))
    assert.equal(await statusOf('/Lates'), 200)
  })
})

describe('what belongs together', () => {
  const shown = async (url: string, how?: Ask): Promise<unknown> => {
    const { '@odata.context': context, ...rest } = await json(url, how)
    assert.ok(String(context).startsWith(`${root}/$metadata#`))
    return rest
  }
  test('is expanded to any depth, with options of its own', async () => {
    const url =
      '/Cities?$expand=Items($select=id;$filter=id gt 2;$orderby=id desc;$top=2;$count=true;$expand=City($select=name))'
    assert.deepEqual(await shown(url), {
      value: [
        {
          id: 1,
          name: 'Rome',
          'Items@odata.count': 998,
          Items: [
            { id: 1000, City: { name: 'Rome' } },
            { id: 999, City: { name: 'Rome' } },
          ],
        },
      ],
    })
  })
  test('is null where a single one is missing and empty where there are none', async () => {
    assert.deepEqual(await shown('/Lones(1)?$select=id&$expand=City'), {
      id: 1,
      City: null,
    })
    assert.deepEqual(await shown('/Items(1)?$select=id&$expand=Subs'), { id: 1, Subs: [] })
  })
  test('has a link of its own when there is more of it than fits', async () => {
    const first = await json('/Cities(1)?$expand=Items($select=id;$filter=id ne 5)&$select=id')
    const page = first as unknown as { Items: unknown[]; 'Items@odata.nextLink': string }
    assert.equal(page.Items.length, 100)
    const link = page['Items@odata.nextLink'].slice(root.length)
    assert.match(link, /^\/Cities\(1\)\/Items\?/)
    const { rows } = await walk(link)
    assert.equal(rows.length + 100, 999)
    assert.deepEqual(rows[0], { id: 102 })
  })
  test('keeps big integers exact inside an expanded collection', async () => {
    const { body } = await ask('/Cities(1)?$expand=Items($select=big;$top=1)')
    assert.match(body, /"Items":\[\{"big":9007199254740993\}\]/)
  })
  test('is only counted, or only referred to, when that is asked for', async () => {
    assert.deepEqual(await shown('/Cities?$expand=Items/$count&$select=id'), {
      value: [{ id: 1, 'Items@odata.count': 1000 }],
    })
    assert.deepEqual(await shown('/Cities?$expand=Items/$ref($top=2)&$select=id'), {
      value: [{ id: 1, Items: [{ '@odata.id': 'Items(1)' }, { '@odata.id': 'Items(2)' }] }],
    })
  })
  test('goes down its own kind for as many levels as $levels says', async () => {
    assert.deepEqual(await shown('/Parts(1)?$select=id&$expand=Parts($select=id;$levels=2)'), {
      id: 1,
      Parts: [
        { id: 2, Parts: [{ id: 3 }] },
        { id: 4, Parts: [] },
      ],
    })
    assert.equal(await statusOf('/Parts?$expand=Parts($levels=7)'), 400)
    assert.equal(await statusOf('/Parts?$expand=Parts($levels=max)'), 200)
  })
  test('is reached over keys and navigation properties', async () => {
    assert.deepEqual(await shown('/Items(5)/City'), { id: 1, name: 'Rome' })
    assert.deepEqual(await shown('/Cities(1)/Items(7)?$select=id'), { id: 7 })
    assert.equal((await ask('/Cities(1)/Items/$count')).body, '1000')
    assert.equal((await ask('/Items(5)/City/name/$value')).body, 'Rome')
    assert.deepEqual(await shown('/Cities(1)/Items?$top=1&$select=id'), { value: [{ id: 1 }] })
    assert.deepEqual(await shown('/Items(5)/name'), { value: 'n5' })
    assert.deepEqual(await shown('/Items/$filter(id lt 3)/$ref'), {
      value: [{ '@odata.id': 'Items(1)' }, { '@odata.id': 'Items(2)' }],
    })
    assert.deepEqual(await shown("/Pairs(a=1,b='x%2Fy')/$ref"), {
      '@odata.id': `${root}/Pairs(a=1,b='x%2Fy')`,
    })
  })
  test('has no content where there is nothing, and is not found where the way there is not', async () => {
    assert.equal(await statusOf('/Lones(1)/City'), 204)
    assert.equal(await statusOf('/Items(10)/name'), 204)
    assert.equal(await statusOf('/Items(10)/name/$value'), 204)
    assert.equal(await statusOf('/Items(5000)/City'), 404)
    assert.equal(await statusOf('/Items(5000)/name'), 404)
    assert.equal(await statusOf('/Cities(1)/Items(5000)'), 404)
  })
  for (const [url, status] of [
    ['/Items?$expand=City($top=1)', 400],
    ['/Items?$expand=City/$count', 400],
    ['/Items?$expand=City,City', 400],
    ['/Items?$expand=name', 400],
    ['/Items?$expand=Nope', 400],
    ['/Items?$expand=City($expand=Nope)', 400],
    ['/Items?$expand=City/Ns.Big', 501],
    ['/Items?$expand=*', 200],
    ['/Items/City', 400],
    ['/Items(1)/City(1)', 400],
    ['/Items(1)/name/x', 404],
    ['/Items(1)/name?$select=id', 400],
    ['/Items(1)/$ref?$select=id', 400],
    ['/Items/$ref?$select=id', 400],
    ['/Cities?$filter=Items/any(i:i/nope eq 1)', 400],
    ['/Cities?$filter=Items/any(i:i)', 400],
    ['/Cities?$filter=Items eq null', 400],
    ['/Items?$filter=City eq 1', 400],
    ['/Items?$filter=City', 400],
    ['/Items?$orderby=City', 400],
    ['/Items?$filter=City add 1 eq 2', 400],
    ['/Items?$compute=City as x', 400],
    ['/Items?$apply=groupby((City))', 501],
    ['/Items?$filter=City/name/x eq 1', 501],
    ['/Items?$compute=id as id', 400],
    ['/Items?$compute=id add name as x', 400],
    ['/Items?$search=x', 501],
    ['/Items?$filter=@a eq @b&@a=@b&@b=@a', 200],
    ['/$crossjoin(Items,Cities)', 501],
    ['/$all', 501],
  ] as const)
    test(`is answered ${status} when the URL is ${url}`, async () =>
      assert.equal(await statusOf(url), status))
  test('is refused when aliases would make a small URL a huge query', async () => {
    const aliases = Array.from({ length: 20 }, (_, i) => `@a${i}=@a${i + 1} add @a${i + 1}`)
    const url = `/Items?$filter=@a0 eq 1&${aliases.join('&')}&@a20=id`
    const answer = await json(url)
    assert.match(answer.error.message, /parts; simplify/)
  })
  for (const [apply, value] of [
    ['aggregate($count as N,id with sum as S)', [{ N: 1000, S: 500500 }]],
    ['filter(id le 4)/aggregate(id with average as A)', [{ A: 2.5 }]],
    ['aggregate(City with countdistinct as D,name with max as M)', [{ D: 1, M: 'n6' }]],
    [
      'groupby((City/name,city),aggregate($count as N))',
      [{ City: { name: 'Rome' }, city: 1, N: 1000 }],
    ],
    ['groupby((name),aggregate($count as N)/filter(N gt 128))/aggregate($count as G)', [{ G: 4 }]],
    ['groupby((city))/aggregate($count as G)', [{ G: 1 }]],
    ['topcount(2,id)/aggregate(id with sum as S)', [{ S: 1999 }]],
    ['filter(id le 4)/groupby((City/name),topcount(2,id))/aggregate(id with min as M)', [{ M: 3 }]],
    ['bottomsum(10,id)/aggregate(id with max as M)', [{ M: 4 }]],
    ['bottomsum(11,id)/aggregate(id with max as M)', [{ M: 5 }]],
    ['filter(id le 4)/toppercent(50,id)/aggregate(id with min as M)', [{ M: 3 }]],
    ['orderby(id desc)/skip(1)/top(2)/aggregate(id with sum as S)', [{ S: 1997 }]],
    ['top(5)/skip(2)/aggregate($count as N)', [{ N: 3 }]],
    ['skip(2)/top(5)/aggregate(id with min as M)', [{ M: 3 }]],
    ['compute(id mul 2 as D)/filter(D lt 6)/aggregate(D with sum as S)', [{ S: 6 }]],
    [
      'concat(filter(id lt 3),filter(id gt 999))/groupby((id))/aggregate(id with sum as S)',
      [{ S: 1003 }],
    ],
    [
      'concat(aggregate($count as N),aggregate(id with min as M))/aggregate(N with sum as N,M with sum as M)',
      [{ N: 1000, M: 1 }],
    ],
    [
      'filter(id le 2)/groupby((rollup(city,id)),aggregate(id with sum as S))/aggregate($count as N,S with sum as S)',
      [{ N: 3, S: 6 }],
    ],
  ] as const)
    test(`is aggregated by ${apply}`, async () => {
      const url = `/Items?$apply=${encodeURIComponent(apply)}`
      const how = { headers: { accept: 'application/json;odata.metadata=none' } }
      assert.deepEqual(await json(url, how), { value })
      assert.equal((await ask(url.replace('Items?', 'Items/$count?'))).body, String(value.length))
    })
  test('is ranked within groups, whose rows have the related member that they were grouped by', async () => {
    const apply = encodeURIComponent('groupby((City/name),topcount(1,id))')
    const { value } = await json(`/Items?$apply=${apply}&$select=id,City/name`)
    assert.deepEqual(value, [
      { '@odata.type': '#shop.Item', '@odata.id': null, id: 1000, City: { name: 'Rome' } },
    ])
    const plain = await json('/Items?$apply=groupby((city),topcount(1,id))&$select=id')
    assert.deepEqual(plain.value, [{ id: 1000 }])
  })
  test('is aggregated into rows that say what they are, and are paged, filtered and ordered', async () => {
    // Data access reference A.5: the form of an aggregate's answer.
    const total = await json('/Items?$apply=aggregate(id with sum as Total)')
    assert.deepEqual(total, {
      '@odata.context': `${root}/$metadata#Items(Total)`,
      value: [
        {
          '@odata.type': '#shop.Item',
          '@odata.id': null,
          'Total@odata.type': '#Int64',
          Total: 500500,
        },
      ],
    })
    const groups = '/Items?$apply=groupby((id),aggregate($count as N))'
    const { rows, pages } = await walk(`${groups}&$filter=id gt 910 and N eq 1&$orderby=id desc`, {
      on: small,
    })
    assert.deepEqual([rows.length, pages, rows[0]?.['id']], [90, 3, 1000])
    const counted = await json(`${groups}&$count=true&$top=1&$select=N`)
    assert.equal(counted['@odata.count'], 1000)
    assert.equal(counted['@odata.context'], `${root}/$metadata#Items(N)`)
    const twice = '/Items?$apply=concat(filter(id le 40),filter(id le 40))&$select=id'
    assert.equal((await walk(twice, { on: small })).rows.length, 80)
  })
  for (const [apply, status] of [
    ['aggregate(name with sum as X)', 400],
    ['aggregate(id with median as X)', 400],
    ['aggregate(id with sum as X,id with max as X)', 400],
    ['aggregate(id)', 400],
    ['aggregate(nope with sum as X)', 400],
    ['groupby((nope))', 400],
    ['groupby((name),aggregate(id with sum as name))', 400],
    ['compute(id as id)', 400],
    ['topcount(-1,id)', 400],
    ['topcount(0,id)', 400],
    ['toppercent(0,id)', 400],
    ['bottompercent(101,id)', 400],
    ['aggregate(City/id with sum as X)', 501],
    ['aggregate(City/id with average as X)', 501],
    ['aggregate(City/id mul 1 with sum as X)', 200],
    ['aggregate(City/id with max as X)', 200],
    ['topcount(1.5,id)', 400],
    ['topcount(1,name)', 400],
    ['concat(aggregate(id with sum as X),aggregate(name with max as X))', 400],
    ['aggregate(id with sum as X)/filter(id eq 1)', 400],
    ['groupby((name),topcount(1,id))', 200],
    ['groupby((name),topcount(0,id))', 400],
    ['groupby((name),topcount(1,name))', 400],
    ['groupby((name,name),topcount(1,id))', 400],
    ['groupby((name),topsum(0,id))', 501],
    ['groupby((name),topcount(1,id)/top(1))', 501],
    ['groupby((name),filter(id gt 1)/topcount(1,id))', 501],
    ['groupby((rollup(city,name)),topcount(1,id))', 501],
    ['groupby((rolluprecursive($root/Items,X,id)))', 501],
    ['aggregate(id with sum from name with max as X)', 501],
    ['outerjoin(Subs as S)', 501],
    ['nest(identity as X)', 501],
    ['Ns.custom()', 501],
    [`${'concat(identity,identity)/'.repeat(7)}identity`, 400],
  ] as const)
    test(`is answered ${status} when $apply is ${apply}`, async () =>
      assert.equal(await statusOf(`/Items?$apply=${encodeURIComponent(apply)}`), status))
  test('is computed, filtered and ordered by what was computed', async () => {
    const url =
      '/Items?$compute=id mul 2 as twice,twice add 1 as more&$filter=twice gt 1995&$orderby=more desc&$select=more&$top=2'
    assert.deepEqual(await shown(url), { value: [{ more: 2001 }, { more: 1999 }] })
  })
})

test('an unknown error is answered with a bare 500', () => {
  const { status, body } = renderODataError(new Error('password=secret'))
  assert.equal(status, 500)
  assert.ok(typeof body === 'string')
  assert.doesNotMatch(body, /secret/)
})
