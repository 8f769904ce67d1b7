import assert from 'node:assert/strict'
import crypto, { randomBytes } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { authenticateClient } from '#oauth/client-auth/authenticate.ts'
import type { OAuthDeps } from '#oauth/ports.ts'
import { beginSession, basicOf, people, startApp, type TestApp } from '#test/support/app.ts'
import {
  askToken,
  authorizeUrl,
  manage,
  refresh,
  type Registered,
  register,
} from '#test/support/oauth.ts'
import { mintTokens } from './support.ts'

let app: TestApp
let client: Registered
let open: Registered
before(async () => {
  app = await startApp()
  client = await register(app)
  open = await register(app, { name: 'Public', clientType: 'public' })
})
after(() => app.close())

/** Variants of a secret that some comparison takes for the right one. */
const variantsOf = (secret: string): readonly string[] => [
  `${secret} `,
  ` ${secret}`,
  secret.slice(0, -1),
  `${secret}${secret}`,
  secret.toUpperCase(),
  `${secret}=`,
  `${secret}é`,
  'é'.repeat(1000),
  '\u{1f511}'.repeat(500),
  'x'.repeat(4000),
  '[object Object]',
  'undefined',
  'null',
  'true',
  '0',
]

test('T39: no variant of the secret passes, in the body or in the header', async () => {
  for (const secret of variantsOf(client.clientSecret)) {
    const body = await refresh(app, client, 'x', { client_secret: secret })
    assert.equal(body.body.error, 'invalid_client', secret)
    const encoded = Buffer.from(`${client.clientId}:${encodeURIComponent(secret)}`).toString(
      'base64',
    )
    if (encoded.length > 3500) continue
    const header = await askToken(
      app,
      { grant_type: 'refresh_token', refresh_token: 'x' },
      { authorization: `Basic ${encoded}` },
    )
    assert.deepEqual([header.status, header.body.error], [401, 'invalid_client'], secret)
  }
  for (const suffix of ['\u0000', '\n', '\u007f'])
    assert.notEqual(
      (await refresh(app, client, 'x', { client_secret: client.clientSecret + suffix })).body.error,
      'invalid_grant',
    )
})

test('T39: a secret that is no text is refused, whatever it would turn into', async () => {
  const secret = client.clientSecret
  for (const value of [
    [secret],
    { secret },
    [],
    {},
    null,
    true,
    0,
    [[secret]],
    { toString: secret },
  ]) {
    const response = await fetch(`${app.url}/oauth2/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        grant_type: 'refresh_token',
        refresh_token: 'x',
        client_id: client.clientId,
        client_secret: value,
      }),
    })
    const body = (await response.json()) as { error: string }
    assert.deepEqual([response.status, body.error], [400, 'invalid_request'], JSON.stringify(value))
  }
  for (const name of ['client_secret[]', 'client_secret[0]', 'client_secret.0'])
    assert.equal(
      (
        await askToken(app, {
          grant_type: 'refresh_token',
          refresh_token: 'x',
          client_id: client.clientId,
          [name]: secret,
        })
      ).body.error,
      'invalid_client',
    )
})

/** Counts hashes and comparisons while a client is authenticated. */
const workOf = async (
  deps: OAuthDeps,
  parameters: Record<string, string>,
): Promise<readonly number[]> => {
  let hashes = 0
  let compared = 0
  const original = crypto.timingSafeEqual
  crypto.timingSafeEqual = (a, b) => {
    compared += 1
    return original(a, b)
  }
  syncBuiltinESMExports()
  try {
    await authenticateClient(
      {
        ...deps,
        hashSecret: (secret) => {
          hashes += 1
          return deps.hashSecret(secret)
        },
      },
      { parameters: new Map(Object.entries(parameters)), authorization: undefined },
    ).catch(() => undefined)
  } finally {
    crypto.timingSafeEqual = original
    syncBuiltinESMExports()
  }
  return [hashes, compared]
}

// A secret that is not found is looked for once more, in what the database says at this moment (another node may have
// made it): for unknown clients too, so that the work does not tell which client ids exist.
test('T39: an unknown client costs the same hash and comparisons as a wrong or a missing secret of a known one', async () => {
  const deps = {
    clients: app.core.clients,
    hashSecret: (secret: string) => app.core.hash('client-secret', secret),
    now: app.clock.now,
  } as unknown as OAuthDeps
  const { clientId, clientSecret } = client
  for (const [parameters, comparisons] of [
    [{ client_id: clientId, client_secret: clientSecret }, 1],
    [{ client_id: clientId, client_secret: 'wrong' }, 2],
    [{ client_id: 'nobody', client_secret: clientSecret }, 2],
    [{ client_id: open.clientId, client_secret: 'x' }, 2],
    [{ client_id: clientId }, 2],
    [{ client_id: 'nobody' }, 2],
    [{ client_id: open.clientId }, 1],
  ] as const)
    assert.deepEqual(await workOf(deps, parameters), [1, comparisons], JSON.stringify(parameters))
})

test('T39: a password of an unknown, a known and a disabled user costs one verification each', async () => {
  const total = () => {
    const { real, dummy } = app.core.passwordCheck.verifications()
    return real + dummy
  }
  for (const name of ['nobody-at-all', people.admin.name, 'D2CADMIN', 'x'.repeat(200)]) {
    const before = total()
    const password = randomBytes(9).toString('base64')
    const answer = await manage(app, 'GET', '/api/mgmt/datasources', { person: { name, password } })
    assert.equal(answer.status, 401)
    assert.equal(total(), before + 1, name)
  }
})

test('T39: no variant of a password passes', async () => {
  const { name, password } = people.owner
  const wrong = [
    password.slice(0, -1),
    `${password} `,
    ` ${password}`,
    password.toUpperCase(),
    '',
    'é'.repeat(64),
  ]
  for (const variant of wrong) {
    const person = { name, password: variant }
    assert.equal((await manage(app, 'GET', '/api/mgmt/datasources', { person })).status, 401)
    await app.core.store.write(() => app.core.lockout.unlock('user:2'))
  }
  assert.equal((await manage(app, 'GET', '/api/mgmt/datasources')).status, 200)
})

/** A raw request, so that headers go out as they are. */
const send = (
  path: string,
  headers: readonly string[],
  body?: string,
): Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(app.url)
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: body === undefined ? 'GET' : 'POST',
        headers: ['Host', `localhost:${port}`, ...headers] as never,
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }),
        )
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })

const form = ['Content-Type', 'application/x-www-form-urlencoded']
const refreshBody = 'grant_type=refresh_token&refresh_token=x'
const withLength = (body: string): string[] => [...form, 'Content-Length', String(body.length)]

const base64 = (text: string | Buffer): string => Buffer.from(text as string).toString('base64')

const malformed = (id: string, secret: string): readonly string[] => [
  'Basic',
  'Basic ',
  'Basic  ',
  'Basic =',
  'Basic ====',
  'Basic !!!!',
  `Basic ${base64(id)}`,
  `Basic ${base64(`:${secret}`)}`,
  `Basic ${base64(':')}`,
  `Basic ${base64('')}`,
  `Basic ${base64(`${id}:${secret}`)} x`,
  `Basic ${base64(`${id}:${secret}`)},Basic ${base64(`${id}:${secret}`)}`,
  `Basic ${base64(`${id}:${secret}\u0000`)}`,
  `Basic ${base64(`${id}\n:${secret}`)}`,
  `Basic ${base64(Buffer.from([0xff, 0xfe, 0x3a, 0x41]))}`,
  `Basic ${base64(Buffer.from([0xc0, 0x80, 0x3a, 0x41]))}`,
  `Basic *${base64(`${id}:${secret}`)}`,
  `Basic ${base64(`${id}:${secret}`).slice(0, -3)}`,
  `Basic\t${base64(`${id}:${secret}`)}`,
  `Basic:${base64(`${id}:${secret}`)}`,
  `Digest ${base64(`${id}:${secret}`)}`,
  `Bearer ${base64(`${id}:${secret}`)}`,
  base64(`${id}:${secret}`),
  `${id}:${secret}`,
  `Basic ${'A'.repeat(5000)}`,
  `Basic ${base64(`${id}:%zz${secret}`)}`,
]

test('T40: a malformed Authorization header at the token endpoint is invalid_client', async () => {
  for (const header of malformed(client.clientId, client.clientSecret)) {
    const answer = await send(
      '/oauth2/token',
      [...withLength(refreshBody), 'Authorization', header],
      refreshBody,
    )
    assert.equal(answer.status, 401, header.slice(0, 80))
    assert.equal((JSON.parse(answer.body) as { error: string }).error, 'invalid_client')
    assert.match(String(answer.headers['www-authenticate']), /^Basic /)
  }
})

test('T40: a malformed Authorization header at the management interface is 401', async () => {
  for (const header of malformed(people.user.name, people.user.password)) {
    // A percent sign means nothing in a user's password: that one is only wrong.
    const answer = await send('/api/mgmt/datasources', ['Authorization', header])
    assert.equal(answer.status, 401, header.slice(0, 80))
  }
  await app.core.store.write(() => app.core.lockout.unlock('user:3'))
})

test('T40: whatever bytes a Basic header carries, the answer is a refusal and never a failure', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.boolean(), async (bytes, raw) => {
      // Headers carry bytes above space; the others cannot be sent at all.
      const text = raw
        ? [...bytes].map((b) => String.fromCharCode(33 + (b % 94))).join('')
        : Buffer.from(bytes).toString('base64')
      const headers = ['Authorization', `Basic ${text}`]
      const token = await send(
        '/oauth2/token',
        [...withLength(refreshBody), ...headers],
        refreshBody,
      )
      assert.deepEqual([token.status, JSON.parse(token.body).error], [401, 'invalid_client'])
      // A colon would make a password of it, and its check is slow.
      if (bytes.includes(58)) return
      assert.equal((await send('/api/mgmt/datasources', headers)).status, 401)
    }),
    { numRuns: 200 },
  )
})

test('T40: two Authorization headers are refused, the same or not', async () => {
  const right = `Basic ${base64(`${client.clientId}:${client.clientSecret}`)}`
  for (const second of [right, 'Basic x', '']) {
    const both = ['Authorization', right, 'Authorization', second]
    const token = await send('/oauth2/token', [...withLength(refreshBody), ...both], refreshBody)
    assert.deepEqual([token.status, JSON.parse(token.body).error], [401, 'invalid_client'])
    const { authorization } = basicOf(people.user)
    const managed = ['Authorization', authorization, 'authorization', second && authorization]
    assert.equal((await send('/api/mgmt/datasources', managed)).status, 401)
  }
})

test('T40: credentials in header and body at once are invalid_request, and another client_id in the body too', async () => {
  const authorization = `Basic ${base64(`${client.clientId}:${client.clientSecret}`)}`
  const form = { grant_type: 'refresh_token', refresh_token: 'x' }
  const bodies: readonly Record<string, string>[] = [
    { client_secret: client.clientSecret },
    { client_secret: 'wrong' },
    { client_id: client.clientId, client_secret: client.clientSecret },
    { client_id: open.clientId },
  ]
  for (const more of bodies) {
    const answer = await askToken(app, { ...form, ...more }, { authorization })
    assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_request'])
  }
  const named = await askToken(app, { ...form, client_id: client.clientId }, { authorization })
  assert.equal(named.body.error, 'invalid_grant')
})

test('T40: both halves of the header are form-decoded, as the standard says', async () => {
  const tokens = await mintTokens(app, client)
  const percent = client.clientSecret
    .split('')
    .map((c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .join('')
  const encoded = base64(`${encodeURIComponent(client.clientId)}:${percent}`)
  for (const scheme of ['Basic', 'basic', 'BASIC', 'Basic  ']) {
    const answer = await askToken(
      app,
      { grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
      { authorization: `${scheme} ${encoded}` },
    )
    assert.equal(answer.status, 200, scheme)
  }
})

test('T42: nothing that carries or refuses a secret may be stored by anybody on the way', async () => {
  const tokens = await mintTokens(app, client)
  const { authorization } = basicOf(people.owner)
  const json = { authorization, 'content-type': 'application/json' }
  const oauthForm = (fields: Record<string, string>) => ({
    method: 'POST',
    body: new URLSearchParams({
      client_id: client.clientId,
      client_secret: client.clientSecret,
      ...fields,
    }),
  })
  const applications = '/api/mgmt/oauth/client/applications'
  const begun = await fetch(authorizeUrl(app, client), { redirect: 'manual' })
  const consent = new URL(begun.headers.get('location') ?? '', app.url).pathname
  const cookie = begun.headers
    .getSetCookie()
    .map((c) => c.split(';')[0])
    .join('; ')
  const signIn = consent.replace('/consent/', '/sign-in/')
  const session = await beginSession(app, people.owner)
  const signedIn = { headers: { cookie: `${cookie}; hg_session=${session}` } }
  const body = JSON.stringify({ name: 'A', redirectUrls: ['https://a.example/'] })
  const asked: readonly (readonly [string, RequestInit, number])[] = [
    [
      '/oauth2/token',
      oauthForm({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token }),
      200,
    ],
    ['/oauth2/token', oauthForm({ grant_type: 'refresh_token', refresh_token: 'x' }), 400],
    ['/oauth2/token', oauthForm({ client_secret: 'x', grant_type: 'refresh_token' }), 400],
    ['/oauth2/token', { method: 'POST', headers: { authorization: 'Basic x' }, body: 'a=b' }, 415],
    [
      '/oauth2/token',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' },
      400,
    ],
    ['/oauth2/token', {}, 405],
    ['/api/mgmt/oauth2/token', oauthForm({ grant_type: 'nonsense' }), 400],
    ['/oauth2/revoke', oauthForm({ token: 'x' }), 200],
    ['/oauth2/revoke', oauthForm({}), 400],
    [applications, { method: 'POST', headers: json, body }, 201],
    [applications, { method: 'POST', headers: json, body: '{}' }, 400],
    [applications, { method: 'POST', headers: { 'content-type': 'application/json' }, body }, 401],
    [applications, { headers: json }, 200],
    [`${applications}/${client.id}`, { headers: json }, 200],
    [`${applications}/${client.id}`, { headers: basicOf(people.user) }, 404],
    [`${applications}/${open.id}/reset`, { method: 'PUT', headers: { authorization } }, 200],
    [`${applications}/999/reset`, { method: 'PUT', headers: { authorization } }, 404],
    ['/api/mgmt/oauth/client/allowedapplications', { headers: json }, 200],
    ['/api/mgmt/oauth/client/allowedapplications', {}, 401],
    ['/sign-in', {}, 200],
    ['/sign-in', { method: 'POST', body: new URLSearchParams({ username: 'x' }) }, 400],
    [signIn, { headers: { cookie } }, 200],
    [signIn, {}, 400],
    [consent, signedIn, 200],
    [consent, {}, 400],
    ['/oauth2/authorize', {}, 400],
    ['/account/applications', signedIn, 200],
    ['/account/password', signedIn, 200],
    [authorizeUrl(app, client).slice(app.url.length), {}, 303],
  ]
  for (const [path, options, status] of asked) {
    const response = await fetch(app.url + path, { redirect: 'manual', ...options })
    const text = await response.text()
    const where = `${options.method ?? 'GET'} ${path} ${response.status}: ${text.slice(0, 200)}`
    assert.equal(response.status, status, where)
    assert.equal(response.headers.get('cache-control'), 'no-store', where)
  }
})
