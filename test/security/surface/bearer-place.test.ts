import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import { basicOf, people, startApp, type TestApp } from '#test/support/app.ts'
import { getCode, getTokens, manage, type Registered, register } from '#test/support/oauth.ts'

let app: TestApp
let client: Registered
let token: string
let refreshToken: string
before(async () => {
  app = await startApp()
  client = await register(app)
  const tokens = await getTokens(app, client)
  token = tokens.access_token
  refreshToken = tokens.refresh_token
})
after(() => app.close())

type Answer = { readonly status: number; readonly challenges: string; readonly body: string }

/** A request whose headers are sent as they are given, twice when they are given twice. */
const send = (
  path: string,
  headers: readonly (readonly [string, string])[] = [],
  options: { readonly method?: string; readonly body?: string } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: app.port,
        path,
        method: options.method ?? 'GET',
        headers: ['Host', `localhost:${app.port}`, ...headers.flat()],
      },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (body += chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            challenges: response.headers['www-authenticate'] ?? '',
            body,
          }),
        )
      },
    )
    outgoing.on('error', reject)
    outgoing.end(options.body)
  })

const item = '/api/odata4/one/Items(1)'
const bearer = (value: string): readonly [string, string] => ['Authorization', `Bearer ${value}`]

test('T72 a token opens data from the Authorization header alone', async () => {
  assert.equal((await send(item, [bearer(token)])).status, 200)
})

test('T72 a token in the query or in a body is no token: 401 with a challenge, or 400', async () => {
  for (const name of ['access_token', 'token', 'bearer_token']) {
    const query = await send(`${item}?${name}=${token}`)
    assert.equal(query.status, 401)
    assert.match(query.challenges, /Bearer/)
    assert.ok(!query.body.includes(token))
  }
  const form = await send(
    item,
    [
      ['Content-Type', 'application/x-www-form-urlencoded'],
      ['Content-Length', String(`access_token=${token}`.length)],
    ],
    { method: 'POST', body: `access_token=${token}` },
  )
  assert.equal(form.status, 401)
})

test('T72 a token beside the right one in the query is not taken for it', async () => {
  const answer = await send(`${item}?access_token=${token}`, [bearer('hg_at_wrong')])
  assert.equal(answer.status, 401)
})

test('T72 two Authorization headers are refused with 400, whatever they say', async () => {
  const basic: readonly [string, string] = ['Authorization', basicOf(people.user).authorization]
  for (const pair of [
    [bearer(token), bearer(token)],
    [bearer(token), basic],
    [basic, basic],
  ])
    assert.equal((await send(item, pair)).status, 400)
  assert.equal((await send(item, [basic])).status, 200)
})

test('T72 two Authorization headers are refused by the management and the token endpoint as well', async () => {
  const basic: readonly [string, string] = ['Authorization', basicOf(people.owner).authorization]
  const path = '/api/mgmt/oauth/client/applications'
  assert.equal((await send(path, [basic])).status, 200)
  const management = await send(path, [basic, basic])
  assert.equal(management.status, 401)
  const own: readonly [string, string] = [
    'Authorization',
    `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')}`,
  ]
  const body = `grant_type=refresh_token&refresh_token=${refreshToken}`
  const form = [
    ['Content-Type', 'application/x-www-form-urlencoded'],
    ['Content-Length', String(body.length)],
  ] as const
  const token = await send('/oauth2/token', [...form, own, own], { method: 'POST', body })
  assert.equal(token.status, 401)
  assert.match(token.body, /invalid_client/)
  const fine = await send('/oauth2/token', [...form, own], { method: 'POST', body })
  assert.equal(fine.status, 200)
})

test('T72 any other kind of secret in the place of an access token is 401 invalid_token', async () => {
  const code = await getCode(app, client)
  for (const wrong of [refreshToken, code, client.clientSecret, client.clientId]) {
    const answer = await send(item, [bearer(wrong)])
    assert.equal(answer.status, 401)
    assert.match(answer.challenges, /error="invalid_token"/)
    assert.ok(!answer.body.includes(wrong))
  }
})

test('T72 an access token opens neither the management API nor the pages', async () => {
  for (const path of ['/api/mgmt/oauth/client/applications', '/api/mgmt/datasources']) {
    const answer = await send(path, [bearer(token)])
    assert.equal(answer.status, 401)
    assert.match(answer.challenges, /^Basic /)
  }
  assert.equal((await send('/account/applications', [bearer(token)])).status, 303)
})

test('T72 a header that is neither Basic nor Bearer is refused with 400', async () => {
  for (const header of [
    'Bearer',
    'Bearer ',
    'Bearer a b',
    `DPoP ${token}`,
    'Basic',
    'Bearer \u00e9',
  ])
    assert.equal((await send(item, [['Authorization', header]])).status, 400)
})

// T71: every spelling of an address gets the decision of the canonical one.

/** Spellings of the same or nearly the same resource; none may open what the plain one does not. */
const spellings = (source: string): readonly string[] =>
  [
    `${source}/Items(1)`,
    `${source}//Items(1)`,
    `/${source}/Items(1)`,
    `${source};x/Items(1)`,
    `${source}/Items(1);x`,
    `${source}%2FItems(1)`,
    `${source}/%49tems(1)`,
    `${source}/Items%281%29`,
    `${source}/Items(id=1)`,
    `${source}/Items/1`,
    `${source}/Items(1)/`,
    `${source}/Items(1)/$ref`,
    `${source}/Items(1)/name`,
    `${source}/Items(1)/name/$value`,
    `${source}/Items/$count`,
    `${source}/Items`,
    `${source}/$batch`,
    `${source}/$metadata`,
    `${source}/`,
    source,
    `${source}/./Items(1)`,
    `${source}/../${source}/Items(1)`,
    `x/../${source}/Items(1)`,
    `x/%2e%2e/${source}/Items(1)`,
    `x/..%2f${source}/Items(1)`,
    `x/..;/${source}/Items(1)`,
    `${source}%00/Items(1)`,
    `${source}/Items(1)%00`,
    `${source.toUpperCase()}/Items(1)`,
    `${source}/items(1)`,
    `${source}/ITEMS(1)`,
    `${Buffer.from(source).toString('hex').replaceAll(/../g, '%$&')}/Items(1)`,
    `${source}%20/Items(1)`,
    `${source}./Items(1)`,
    `${source}/$crossjoin(Items)`,
    `${source}/$entity?$id=Items(1)`,
    `${source}/$all`,
    `${source}/Items(1)?$expand=*`,
    `${source}/Items/$ref`,
    `${source}/Items/$filter(id%20eq%201)`,
    `${source}/Items/$filter(@c)?@c=id%20eq%201`,
    `${source}/Items(@k)?@k=1`,
    `${source}/Items?$apply=identity`,
    `${source}/Items?$apply=concat(identity,groupby((name)))`,
    `${source}/Items?$compute=name%20as%20other&$select=other`,
    `${source}/Items?$filter=$root/Items(1)/name%20eq%20name`,
    `one/Items?$filter=$root/${source}/Items(1)/name%20eq%20name`,
    `one/Items?$apply=join(${source}%20as%20x)`,
    `one/$entity?$id=../${source}/Items(1)`,
    `one/../${source}/Items(1)`,
    `one/%2e%2e/${source}/Items(1)`,
    `one/..;/${source}/Items(1)`,
    `one\\..\\${source}/Items(1)`,
  ].map((path) => `/api/odata4/${path}`)

test('T71 no spelling of an address opens a data source that the token may not read', async () => {
  const list = (await manage(app, 'GET', '/api/mgmt/datasources', { person: people.user })).body[
    'dataSources'
  ] as { id: string; name: string }[]
  const one = Number(list.find(({ name }) => name === 'one')?.id)
  // A client of its own: what the user allowed the other one is remembered.
  const narrow = await getTokens(app, await register(app), { sources: [one] })
  assert.equal((await send(item, [bearer(narrow.access_token)])).status, 200)
  for (const path of spellings('two')) {
    const answer = await send(path, [bearer(narrow.access_token)])
    assert.ok([400, 401, 404, 501].includes(answer.status), `${path}: ${answer.status}`)
    assert.ok(!answer.body.includes('two 1'), path)
    const none = await send(path)
    assert.ok([400, 401, 404].includes(none.status), `${path} without a token: ${none.status}`)
  }
})

test('T71 a spelling that is answered for a token that may read shows the resource that it names', async () => {
  let answered = 0
  for (const path of spellings('two')) {
    const answer = await send(path, [bearer(token)])
    assert.ok(answer.status === 200 || (answer.status >= 400 && answer.status < 600), path)
    if (answer.status !== 200) continue
    answered += 1
    assert.ok(!answer.body.includes('one 1'), path)
  }
  assert.ok(answered >= 5)
})

test('T71 methods other than GET get the same decision about who may read', async () => {
  for (const method of ['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    const empty = [
      ['Content-Type', 'application/json'],
      ['Content-Length', '0'],
    ] as const
    const none = await send(item, empty, { method })
    assert.equal(none.status, 401, method)
    const wrong = await send(item, [...empty, bearer('hg_at_wrong')], { method })
    assert.equal(wrong.status, 401, method)
  }
})
