import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { days, hours } from '#lib/clock.ts'
import { sweepExpired } from '#store/sweep.ts'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { manage, readWith, refresh, type Registered, register } from '#test/support/oauth.ts'
import { mintCode, mintTokens, raw, redeemMinted, revoke, rows } from './support.ts'

// A secret is replaced without a gap: `PUT …/reset?overlap=` keeps the old one for a while and ends nothing.

const applications = '/api/mgmt/oauth/client/applications'

let app: TestApp
before(async () => {
  app = await startApp()
})
after(() => app.close())

type SecretDates = { readonly createdAt: string; readonly expiresAt?: string }

const reset = (client: Registered, query = '') =>
  manage(app, 'PUT', `${applications}/${client.id}/reset${query}`)

const datesOf = async (client: Registered): Promise<readonly SecretDates[]> =>
  (await manage(app, 'GET', `${applications}/${client.id}`)).body['clientSecrets'] as SecretDates[]

/** The client with the secret that an overlapping reset gave it. */
const renew = async (client: Registered, overlap: string): Promise<Registered> => {
  const answer = await reset(client, `?overlap=${overlap}`)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return { ...client, clientSecret: String(answer.body['clientSecret']) }
}

/** What a secret is good for, at the token and at the revocation endpoint. */
const proves = async (client: Registered, refreshToken: string) => ({
  token: (await refresh(app, client, refreshToken)).body.error ?? 'works',
  revocation: await revoke(app, client, 'an unknown token'),
})
const good = { token: 'works', revocation: 200 }
const bad = { token: 'invalid_client', revocation: 400 }

const timestampOf = (at: number): string =>
  new Date(at).toISOString().slice(0, 19).replace('T', ' ')

/** Seconds between two answers' times. */
const between = (from: string, to: string | undefined): number =>
  (Date.parse(`${to}Z`) - Date.parse(`${from}Z`)) / 1000

const assertRefused = (
  answer: { readonly status: number; readonly body: Record<string, unknown> },
  sentence: RegExp,
): void => {
  assert.equal(answer.status, 400, JSON.stringify(answer.body))
  const error = answer.body['error'] as { code: number; message: { value: string } }
  assert.equal(error.code, 222206634)
  assert.match(error.message.value, sentence)
}

test('during the overlap both secrets work at the token and revocation endpoints, and afterwards only the new one', async () => {
  const old = await register(app)
  const { refresh_token: token } = await mintTokens(app, old)
  const renewed = await renew(old, '12h')
  assert.notEqual(renewed.clientSecret, old.clientSecret)
  assert.deepEqual(await proves(old, token), good)
  assert.deepEqual(await proves(renewed, token), good)

  app.clock.advance(hours(12) - 60_000)
  assert.deepEqual(await proves(old, token), good)
  app.clock.advance(60_000)
  assert.deepEqual(await proves(old, token), bad)
  assert.deepEqual(await proves(renewed, token), good)
})

test('an overlapping reset ends nothing: codes, access tokens, refresh tokens and the consent go on', async () => {
  const old = await register(app)
  const tokens = await mintTokens(app, old)
  const minted = await mintCode(app, old)
  const renewed = await renew(old, '1d')

  assert.equal(await readWith(app, tokens.access_token), 200)
  assert.equal((await refresh(app, renewed, tokens.refresh_token)).status, 200)
  assert.equal((await redeemMinted(app, renewed, minted)).status, 200)
  const allowed = await manage(app, 'GET', '/api/mgmt/oauth/client/allowedapplications', {
    person: people.user,
  })
  const ids = (allowed.body['applications'] as { id: number }[]).map(({ id }) => id)
  assert.ok(ids.includes(old.id))
})

test('a plain reset afterwards ends both secrets and all access', async () => {
  const old = await register(app)
  const tokens = await mintTokens(app, old)
  const renewed = await renew(old, '30d')
  const answer = await reset(old)
  assert.equal(answer.status, 200)
  const last = { ...old, clientSecret: String(answer.body['clientSecret']) }

  assert.deepEqual(await proves(old, tokens.refresh_token), bad)
  assert.deepEqual(await proves(renewed, tokens.refresh_token), bad)
  assert.deepEqual(await proves(last, tokens.refresh_token), {
    token: 'invalid_grant',
    revocation: 200,
  })
  assert.equal(await readWith(app, tokens.access_token), 401)
  assert.equal((answer.body['clientSecrets'] as SecretDates[]).length, 1)
})

test('answers say which secrets are valid and when the old one ends, newest first, and never a secret', async () => {
  const client = await register(app)
  const [first, ...none] = await datesOf(client)
  assert.ok(first)
  assert.deepEqual(none, [])
  app.clock.advance(5000)
  const before = app.clock.now()
  const answer = await reset(client, '?overlap=15m')
  const [newest, older, ...more] = answer.body['clientSecrets'] as SecretDates[]
  assert.ok(newest && older)
  assert.deepEqual(more, [])
  assert.deepEqual(Object.keys(newest), ['createdAt'])
  assert.ok(newest.createdAt >= timestampOf(before) && newest.createdAt > first.createdAt)
  assert.equal(older.createdAt, first.createdAt)
  assert.equal(between(newest.createdAt, older.expiresAt), 900)

  const path = `${applications}/${client.id}`
  const changed = await manage(app, 'PUT', path, { body: { description: 'new' } })
  for (const { body } of [changed, await manage(app, 'GET', path)]) {
    assert.deepEqual(body['clientSecrets'], [newest, older])
    assert.ok(!JSON.stringify(body).includes('hg_cs_'))
  }
  const listed = await manage(app, 'GET', applications)
  assert.ok(!JSON.stringify(listed.body).includes('clientSecrets'))
  app.clock.advance(900_000)
  assert.deepEqual(await datesOf(client), [newest])
})

test('a third secret is refused with the end of the older one, changes nothing, and is given after that end', async () => {
  const old = await register(app)
  const { refresh_token: token } = await mintTokens(app, old)
  const renewed = await renew(old, '2h')
  const dates = await datesOf(old)
  const until = String(dates[1]?.expiresAt)

  assertRefused(
    await reset(old, '?overlap=1s'),
    new RegExp(`until ${until} UTC.*without overlap.*ends both`),
  )
  assert.deepEqual(await datesOf(old), dates)
  assert.deepEqual(await proves(old, token), good)
  assert.deepEqual(await proves(renewed, token), good)

  app.clock.advance(hours(2))
  const third = await renew(renewed, '1s')
  assert.deepEqual(await proves(third, token), good)
  assert.deepEqual(await proves(old, token), bad)
  app.clock.advance(1000)
  assert.deepEqual(await proves(renewed, token), bad)
})

test('of many overlapping resets at once one makes a secret, and never more than two are valid', async () => {
  for (let round = 0; round < 5; round += 1) {
    const client = await register(app)
    const answers = await Promise.all(Array.from({ length: 8 }, () => reset(client, '?overlap=1h')))
    const [made, ...more] = answers.filter(({ status }) => status === 200)
    assert.ok(made)
    assert.deepEqual(more, [])
    for (const answer of answers.filter(({ status }) => status !== 200))
      assertRefused(answer, /Two secrets are valid/)
    assert.equal((await datesOf(client)).length, 2)
    const renewed = { ...client, clientSecret: String(made.body['clientSecret']) }
    assert.equal(await revoke(app, renewed, 'an unknown token'), 200)
    assert.equal(await revoke(app, client, 'an unknown token'), 200)
  }
})

test('a plain reset beside overlapping ones leaves one secret or its successor, and not the old one for longer', async () => {
  for (let round = 0; round < 5; round += 1) {
    const client = await register(app)
    const [plain, ...others] = await Promise.all([
      reset(client),
      ...Array.from({ length: 3 }, () => reset(client, '?overlap=1h')),
    ])
    assert.equal(plain.status, 200)
    for (const { status } of others) assert.ok(status === 200 || status === 400)
    assert.ok((await datesOf(client)).length <= 2)
    assert.equal(await revoke(app, client, 'an unknown token'), 400)
  }
})

const wrong = ['0', '31d', '721h', '2592001', '1.5', '-1', '', 'tomorrow', '1w', '%201', '1d12h']
const wrongQueries = [
  ...wrong.map((value) => [`?overlap=${value}`, /1 second to 30 days.*12h/] as const),
  ['?overlap', /1 second to 30 days/],
  ['?overlaps=1h', /takes overlap alone/],
  ['?secretOverlap=1h', /takes overlap alone/],
] as const

for (const [query, sentence] of wrongQueries)
  test(`reset${query} is refused with what is right, and nothing changes`, async () => {
    const client = await register(app)
    const tokens = await mintTokens(app, client)
    const dates = await datesOf(client)
    assertRefused(await reset(client, query), sentence)
    assert.deepEqual(await datesOf(client), dates)
    assert.deepEqual(await proves(client, tokens.refresh_token), good)
    assert.equal(await readWith(app, tokens.access_token), 200)
  })

test('an overlap in capitals is an overlap', async () => {
  const client = await register(app)
  const tokens = await mintTokens(app, client)
  assert.equal((await reset(client, '?OVERLAP=1h')).status, 200)
  assert.deepEqual(await proves(client, tokens.refresh_token), good)
})

test('a repeated overlap is refused, and nothing changes', async () => {
  const client = await register(app)
  const { refresh_token: token } = await mintTokens(app, client)
  for (const query of ['?overlap=1h&overlap=1h', '?overlap=1h;overlap=2h']) {
    const answer = await reset(client, query)
    assert.equal(answer.status, 400)
    assert.match(JSON.stringify(answer.body), /overlap was sent more than once/)
  }
  assert.deepEqual(await proves(client, token), good)
  assert.equal((await datesOf(client)).length, 1)
})

test('a public application has no secret to overlap: refused, and its access goes on', async () => {
  const client = await register(app, { clientType: 'public' })
  const tokens = await mintTokens(app, client)
  assertRefused(await reset(client, '?overlap=1h'), /public application has no secret/)
  assert.equal(await readWith(app, tokens.access_token), 200)
  assert.equal((await refresh(app, client, tokens.refresh_token)).status, 200)
})

test('the application of another user is not found, and an administrator may reset it with an overlap', async () => {
  const client = await register(app)
  const path = `${applications}/${client.id}/reset?overlap=1h`
  const foreign = await manage(app, 'PUT', path, { person: people.user })
  assert.equal(foreign.status, 404)
  assert.equal((foreign.body['error'] as { code: number }).code, 222206634)
  assert.equal((await datesOf(client)).length, 1)
  assert.equal((await manage(app, 'PUT', path, { person: people.admin })).status, 200)
})

test('an overlapping reset is in the audit log as a reset', async () => {
  const client = await register(app)
  const before = app.logs.length
  await renew(client, '1h')
  const audits = app.logs.slice(before).filter((line) => line.includes('"application.reset"'))
  assert.equal(audits.length, 1)
  assert.match(String(audits[0]), new RegExp(`"subject":${client.id}\\b`))
})

test('the sweeper deletes secrets that have ended and leaves the valid ones', async () => {
  const client = await register(app)
  const renewed = await renew(client, '1s')
  const count = () =>
    rows(app, raw`select id from client_secrets where application_id = ${client.id}`)
  await sweepExpired(app.core.store, app.clock.now())
  assert.equal((await count()).length, 2)
  app.clock.advance(days(40))
  await sweepExpired(app.core.store, app.clock.now())
  assert.equal((await count()).length, 1)
  assert.equal(await revoke(app, renewed, 'an unknown token'), 200)
})

test('with HEADGATE_HDP=show-secrets GET shows the newest secret during the overlap', async () => {
  const showing = await startApp({ env: { HEADGATE_HDP: 'show-secrets' }, sources: false })
  try {
    const client = await register(showing)
    const path = `${applications}/${client.id}`
    const answer = await manage(showing, 'PUT', `${path}/reset?overlap=1h`)
    const read = await manage(showing, 'GET', path)
    assert.notEqual(answer.body['clientSecret'], client.clientSecret)
    assert.equal(read.body['clientSecret'], answer.body['clientSecret'])
    assert.equal((read.body['clientSecrets'] as unknown[]).length, 2)
  } finally {
    await showing.close()
  }
})
