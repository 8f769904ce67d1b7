import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { all, run } from '#store/command.ts'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import {
  createOAuthApplication,
  oauthApps,
  sampleApplication,
} from '#test/support/oauth-applications.ts'
import {
  changeTokens,
  createOAuthProfile,
  linkOf,
  linkSources,
  oauthProfiles,
  sampleProfile,
  tokenRowOf,
} from '#test/support/oauth-profiles.ts'
import { createPerson, createTenant, type KnownPerson } from '#test/support/tenants.ts'
import { addDataSource, unique } from '../access/things.ts'

// What ends OAuth profiles, what they leave behind, and what a change of their application does to them
// (OAuth reference C.3, C.5; DESIGN invariant 20).

let app: TestApp
const admin = { person: people.admin }
before(async () => {
  app = await startApp({ sources: false })
})
after(() => app.close())

type Made = {
  readonly owner: KnownPerson
  readonly application: number
  readonly profile: number
  readonly source: number
}

/** A user of a tenant with a profile through an application, and a data source that uses it. */
const make = async (tenantId = 1, application?: number): Promise<Made> => {
  const owner = await createPerson(app, {
    name: `owner-${unique()}`,
    tenantId,
    permissions: [1, 2, 3, 4, 11],
  })
  const of =
    application ??
    Number(await createOAuthApplication(app, people.admin, { name: unique(), tenantId }))
  const profile = await createOAuthProfile(app, owner, { name: unique(), oauthAppId: of })
  const source = await addDataSource(app, owner)
  await linkSources(app, profile, [source])
  return { owner, application: of, profile, source }
}

/** How many rows of each table belong to a profile or its tokens. */
const left = async ({ profile }: Made, tokenId: number): Promise<readonly number[]> => {
  const { sql, read } = app.core.store
  return read(function* () {
    const profiles = yield* all(
      sql.selectFrom('oauth_profiles').select('id').where('id', '=', profile),
    )
    const tokens = yield* all(
      sql.selectFrom('upstream_tokens').select('id').where('id', '=', tokenId),
    )
    const events = yield* all(
      sql.selectFrom('upstream_events').select('id').where('token_id', '=', tokenId),
    )
    return [profiles.length, tokens.length, events.length]
  })
}

const tokenIdOf = async ({ profile }: Made): Promise<number> => {
  const row = await tokenRowOf(app, profile)
  assert.ok(row)
  return row.id
}

/** Everything of a profile is gone, and its data source stays without it, in another revision. */
const assertGone = async (made: Made, tokenId: number): Promise<void> => {
  assert.deepEqual(await left(made, tokenId), [0, 0, 0])
  const link = await linkOf(app, made.source)
  assert.equal(link?.profile, null)
  assert.ok(link.revision > 1, 'what is open of it is used no more')
}

test('deleting a profile takes its tokens and history along; its data source stays, in another revision', async () => {
  const made = await make()
  const tokenId = await tokenIdOf(made)
  assert.deepEqual(await left(made, tokenId), [1, 1, 1])
  const gone = await manage(app, 'DELETE', `${oauthProfiles}/${made.profile}`, {
    person: made.owner,
  })
  assert.equal(gone.status, 204)
  await assertGone(made, tokenId)
})

test('deleting an application takes all its profiles along, of every tenant, and asks nobody', async () => {
  const tenantId = await createTenant(app, `Child ${unique()}`)
  const first = await make()
  const second = await make(tenantId, first.application)
  const other = await make()
  const tokens = [await tokenIdOf(first), await tokenIdOf(second), await tokenIdOf(other)]
  const gone = await manage(app, 'DELETE', `${oauthApps}/${first.application}`, admin)
  assert.equal(gone.status, 204)
  await assertGone(first, tokens[0] ?? 0)
  await assertGone(second, tokens[1] ?? 0)
  assert.deepEqual(await left(other, tokens[2] ?? 0), [1, 1, 1])
  assert.deepEqual(await linkOf(app, other.source), { profile: other.profile, revision: 1 })
})

test('a user who is deleted takes profiles along, and one who is moved leaves them behind', async () => {
  const tenantId = await createTenant(app, `Child ${unique()}`)
  const deleted = await make()
  const tokenOfDeleted = await tokenIdOf(deleted)
  const gone = await manage(app, 'DELETE', `/api/admin/users/${deleted.owner.id}`, admin)
  assert.equal(gone.status, 204)
  assert.deepEqual(await left(deleted, tokenOfDeleted), [0, 0, 0])

  const moved = await make()
  const tokenOfMoved = await tokenIdOf(moved)
  const { store, clock } = app.core
  // A connection that is under way is the old tenant's, too.
  await store.write(() =>
    run(
      store.sql.insertInto('oauth_connections').values({
        link_hash: Buffer.from(unique()),
        user_id: moved.owner.id,
        tenant_id: 1,
        application_id: moved.application,
        name: 'under way',
        description: '',
        status: 'open',
        created_at: clock.now(),
        changed_at: clock.now(),
        expires_at: clock.now() + 60_000,
      }),
    ),
  )
  await moveTo(moved, tenantId)
  await assertGone(moved, tokenOfMoved)
  const underWay = await store.read(() =>
    all(
      store.sql
        .selectFrom('oauth_connections')
        .select('name')
        .where('user_id', '=', moved.owner.id),
    ),
  )
  assert.deepEqual(underWay, [])
})

const moveTo = async ({ owner }: Made, tenantId: number): Promise<void> => {
  const role = await manage(app, 'POST', '/api/admin/roles', {
    ...admin,
    body: { name: unique(), tenantId, description: '', permissions: [2, 11] },
  })
  assert.equal(role.status, 201, JSON.stringify(role.body))
  const put = await manage(app, 'PUT', `/api/admin/users/${owner.id}`, {
    ...admin,
    body: {
      userName: owner.name,
      tenantId,
      permissions: { roles: [role.body['id']], permissions: [] },
      statusInfo: { status: 1 },
    },
  })
  assert.equal(put.status, 200, JSON.stringify(put.body))
}

test('a tenant that is deleted with everything takes applications, profiles and tokens along', async () => {
  const tenantId = await createTenant(app, `Child ${unique()}`)
  const made = await make(tenantId)
  const elsewhere = await make()
  const [tokenId, other] = [await tokenIdOf(made), await tokenIdOf(elsewhere)]
  const gone = await manage(app, 'DELETE', `/api/admin/tenants/${tenantId}?cascade=true`, admin)
  assert.equal(gone.status, 204, JSON.stringify(gone.body))
  assert.deepEqual(await left(made, tokenId), [0, 0, 0])
  assert.deepEqual(await left(elsewhere, other), [1, 1, 1])
})

const change = async (application: number, fields: Record<string, unknown>): Promise<void> => {
  const { clientSecret: _, ...kept } = sampleApplication
  const put = await manage(app, 'PUT', `${oauthApps}/${application}`, {
    ...admin,
    body: { ...kept, name: unique(), ...fields },
  })
  assert.equal(put.status, 200, JSON.stringify(put.body))
}

test('another secret, client id or address of an application ends the cool-down of its profiles alone', async () => {
  const made = await make()
  const other = await make()
  const cooling = { failures: 5, retry_at: 4_000_000_000_000 }
  for (const [fields, ends] of [
    [{ description: 'another', scope: 'x' }, false],
    [{ clientSecret: 'another' }, true],
    [{ clientId: 'another' }, true],
    [{ tokenURI: 'https://www.googleapis.com/oauth2/v4/token' }, true],
  ] as const) {
    await change(made.application, {})
    await changeTokens(app, made.profile, cooling)
    await changeTokens(app, other.profile, cooling)
    await change(made.application, fields)
    const row = await tokenRowOf(app, made.profile)
    const now = { failures: row?.failures, retry_at: row?.retry_at }
    assert.deepEqual(now, ends ? { failures: 0, retry_at: null } : cooling, JSON.stringify(fields))
    assert.equal(row?.state, 'ready')
    assert.equal((await tokenRowOf(app, other.profile))?.retry_at, cooling.retry_at)
  }
})

test('T83: refresh tokens are not delivered to the server of another tokenURI: their owners connect again', async () => {
  const made = await make()
  await changeTokens(app, made.profile, { lease_holder: 'node', lease_until: 4_000_000_000_000 })
  await change(made.application, {
    tokenURI: 'https://elsewhere.example/token',
    clientSecret: 'the-secret-there',
  })
  const row = await tokenRowOf(app, made.profile)
  assert.deepEqual([row?.state, row?.lease_holder, row?.lease_until], ['reconnect', null, null])
  const as = { person: made.owner }
  const path = `${oauthProfiles}/${made.profile}`
  const shown = (await manage(app, 'GET', path, as)).body
  assert.equal(shown['status'], 'reconnect-needed')
  assert.equal(shown['reason'], 'token-server-changed')
  const { history } = (await manage(app, 'GET', `${path}/history`, as)).body as {
    history: { outcome: string; detail: string }[]
  }
  assert.deepEqual(
    [history[0]?.outcome, history[0]?.detail],
    ['reconnect-needed', 'token-server-changed'],
  )
  // An access token alone would make it ready again, with the refresh token of the old server.
  const alone = { name: unique(), oauthAppId: made.application, accessToken: 'of the new server' }
  const refused = await manage(app, 'PUT', path, { ...as, body: alone })
  assert.equal(refused.status, 400)
  assert.match(JSON.stringify(refused.body), /222207007.*Send refreshToken, too/)
  assert.deepEqual(await tokenRowOf(app, made.profile), row)
  const body = { name: unique(), oauthAppId: made.application, refreshToken: 'of the new server' }
  assert.equal((await manage(app, 'PUT', path, { ...as, body })).status, 200)
  assert.equal((await manage(app, 'GET', path, as)).body['status'], 'ready')
})

test('T83: an access token alone makes a profile good that has no refresh token, and nothing of the old server stays', async () => {
  const made = await make()
  await changeTokens(app, made.profile, {
    refresh_token: null,
    instance_url: 'https://old.example',
  })
  await change(made.application, { tokenURI: 'https://elsewhere.example/token', clientSecret: 'x' })
  const body = { name: unique(), oauthAppId: made.application, accessToken: 'of the new server' }
  const path = `${oauthProfiles}/${made.profile}`
  assert.equal((await manage(app, 'PUT', path, { person: made.owner, body })).status, 200)
  const row = await tokenRowOf(app, made.profile)
  assert.deepEqual([row?.state, row?.refresh_token, row?.instance_url], ['ready', null, null])
})

test('profiles that are created while their application is deleted are refused or go with it', async () => {
  for (let round = 0; round < 5; round += 1) {
    const application = Number(await createOAuthApplication(app, people.admin, { name: unique() }))
    const create = async () =>
      manage(app, 'POST', oauthProfiles, {
        person: people.user,
        body: { ...sampleProfile, name: unique(), oauthAppId: application },
      })
    const [gone, ...made] = await Promise.all([
      manage(app, 'DELETE', `${oauthApps}/${application}`, admin),
      ...Array.from({ length: 6 }, create),
    ])
    assert.equal(gone?.status, 204)
    for (const { status, body } of made)
      assert.ok([201, 400].includes(status), `${status} ${JSON.stringify(body)}`)
    const { sql, read } = app.core.store
    const rest = await read(() =>
      all(sql.selectFrom('oauth_profiles').select('id').where('application_id', '=', application)),
    )
    assert.deepEqual(rest, [])
  }
})

test('of many profiles of one name that are created at once there is one', async () => {
  const application = Number(await createOAuthApplication(app, people.admin, { name: unique() }))
  const name = unique()
  const answers = await Promise.all(
    Array.from({ length: 8 }, async (_, index) =>
      manage(app, 'POST', oauthProfiles, {
        person: people.user,
        body: {
          ...sampleProfile,
          name: index % 2 === 0 ? name : name.toUpperCase(),
          oauthAppId: application,
        },
      }),
    ),
  )
  const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
  assert.deepEqual(statuses, [201, ...Array.from({ length: 7 }, () => 400)])
})
