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
  CREATE TABLE Pair (a INTEGER, b TEXT, note TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
  INSERT INTO City VALUES (1, 'Rome');
  INSERT INTO Pair VALUES (1, 'x/y', 'slash'), (2, 'o''n', 'quote');
`)
const insert = db.prepare('INSERT INTO Item VALUES (?, ?, ?, ?, ?, 1)')
for (let i = 1; i <= 1000; i++)
  insert.run(i, i % 10 === 0 ? null : `n${i % 7}`, i / 4, 9007199254740993n, '2001-01-01 00:47:00')
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
      ['Bads', 'Cities', 'Items', 'Pairs'],
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
    ['/Items(1)/name', 501],
    ['/Items(1)/City', 501],
    ['/Items(1)/$value', 501],
    ['/Items(1)/$ref', 501],
    ['/Items(1)/nope', 404],
    ['/Items(1)/$nope', 404],
    ['/Items(1)/$count', 400],
    ['/Items/5', 501],
    ['/Items/$count/x', 404],
    ['/Items/$filter(true)', 501],
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
    ['$filter=id', 400],
    ['$filter=contains(id,1)', 400],
    ['$filter=contains(name)', 400],
    ['$filter=City eq null', 501],
    ['$filter=City/name eq null', 501],
    ['$orderby=nope', 400],
    ['$orderby=id eq 1', 501],
    ['$select=nope', 400],
    ['$expand=City', 501],
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

test('an unknown error is answered with a bare 500', () => {
  const { status, body } = renderODataError(new Error('password=secret'))
  assert.equal(status, 500)
  assert.ok(typeof body === 'string')
  assert.doesNotMatch(body, /secret/)
})
