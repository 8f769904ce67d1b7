import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startApp, type TestApp } from '#test/support/app.ts'
import {
  authorizeUrl,
  callback,
  createPkce,
  credentials,
  getCode,
  redeem,
  register,
  type Registered,
} from '#test/support/oauth.ts'
import { answerOf, assertRefusedHere, createRawBrowser } from './raw-browser.ts'

let app: TestApp
let client: Registered
let publicClient: Registered

before(async () => {
  app = await startApp()
  client = await register(app)
  publicClient = await register(app, { clientType: 'public' })
})
after(() => app.close())

type Pairs = readonly (readonly [string, string])[]

const good = (): Pairs => [
  ['response_type', 'code'],
  ['client_id', client.clientId],
  ['redirect_uri', callback],
  ['scope', 'api.access.odata'],
  ['state', 'the state'],
  ['code_challenge', createPkce().challenge],
  ['code_challenge_method', 'S256'],
]

const encode = (pairs: Pairs): string =>
  new URLSearchParams(pairs.map(([n, v]): [string, string] => [n, v])).toString()

/** The three ways to say something twice at the authorization endpoint. */
const twice = (again: readonly [string, string]) => {
  const browser = createRawBrowser(app)
  const all = [...good(), again]
  const post = (query: Pairs, body: Pairs) =>
    browser.send(`/oauth2/authorize?${encode(query)}`, { form: new URLSearchParams(encode(body)) })
  return Promise.all([
    browser.send(`/oauth2/authorize?${encode(all)}`),
    browser.send(`/oauth2/authorize?${encode([again, ...good()])}`),
    post([], all),
    post([again], good()),
    post(good(), [again]),
  ])
}

test('T19 a repeated client_id or redirect_uri at authorize is refused here by GET, POST and both together', async () => {
  for (const again of [
    ['client_id', client.clientId],
    ['clientId', client.clientId],
    ['client_id', ''],
    ['redirect_uri', callback],
    ['redirect_uri', 'https://evil.example/'],
    ['redirect_uri', ''],
  ] as const)
    for (const exchange of await twice(again)) assertRefusedHere(exchange, again.join('='))
})

test('T19 any other repeated parameter at authorize is invalid_request at the redirect by GET, POST and both together', async () => {
  for (const again of [
    ['response_type', 'code'],
    ['response_type', 'token'],
    ['scope', 'api.access.odata'],
    ['state', 'another state'],
    ['state', ''],
    ['code_challenge', 'x'],
    ['code_challenge_method', 'plain'],
  ] as const)
    for (const exchange of await twice(again)) {
      assert.equal(exchange.status, 303, again.join('='))
      const answer = answerOf(exchange)
      assert.equal(answer.get('error'), 'invalid_request', again.join('='))
      assert.equal(answer.get('code'), null)
      assert.equal(answer.get('state'), again[0] === 'state' ? null : 'the state')
      assert.deepEqual(answer.getAll('iss'), [app.url])
    }
})

const post = async (path: string, body: string, type: string, headers = {}) => {
  const response = await fetch(app.url + path, {
    method: 'POST',
    headers: { 'content-type': type, ...headers },
    body,
  })
  return { status: response.status, text: await response.text() }
}
const formType = 'application/x-www-form-urlencoded'

test('T19 a repeated parameter at the token endpoint is invalid_request and the code stays good for its owner', async () => {
  const code = await getCode(app, client)
  const fields: Pairs = [
    ['grant_type', 'authorization_code'],
    ['code', code],
    ['redirect_uri', callback],
    ['client_id', client.clientId],
    ['client_secret', client.clientSecret],
  ]
  for (const base of ['/oauth2', '/api/mgmt/oauth2'])
    for (const [name, value] of fields)
      for (const other of [value, '', 'something else']) {
        const answer = await post(`${base}/token`, encode([...fields, [name, other]]), formType)
        assert.equal(answer.status, 400, name)
        assert.match(answer.text, /"error":"invalid_request"/, name)
      }
  for (const alias of [
    ['clientId', client.clientId],
    ['clientSecret', client.clientSecret],
  ] as const) {
    const asForm = await post('/oauth2/token', encode([...fields, alias]), formType)
    assert.match(asForm.text, /"error":"invalid_request"/)
    const json = JSON.stringify(Object.fromEntries([...fields, alias]))
    const asJson = await post('/oauth2/token', json, 'application/json')
    assert.match(asJson.text, /"error":"invalid_request"/)
  }
  assert.equal((await redeem(app, client, code)).status, 200)
})

test('T19 a JSON body whose parameter is a list or an object is invalid_request', async () => {
  const body = { grant_type: 'refresh_token', refresh_token: 'x', ...credentials(client) }
  for (const [name, value] of Object.entries(body))
    for (const odd of [[value], [value, value], { 0: value }, 7, true, null])
      for (const path of ['/oauth2/token', '/oauth2/revoke']) {
        const json = JSON.stringify({ ...body, [name]: odd })
        const answer = await post(path, json, 'application/json')
        assert.equal(answer.status, 400)
        assert.match(answer.text, /"error":"invalid_request"/)
      }
})

test('T19 a parameter in both the URL and the body of the token endpoint is refused', async () => {
  const body = encode(Object.entries({ grant_type: 'refresh_token', ...credentials(client) }))
  for (const path of ['/oauth2/token', '/oauth2/revoke']) {
    const answer = await post(`${path}?client_id=${client.clientId}`, body, formType)
    assert.equal(answer.status, 400)
    assert.match(answer.text, /"error":"invalid_request"/)
  }
})

test('T19 a repeated parameter at revocation is invalid_request', async () => {
  const fields: Pairs = [['token', 'x'], ...Object.entries(credentials(client))]
  for (const [name, value] of fields) {
    const answer = await post('/oauth2/revoke', encode([...fields, [name, value]]), formType)
    assert.equal(answer.status, 400, name)
    assert.match(answer.text, /"error":"invalid_request"/, name)
  }
  assert.equal((await post('/oauth2/revoke', encode(fields), formType)).status, 200)
})

test('T17 iss comes exactly once with success and every refusal, and equals the metadata byte for byte', async () => {
  const metadata = (await (
    await fetch(`${app.url}/.well-known/oauth-authorization-server`)
  ).json()) as { issuer: string; authorization_response_iss_parameter_supported: boolean }
  assert.equal(metadata.issuer, app.url)
  assert.equal(metadata.authorization_response_iss_parameter_supported, true)

  const browser = createRawBrowser(app)
  const allowed = await browser.decide(await browser.open(await register(app), { state: 's' }))
  const denying = createRawBrowser(app)
  const denied = await denying.decide(await denying.open(publicClient, withChallenge()), 'deny')
  const codes = ['', 'access_denied']
  const answers = [allowed, denied]
  for (const [error, parameters] of [
    ['unsupported_response_type', { response_type: 'token' }],
    ['invalid_request', { response_type: '' }],
    ['invalid_request', { response_mode: 'fragment' }],
    ['invalid_request', { code_challenge: 'short', code_challenge_method: 'S256' }],
    ['invalid_request', { code_challenge_method: 'plain' }],
    ['invalid_scope', { scope: 'admin' }],
    ['request_not_supported', { request: 'x.y.z' }],
    ['request_uri_not_supported', { request_uri: 'https://evil.example/' }],
  ] as const) {
    codes.push(error)
    answers.push(await browser.send(authorizeUrl(app, client, { state: 's', parameters })))
  }
  for (const [index, exchange] of answers.entries()) {
    const answer = answerOf(exchange)
    assert.deepEqual(answer.getAll('iss'), [metadata.issuer], codes[index])
    assert.equal(answer.get('error') ?? '', codes[index])
    assert.equal(answer.has('code'), codes[index] === '')
    for (const name of answer.keys()) assert.equal(answer.getAll(name).length, 1, name)
  }
})

test('T17 no header of the request changes iss', async () => {
  const response = await fetch(
    authorizeUrl(app, client, { parameters: { response_type: 'token' } }),
    {
      redirect: 'manual',
      headers: {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        forwarded: 'host=evil.example;proto=https',
        'x-original-host': 'evil.example',
      },
    },
  )
  const location = new URL(response.headers.get('location') ?? '')
  assert.deepEqual(location.searchParams.getAll('iss'), [app.url])
})

test('T27 a public application without PKCE is sent back with invalid_request before anybody signs in', async () => {
  const refused = await createRawBrowser(app).send(authorizeUrl(app, publicClient, { state: 's' }))
  assert.equal(answerOf(refused).get('error'), 'invalid_request')
  assert.equal(answerOf(refused).get('state'), 's')
})

const withChallenge = () => ({ challenge: createPkce().challenge, state: 's' })

test('T19 a name that stands twice in a JSON body is refused at token and revoke', async () => {
  for (const path of ['/oauth2/token', '/oauth2/revoke']) {
    const response = await fetch(`${app.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"grant_type":"refresh_token","client_id":"a","client_id":"b","token":"x"}',
    })
    const body = (await response.json()) as { error: string; error_description: string }
    assert.equal(response.status, 400)
    assert.equal(body.error, 'invalid_request')
    assert.match(body.error_description, /client_id stands twice/)
  }
})
