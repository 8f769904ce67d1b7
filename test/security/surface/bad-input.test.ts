import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { basicOf, people, startApp, type TestApp } from '#test/support/app.ts'
import {
  authorizeUrl,
  getTokens,
  manage,
  readWith,
  type Registered,
  refresh,
  register,
  type TokenAnswer,
} from '#test/support/oauth.ts'

let app: TestApp
let client: Registered
let tokens: TokenAnswer['body']
before(async () => {
  app = await startApp()
  client = await register(app)
  tokens = await getTokens(app, client)
})
after(() => app.close())

type Sent = {
  readonly method: string
  readonly path: string
  readonly headers?: readonly string[]
  readonly body?: Buffer | string
}
type Answer = {
  readonly status: number
  readonly type: string
  readonly location: string
  readonly body: string
}

/** Sends what `fetch` would refuse to send or would repair: raw paths, raw headers, raw bytes. */
const send = (sent: Sent): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const body = sent.body === undefined ? undefined : Buffer.from(sent.body)
    const length = body === undefined ? [] : ['Content-Length', String(body.length)]
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: app.port,
        method: sent.method,
        path: sent.path,
        headers: ['Host', `localhost:${app.port}`, ...(sent.headers ?? []), ...length],
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'] ?? '',
            location: response.headers.location ?? '',
            body: text,
          }),
        )
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })

/** A status, a code and a sentence, in the form of the surface that was asked. */
const assertRefusal = (answer: Answer, what: string): void => {
  assert.ok(
    answer.status >= 400 && answer.status < 600 && answer.status !== 500,
    `${what}: ${answer.status} ${answer.body.slice(0, 300)}`,
  )
  if (answer.type.startsWith('text/html')) {
    assert.match(answer.body, /<h1>[^<]+<\/h1>/, what)
    return
  }
  const body = JSON.parse(answer.body) as Record<string, unknown>
  const { error } = body
  if (typeof error === 'string') {
    assert.match(error, /^[a-z_]+$/, what)
    assert.match(String(body['error_description']), /^.+ .+\.$/, what)
    return
  }
  const { code, message } = error as { code: unknown; message: unknown }
  assert.ok(typeof code === 'number' || (typeof code === 'string' && code !== ''), what)
  const sentence = typeof message === 'string' ? message : (message as { value: string }).value
  assert.match(sentence, /^.+ .+\.$/, what)
}

const json = ['Content-Type', 'application/json'] as const
const form = ['Content-Type', 'application/x-www-form-urlencoded'] as const
const owner = ['Authorization', basicOf(people.owner).authorization] as const
const user = ['Authorization', basicOf(people.user).authorization] as const
const bearer = () => ['Authorization', `Bearer ${tokens.access_token}`]
const applications = '/api/mgmt/oauth/client/applications'

const assertIntact = async (): Promise<void> => {
  assert.equal(await readWith(app, tokens.access_token), 200)
  const read = await manage(app, 'GET', `${applications}/${client.id}`)
  assert.equal(read.body['name'], 'Test application')
  assert.equal(
    (await manage(app, 'GET', '/api/mgmt/datasources', { person: people.user })).status,
    200,
  )
}

test('a repeated parameter is refused wherever it is sent', async () => {
  for (const path of ['/oauth2/token', '/oauth2/revoke']) {
    const repeated = await send({
      method: 'POST',
      path,
      headers: form,
      body: 'token=a&token=a&grant_type=refresh_token&client_id=x&client_id=x',
    })
    assert.equal(repeated.status, 400)
    assert.match(repeated.body, /invalid_request/)
    assertRefusal(repeated, path)
  }
  const once = authorizeUrl(app, client).slice(app.url.length)
  const state = await send({ method: 'GET', path: `${once}&state=a&state=b` })
  assert.equal(state.status, 303)
  assert.match(state.location, /error=invalid_request/)
  const mixed = await send({ method: 'POST', path: once, headers: form, body: 'state=a&state=b' })
  assert.match(mixed.location, /error=invalid_request/)
  const who = await send({ method: 'GET', path: `${once}&client_id=${client.clientId}` })
  assert.equal(who.status, 400)
  assert.equal(who.location, '')
  const filter = await send({
    method: 'GET',
    path: '/api/odata4/one/Items?$top=1&$top=1',
    headers: bearer(),
  })
  assert.equal(filter.status, 400)
  const query = await send({ method: 'GET', path: `${applications}?a=1&a=2`, headers: owner })
  assert.equal(query.status, 400)
})

test('a body of another content type is refused with 415, and no type with a body too', async () => {
  const types = [
    'text/plain',
    'application/xml',
    'multipart/form-data; boundary=x',
    'application/octet-stream',
  ]
  const places = [
    ['POST', applications, owner],
    ['PUT', `${applications}/${client.id}`, owner],
    ['POST', '/api/mgmt/datasources', user],
    ['POST', '/oauth2/token', []],
    ['POST', '/oauth2/revoke', []],
    ['POST', '/sign-in', []],
  ] as const
  for (const [method, path, authorization] of places)
    for (const headers of [...types.map((type) => ['Content-Type', type]), []]) {
      const answer = await send({
        method,
        path,
        headers: [...authorization, ...headers],
        body: '{"name":"x"}',
      })
      assert.equal(answer.status, 415, `${path} ${headers.join(' ')}`)
      assertRefusal(answer, path)
    }
  const wrongForm = await send({
    method: 'POST',
    path: applications,
    headers: [...owner, ...form],
    body: 'name=x',
  })
  assert.equal(wrongForm.status, 415)
  await assertIntact()
})

test('broken Basic headers are 401 at the management API, 400 at OData and invalid_client at the token endpoint', async () => {
  const encode = (text: string | Buffer): string => Buffer.from(text).toString('base64')
  const broken = [
    'Basic',
    'Basic !',
    'Basic ====',
    'Basic YQ',
    `Basic ${encode('nocolon')}`,
    `Basic ${encode(':nobody')}`,
    `Basic ${encode('a\0b:c')}`,
    `Basic ${encode('a:b\n')}`,
    `Basic ${encode(Buffer.from([0xff, 0xfe, 0x3a, 0x41]))}`,
    `Basic ${encode('a:b')} x`,
    `Basic ${encode('a:b')},Basic ${encode('a:b')}`,
    `Basic${encode('a:b')}`,
    'Digest x',
    'x'.repeat(3000),
  ]
  for (const header of broken) {
    const headers = ['Authorization', header]
    const management = await send({ method: 'GET', path: applications, headers })
    assert.equal(management.status, 401, header.slice(0, 40))
    assertRefusal(management, header.slice(0, 40))
    const data = await send({ method: 'GET', path: '/api/odata4/one/Items', headers })
    assert.equal(data.status, 400, header.slice(0, 40))
    assertRefusal(data, header.slice(0, 40))
    const token = await send({
      method: 'POST',
      path: '/oauth2/token',
      headers: [...headers, ...form],
      body: 'grant_type=refresh_token&refresh_token=x',
    })
    assert.equal(token.status, 401, header.slice(0, 40))
    assert.match(token.body, /invalid_client/)
  }
})

test('null bytes and bytes that are not UTF-8 are refused with 400 in JSON, forms and URLs, and stored nowhere', async () => {
  const latin = Buffer.from([
    0x7b, 0x22, 0x6e, 0x61, 0x6d, 0x65, 0x22, 0x3a, 0x22, 0xe9, 0x22, 0x7d,
  ])
  const bodies = [
    latin,
    '{"name":"a\\u0000b","redirectUrls":["https://a.example/cb"]}',
    '{"a\\u0000":1}',
    '{"name":"a\0"}',
  ]
  for (const body of bodies) {
    const answer = await send({
      method: 'POST',
      path: applications,
      headers: [...owner, ...json],
      body,
    })
    assert.equal(answer.status, 400)
    assertRefusal(answer, String(body))
    const token = await send({ method: 'POST', path: '/oauth2/token', headers: json, body })
    assert.equal(token.status, 400)
    assertRefusal(token, String(body))
  }
  const forms = [
    'token=%00',
    'token=a%00b',
    'token=%ff',
    'token=%c3%28',
    'token=%',
    Buffer.from([0x74, 0x3d, 0xff]),
  ]
  for (const body of forms)
    for (const path of ['/oauth2/token', '/oauth2/revoke']) {
      const answer = await send({ method: 'POST', path, headers: form, body })
      assert.equal(answer.status, 400, `${path} ${String(body)}`)
      assertRefusal(answer, String(body))
    }
  for (const path of [
    '/oauth2/authorize?client_id=%00',
    '/oauth2/authorize?client_id=%ff',
    '/oauth2/consent/%00',
    '/oauth2/consent/%ff',
    '/api/odata4/%00/Items',
    '/api/odata4/%ff/Items',
    '/api/odata4/one/Items%00',
    '/api/odata4/one/Items(%ff)',
    "/api/odata4/one/Items?$filter=name%20eq%20'%ff'",
    '/api/odata4/one/Items?$filter=%',
    '/api/mgmt/datasources/%00',
    '/api/mgmt/datasources/%ff',
    '/api/mgmt/datasources?x=%ff',
    '/%00',
    '/%ff',
    '/%',
  ]) {
    const headers = path.startsWith('/api/odata4') ? bearer() : [...user]
    const answer = await send({ method: 'GET', path, headers })
    assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`)
    assertRefusal(answer, path)
  }
  await assertIntact()
})

test('a JSON body that is no object of texts is refused with 400 at every OAuth endpoint', async () => {
  for (const path of ['/oauth2/authorize', '/oauth2/token', '/oauth2/revoke'])
    for (const body of ['[]', '7', '"text"', '{"client_id":7}', '{"client_id":["x"]}']) {
      const answer = await send({ method: 'POST', path, headers: json, body })
      assert.equal(answer.status, 400, `${path} ${body}`)
      assertRefusal(answer, `${path} ${body}`)
    }
})

test('a null byte in a text of an OData query is refused or finds nothing', async () => {
  const path = "/api/odata4/one/Items?$filter=name%20eq%20'a%00b'"
  const answer = await send({ method: 'GET', path, headers: bearer() })
  assert.ok(answer.status === 400 || (answer.status === 200 && answer.body.includes('"value":[]')))
})

test('a malformed OData URL is refused with 400, the option at fault and the position in it', async () => {
  for (const [query, target, position] of [
    ['$filter=id%20eq', '$filter', 5],
    ['$filter=(id%20eq%201', '$filter', 8],
    ['$filter=id%20eq%201%20xor', '$filter', 7],
    ["$filter=name%20eq%20'x", '$filter', 10],
    ['$orderby=id%20sideways', '$orderby', 2],
    ['$select=id,,name', '$select', 3],
  ] as const) {
    const answer = await send({
      method: 'GET',
      path: `/api/odata4/one/Items?${query}`,
      headers: bearer(),
    })
    assert.equal(answer.status, 400, query)
    const { error } = JSON.parse(answer.body) as { error: { message: string; target: string } }
    assert.equal(error.target, target, query)
    assert.match(error.message, new RegExp(`at position ${position} of \\${target}`), query)
  }
  for (const query of ['$top=-1', '$top=x', '$skip=1.5', '$count=maybe', '$nonsense=1']) {
    const answer = await send({
      method: 'GET',
      path: `/api/odata4/one/Items?${query}`,
      headers: bearer(),
    })
    assert.equal(answer.status, 400, query)
    assertRefusal(answer, query)
  }
})

// Every endpoint, with texts that nobody meant.

const places = [
  '/',
  '/sign-in',
  '/sign-out',
  '/account/applications',
  '/account/password',
  '/oauth2/authorize',
  '/oauth2/token',
  '/oauth2/revoke',
  '/oauth2/consent/x',
  '/oauth2/sign-in/x',
  '/oauth2/switch-account/x',
  '/api/mgmt/oauth2/token',
  '/api/mgmt/oauth2/authorize',
  applications,
  `${applications}/999`,
  `${applications}/999/reset`,
  '/api/mgmt/oauth/client/allowedapplications',
  '/api/mgmt/oauth/client/allowedapplications/999',
  '/api/mgmt/datasources',
  '/api/mgmt/datasources/999',
  '/api/odata4/one',
  '/api/odata4/one/',
  '/api/odata4/one/Items',
  '/api/odata4/one/Items(1)',
  '/api/odata4/one/$metadata',
  '/api/healthcheck',
  '/.well-known/oauth-authorization-server',
] as const

const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
})
const escaped = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 12 })
  .map((bytes) => bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''))
const word = fc.constantFrom(
  '$filter',
  '$select',
  '$orderby',
  '$top',
  '$skiptoken',
  '$expand',
  'client_id',
  'state',
  'redirect_uri',
  'grant_type',
  'code',
  'scope',
  'name',
  '__proto__',
  'constructor',
  'tick',
)
const pairs = fc
  .array(fc.tuple(fc.oneof(word, visible), fc.oneof(visible, escaped)), { maxLength: 4 })
  .map((list) => list.map(([name, value]) => `${name}=${value}`).join('&'))
const headerText = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((code) => code !== 0x7f)
    .map((code) => String.fromCharCode(code)),
  maxLength: 30,
})

const fuzzed = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS'),
  path: fc.tuple(
    fc.constantFrom(...places),
    fc.oneof({ weight: 3, arbitrary: fc.constant('') }, visible, escaped),
    fc.oneof(
      fc.constant(''),
      pairs.map((text) => `?${text}`),
    ),
  ),
  authorization: fc.oneof(
    fc.constant('none'),
    fc.constant('bearer'),
    fc.constant('basic'),
    visible.map((text) => `Basic ${Buffer.from(text).toString('base64')}`),
    headerText,
  ),
  cookie: fc.option(headerText),
  accept: fc.option(fc.oneof(fc.constant('text/html'), headerText)),
  prefer: fc.option(headerText),
  body: fc.option(
    fc.tuple(
      fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/plain', ''),
      fc.oneof(
        fc.json().map((text) => Buffer.from(text)),
        pairs.map((text) => Buffer.from(text)),
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      ),
    ),
  ),
})

test('no input makes any endpoint fail: the status is below 500 or the refusal of what is not offered, and the server goes on', async () => {
  const header = (name: string, value: string | null): readonly string[] =>
    value === null ? [] : [name, value]
  await fc.assert(
    fc.asyncProperty(fuzzed, async (input) => {
      const authorization =
        input.authorization === 'none'
          ? null
          : input.authorization === 'bearer'
            ? `Bearer ${tokens.access_token}`
            : input.authorization === 'basic'
              ? basicOf(people.admin).authorization
              : input.authorization
      const answer = await send({
        method: input.method,
        path: input.path.join('').replaceAll('#', ''),
        headers: [
          ...header('Authorization', authorization),
          ...header('Cookie', input.cookie),
          ...header('Accept', input.accept),
          ...header('Prefer', input.prefer),
          ...(input.body === null || input.body[0] === '' ? [] : ['Content-Type', input.body[0]]),
        ],
        ...(input.body === null ? {} : { body: input.body[1] }),
      })
      assert.ok(answer.status < 500 || answer.status === 501, `${answer.status} ${answer.body}`)
    }),
    { numRuns: 1500 },
  )
  const health = await send({ method: 'GET', path: '/api/healthcheck' })
  assert.equal(health.status, 200)
  const errors = app.logs.filter((line) => line.includes('"level":"error"'))
  assert.deepEqual(errors, [])
})

test('after all of this what was stored is still there and the tokens still work', async () => {
  const kept = await register(app, { name: 'Kept' })
  const list = (await manage(app, 'GET', applications)).body['applications'] as { id: number }[]
  assert.ok(list.some(({ id }) => id === kept.id))
  assert.equal(await readWith(app, tokens.access_token), 200)
  assert.equal((await refresh(app, client, tokens.refresh_token)).status, 200)
})
