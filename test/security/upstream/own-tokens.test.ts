import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { minutes } from '#lib/clock.ts'
import { first, run } from '#store/command.ts'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { openAll } from '#test/support/sealed.ts'
import { createPerson, createRole, createTenant, type KnownPerson } from '#test/support/tenants.ts'
import { createUpstreamSource, getTokensAt, tryOut } from '#test/support/upstream/connected.ts'
import { type MockServer, startMockServer } from '#test/support/upstream/mock-server.ts'
import { type Salesforce, startSalesforce } from '#test/support/upstream/salesforce.ts'
import { unique } from '../access/things.ts'

// Tokens that a data source has by parameters of its own: what they came of is spent, and nobody but the server has them.

const path = '/api/mgmt/datasources'
let app: TestApp
let salesforce: Salesforce
let stranger: MockServer

before(async () => {
  ;[salesforce, stranger] = await Promise.all([
    startSalesforce({ rotation: 'single-use' }),
    startMockServer(),
  ])
  app = await startApp({ sources: false, env: { HEADGATE_EGRESS_ALLOW: '127.0.0.1' } })
})
after(async () => {
  await app.close()
  await Promise.all([salesforce.close(), stranger.close()])
})
beforeEach(() => salesforce.rotate('single-use'))

type Options = Readonly<Record<string, string>>
type Made = {
  readonly owner: KnownPerson
  readonly id: number
  readonly name: string
  readonly plain: Options
  readonly secrets: Options & { readonly RefreshToken: string }
}

/** A data source whose refresh token was exchanged for another one. */
const makeUsed = async (): Promise<Made> => {
  const owner = await createPerson(app, {
    name: `owner-${unique()}`,
    tenantId: 1,
    permissions: [1, 2, 3, 4, 7, 11],
  })
  const { application } = salesforce
  const { refreshToken: RefreshToken } = await getTokensAt(salesforce)
  const plain = { TokenURI: application.tokenURI, ClientId: application.clientId }
  const secrets = { ClientSecret: application.clientSecret, RefreshToken }
  const name = `s${unique().replace(/\W/g, '')}`
  const fields = { name, dataStore: 1, options: { ...plain, ...secrets } }
  const id = await createUpstreamSource(app, owner, fields)
  assert.equal((await tryOut(app, owner, id)).status, 200)
  return { owner, id, name, plain, secrets }
}

const put = ({ owner, id, name }: Made, options: Options, more: object = {}) =>
  manage(app, 'PUT', `${path}/${id}`, { person: owner, body: { name, options, ...more } })

/** Its access token is refused from now on: only the refresh token that there is now leads to another. */
const assertRenews = async (made: Made, what: string): Promise<void> => {
  salesforce.endSessions()
  app.clock.advance(minutes(1))
  const answer = await tryOut(app, made.owner, made.id)
  assert.equal(answer.status, 200, `${what}: ${JSON.stringify(answer.body)}`)
}

const rowOf = ({ id }: Pick<Made, 'id'>) =>
  app.core.store.read(() =>
    first(
      app.core.store.sql.selectFrom('upstream_tokens').selectAll().where('data_source_id', '=', id),
    ),
  )

const changeRow = (
  { id }: Made,
  values: Partial<Omit<NonNullable<Awaited<ReturnType<typeof rowOf>>>, 'id'>>,
) =>
  app.core.store.write(() =>
    run(
      app.core.store.sql
        .updateTable('upstream_tokens')
        .set(values)
        .where('data_source_id', '=', id),
    ),
  )

test('T75: a change of a data source that leaves its client and refresh token alone keeps the token that replaced it', async () => {
  const made = await makeUsed()
  const { plain, secrets } = made
  for (const [what, options, more] of [
    ['another description', plain, { description: 'better' }],
    ['empty secrets', { ...plain, ClientSecret: '', RefreshToken: '' }, {}],
    ['all of it once more', { ...plain, ...secrets }, {}],
    ['another scope', { ...plain, Scope: 'api' }, {}],
    ['another path', { ...plain, TokenURI: `POST ${plain['TokenURI'] ?? ''}` }, {}],
    ['an option of OData', { ...plain, ODataPageSize: '7' }, {}],
  ] as const) {
    assert.equal((await put(made, options, more)).status, 200, what)
    await assertRenews(made, what)
  }
})

test('T75: a change while a refresh is under way loses nothing of what it brings', async () => {
  const made = await makeUsed()
  salesforce.endSessions()
  app.clock.advance(minutes(1))
  const held = salesforce.hold('refresh')
  const trying = tryOut(app, made.owner, made.id)
  await held.arrived
  assert.equal((await put(made, made.plain, { description: 'meanwhile' })).status, 200)
  held.release()
  assert.equal((await trying).status, 200)
  await assertRenews(made, 'after it')
})

test('T83: tokens of another client, server or refresh token are forgotten, and sent nowhere', async () => {
  const elsewhere = 'https://collector.example/token'
  for (const [what, more] of [
    ['client', { ClientId: 'another' }],
    ['refresh token', { RefreshToken: 'another' }],
    ['server', { TokenURI: elsewhere }],
  ] as const) {
    const made = await makeUsed()
    assert.equal((await put(made, { ...made.plain, ...made.secrets, ...more })).status, 200)
    assert.equal(await rowOf(made), undefined, what)
  }
})

test('another client secret is tried at once, with the refresh token that there is', async () => {
  const made = await makeUsed()
  const wrong = { ...made.plain, ClientSecret: 'wrong' }
  assert.equal((await put(made, wrong)).status, 200)
  salesforce.endSessions()
  app.clock.advance(minutes(1))
  assert.equal((await tryOut(app, made.owner, made.id)).status, 502)
  assert.equal((await rowOf(made))?.failures, 1)
  const { ClientSecret = '' } = made.secrets
  assert.equal((await put(made, { ...made.plain, ClientSecret })).status, 200)
  await assertRenews(made, 'the right one')
})

test('a token that is sent begins anew where what came of it is no good any more', async () => {
  const made = await makeUsed()
  await changeRow(made, { state: 'reconnect', state_reason: 'invalid_grant' })
  assert.equal((await put(made, made.plain)).status, 200)
  assert.equal((await rowOf(made))?.state, 'reconnect')
  const { RefreshToken } = made.secrets
  assert.equal((await put(made, { ...made.plain, RefreshToken })).status, 200)
  assert.equal(await rowOf(made), undefined)
})

test('a token that the client got for itself is had anew when anything of what it was asked with changes', async () => {
  const { application, apiUri } = stranger
  const options = {
    TokenURI: application.tokenURI,
    ClientId: application.clientId,
    ClientSecret: application.clientSecret,
    HealthURI: apiUri,
  }
  const { owner } = await makeUsed()
  const name = `c${unique().replace(/\W/g, '')}`
  const id = await createUpstreamSource(app, owner, { name, dataStore: 63, options })
  const asked = async (more: Options): Promise<number> => {
    const before = stranger.count('client')
    const body = { name, options: { ...options, ClientSecret: '', ...more } }
    assert.equal((await manage(app, 'PUT', `${path}/${id}`, { person: owner, body })).status, 200)
    assert.equal((await tryOut(app, owner, id)).status, 200)
    return stranger.count('client') - before
  }
  assert.equal(await asked({}), 1)
  assert.equal(await asked({}), 0)
  assert.equal(await asked({ Scope: 'another' }), 1)
})

/** Moves the owner, as an administrator does. */
const move = async ({ owner }: Made, tenantId: number) => {
  const role = await createRole(app, { name: unique(), tenantId, permissions: [11] })
  return manage(app, 'PUT', `/api/admin/users/${owner.id}`, {
    person: people.admin,
    body: {
      userName: owner.name,
      tenantId,
      permissions: { roles: [role], permissions: [1, 2, 3, 4, 7, 11] },
      statusInfo: { status: 1 },
    },
  })
}

const wholeState = async ({ owner, id }: Made): Promise<string> => {
  const { sql, read } = app.core.store
  const source = await read(() =>
    first(sql.selectFrom('data_sources').selectAll().where('id', '=', id)),
  )
  const user = await read(() =>
    first(sql.selectFrom('users').select('tenant_id').where('id', '=', owner.id)),
  )
  return JSON.stringify([source, user, await rowOf({ id })])
}

test('T75: who is moved to another tenant takes the tokens of data sources along, sealed for the new one', async () => {
  const made = await makeUsed()
  const tenantId = await createTenant(app, `Child ${unique()}`)
  const before = await rowOf(made)
  const moved = await move(made, tenantId)
  assert.equal(moved.status, 200, JSON.stringify(moved.body))
  const row = await rowOf(made)
  assert.equal(row?.tenant_id, tenantId)
  assert.deepEqual([row.instance_url, row.state_at], [before?.instance_url, before?.state_at])
  for (const { table, opened } of await openAll(app)) assert.ok(opened !== undefined, table)
  await assertRenews(made, 'after the move')
})

test('T75: nobody is moved while a token is being exchanged, which would be lost', async () => {
  const made = await makeUsed()
  const tenantId = await createTenant(app, `Child ${unique()}`)
  await changeRow(made, { lease_holder: 'node', lease_until: app.clock.now() + minutes(1) })
  const before = await wholeState(made)
  const refused = await move(made, tenantId)
  assert.equal(refused.status, 503)
  assert.match(JSON.stringify(refused.body), new RegExp(`data source ${made.id} are being`))
  assert.equal(await wholeState(made), before)
  app.clock.advance(minutes(2))
  assert.equal((await move(made, tenantId)).status, 200)
})

test('T74: who has secrets or tokens that do not open is not moved, and hears whose', async () => {
  const tenantId = await createTenant(app, `Child ${unique()}`)
  const { sql, write } = app.core.store
  const ofSecrets = await makeUsed()
  await write(() =>
    run(sql.updateTable('data_sources').set({ revision: 9 }).where('id', '=', ofSecrets.id)),
  )
  const ofTokens = await makeUsed()
  await changeRow(ofTokens, { generation: 9 })
  for (const made of [ofSecrets, ofTokens]) {
    const before = await wholeState(made)
    const refused = await move(made, tenantId)
    assert.equal(refused.status, 400)
    assert.match(
      JSON.stringify(refused.body),
      new RegExp(`222208476.* data source.*lost: ${made.id}\\.`),
    )
    assert.equal(await wholeState(made), before)
    assert.equal(
      (await manage(app, 'DELETE', `${path}/${made.id}`, { person: made.owner })).status,
      204,
    )
    assert.equal((await move(made, tenantId)).status, 200)
  }
})
