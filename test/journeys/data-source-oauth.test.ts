import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { run } from '#store/command.ts'
import { minutes } from '#lib/clock.ts'
import { basicOf, type Person, people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import {
  type Connected,
  connectAt,
  createUpstreamSource,
  getTokensAt,
  tryOut,
} from '#test/support/upstream/connected.ts'
import { type Google, startGoogle } from '#test/support/upstream/google.ts'
import { type MockServer, startMockServer } from '#test/support/upstream/mock-server.ts'
import { type Salesforce, startSalesforce } from '#test/support/upstream/salesforce.ts'

const path = '/api/mgmt/datasources'
const person = people.user
let app: TestApp
let google: Google
let salesforce: Salesforce
let stranger: MockServer
let ofGoogle: Connected

before(async () => {
  ;[google, salesforce, stranger] = await Promise.all([
    startGoogle(),
    startSalesforce(),
    startMockServer(),
  ])
  app = await startApp({
    env: { HEADGATE_EGRESS_ALLOW: '127.0.0.1' },
    googleApis: { bigQuery: google.origin, analyticsAdmin: google.origin },
  })
  ofGoogle = await connectAt(app, google, { admin: people.admin, person })
})
after(async () => {
  await app.close()
  await Promise.all([google.close(), salesforce.close(), stranger.close()])
})

const call = (method: string, to: string, body?: unknown, as: Person = person) =>
  manage(app, method, to, { person: as, ...(body === undefined ? {} : { body }) })

const assertRefused = (
  answer: Awaited<ReturnType<typeof call>>,
  code: number,
  says: RegExp,
  status = 400,
): void => {
  const { error } = answer.body as { error: { code: number; message: { value: string } } }
  assert.deepEqual([answer.status, error.code], [status, code], JSON.stringify(answer.body))
  assert.match(error.message.value, says)
}

/** The sample of the reference (OAuth reference D.3). */
const sample = {
  name: 'Test_SF',
  dataStore: 1,
  connectionType: 'Cloud',
  description: '',
  options: {
    AuthenticationMethod: 'oauth2.0',
    ODataVersion: '4',
    AuthURI: 'https://login.salesforce.com/services/oauth2/authorize',
    TokenURI: 'https://login.salesforce.com/services/oauth2/token',
    ClientId: 'asdfjasdljfasdkjf',
    ClientSecret: '1912308409123890',
    AccessToken: 'Fyld2hMQTB3gXRW3Gt',
    RefreshToken: 'Tg9wrxG9btqmH4DLYf',
    Scope: 'full offline_access',
  },
}

test('the documented sample with parameters is taken, and its secrets are shown to nobody', async () => {
  const made = await call('POST', path, sample)
  assert.equal(made.status, 201)
  const shown = {
    ...sample.options,
    ClientSecret: '',
    AccessToken: '',
    RefreshToken: '',
  }
  assert.deepEqual(made.body['options'], shown)
  const read = await call('GET', `${path}/${String(made.body['id'])}`)
  assert.deepEqual(read.body['options'], shown)
  const logged = app.logs.join('')
  for (const secret of ['1912308409123890', 'Fyld2hMQTB3gXRW3Gt', 'Tg9wrxG9btqmH4DLYf'])
    assert.ok(!logged.includes(secret))
})

test('the documented sample with a profile is taken, and the profile is shown as a text', async () => {
  const { profileId } = await connectAt(
    app,
    { ...google, application: { ...google.application, dataStore: 54 } },
    { admin: people.admin, person },
  )
  // To the letter (OAuth reference D.3): without a connectionType.
  const made = await call('POST', path, {
    name: 'OAuth2Datasource_Test',
    dataStore: 54,
    description: 'DS for testing oauth profiles',
    options: { OAuthProfileId: String(profileId) },
  })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  assert.equal(made.body['connectionType'], 'Cloud')
  assert.deepEqual(made.body['options'], { OAuthProfileId: String(profileId) })
  assert.equal((await tryOut(app, person, Number(made.body['id']))).status, 200)
})

test('only a profile of the owner for the same data store is taken', async () => {
  const body = (id: string, dataStore = 62) => ({
    name: 'with_profile',
    dataStore,
    connectionType: 'Cloud',
    options: { OAuthProfileId: id },
  })
  const mine = String(ofGoogle.profileId)
  for (const [answer, says] of [
    [await call('POST', path, body('999999')), /OAuthProfileId 999999 is not/],
    [await call('POST', path, body(mine, 1)), /is not an OAuth profile of the owner/],
    [await call('POST', path, body(mine), people.owner), /is not an OAuth profile of the owner/],
    [await call('POST', path, body('x1')), /must be the id of an OAuth profile/],
  ] as const)
    assertRefused(answer, 222207002, says)
})

test('what a grant needs and a data store takes is said option by option', async () => {
  const create = (dataStore: number, options: Record<string, string>) =>
    call('POST', path, { name: 'refused', dataStore, connectionType: 'Cloud', options })
  const client = { TokenURI: 'https://login.example/token', ClientId: 'c', ClientSecret: 's' }
  for (const [answer, says] of [
    [await create(54, client), /OAuthProfileId is missing/],
    [await create(1, {}), /OAuthProfileId, RefreshToken or AccessToken is missing/],
    [await create(62, client), /does not take the client credentials grant/],
    [await create(1, { AccessToken: 'a' }), /ClientId is missing: an access token/],
    [await create(63, { ...client, ClientSecret: '' }), /ClientSecret is missing/],
    [await create(62, { RefreshToken: 'r' }), /TokenURI is missing: a refresh token/],
    [
      await create(62, { ...client, RefreshToken: 'r', OAuthProfileId: '1' }),
      /beside OAuthProfileId/,
    ],
    [await create(63, { ...client, AuthenticationMethod: 'Basic' }), /must be oauth2\.0/],
    [
      await create(63, { ...client, AuthenticationMethod: 'OAuth2-RefreshToken' }),
      /AuthenticationMethod must be oauth2\.0/,
    ],
    [
      await create(63, { ...client, TokenURI: 'http://login.example/token' }),
      /TokenURI must be https/,
    ],
    [
      await create(63, { ...client, TokenURI: 'https://10.0.0.1/token' }),
      /TokenURI leads to an address/,
    ],
    [await create(63, { ...client, HealthURI: 'https://[::1]/' }), /HealthURI/],
    [await create(63, { ...client, RefreshToken: 'r\n' }), /RefreshToken must have printable/],
    [await create(63, { ...client, Database: 'x' }), /is not an option of Autonomous REST/],
  ] as const)
    assertRefused(answer, 222207002, says)
})

test('each grant with parameters of its own gives tokens', async () => {
  const options = (upstream: Salesforce | Google | MockServer) => ({
    TokenURI: upstream.application.tokenURI,
    ClientId: upstream.application.clientId,
    ClientSecret: upstream.application.clientSecret,
    Scope: upstream.application.scope,
  })
  const create = (name: string, dataStore: number, more: Record<string, string>) =>
    createUpstreamSource(app, person, { name, dataStore, options: more })
  const ofSalesforce = await getTokensAt(salesforce)
  const refreshing = await create('by_refresh', 1, {
    ...options(salesforce),
    RefreshToken: ofSalesforce.refreshToken,
    AccessToken: 'ignored-beside-a-refresh-token',
  })
  assert.equal((await tryOut(app, person, refreshing)).status, 200)

  const client = await create('by_client', 63, { ...options(stranger), HealthURI: stranger.apiUri })
  const before = stranger.count('client')
  assert.equal((await tryOut(app, person, client)).status, 200)
  assert.equal((await tryOut(app, person, client)).status, 200)
  assert.equal(stranger.count('client'), before + 1)

  const { accessToken } = await getTokensAt(google)
  const given = await create('by_access', 62, { AccessToken: accessToken })
  assert.equal((await tryOut(app, person, given)).status, 200)
  google.endSessions()
  const refused = await tryOut(app, person, given)
  assertRefused(refused, 222208471, /no refresh token that leads to another/, 502)
})

test('an access token of Salesforce works where ServerName says where the organization is, and only there is anybody asked', async () => {
  const { accessToken: AccessToken } = await getTokensAt(salesforce)
  const { clientId: ClientId, clientSecret: ClientSecret, scope: Scope } = salesforce.application
  const options = { ClientId, ClientSecret, Scope, AccessToken }
  const id = await createUpstreamSource(app, person, { name: 'named', dataStore: 1, options })
  const name = (ServerName: string, more = {}) =>
    call('PUT', `${path}/${id}`, { name: 'named', options: { ...options, ServerName, ...more } })
  const before = salesforce.received.length
  for (const host of ['', 'login.salesforce.com', 'https://test.salesforce.com/']) {
    assert.equal((await name(host)).status, 200, host)
    assertRefused(await tryOut(app, person, id), 222207003, /ServerName is missing/)
  }
  assert.equal(salesforce.received.length, before)
  for (const [host, says] of [
    ['https://10.0.0.1', /ServerName leads to an address/],
    ['http://mydomain.example', /ServerName must be https/],
    ['mydomain.example/services', /ServerName must be a host/],
    ['mydomain.example?x', /ServerName must be a host/],
    ['user@mydomain.example', /ServerName must not name a user/],
    ['my domain', /ServerName must be an absolute/],
  ] as const)
    assertRefused(await name(host), 222207002, says)
  assertRefused(await name('mydomain.example', { AccessToken: '' }), 222208475, /AccessToken/)
  assert.equal((await name(salesforce.instanceUrl())).status, 200)
  assert.deepEqual((await tryOut(app, person, id)).body, { success: true })
  salesforce.endSessions()
  assertRefused(await tryOut(app, person, id), 222208471, /no refresh token/, 502)
})

test('a PUT keeps secrets that are left out, forgets what was had with the old ones, and bumps nothing else', async () => {
  const { refreshToken } = await getTokensAt(salesforce)
  const options = {
    TokenURI: salesforce.application.tokenURI,
    ClientId: salesforce.application.clientId,
    ClientSecret: salesforce.application.clientSecret,
    RefreshToken: refreshToken,
  }
  const id = await createUpstreamSource(app, person, { name: 'changed', dataStore: 1, options })
  assert.equal((await tryOut(app, person, id)).status, 200)
  const { ClientSecret: _, RefreshToken: __, ...rest } = options
  const changed = await call('PUT', `${path}/${id}`, {
    name: 'changed_2',
    description: 'better',
    options: { ...rest, Scope: 'api', ClientSecret: '' },
  })
  assert.equal(changed.status, 200, JSON.stringify(changed.body))
  assert.deepEqual(changed.body['options'], {
    ...rest,
    Scope: 'api',
    ClientSecret: '',
    RefreshToken: '',
  })
  assert.equal(changed.body['name'], 'changed_2')
  assert.equal((await tryOut(app, person, id)).status, 200)
  assertRefused(
    await call('PUT', `${path}/${id}`, { name: 'one', options: rest, dataStore: 62 }),
    222207007,
    /dataStore/,
  )
  assertRefused(
    await call('PUT', `${path}/${id}`, { name: 'x', options: rest, connectionType: 'Group' }),
    222207008,
    /connectionType/,
  )
  assertRefused(
    await call('PUT', `${path}/${id}`, { name: 'BY_REFRESH', options: rest }),
    222208401,
    /name/,
  )
})

test('T83: secrets that nobody can read do not follow a change of address', async () => {
  const { refreshToken } = await getTokensAt(stranger)
  const options = {
    TokenURI: stranger.application.tokenURI,
    ClientId: stranger.application.clientId,
    ClientSecret: stranger.application.clientSecret,
    RefreshToken: refreshToken,
  }
  const id = await createUpstreamSource(app, person, { name: 'kept_here', dataStore: 63, options })
  const put = (more: Record<string, string>) =>
    call('PUT', `${path}/${id}`, { name: 'kept_here', options: { ...options, ...more } })
  const elsewhere = 'https://collector.example/'
  for (const more of [
    { TokenURI: `${elsewhere}token`, ClientSecret: '', RefreshToken: '' },
    { TokenURI: `${elsewhere}token`, ClientSecret: 'new', RefreshToken: '' },
    { TokenURI: `POST ${elsewhere}token`, ClientSecret: '', RefreshToken: 'new' },
    { HealthURI: elsewhere, ClientSecret: '', RefreshToken: '' },
  ])
    assertRefused(await put(more), 222208475, /again/)
  assert.equal((await put({ HealthURI: elsewhere })).status, 200)
})

test('T83: who acts for an owner does not say where the tokens of the owner’s profile go', async () => {
  const { profileId, sourceId } = await connectAt(app, stranger, { admin: people.admin, person })
  const options = { OAuthProfileId: String(profileId), HealthURI: 'https://collector.example/' }
  const body = { name: 'harvest', dataStore: 63, connectionType: 'Cloud', options }
  const forUser = `?user=${person.name}`
  assertRefused(
    await call('POST', path + forUser, body, people.admin),
    222208103,
    /Only the owner/,
    403,
  )
  assertRefused(
    await call('PUT', `${path}/${sourceId}${forUser}`, { name: 'harvest', options }, people.admin),
    222208103,
    /Only the owner/,
    403,
  )
  assert.equal((await call('PUT', `${path}/${sourceId}`, { name: 'mine', options })).status, 200)
})

test('T74: sealed options of another data source, revision or with a flipped bit do not open', async () => {
  const options = {
    AccessToken: 'canary-of-the-sealed',
    ClientId: 'c',
    ClientSecret: 's',
    Scope: 'x',
  }
  const one = await createUpstreamSource(app, person, { name: 'sealed_one', dataStore: 1, options })
  const two = await createUpstreamSource(app, person, { name: 'sealed_two', dataStore: 1, options })
  const { sql, write } = app.core.store
  const sealedOf = (id: number) =>
    sql.selectFrom('data_sources').select('secret_options').where('id', '=', id)
  await write(() =>
    run(
      sql
        .updateTable('data_sources')
        .set({ secret_options: sealedOf(one) })
        .where('id', '=', two),
    ),
  )
  assertRefused(await tryOut(app, person, two), 222208471, /no tokens/, 502)
  assertRefused(
    await call('PUT', `${path}/${two}`, { name: 'sealed_two', options: { Scope: 'y' } }),
    222208476,
    /cannot be read/,
  )
  await write(() => run(sql.updateTable('data_sources').set({ revision: 9 }).where('id', '=', one)))
  assertRefused(await tryOut(app, person, one), 222208471, /no tokens/, 502)
})

test('reading the data of such a store says that this is not there yet', async () => {
  const answer = await fetch(`${app.url}/api/odata4/source_1/`, { headers: basicOf(person) })
  assert.equal(answer.status, 501)
  assert.match(await answer.text(), /cannot be read yet/)
})

test('a token of a caller is never sent to a data store', async () => {
  app.clock.advance(minutes(1))
  const before = google.received.length
  assert.equal((await tryOut(app, person, ofGoogle.sourceId)).status, 200)
  const seen = JSON.stringify(google.received.slice(before).map(({ headers }) => headers))
  assert.ok(!seen.includes(basicOf(person).authorization.slice(6)))
  assert.match(seen, /Bearer/)
})

test('trying out needs ViewDataSource and one permission to use it; a SQLite source is opened', async () => {
  const { body } = await call('GET', path)
  const list = body['dataSources'] as { id: string; name: string }[]
  const one = Number(list.find(({ name }) => name === 'one')?.id)
  assert.deepEqual((await tryOut(app, person, one)).body, { success: true })
  const set = (permissions: number[]) =>
    call('PUT', `${path}/${one}/permissions?user=${person.name}`, { permissions }, people.admin)
  assert.equal((await set([2])).status, 200)
  assertRefused(await tryOut(app, person, one), 222208103, /one of/, 403)
  assert.equal((await set([7])).status, 200)
  assertRefused(await tryOut(app, person, one), 222208103, /ViewDataSource/, 403)
  assert.equal((await set([2, 5])).status, 200)
  assert.equal((await tryOut(app, person, one)).status, 200)
})
