import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import {
  askAsClient,
  credentials,
  introspect,
  manage,
  refresh,
  type Registered,
  register,
  registerMachine,
} from '#test/support/oauth.ts'
import { execute, mintCode, mintTokens, raw, revoke, userIdOf } from './support.ts'

let app: TestApp
let client: Registered
let other: Registered
before(async () => {
  app = await startApp()
  client = await register(app)
  other = await register(app, { name: 'Other', refreshTokenRotation: true })
})
after(() => app.close())

const nothing = '{"active":false}'

const withOtherLastCharacter = (token: string) =>
  token.slice(0, -1) + (token.endsWith('x') ? 'y' : 'x')

test('a client is told of its own access and refresh token', async () => {
  const tokens = await mintTokens(app, client)
  const access = await introspect(app, client, tokens.access_token)
  assert.equal(access.status, 200)
  assert.equal(access.headers.get('cache-control'), 'no-store')
  assert.match(access.headers.get('content-type') ?? '', /^application\/json/)
  const { exp, iat, ...facts } = JSON.parse(access.text) as { exp: number; iat: number }
  assert.deepEqual(facts, {
    active: true,
    scope: 'api.access.odata',
    client_id: client.clientId,
    username: people.user.name,
    token_type: 'bearer',
    sub: String(await userIdOf(app)),
    iss: app.url,
  })
  assert.equal(exp - iat, 3600)
  assert.ok(Math.abs(iat - app.clock.now() / 1000) < 60)
  const kept = JSON.parse((await introspect(app, client, tokens.refresh_token)).text) as {
    active: boolean
    exp: number
    iat: number
  }
  assert.equal(kept.active, true)
  assert.ok(!('token_type' in kept))
  assert.equal(kept.exp - kept.iat, 180 * 86_400)
})

test('a machine client is told whose data it reads', async () => {
  const machine = await registerMachine(app)
  const { access_token: token } = (await askAsClient(app, machine)).body
  const facts = JSON.parse((await introspect(app, machine, token)).text) as Record<string, unknown>
  assert.equal(facts['active'], true)
  assert.equal(facts['username'], people.user.name)
})

test('T46: whatever is not a living token of this very client gets exactly {"active":false}', async () => {
  const tokens = await mintTokens(app, client)
  const rotating = await mintTokens(app, other)
  await refresh(app, other, rotating.refresh_token)
  const { code } = await mintCode(app, client)
  const ended = await mintTokens(app, client)
  await revoke(app, client, ended.refresh_token)
  for (const [who, token] of [
    [other, tokens.access_token],
    [other, tokens.refresh_token],
    [other, rotating.refresh_token],
    [client, rotating.access_token],
    [client, code],
    [client, client.clientSecret],
    [client, ended.access_token],
    [client, ended.refresh_token],
    [client, 'unknown'],
    [client, withOtherLastCharacter(tokens.access_token)],
    [client, `hg_at_${'A'.repeat(49)}`],
  ] as const) {
    const answer = await introspect(app, who, token)
    assert.equal(answer.status, 200)
    assert.equal(answer.text, nothing, token.slice(0, 8))
    assert.equal(answer.headers.get('cache-control'), 'no-store')
  }
  assert.notEqual((await introspect(app, client, tokens.access_token)).text, nothing)
})

test('T46: a token of somebody disabled, or that has expired, is not active', async () => {
  const tokens = await mintTokens(app, client)
  const status = (table: string, column: string, value: unknown, to: number) =>
    execute(
      app,
      raw`update ${raw.table(table)} set status = ${to} where ${raw.ref(column)} = ${value}`,
    )
  await status('users', 'user_name', people.user.name, 0)
  assert.equal((await introspect(app, client, tokens.access_token)).text, nothing)
  assert.equal((await introspect(app, client, tokens.refresh_token)).text, nothing)
  await status('users', 'user_name', people.user.name, 1)
  assert.notEqual((await introspect(app, client, tokens.access_token)).text, nothing)
  app.clock.advance(61 * 60_000)
  assert.equal((await introspect(app, client, tokens.access_token)).text, nothing)
  assert.notEqual((await introspect(app, client, tokens.refresh_token)).text, nothing)
})

test('T41: nobody asks without a proof: strangers, wrong secrets, public and disabled clients are refused', async () => {
  const tokens = await mintTokens(app, client)
  const open = await register(app, { clientType: 'public' })
  const own = await mintTokens(app, open)
  assert.match((await introspect(app, open, own.access_token)).text, /invalid_client/)
  for (const clientSecret of ['', 'wrong', other.clientSecret])
    assert.match(
      (await introspect(app, { ...client, clientSecret }, tokens.access_token)).text,
      /invalid_client/,
    )
  const anonymous = await fetch(`${app.url}/oauth2/introspect`, {
    method: 'POST',
    body: new URLSearchParams({ token: tokens.access_token }),
  })
  assert.match(await anonymous.text(), /invalid_client/)
  const mine = await register(app)
  const { access_token: token } = await mintTokens(app, mine)
  await manage(app, 'PUT', `/api/mgmt/oauth/client/applications/${mine.id}`, {
    body: { enabled: false },
  })
  assert.match((await introspect(app, mine, token)).text, /invalid_client/)
})

test('it is asked by POST, with the parameters in the body, once each', async () => {
  const tokens = await mintTokens(app, client)
  const url = `${app.url}/oauth2/introspect`
  assert.equal((await fetch(url)).status, 405)
  const form = new URLSearchParams({ token: tokens.access_token, ...credentials(client) })
  const inUrl = await fetch(`${url}?token=${tokens.access_token}`, { method: 'POST', body: form })
  assert.match(await inUrl.text(), /invalid_request/)
  form.append('token', tokens.access_token)
  assert.match(await (await fetch(url, { method: 'POST', body: form })).text(), /invalid_request/)
  const missing = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams(credentials(client)),
  })
  assert.match(await missing.text(), /token is missing/)
})

test('introspection writes nothing', async () => {
  const tokens = await mintTokens(app, client)
  await app.core.lastUsed.flush()
  const snapshot = async () =>
    app.core.store.read(function* () {
      const { rows } = yield app.core.store.sql
        .selectFrom('consents')
        .select(['id', 'last_used_at'])
        .orderBy('id')
        .compile()
      return rows
    })
  const before = await snapshot()
  app.clock.advance(1000)
  for (let i = 0; i < 5; i += 1) await introspect(app, client, tokens.access_token)
  await app.core.lastUsed.flush()
  assert.deepEqual(await snapshot(), before)
})
