import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import {
  askWithPassword,
  getTokens,
  manage,
  readWith,
  refresh,
  type Registered,
  register,
  sourceId,
} from '#test/support/oauth.ts'
import { execute, raw, userIdOf } from './support.ts'

let app: TestApp
let client: Registered
const grants = ['authorization_code', 'refresh_token', 'password']
before(async () => {
  app = await startApp()
  client = await register(app, { grantTypes: grants })
})
after(() => app.close())
beforeEach(async () => {
  await execute(app, raw`delete from login_failures`)
  app.clock.advance(6 * 60_000)
})

const applications = '/api/mgmt/oauth/client/applications'
const allowed = '/api/mgmt/oauth/client/allowedapplications'
const asUser = { person: people.user }

test('a registered application trades a password for tokens that read and refresh', async () => {
  const { status, body } = await askWithPassword(app, client, people.user, {
    scope: 'api.access.odata',
  })
  assert.equal(status, 200)
  assert.equal(await readWith(app, body.access_token), 200)
  const next = await refresh(app, client, body.refresh_token)
  assert.equal(await readWith(app, next.body.access_token), 200)
})

test('the spelling and the JSON of HDP work as well', async () => {
  const response = await fetch(`${app.url}/api/mgmt/oauth2/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      grant_type: 'password',
      scope: 'api.access.odata',
      clientId: client.clientId,
      clientSecret: client.clientSecret,
      username: people.user.name,
      password: people.user.password,
    }),
  })
  assert.equal(response.status, 200)
})

test('it is among what the user allowed, and ends there', async () => {
  const { body } = await askWithPassword(app, client)
  const listed = await manage(app, 'GET', allowed, asUser)
  assert.ok((listed.body['applications'] as { id: number }[]).some(({ id }) => id === client.id))
  assert.equal((await manage(app, 'DELETE', `${allowed}/${client.id}`, asUser)).status, 204)
  assert.equal(await readWith(app, body.access_token), 401)
  assert.equal((await refresh(app, client, body.refresh_token)).body.error, 'invalid_grant')
})

test('T54: a consent that the user gave narrows a token that was got by password; it never widens one', async () => {
  const mine = await register(app, { grantTypes: grants })
  await getTokens(app, mine, { sources: [Number(await sourceId(app, 'one'))] })
  const { body } = await askWithPassword(app, mine)
  assert.equal(await readWith(app, body.access_token, 'one'), 200)
  assert.equal(await readWith(app, body.access_token, 'two'), 404)
})

test('T45: a wider consent later does not widen a token that was got by password before', async () => {
  const [one, two] = [Number(await sourceId(app, 'one')), Number(await sourceId(app, 'two'))]
  const mine = await register(app, { grantTypes: grants })
  await getTokens(app, mine, { sources: [one] })
  const { body } = await askWithPassword(app, mine)
  await execute(
    app,
    raw`update consents set redirect_host = 'elsewhere' where application_id = ${mine.id}`,
  )
  await getTokens(app, mine, { sources: [one, two] })
  assert.equal(await readWith(app, body.access_token, 'two'), 404)
  const next = await refresh(app, mine, body.refresh_token)
  assert.equal(await readWith(app, next.body.access_token, 'two'), 404)
  assert.equal(
    await readWith(app, (await askWithPassword(app, mine)).body.access_token, 'two'),
    200,
  )
})

test('T51: a secret that was reset while the password was checked begins nothing', async () => {
  const mine = await register(app, { grantTypes: grants })
  const known = await app.core.clients.readClient(mine.clientId)
  const user = await app.core.store.read(() => app.core.users.readByName(people.user.name))
  assert.ok(known && user)
  const secretHash = app.core.hash('client-secret', mine.clientSecret)
  const trade = () =>
    app.core.tokens.issueForUser(
      { userId: user.id, passwordVersion: user.passwordVersion },
      { ...known, secretHash },
      {
        scope: 'api.access.odata',
        withRefreshToken: true,
        idleLifetime: 1000,
      },
    )
  assert.ok(await trade())
  assert.equal((await manage(app, 'PUT', `${applications}/${mine.id}/reset`)).status, 200)
  assert.equal(await trade(), undefined)
})

test('T54: a password is no consent for the browser: the page asks', async () => {
  const mine = await register(app, { grantTypes: grants })
  await askWithPassword(app, mine)
  const remembered = await app.core.consents.isRemembered({
    userId: await userIdOf(app),
    client: (await app.core.clients.readClient(mine.clientId))!,
    request: {
      clientId: mine.clientId,
      redirectUri: mine.redirectUri,
      scope: 'api.access.odata',
      state: undefined,
      codeChallenge: undefined,
    },
  })
  assert.equal(remembered, false)
})

test('T55: applications that are not registered for it, and public ones, do not have it', async () => {
  const plain = await register(app)
  assert.equal((await askWithPassword(app, plain)).body.error, 'unauthorized_client')
  const open = await register(app, { clientType: 'public' })
  assert.equal((await askWithPassword(app, open)).body.error, 'unauthorized_client')
  const counted = await app.core.store.read(function* () {
    return (yield app.core.store.sql.selectFrom('login_failures').selectAll().compile()).rows
  })
  assert.deepEqual(counted, [], 'no password was looked at')
})

test('T56: wrong, unknown, locked, disabled and foreign users get one and the same answer', async () => {
  const answers = [
    await askWithPassword(app, client, { name: people.user.name, password: 'not this one' }),
    await askWithPassword(app, client, { name: 'nobody-at-all', password: 'not this one' }),
  ]
  for (let i = 0; i < 3; i += 1)
    await askWithPassword(app, client, { name: people.user.name, password: `wrong ${i}` })
  answers.push(await askWithPassword(app, client))
  await execute(app, raw`delete from login_failures`)
  await execute(app, raw`update users set status = 0 where user_name = ${people.user.name}`)
  answers.push(await askWithPassword(app, client))
  await execute(app, raw`update users set status = 1 where user_name = ${people.user.name}`)
  await execute(
    app,
    raw`insert into tenants (id, name, name_key, description, status, created_at) values (50, 'Other', 'other', '', 1, 0)`,
  )
  await execute(app, raw`update users set tenant_id = 50 where user_name = ${people.user.name}`)
  answers.push(await askWithPassword(app, client))
  await execute(app, raw`update users set tenant_id = 1 where user_name = ${people.user.name}`)
  for (const { status, body } of answers) {
    assert.equal(status, 400)
    assert.deepEqual(body, answers[0]?.body)
    assert.equal(body.error, 'invalid_grant')
  }
  assert.equal((await askWithPassword(app, client)).status, 200)
})

test('T53: removing the grant type ends its chains, and no other', async () => {
  const mine = await register(app, { grantTypes: grants })
  const person = await getTokens(app, mine)
  const { body } = await askWithPassword(app, mine)
  const answer = await manage(app, 'PUT', `${applications}/${mine.id}`, {
    body: { grantTypes: ['authorization_code', 'refresh_token'] },
  })
  assert.equal(answer.status, 200)
  assert.equal(await readWith(app, body.access_token), 401)
  assert.equal(await readWith(app, person.access_token), 200)
  assert.equal((await askWithPassword(app, mine)).body.error, 'unauthorized_client')
})

test('an own password change ends what was got by password, and leaves what was consented to', async () => {
  const mine = await register(app, { grantTypes: grants })
  const person = await getTokens(app, mine)
  const { body } = await askWithPassword(app, mine)
  const user = await app.core.store.read(() => app.core.users.readByName(people.user.name))
  assert.ok(user)
  const sessionId = await app.core.sessions.begin(user)
  const caller = sessionId && (await app.core.sessions.read(sessionId))
  assert.ok(caller && sessionId)
  const next = 'another good password'
  await app.core.passwordChange.changeOwn(caller, {
    current: people.user.password,
    next,
    sessionId,
  })
  assert.equal(await readWith(app, body.access_token), 401)
  assert.equal((await refresh(app, mine, body.refresh_token)).body.error, 'invalid_grant')
  assert.equal(await readWith(app, person.access_token), 200)
  await app.core.passwordChange.reset(people.user.name, people.user.password)
})

test('parameters that are missing or repeated are refused before a password is looked at', async () => {
  for (const [more, error] of [
    [{ username: '' }, 'invalid_request'],
    [{ password: '' }, 'invalid_request'],
    [{ scope: 'all' }, 'invalid_scope'],
    [{ client_secret: 'wrong' }, 'invalid_client'],
  ] as const)
    assert.equal((await askWithPassword(app, client, people.user, more)).body.error, error)
})

test('without refresh_token among its grant types the application gets an access token alone', async () => {
  const mine = await register(app, { grantTypes: ['password'], redirectUrls: [] })
  const { status, body } = await askWithPassword(app, mine)
  assert.equal(status, 200)
  assert.ok(!('refresh_token' in body))
})

test("with HDP's habit every confidential application has it, and loses it with the habit", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'headgate-habit-'))
  const habit = await startApp({ dataDir, env: { HEADGATE_HDP: 'password-grant' } })
  let left: { readonly plain: Registered; readonly refreshToken: string } | undefined
  try {
    const plain = await register(habit)
    const { status, body } = await askWithPassword(habit, plain)
    assert.equal(status, 200)
    assert.equal(await readWith(habit, body.access_token), 200)
    assert.equal((await refresh(habit, plain, body.refresh_token)).status, 200)
    const open = await register(habit, { clientType: 'public' })
    assert.equal((await askWithPassword(habit, open)).body.error, 'unauthorized_client')
    const shown = await manage(habit, 'GET', `${applications}/${plain.id}`)
    assert.deepEqual(shown.body['grantTypes'], ['authorization_code', 'refresh_token'])
    left = { plain, refreshToken: body.refresh_token }
  } finally {
    await habit.close()
  }
  const without = await startApp({ dataDir, sources: false })
  try {
    assert.equal((await askWithPassword(without, left.plain)).body.error, 'unauthorized_client')
    const refreshed = await refresh(without, left.plain, left.refreshToken)
    assert.equal(refreshed.body.error, 'invalid_grant')
  } finally {
    await without.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
})
