import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { run } from '#store/command.ts'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { createOAuthApplication } from '#test/support/oauth-applications.ts'
import {
  changeTokens,
  createOAuthProfile,
  linkSources,
  oauthProfiles,
  sampleProfile,
} from '#test/support/oauth-profiles.ts'
import { addDataSource } from '../security/access/things.ts'

// OAuth reference C.4 to C.6: every documented sample of OAuth profiles, key for key, as HDP answers with
// HEADGATE_HDP=show-secrets; and what is answered without. `demo` owns what is made here.

let hdp: TestApp
let own: TestApp
const demo = { person: people.user }

/** Applications 17 (the number of the samples) and 18, of Google Analytics and of Salesforce. */
const prepare = async (app: TestApp): Promise<void> => {
  for (const [id, dataStore] of [
    [17, 54],
    [18, 1],
  ] as const) {
    const made = await createOAuthApplication(app, people.admin, {
      name: `of ${dataStore}`,
      dataStore,
    })
    const { sql, write } = app.core.store
    // Its secret is sealed for the number that it had; nothing here opens it.
    await write(() =>
      run(sql.updateTable('oauth_applications').set({ id }).where('id', '=', Number(made))),
    )
  }
}

before(async () => {
  const env = { HEADGATE_HDP: 'show-secrets' }
  ;[hdp, own] = await Promise.all([
    startApp({ sources: false, env }),
    startApp({ sources: false, level: 'trace' }),
  ])
  for (const app of [hdp, own]) await prepare(app)
})
after(() => Promise.all([hdp.close(), own.close()]))

type Answer = Awaited<ReturnType<typeof manage>>

/** The envelope of reference E.2; this API prints the code as a string. */
const assertRefused = (answer: Answer, status: number, code: string, sentence: RegExp): void => {
  const said = answer.body as { error?: { message: { value: string } } }
  const value = said.error?.message.value ?? ''
  assert.equal(answer.status, status, JSON.stringify(answer.body))
  assert.deepEqual(answer.body, { error: { code, message: { lang: 'en-US', value } } })
  assert.match(value, sentence)
}

let counter = 0
const unique = (): string => `profile ${(counter += 1)}`

const create = (app: TestApp, fields: Record<string, unknown> = {}): Promise<number> =>
  createOAuthProfile(app, people.user, { name: unique(), oauthAppId: 17, ...fields })

const call = (app: TestApp, method: string, rest: string, body?: unknown): Promise<Answer> =>
  manage(app, method, `${oauthProfiles}${rest}`, {
    ...demo,
    ...(body === undefined ? {} : { body }),
  })

const timestamp = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/

test('the create sample answers 201 with the object key for key and its Location', async () => {
  const made = await call(hdp, 'POST', '', { ...sampleProfile, oauthAppId: 17 })
  const id = Number(made.body['id'])
  assert.equal(made.status, 201, JSON.stringify(made.body))
  assert.equal(made.headers.get('location'), `${oauthProfiles}/${id}`)
  assert.equal(
    JSON.stringify(made.body),
    JSON.stringify({
      id,
      name: 'User_1',
      oauthAppId: 17,
      description: 'OAuth profile 1',
      accessToken: '111c334445e55',
      refreshToken: '222d88899966fa',
    }),
  )
  const { body } = await call(hdp, 'GET', `/${id}`)
  const { status, since, ...documented } = body
  assert.equal(JSON.stringify(documented), JSON.stringify(made.body))
  assert.equal(status, 'ready')
  assert.match(String(since), timestamp)
})

test('the list sample has six keys of each profile, the id as text and what the application says', async () => {
  const ids = [await create(hdp, { name: 'Google_User_1' }), await create(hdp, { description: '' })]
  const { status, body } = await call(hdp, 'GET', '')
  assert.equal(status, 200)
  const profiles = (body['profiles'] as { id: string }[]).filter(({ id }) =>
    ids.includes(Number(id)),
  )
  assert.equal(
    JSON.stringify(profiles),
    JSON.stringify(
      ['OAuth profile 1', ''].map((description, index) => ({
        id: String(ids[index]),
        name: index === 0 ? 'Google_User_1' : (profiles[1] as unknown as { name: string }).name,
        description,
        authorizeURI: 'https://accounts.google.com/o/oauth2/v2/auth',
        tokenURI: 'https://www.googleapis.com/oauth2/v3/token',
        scope: 'full_offline_access, test_repo',
      })),
    ),
  )
})

test('the stats sample names the data sources that use a profile; of an unused one it is empty', async () => {
  const id = await create(hdp)
  const unused = await call(hdp, 'GET', `/${id}/stats`)
  assert.equal(unused.status, 200)
  assert.equal(
    JSON.stringify(unused.body),
    JSON.stringify({ dataSourcesLinked: 0, dataStoreId: 54, dataSources: [] }),
  )
  const owner = await ownerOf(hdp)
  const first = await addDataSource(hdp, owner, { name: 'GAtest', text: 'for tests' })
  const second = await addDataSource(hdp, owner, { name: 'GAprod' })
  const hidden = await addDataSource(hdp, owner, { permissions: [7] })
  await linkSources(hdp, id, [first, second, hidden])
  const { body } = await call(hdp, 'GET', `/${id}/stats`)
  // The third may not be seen, so it is not counted either.
  assert.equal(
    JSON.stringify(body),
    JSON.stringify({
      dataSourcesLinked: 2,
      dataStoreId: 54,
      dataSources: [
        { id: String(first), name: 'GAtest', description: 'for tests' },
        { id: String(second), name: 'GAprod', description: '' },
      ],
    }),
  )
})

const ownerOf = async (app: TestApp) => {
  const found = await app.core.store.read(() => app.core.users.readByName(people.user.name))
  return { id: found?.id ?? 0, tenantId: 1 }
}

test('deleting answers 204 without a body, and once more 222207710 with the id', async () => {
  const id = await create(hdp)
  const gone = await call(hdp, 'DELETE', `/${id}`)
  assert.deepEqual([gone.status, gone.body], [204, {}])
  for (const [method, rest, body] of [
    ['DELETE', '', undefined],
    ['GET', '', undefined],
    ['GET', '/stats', undefined],
    ['GET', '/history', undefined],
    ['PUT', '', { ...sampleProfile, oauthAppId: 17 }],
  ] as const)
    assertRefused(
      await call(hdp, method, `/${id}${rest}`, body),
      404,
      '222207710',
      new RegExp(`OAuthProfileId ${id} is not valid`),
    )
})

test('an unknown application in a body is 400 and 222207711 with the id', async () => {
  const body = { ...sampleProfile, name: unique(), oauthAppId: 223344 }
  const sentence = /OAuthApplicationId 223344 is not valid/
  assertRefused(await call(hdp, 'POST', '', body), 400, '222207711', sentence)
  assertRefused(await call(hdp, 'PUT', `/${await create(hdp)}`, body), 400, '222207711', sentence)
})

test('T57: without show-secrets no answer has a token, but whether the profile works', async () => {
  const made = await call(own, 'POST', '', { ...sampleProfile, oauthAppId: '17' })
  assert.equal(made.status, 201)
  const { id, since, ...rest } = made.body
  assert.deepEqual(rest, {
    name: 'User_1',
    oauthAppId: 17,
    description: 'OAuth profile 1',
    status: 'ready',
  })
  assert.match(String(since), timestamp)
  const put = await call(own, 'PUT', `/${String(id)}`, { ...sampleProfile, oauthAppId: 17 })
  const answers = [
    made,
    put,
    await call(own, 'GET', `/${String(id)}`),
    await call(own, 'GET', ''),
    await call(own, 'GET', `/${String(id)}/history`),
  ]
  for (const token of [sampleProfile.accessToken, sampleProfile.refreshToken]) {
    for (const answer of answers) assert.ok(!JSON.stringify(answer.body).includes(token))
    assert.ok(!own.logs.join('').includes(token))
  }
})

test('a profile says that it must be connected again, why and since when, and until when its token is good', async () => {
  const id = await create(own)
  const at = Date.UTC(2030, 0, 2, 3, 4, 5)
  await changeTokens(own, id, { access_expires_at: at })
  const good = (await call(own, 'GET', `/${id}`)).body
  assert.deepEqual([good['status'], good['expires']], ['ready', '2030-01-02 03:04:05'])
  await changeTokens(own, id, { state: 'reconnect', state_reason: 'invalid_grant', state_at: at })
  const { status, reason, since, expires } = (await call(own, 'GET', `/${id}`)).body
  assert.deepEqual(
    [status, reason, since, expires],
    ['reconnect-needed', 'invalid_grant', '2030-01-02 03:04:05', undefined],
  )
})

test('a change without tokens keeps them, and leaves alone what is known of them', async () => {
  const id = await create(hdp)
  const at = Date.UTC(2030, 0, 1)
  await changeTokens(hdp, id, { access_expires_at: at, failures: 3, retry_at: at })
  for (const body of [
    { name: unique(), oauthAppId: 17 },
    { name: unique(), oauthAppId: '17', refreshToken: '', accessToken: '', anything: true },
  ]) {
    const { name } = body
    const put = await call(hdp, 'PUT', `/${id}`, body)
    assert.equal(put.status, 200, JSON.stringify(put.body))
    const { accessToken, refreshToken } = sampleProfile
    // What PUT leaves out is reset, but for tokens.
    assert.deepEqual(put.body, {
      id,
      name,
      oauthAppId: 17,
      description: '',
      accessToken,
      refreshToken,
    })
    assert.equal((await call(hdp, 'GET', `/${id}`)).body['expires'], '2030-01-01 00:00:00')
  }
})

test('a new refresh token drops the old access token, and one that was refused is good again', async () => {
  const id = await create(hdp)
  await changeTokens(hdp, id, { state: 'reconnect', state_reason: 'invalid_grant', failures: 4 })
  const body = { name: unique(), oauthAppId: 17 }
  const put = await call(hdp, 'PUT', `/${id}`, { ...body, refreshToken: 'another' })
  assert.deepEqual([put.body['accessToken'], put.body['refreshToken']], ['', 'another'])
  assert.equal((await call(hdp, 'GET', `/${id}`)).body['status'], 'ready')
  // An access token alone leaves the refresh token.
  const again = await call(hdp, 'PUT', `/${id}`, { ...body, accessToken: 'fresh' })
  assert.deepEqual([again.body['accessToken'], again.body['refreshToken']], ['fresh', 'another'])
})

test('while a refresh is under way an access token alone is refused for the moment, and new tokens are not', async () => {
  const id = await create(hdp)
  const body = { name: unique(), oauthAppId: 17 }
  const until = hdp.clock.now() + 60_000
  await changeTokens(hdp, id, { lease_holder: 'node', lease_until: until })
  const refused = await call(hdp, 'PUT', `/${id}`, { ...body, accessToken: 'fresh' })
  assertRefused(refused, 503, '222208408', /refreshed at this moment/)
  assert.ok(Number(refused.headers.get('retry-after')) > 0)
  assert.equal((await call(hdp, 'PUT', `/${id}`, body)).status, 200)
  const both = { ...body, accessToken: 'fresh', refreshToken: 'new' }
  assert.equal((await call(hdp, 'PUT', `/${id}`, both)).body['refreshToken'], 'new')
})

test('another application must be of the same data store, and wants its own refresh token', async () => {
  const id = await create(hdp)
  const other = Number(await createOAuthApplication(hdp, people.admin, { name: unique() }))
  const body = { name: unique(), oauthAppId: other }
  const refused = await call(hdp, 'PUT', `/${id}`, { ...body, accessToken: 'x' })
  assertRefused(refused, 400, '222207007', /refreshToken with another oauthAppId/)
  const elsewhere = await call(hdp, 'PUT', `/${id}`, { ...body, oauthAppId: 18, refreshToken: 'x' })
  assertRefused(elsewhere, 400, '222207007', /same data store/)
  const put = await call(hdp, 'PUT', `/${id}`, { ...body, refreshToken: 'of the other' })
  assert.deepEqual(
    [put.status, put.body['oauthAppId'], put.body['accessToken'], put.body['refreshToken']],
    [200, other, '', 'of the other'],
  )
})

test('a name is taken within an owner, in any case, and free for everybody else', async () => {
  const name = 'Taken Name'
  const id = await create(own, { name })
  const body = { ...sampleProfile, name: ' taken name ', oauthAppId: 17 }
  assertRefused(await call(own, 'POST', '', body), 400, '222208401', /name is taken/)
  const second = await create(own)
  assertRefused(await call(own, 'PUT', `/${second}`, body), 400, '222208401', /name is taken/)
  assert.equal((await call(own, 'PUT', `/${id}`, body)).status, 200)
  await createOAuthProfile(own, people.owner, { name, oauthAppId: 17 })
})

test('the list is filtered by data store and application, and cut where asked', async () => {
  const ofSalesforce = await create(own, { oauthAppId: 18 })
  const idsOf = async (query: string): Promise<readonly number[]> => {
    const { status, body } = await call(own, 'GET', query)
    assert.equal(status, 200, JSON.stringify(body))
    return (body['profiles'] as { id: string }[]).map(({ id }) => Number(id))
  }
  assert.deepEqual(await idsOf('?dataStore=1'), [ofSalesforce])
  assert.deepEqual(await idsOf('?oauthAppId=18'), [ofSalesforce])
  assert.deepEqual(await idsOf('?oauthAppId=18&dataStore=54'), [])
  assert.deepEqual(await idsOf('?oauthAppId=987654'), [])
  const all = await idsOf('')
  assert.ok(all.length > 3)
  const first = await call(own, 'GET', '?limit=2')
  assert.deepEqual(first.body['next'], all[1])
  assert.deepEqual(await idsOf('?limit=2'), all.slice(0, 2))
  assert.deepEqual(await idsOf(`?limit=1000&after=${String(all[1])}`), all.slice(2))
  for (const query of ['?dataStore=5001', '?dataStore=x', '?oauthAppId=0', '?oauthAppId=x'])
    assertRefused(await call(own, 'GET', query), 400, '222207007', /dataStore|oauthAppId/)
})

test('the history tells newest first what was done to the tokens', async () => {
  const id = await create(own)
  await call(own, 'PUT', `/${id}`, { name: unique(), oauthAppId: 17 })
  const once = (await call(own, 'GET', `/${id}/history`)).body['history'] as Answer['body'][]
  assert.deepEqual(
    once.map(({ cause, outcome, detail }) => ({ cause, outcome, detail })),
    [{ cause: 'written', outcome: 'stored', detail: undefined }],
  )
  own.clock.advance(5000)
  await call(own, 'PUT', `/${id}`, { name: unique(), oauthAppId: 17, refreshToken: 'next' })
  const twice = (await call(own, 'GET', `/${id}/history`)).body['history'] as Answer['body'][]
  assert.equal(twice.length, 2)
  assert.match(String(twice[0]?.['at']), timestamp)
  assert.ok(String(twice[0]?.['at']) > String(twice[1]?.['at']))
})

test('the audit log names who created, changed and deleted which profile', async () => {
  const id = await create(own)
  await call(own, 'PUT', `/${id}`, { name: unique(), oauthAppId: 17 })
  await call(own, 'DELETE', `/${id}`)
  const lines = own.logs
    .map((line) => JSON.parse(line) as { audit?: string; subject?: number })
    .filter(({ audit, subject }) => subject === id && audit?.startsWith('oauth-profile.'))
  assert.deepEqual(
    lines.map(({ audit }) => audit),
    ['oauth-profile.created', 'oauth-profile.updated', 'oauth-profile.deleted'],
  )
})
