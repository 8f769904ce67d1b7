import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { first } from '#store/command.ts'
import {
  beginSession,
  createSource,
  people,
  type Person,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import { getTokens, manage, readWith, refresh, register } from '#test/support/oauth.ts'
import { createPerson, createRole, createTenant } from '#test/support/tenants.ts'
import {
  assertRefused,
  callUsers,
  codes,
  createUser,
  givenPassword,
  userBody,
} from '#test/support/users.ts'
import { raw, rows } from '../security/tokens/support.ts'

// What ends when a user is moved, deleted, or given another password (DESIGN invariant 16).

let app: TestApp
let orgA: number
let roleOfA: number
before(async () => {
  app = await startApp({ env: { HEADGATE_HDP: 'show-secrets' } })
  orgA = await createTenant(app, 'OrgA')
  roleOfA = await createRole(app, {
    name: 'Reader',
    tenantId: orgA,
    permissions: [1, 2, 4, 7, 8, 11],
  })
})
after(() => app.close())

/** Somebody with a data source and a client application, each used by that person and by `demo`. */
const createOwner = async (name: string) => {
  const id = await createUser(app, name)
  const person: Person = { name, password: givenPassword }
  const source = await createSource(app, `of-${name}`, 'one.db', person)
  const client = await register(app, { name: `App of ${name}` }, person)
  const own = await getTokens(app, client, { person })
  const ofDemo = await getTokens(app, client)
  return { id, person, source, client, own, ofDemo, session: await beginSession(app, person) }
}
type Owner = Awaited<ReturnType<typeof createOwner>>

/** What still opens of what an owner and its applications had. */
const opens = async (owner: Owner) => ({
  session: (await app.core.sessions.read(owner.session)) !== undefined,
  own: await readWith(app, owner.own.access_token, `of-${owner.person.name}`),
  ofDemo: await readWith(app, owner.ofDemo.access_token),
  refresh: (await refresh(app, owner.client, owner.ofDemo.refresh_token)).body.error ?? 'works',
})

const countOf = async (
  table: 'users' | 'sessions' | 'tenants_administered' | 'consents' | 'data_sources',
  column: string,
  id: number,
): Promise<number> => {
  const [row] = await rows(
    app,
    raw`select count(*) as n from ${raw.table(table)} where ${raw.ref(column)} = ${id}`,
  )
  return Number((row as { n: number | string }).n)
}

test('a user whose applications others use is deleted only with them, and the refusal names them', async () => {
  const owner = await createOwner('mia')
  const dependents = [{ kind: 'clientApplication', id: owner.client.id, name: 'App of mia' }]
  const refused = await callUsers(app, 'DELETE', `/${owner.id}`)
  assertRefused(refused, 400, codes.inUse)
  assert.deepEqual((refused.body['error'] as { dependents: unknown }).dependents, dependents)
  const listed = await callUsers(app, 'GET', `/${owner.id}/dependents`)
  assert.deepEqual(listed.body, { dependents })
  assert.deepEqual(await opens(owner), { session: true, own: 200, ofDemo: 200, refresh: 'works' })

  const deleted = await callUsers(app, 'DELETE', `/${owner.id}?cascade=true`)
  assert.equal(deleted.status, 204)
  assert.deepEqual(await opens(owner), {
    session: false,
    own: 401,
    ofDemo: 401,
    refresh: 'invalid_client',
  })
  assert.equal((await manage(app, 'GET', '/api/mgmt/user', owner)).status, 401)
  assertRefused(await callUsers(app, 'GET', `/${owner.id}`), 404, codes.noUser)
  for (const [table, column] of [
    ['users', 'id'],
    ['sessions', 'user_id'],
    ['consents', 'user_id'],
    ['data_sources', 'owner_id'],
  ] as const)
    assert.equal(await countOf(table, column, owner.id), 0, table)
})

test('what a user alone has goes without a word, failed passwords included', async () => {
  const id = await createUser(app, 'nora')
  const person = { name: 'nora', password: givenPassword }
  await createSource(app, 'mine', 'one.db', person)
  const client = await register(app, {}, person)
  const tokens = await getTokens(app, client, { person })
  await manage(app, 'GET', '/api/mgmt/user', { person: { name: 'nora', password: 'wrong' } })
  assert.deepEqual((await callUsers(app, 'GET', `/${id}/dependents`)).body, { dependents: [] })
  assert.equal((await callUsers(app, 'DELETE', `/${id}`)).status, 204)
  assert.equal(await readWith(app, tokens.access_token, 'mine'), 401)
  const left = await rows(app, raw`select * from login_failures where subject = ${`user:${id}`}`)
  assert.deepEqual(left, [])
})

test('the name of a deleted user is free again, and opens nothing that the first one had', async () => {
  const id = await createUser(app, 'otto')
  const person = { name: 'otto', password: givenPassword }
  assert.equal((await manage(app, 'GET', '/api/mgmt/user', { person })).status, 200)
  await callUsers(app, 'DELETE', `/${id}`)
  const password = 'another-temporary-password'
  const again = await createUser(app, 'Otto', { passwordInfo: { password, passwordStatus: 1 } })
  assert.ok(again > id)
  assert.equal((await manage(app, 'GET', '/api/mgmt/user', { person })).status, 401)
  const now = await manage(app, 'GET', '/api/mgmt/user', { person: { ...person, password } })
  assert.equal(now.body['userId'], again)
})

test('moving a user to another tenant ends sessions and accesses both ways, and takes what it owns along', async () => {
  const owner = await createOwner('paul')
  await callUsers(app, 'PUT', `/${owner.id}/tenantsadministered`, {
    body: { tenantsAdministered: [1, orgA] },
  })
  const application = `/api/mgmt/oauth/client/applications/${owner.client.id}`
  assert.ok('clientSecret' in (await manage(app, 'GET', application, owner)).body)
  const body = userBody('paul', { tenantId: orgA, permissions: { roles: [roleOfA] } })
  const { passwordInfo: _password, ...withoutPassword } = body
  const moved = await callUsers(app, 'PUT', `/${owner.id}`, { body: withoutPassword })
  assert.equal(moved.status, 200, JSON.stringify(moved.body))
  assert.equal(moved.body['tenantId'], orgA)
  assert.deepEqual(await opens(owner), {
    session: false,
    own: 401,
    ofDemo: 401,
    refresh: 'invalid_grant',
  })
  // What belongs to it came along, the secret too; only the text of it, sealed for the old tenant, is not shown again.
  assert.equal((await manage(app, 'GET', '/api/mgmt/datasources', owner)).status, 200)
  const shown = await manage(app, 'GET', application, owner)
  assert.equal(shown.status, 200, JSON.stringify(shown.body))
  assert.ok(!('clientSecret' in shown.body))
  const tenants = await callUsers(app, 'GET', `/${owner.id}/tenantsadministered`)
  assert.deepEqual(tenants.body, { tenantsAdministered: [orgA] })
  assert.equal(await countOf('tenants_administered', 'user_id', owner.id), 1)
  for (const table of ['data_sources', 'client_applications'] as const) {
    const found = await app.core.store.read(() =>
      first(
        app.core.store.sql.selectFrom(table).select('tenant_id').where('owner_id', '=', owner.id),
      ),
    )
    assert.equal(found?.tenant_id, orgA, table)
  }
  // Files belong to the tenant: the one of the old tenant is not read from the new one.
  const basic = Buffer.from(`paul:${givenPassword}`).toString('base64')
  const read = await fetch(`${app.url}/api/odata4/of-paul/Items(1)`, {
    headers: { authorization: `Basic ${basic}` },
  })
  assert.notEqual(read.status, 200, await read.text())
  // And the user authorizes applications of its own tenant again.
  const again = await getTokens(app, owner.client, { person: owner.person })
  assert.ok(again.access_token)
})

test('a machine client of a user who moves stands still until its owner says so again', async () => {
  const id = await createUser(app, 'quirin')
  const person = { name: 'quirin', password: givenPassword }
  const source = await createSource(app, 'machine', 'one.db', person)
  const machine = await register(
    app,
    { name: 'M', grantTypes: ['client_credentials'], dataSources: [String(source)] },
    person,
  )
  const ask = () =>
    fetch(`${app.url}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: machine.clientId,
        client_secret: machine.clientSecret,
      }),
    }).then((answer) => answer.status)
  assert.equal(await ask(), 200)
  const { passwordInfo: _password, ...body } = userBody('quirin', {
    tenantId: orgA,
    permissions: { roles: [roleOfA] },
  })
  assert.equal((await callUsers(app, 'PUT', `/${id}`, { body })).status, 200)
  assert.equal(await ask(), 400)
})

test('a user moves only into roles of the new tenant', async () => {
  const id = await createUser(app, 'rosa')
  for (const permissions of [{ roles: [2] }, { roles: [2, roleOfA] }, { roles: [] }])
    assertRefused(
      await callUsers(app, 'PUT', `/${id}`, {
        body: userBody('rosa', { tenantId: orgA, permissions }),
      }),
      400,
      codes.wrongRole,
    )
  assertRefused(
    await callUsers(app, 'PUT', `/${id}`, { body: userBody('rosa', { tenantId: 999 }) }),
    400,
    codes.noTenant,
  )
  assert.equal((await callUsers(app, 'GET', `/${id}`)).body['tenantId'], 1)
})

test('a PUT without a tenant leaves the user where it is', async () => {
  const id = await createUser(app, 'sven', { tenantId: orgA, permissions: { roles: [roleOfA] } })
  const body = userBody('sven', { permissions: { roles: [roleOfA] } })
  assert.equal((await callUsers(app, 'PUT', `/${id}`, { body })).body['tenantId'], orgA)
})

test('a password given in a PUT ends sessions, tokens and a lock, as a reset does; without one they stay', async () => {
  const owner = await createOwner('tina')
  const { passwordInfo: _password, ...withoutPassword } = userBody('tina')
  assert.equal((await callUsers(app, 'PUT', `/${owner.id}`, { body: withoutPassword })).status, 200)
  assert.deepEqual(await opens(owner), { session: true, own: 200, ofDemo: 200, refresh: 'works' })
  await callUsers(app, 'PUT', `/${owner.id}/statusinfo`, {
    body: { status: 1, accountLocked: true },
  })
  const password = 'another-temporary-password'
  const body = userBody('tina', { passwordInfo: { password, passwordStatus: 1 } })
  const reset = await callUsers(app, 'PUT', `/${owner.id}`, { body })
  assert.deepEqual(reset.body['statusInfo'], { status: 1, accountLocked: false })
  const after = await opens(owner)
  assert.deepEqual([after.session, after.own, after.ofDemo], [false, 401, 200])
  assert.equal((await manage(app, 'GET', '/api/mgmt/user', owner)).status, 401)
  const person = { name: 'tina', password }
  assert.equal((await manage(app, 'GET', '/api/mgmt/user', { person })).status, 200)
})

test('a renamed user keeps everything but the name', async () => {
  const owner = await createOwner('ulla')
  const { passwordInfo: _password, ...body } = userBody('Ulla Neu')
  assert.equal((await callUsers(app, 'PUT', `/${owner.id}`, { body })).status, 200)
  assert.deepEqual(await opens(owner), { session: true, own: 200, ofDemo: 200, refresh: 'works' })
  assert.equal((await manage(app, 'GET', '/api/mgmt/user', owner)).status, 401)
  const person = { ...owner.person, name: 'ULLA neu' }
  assert.equal((await manage(app, 'GET', '/api/mgmt/user', { person })).status, 200)
})

test('a first administrator who was deleted or renamed does not come back with the next start', async () => {
  const once = await startApp({ sources: false })
  const chief = await createPerson(once, { name: 'chief', permissions: [12] })
  const users = (await callUsers(once, 'GET', '', { person: chief })).body['users'] as {
    id: number
    userName: string
  }[]
  const id = users.find(({ userName }) => userName === people.admin.name)?.id
  assert.equal((await callUsers(once, 'DELETE', `/${id}`, { person: chief })).status, 204)
  await once.stop()
  const again = await startApp({ sources: false, dataDir: once.dataDir })
  try {
    const { body } = await callUsers(again, 'GET', '', { person: chief })
    const names = (body['users'] as { userName: string }[]).map(({ userName }) => userName)
    assert.ok(!names.includes(people.admin.name), names.join())
    assert.ok(names.includes('chief'))
  } finally {
    await again.close()
    await once.close()
  }
})

test('a machine client of the owner does not count as a use by others', async () => {
  const id = await createUser(app, 'vera')
  const person = { name: 'vera', password: givenPassword }
  const source = await createSource(app, 'one', 'one.db', person)
  const machine = { grantTypes: ['client_credentials'], dataSources: [String(source)] }
  await register(app, machine, person)
  assert.equal(await countOf('consents', 'user_id', id), 1)
  assert.deepEqual((await callUsers(app, 'GET', `/${id}/dependents`)).body, { dependents: [] })
})
