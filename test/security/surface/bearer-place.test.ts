import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import { basicOf, people, startApp, type TestApp } from '#test/support/app.ts'
import { getCode, getTokens, type Registered, register } from '#test/support/oauth.ts'

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
