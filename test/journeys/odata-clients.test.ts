import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { basicOf, people } from '#test/support/app.ts'
import { register } from '#test/support/oauth.ts'
import { batchOf, sendBatch } from '#test/support/odata-batch.ts'
import {
  type ClientHeaders,
  jsonOf as json,
  type ODataClient,
  publicRoot as root,
  startODataClient,
} from '#test/support/odata-client.ts'

// Requests as clients send them, what their makers document of them (documented), and what their users have reported about other
// services. Power Query has a file of its own.

let client: ODataClient
before(async () => {
  client = await startODataClient()
})
after(() => client.app.close())

const own = () => client.own
const ask = (url: string, headers: ClientHeaders) => client.ask(url, headers)
const rowsOf = async (url: string, headers: ClientHeaders) => {
  const answer = await ask(url, headers)
  assert.equal(answer.status, 200, answer.text)
  return json(answer)['value'] as Record<string, unknown>[]
}

describe('Excel', () => {
  const excel = {
    'user-agent': 'Microsoft Excel/16.0 (Microsoft.Data.Mashup)',
    accept: 'application/json;odata.metadata=minimal, application/json',
    'odata-maxversion': '4.0',
  }
  test('gets 4.0, once, with every answer and with none of its own wishes (NLstn/go-odata#382, #874)', async () => {
    const basic = basicOf(people.user)
    for (const url of ['', '/', '/$metadata', '/Items', '/Items(1)', '/Items/$count', '/Nope'])
      for (const headers of [basic, { ...basic, ...excel }])
        assert.deepEqual(await client.linesOf(url, 'odata-version', headers), ['4.0'], url)
    assert.deepEqual(await client.linesOf('', 'odata-version', {}), ['4.0'], 'a refusal of access')
    assert.deepEqual(
      await client.linesOf('', 'odata-version', { ...basic, 'odata-maxversion': '4.01' }),
      ['4.01'],
    )
  })
  test('gets a full content type and metadata in each payload (JocaPC/sql-server-rest-api#8)', async () => {
    for (const url of ['', '/Items', '/Items(1)']) {
      const answer = await ask(url, excel)
      assert.match(
        answer.headers.get('content-type') ?? '',
        /^application\/json;odata\.metadata=minimal;odata\.streaming=true;charset=utf-8$/,
      )
      assert.equal(typeof json(answer)['@odata.context'], 'string')
    }
  })
  test('gets metadata in XML although it asks for JSON everywhere (flat3/lodata#441)', async () => {
    for (const accept of ['*/*', 'application/json,*/*;q=0.8', 'application/xml', 'text/xml'])
      assert.match(
        (await ask('/$metadata', { accept })).headers.get('content-type') ?? '',
        /^application\/xml;charset=utf-8$/,
      )
    const unasked = await client.linesOf('/$metadata', 'content-type', basicOf(people.user))
    assert.deepEqual(unasked, ['application/xml;charset=utf-8'])
    const asked = await ask('/$metadata', { accept: 'application/json' })
    assert.equal(json(asked)['$Version'], '4.0')
  })
})

describe('Excel and others that know of older protocols', () => {
  test('get 4.0 in JSON or a refusal, never Atom or an older version (Synergetic-Engineering/odata-influxdb#8, pofider/node-simple-odata-server#28)', async () => {
    const old = { dataserviceversion: '2.0', maxdataserviceversion: '3.0' }
    const answer = await ask('/Items?$top=1', old)
    assert.deepEqual([answer.status, answer.headers.get('odata-version')], [200, '4.0'])
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/)
    assert.equal((await ask('/Items', { accept: 'application/atom+xml' })).status, 406)
    assert.equal((await ask('/Items', { 'odata-maxversion': '3.0' })).status, 400)
    assert.equal((await ask('/Items?$inlinecount=allpages', old)).status, 400)
  })
})

describe('Tableau', () => {
  test('reads the document, the model in XML and each table to its end, in 4.0 and 4.01 (documented)', async () => {
    for (const version of ['4.0', '4.01']) {
      const headers = { 'odata-maxversion': version, accept: 'application/json' }
      const service = json(await ask('/', headers))['value'] as { name: string; url: string }[]
      assert.deepEqual(
        service.map(({ name }) => name),
        ['Items', 'ItemParts', 'Parts'],
      )
      const metadata = await ask('/$metadata', { ...headers, accept: 'application/xml' })
      assert.match(metadata.headers.get('content-type') ?? '', /^application\/xml/)
      for (const { url } of service) {
        const { rows } = await client.walk(`/${url}`, { accept: 'application/json' })
        assert.equal(rows.length, url === 'Items' ? 100 : 200)
      }
    }
  })
  test('would not see collections, and there are none among the columns (documented)', async () => {
    const { text } = await ask('/$metadata', {})
    assert.match(text, /<Property /)
    assert.doesNotMatch(text, /<Property [^>]*Type="Collection\(/)
  })
})

describe('Salesforce Connect', () => {
  const page = '$count=true&$select=id,name&$orderby=name asc,id asc'
  test('pages by $skip and $top and counts each time, in 4.0 and 4.01 (documented)', async () => {
    for (const [version, prefix] of [
      ['4.0', 'odata.'],
      ['4.01', ''],
    ] as const) {
      const seen = new Set<unknown>()
      for (let skip = 0; skip < 100; skip += 25) {
        const answer = await ask(`/Items?${page}&$skip=${skip}&$top=25`, {
          'odata-maxversion': version,
        })
        assert.equal(json(answer)[`@${prefix}count`], 100)
        for (const { id } of json(answer)['value'] as { id: unknown }[]) seen.add(id)
      }
      assert.equal(seen.size, 100)
    }
  })
  test('looks up rows by many keys, related rows by their foreign key, and one by its own (documented)', async () => {
    const keys = Array.from({ length: 50 }, (_, i) => `id eq ${2 * i + 1}`).join(' or ')
    assert.equal((await rowsOf(`/Items?${page}&$filter=(${keys})&$top=200`, {})).length, 50)
    assert.equal((await rowsOf('/Parts?$count=true&$filter=item_id eq 7&$top=25', {})).length, 2)
    assert.equal(json(await ask('/Items(7)?$select=id,name', {}))['name'], 'item 7')
  })
  test('searches for one phrase, whose case counts (documented)', async () => {
    const find = (phrase: string) => rowsOf(`/Items?${page}&$search=${phrase}&$top=25`, {})
    assert.deepEqual(
      (await find('%22item 7%22')).map(({ id }) => id),
      [7, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79],
    )
    assert.equal((await find('%22tem 10%22')).length, 2)
    assert.deepEqual(await find('%22Item 7%22'), [])
    assert.equal((await find('item')).length, 25)
  })
})

describe('Data Factory', () => {
  test('copies what a query names, page by page, with user and password (documented; Azure/Azure-DataFactory#321)', async () => {
    const headers = { accept: 'application/json;odata.metadata=minimal', 'odata-maxversion': '4.0' }
    const query = '$select=id,at&$filter=at ge 2024-01-01T12:00:00Z and id gt 10'
    const { rows, links } = await client.walk(`/Items?${query}`, {
      ...headers,
      prefer: 'odata.maxpagesize=30',
    })
    assert.equal(rows.length, 90)
    assert.equal(links.length, 2)
    assert.deepEqual(rows[0], { id: 11, at: '2024-01-01T12:00:00Z' })
    // Its reader stops at a navigation property in a complex type.
    const { text } = await ask('/$metadata', { ...headers, accept: '*/*' })
    assert.doesNotMatch(text, /<ComplexType/)
  })
})

describe('UI5', () => {
  const outer = {
    accept: 'multipart/mixed',
    'mime-version': '1.0',
    'odata-version': '4.0',
    'odata-maxversion': '4.0',
    'x-csrf-token': 'Fetch',
    'accept-language': 'en',
  }
  const inner =
    'Accept:application/json;odata.metadata=minimal;IEEE754Compatible=true\r\n' +
    'Accept-Language:en\r\nX-CSRF-Token:Fetch\r\nContent-Type:application/json;charset=UTF-8;IEEE754Compatible=true\r\n'
  test('reads the model, and everything else by a batch, even one read (measured)', async () => {
    const metadata = await ask('/$metadata', { 'odata-maxversion': '4.0', 'x-csrf-token': 'Fetch' })
    assert.equal(metadata.status, 200)
    const answer = await sendBatch(
      `${own()}/$batch`,
      batchOf(['Items?$count=true&$select=id,name&$skip=0&$top=20'], inner),
      { ...basicOf(people.user), ...outer },
    )
    assert.equal(answer.status, 200)
    assert.match(answer.headers.get('content-type') ?? '', /^multipart\/mixed;boundary=\S+$/)
    assert.equal(answer.headers.get('odata-version'), '4.0')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const [part] = answer.parts
    assert.equal(part?.status, 200)
    assert.match(part?.headers.get('content-type') ?? '', /IEEE754Compatible=true/)
    const page = JSON.parse(part?.body ?? '') as Record<string, unknown>
    assert.equal(page['@odata.count'], '100')
    assert.equal((page['value'] as unknown[]).length, 20)
    assert.equal(page['@odata.context'], `${root}/$metadata#Items(id,name)`)
  })
  test('may be a page of another origin: all headers that it sends are allowed there (measured)', async () => {
    const origin = 'https://ui5.example'
    const redirectUrls = [`${origin}/callback`]
    await register(client.app, { clientType: 'public', redirectUrls })
    const sent = [
      ...Object.keys(outer),
      'authorization',
      'content-type',
      'sap-cancel-on-close',
      'x-sap-security-session',
    ]
    const answer = await fetch(`${own()}/$batch`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': sent.join(),
      },
    })
    assert.equal(answer.status, 204)
    assert.equal(answer.headers.get('access-control-allow-origin'), origin)
    const allowed = (answer.headers.get('access-control-allow-headers') ?? '').toLowerCase()
    // Accept-Language is one of those that need not be allowed.
    const missing = sent.filter(
      (name) => name !== 'accept-language' && !allowed.split(/, */).includes(name),
    )
    assert.deepEqual(missing, [])
  })
  test('sends absolute paths and public URLs in a batch, too', async () => {
    const { parts } = await sendBatch(
      `${own()}/$batch`,
      batchOf([
        'Items(1)',
        '/api/odata4/shop/Items(1)',
        `${root}/Items(1)`,
        `${own()}/Items(1)`,
        'Items/$count',
        '$metadata',
      ]),
      { ...basicOf(people.user), ...outer },
    )
    assert.deepEqual(
      parts.map(({ status }) => status),
      [200, 200, 200, 200, 200, 200],
    )
  })
  test('gets the error of a failing read in its place, and the others with continue-on-error', async () => {
    const body = batchOf(['Items(1)', 'Items(1000)', 'Items(2)'], inner)
    const url = `${own()}/$batch`
    const headers = { ...basicOf(people.user), ...outer }
    const stopped = await sendBatch(url, body, headers)
    assert.deepEqual(
      stopped.parts.map(({ status }) => status),
      [200, 404],
    )
    const whole = await sendBatch(url, body, { ...headers, prefer: 'odata.continue-on-error' })
    assert.equal(whole.headers.get('preference-applied'), 'odata.continue-on-error')
    assert.deepEqual(
      whole.parts.map(({ status }) => status),
      [200, 404, 200],
    )
  })
})

describe('clients of 4.01', () => {
  test('get control information without the prefix, which others miss (flat3/lodata#121, #500)', async () => {
    const page = json(await ask('/Items?$top=1', { 'odata-maxversion': '4.01' }))
    assert.deepEqual(Object.keys(page), ['@context', 'value'])
    assert.deepEqual(Object.keys(json(await ask('/Items?$top=1', {}))), ['@odata.context', 'value'])
  })
})

describe('clients of HDP', () => {
  test('send its headers, and get their trace id back', async () => {
    const headers = { 'ddcloud-refresh-result': '0', 'ddcloud-top-mode': '1', 'trace-id': 'abc-1' }
    const answer = await ask('/Items?$top=1', headers)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('trace-id'), 'abc-1')
    assert.equal((await ask('/Items', { 'ddcloud-top-mode': '2' })).status, 400)
    const secret = 'a-password-of-the-store'
    const refused = await ask('/Items', { 'ddcloud-datasource-password': secret })
    assert.equal(refused.status, 501)
    assert.ok(!refused.text.includes(secret))
    assert.ok(!client.app.logs.some((line) => line.includes(secret)))
  })
})
