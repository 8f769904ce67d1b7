import assert from 'node:assert/strict'
import { get } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { basicOf, createSource, people, startApp, type TestApp } from '#test/support/app.ts'
import { batchOf, sendBatch } from '#test/support/odata-batch.ts'

// Requests as clients send them, and what their users have reported about other services: the numbers are those of the threads in
// the table of expectations, section 3.1. The server stands behind a proxy that terminates TLS.

const publicUrl = 'https://data.example'
const root = `${publicUrl}/api/odata4/one`

let app: TestApp
before(async () => {
  app = await startApp({
    sources: false,
    env: { HEADGATE_PUBLIC_URL: publicUrl, HEADGATE_TRUST_PROXY: '127.0.0.1,::1' },
  })
  await createSource({ ...app, url: `http://localhost:${app.port}` }, 'one')
})
after(() => app.close())

const own = () => `http://localhost:${app.port}/api/odata4/one`

type Headers = Readonly<Record<string, string>>
type Answer = {
  readonly status: number
  readonly headers: globalThis.Headers
  readonly text: string
}

/** What the proxy adds, and a client that sends a Host of its own choice. */
const proxied = {
  'x-forwarded-proto': 'http',
  'x-forwarded-host': 'evil.example:80',
  'x-forwarded-for': '203.0.113.9',
}

const ask = async (url: string, headers: Headers): Promise<Answer> => {
  const local = url.startsWith(publicUrl) ? own() + url.slice(root.length) : own() + url
  const response = await fetch(local, {
    headers: { ...basicOf(people.user), ...proxied, ...headers },
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const json = ({ text }: Answer) => JSON.parse(text) as Record<string, unknown>

/** The lines of a header as they were sent. */
const linesOf = (url: string, name: string, headers: Headers) =>
  new Promise<readonly string[]>((resolve, reject) => {
    get(url, { headers: { ...headers } }, (response) => {
      response.resume()
      const lines: string[] = []
      for (let i = 0; i < response.rawHeaders.length; i += 2)
        if (response.rawHeaders[i]?.toLowerCase() === name)
          lines.push(response.rawHeaders[i + 1] ?? '')
      resolve(lines)
    }).on('error', reject)
  })

const walk = async (url: string, headers: Headers) => {
  const rows: unknown[] = []
  let pages = 0
  for (let next: string | undefined = url; next !== undefined; pages++) {
    const page = json(await ask(next, headers))
    rows.push(...(page['value'] as unknown[]))
    next = page['@odata.nextLink'] as string | undefined
    // #6, #7, #9: links are those of the public address, whatever the proxy or the client say.
    assert.ok(next === undefined || next.startsWith(`${root}/Items?`), next)
  }
  return { rows, pages }
}

describe('Excel', () => {
  const excel = {
    'user-agent': 'Microsoft Excel/16.0 (Microsoft.Data.Mashup)',
    accept: 'application/json;odata.metadata=minimal, application/json',
    'odata-maxversion': '4.0',
  }
  test('gets 4.0, once, with every answer and with none of its own wishes (#1, #2)', async () => {
    const basic = basicOf(people.user)
    for (const url of ['', '/', '/$metadata', '/Items', '/Items(1)', '/Items/$count', '/Nope'])
      for (const headers of [basic, { ...basic, ...excel }])
        assert.deepEqual(await linesOf(own() + url, 'odata-version', headers), ['4.0'], url)
    assert.deepEqual(await linesOf(own(), 'odata-version', {}), ['4.0'], 'a refusal of access')
    assert.deepEqual(
      await linesOf(own(), 'odata-version', { ...basic, 'odata-maxversion': '4.01' }),
      ['4.01'],
    )
  })
  test('gets a full content type and metadata in each payload (#5)', async () => {
    for (const url of ['', '/Items', '/Items(1)']) {
      const answer = await ask(url, excel)
      assert.match(
        answer.headers.get('content-type') ?? '',
        /^application\/json;odata\.metadata=minimal;odata\.streaming=true;charset=utf-8$/,
      )
      assert.equal(typeof json(answer)['@odata.context'], 'string')
    }
  })
  test('gets metadata in XML although it asks for JSON everywhere (#4)', async () => {
    for (const accept of ['*/*', 'application/json,*/*;q=0.8', 'application/xml', 'text/xml'])
      assert.match(
        (await ask('/$metadata', { accept })).headers.get('content-type') ?? '',
        /^application\/xml;charset=utf-8$/,
      )
    const asked = await ask('/$metadata', { accept: 'application/json' })
    assert.equal(json(asked)['$Version'], '4.0')
  })
})

describe('Power Query', () => {
  const powerQuery = {
    'user-agent': 'Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)',
    accept:
      'application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7',
    'odata-maxversion': '4.0',
  }
  test('reads the document, the model and all pages of a table behind a proxy (#6, #7, #8, #9)', async () => {
    const service = json(await ask('', powerQuery))
    assert.equal(service['@odata.context'], `${root}/$metadata`)
    const metadata = await ask('/$metadata', { ...powerQuery, accept: 'application/xml' })
    assert.match(metadata.text, /^<\?xml/)
    const headers = { ...powerQuery, prefer: 'odata.maxpagesize=30' }
    const first = json(await ask('/Items', headers))
    assert.equal(first['@odata.context'], `${root}/$metadata#Items`)
    const { rows, pages } = await walk('/Items', headers)
    assert.equal(rows.length, 100)
    assert.equal(pages, 4)
  })
  test('finds nothing in the model that its readers refuse (#14, #15, #16)', async () => {
    const { text } = await ask('/$metadata', { ...powerQuery, accept: 'application/xml' })
    assert.doesNotMatch(text, /<ComplexType/)
    assert.doesNotMatch(text, /EnumMember|AnnotationPath|Path="Collection\(/)
  })
  test('gets a projection that the context lists exactly (#18)', async () => {
    const page = json(await ask('/Items?$select=id,name&$top=1', powerQuery))
    assert.equal(page['@odata.context'], `${root}/$metadata#Items(id,name)`)
    const [row] = page['value'] as object[]
    assert.deepEqual(Object.keys(row ?? {}), ['id', 'name'])
  })
  test('asks three times and is answered in full once (#13)', async () => {
    const url = '/Items?$top=50'
    const first = await ask(url, powerQuery)
    assert.equal(first.status, 200)
    assert.equal(first.headers.get('cache-control'), 'private, no-cache')
    assert.match(first.headers.get('vary') ?? '', /Authorization/)
    const etag = first.headers.get('etag') ?? ''
    for (let i = 0; i < 2; i++) {
      const again = await ask(url, { ...powerQuery, 'if-none-match': etag })
      assert.equal(again.status, 304)
      assert.equal(again.text, '')
    }
    // The kept answer is only good for who may still read it.
    const response = await fetch(own() + url, { headers: { 'if-none-match': etag } })
    assert.equal(response.status, 401)
    assert.equal(response.headers.get('cache-control'), 'no-store')
  })
  test('is told by each 401 how to sign in (#24)', async () => {
    const response = await fetch(own())
    const challenges = response.headers.get('www-authenticate') ?? ''
    assert.match(challenges, /Bearer realm="Headgate"/)
    assert.match(challenges, /Basic realm="Headgate"/)
  })
  test('gets no link beyond its own $top (#26)', async () => {
    const headers = { ...powerQuery, prefer: 'maxpagesize=10' }
    assert.equal((await walk('/Items?$top=25', headers)).rows.length, 25)
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
  test('sends absolute paths and public URLs in a batch, too', async () => {
    const { parts } = await sendBatch(
      `${own()}/$batch`,
      batchOf([
        'Items(1)',
        '/api/odata4/one/Items(1)',
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
  test('get control information without the prefix, which others miss (#3)', async () => {
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
    assert.ok(!app.logs.some((line) => line.includes(secret)))
  })
})
