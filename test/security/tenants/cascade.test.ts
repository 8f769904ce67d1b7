import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Caller } from '#features/access/caller.ts'
import { ManagementError } from '#features/refusals.ts'
import { userNameKey } from '#features/users/user.ts'
import { first, run } from '#store/command.ts'
import {
  basicOf,
  beginSession,
  createSource,
  people,
  type Person,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import { askAsClient, manage, readWith, register } from '#test/support/oauth.ts'
import { createPerson, createRole, createTenant, type KnownPerson } from '#test/support/tenants.ts'
import { execute, mintTokens, raw, rows } from '../tokens/support.ts'

// Deleting a tenant with everything in it: nothing of it is left, nothing else is touched, and whatever happens at the same
// moment, there is no half of a tenant.

let app: TestApp
before(async () => {
  app = await startApp()
})
after(() => app.close())

const remove = (id: number, person: Person = people.admin, query = '?cascade=true') =>
  manage(app, 'DELETE', `/api/admin/tenants/${id}${query}`, { person })

const create = (body: Record<string, unknown>) =>
  manage(app, 'POST', '/api/admin/tenants', { person: people.admin, body })

const statusesOf = (answers: readonly { readonly status: number }[]): readonly number[] =>
  answers.map(({ status }) => status).toSorted((a, b) => a - b)

/** How many rows there are in each table. */
const countAll = async (): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const table of [
    'tenants',
    'roles',
    'role_permissions',
    'users',
    'user_roles',
    'user_permissions',
    'tenants_administered',
    'login_failures',
    'sessions',
    'client_applications',
    'client_secrets',
    'consents',
    'chains',
    'codes',
    'access_tokens',
    'refresh_tokens',
    'data_sources',
    'oauth_applications',
    'limit_values',
    'data_keys',
  ]) {
    const [row] = await rows(app, raw`select count(*) as count from ${raw.table(table)}`)
    counts[table] = (row as { count: number }).count
  }
  return counts
}

/** A tenant in which every table has something; answers who lives there. */
const furnish = async (name: string) => {
  const made = await create({ name, parentTenant: 1, importedRoles: [2, 3] })
  const { id, roles } = made.body as { id: number; roles: number[] }
  const person = await createPerson(app, {
    name: `${name} person`,
    tenantId: id,
    roles: roles.slice(0, 1),
    permissions: [7],
    administers: [id],
  })
  const visitor = await createPerson(app, { name: `${name} visitor`, administers: [id] })
  const files = join(app.dataDir, 'files')
  mkdirSync(join(files, String(id)))
  copyFileSync(join(files, '1', 'one.db'), join(files, String(id), 'one.db'))
  const sourceId = await createSource(app, name, 'one.db', person)
  const machine = await register(
    app,
    { name, grantTypes: ['client_credentials'], dataSources: [sourceId] },
    person,
  )
  const owned = await register(app, { name: `${name} for people` })
  // Of a user of the system tenant, who gave it access before its owner moved here.
  const foreignAccess = await mintTokens(app, owned)
  await execute(
    app,
    raw`update client_applications set owner_id = ${person.id}, tenant_id = ${id} where id = ${owned.id}`,
  )
  await execute(
    app,
    raw`insert into oauth_applications (tenant_id, data_store, name, name_key, description, client_id, authorize_uri,
      token_uri, scope, available_to_tenants, revision, created_at) values (${id}, 1, 'Sales', 'sales', '', '', '', '', '', 1, 1, 0)`,
  )
  for (const [level, subject, tenant, user, ofSource] of [
    ['tenant', id, id, null, null],
    ['user', person.id, null, person.id, null],
    ['data-source', sourceId, null, null, sourceId],
  ] as const)
    await execute(
      app,
      raw`insert into limit_values (level, subject_id, limit_id, value, tenant_id, user_id, data_source_id)
        values (${level}, ${subject}, 8, '5', cast(${tenant} as bigint), cast(${user} as bigint), cast(${ofSource} as bigint))`,
    )
  await execute(
    app,
    raw`insert into data_keys (tenant_id, master_key_id, wrapped, created_at) values (${id}, 'k', 'w', 0)`,
  )
  const session = await beginSession(app, person)
  const wrong = await manage(app, 'GET', '/api/mgmt/datasources', {
    person: { ...person, password: 'not the password' },
  })
  assert.equal(wrong.status, 401)
  return {
    id,
    person,
    visitor,
    session,
    foreignAccess,
    machineToken: (await askAsClient(app, machine)).body.access_token,
    name,
  }
}

test('T51, T67: a cascade leaves nothing of the tenant, touches nothing else, and ends everything at once', async () => {
  const kept = await furnish('kept')
  const before = await countAll()
  const gone = await furnish('gone')
  const between = await countAll()
  // The premise: every table has something of the tenant.
  for (const [table, count] of Object.entries(between))
    assert.ok(count > (before[table] ?? 0), table)
  assert.equal(await readWith(app, gone.machineToken, gone.name), 200)

  const removed = await remove(gone.id)
  assert.equal(removed.status, 204, JSON.stringify(removed.body))
  // The visitor is a user of the system tenant and stays, without its access.
  await execute(app, raw`delete from users where id = ${gone.visitor.id}`)
  const left = await countAll()
  assert.deepEqual(left, before)

  assert.equal(await readWith(app, gone.machineToken, gone.name), 401)
  assert.equal(await readWith(app, gone.foreignAccess.access_token), 401)
  assert.equal(await app.core.sessions.read(gone.session), undefined)
  for (const path of ['/api/mgmt/datasources', `/api/odata4/${gone.name}/Items(1)`]) {
    const response = await fetch(`${app.url}${path}`, { headers: basicOf(gone.person) })
    await response.arrayBuffer()
    assert.equal(response.status, 401, path)
  }
  assert.ok(await app.core.sessions.read(kept.session))
})

test('the refusal names a hundred dependents, and the list all of them', async () => {
  const id = await createTenant(app, 'Crowded')
  const { sql, write } = app.core.store
  await write(() =>
    run(
      sql.insertInto('users').values(
        Array.from({ length: 120 }, (_, i) => ({
          tenant_id: id,
          user_name: `crowd ${i}`,
          user_name_key: `crowd ${i}`,
          status: 1,
          password_hash: null,
          password_version: 1,
          password_status: 1,
          password_expires_at: null,
          created_at: 0,
        })),
      ),
    ),
  )
  const refused = await remove(id, people.admin, '')
  const error = refused.body['error'] as { dependents: unknown[] }
  assert.equal(error.dependents.length, 100)
  const listed = await manage(app, 'GET', `/api/admin/tenants/${id}/dependents`, {
    person: people.admin,
  })
  assert.equal((listed.body['dependents'] as unknown[]).length, 120)
  assert.deepEqual((listed.body['dependents'] as unknown[]).slice(0, 100), error.dependents)
  assert.equal((await remove(id)).status, 204)
})

/** Creates a user as an endpoint would: the tenant must be there, and the role must be one of it. */
const addUser = (tenantId: number, roleId: number, name: string): Promise<boolean> => {
  const { sql, write } = app.core.store
  return write(function* () {
    const tenant = yield* first(sql.selectFrom('tenants').select('id').where('id', '=', tenantId))
    if (tenant === undefined) return false
    const user = yield* first(
      sql
        .insertInto('users')
        .values({
          tenant_id: tenantId,
          user_name: name,
          user_name_key: userNameKey(name),
          status: 1,
          password_hash: null,
          password_version: 1,
          password_status: 1,
          password_expires_at: null,
          created_at: 0,
        })
        .returning('id'),
    )
    yield* run(sql.insertInto('user_roles').values({ user_id: user?.id ?? 0, role_id: roleId }))
    return true
  })
}

for (const query of ['', '?cascade=true'])
  test(`a user who is created while the tenant is deleted${query} is there with it, or not at all`, async () => {
    for (let round = 0; round < 12; round += 1) {
      const name = `Race ${query} ${round}`
      const id = await createTenant(app, name)
      const role = await createRole(app, { name: 'Role', tenantId: id, permissions: [7] })
      const [added, removed] = await Promise.all([
        addUser(id, role, `${name} user`),
        remove(id, people.admin, query),
      ])
      const users = await rows(app, raw`select id from users where tenant_id = ${id}`)
      const tenants = await rows(app, raw`select id from tenants where id = ${id}`)
      const held = await rows(app, raw`select user_id from user_roles where role_id = ${role}`)
      const what = JSON.stringify({ round, added, status: removed.status, body: removed.body })
      if (removed.status === 204) {
        assert.deepEqual([users, tenants, held], [[], [], []], what)
        if (query === '') assert.equal(added, false, what)
      } else {
        assert.equal(query, '', what)
        assert.equal(removed.status, 400, what)
        assert.equal(added, true, what)
        assert.deepEqual([users.length, tenants.length, held.length], [1, 1, 1], what)
      }
    }
  })

test('of two cascades at once one deletes, and the other finds nothing', async () => {
  for (let round = 0; round < 6; round += 1) {
    const id = await createTenant(app, `Twice ${round}`)
    for (const who of ['a', 'b', 'c'])
      await createPerson(app, { name: `twice ${round} ${who}`, tenantId: id, permissions: [7] })
    const answers = await Promise.all([remove(id), remove(id), remove(id)])
    assert.deepEqual(statusesOf(answers), [204, 404, 404])
    assert.deepEqual(await rows(app, raw`select id from users where tenant_id = ${id}`), [])
  }
})

test('of two tenants of one name at once one is created, and of two renamed to it one is', async () => {
  const answers = await Promise.all(
    ['Same name', 'SAME NAME', 'ｓame name'].map((name) => create({ name, parentTenant: 1 })),
  )
  assert.deepEqual(statusesOf(answers), [201, 400, 400])
  const ids = [await createTenant(app, 'Rename 1'), await createTenant(app, 'Rename 2')]
  const renamed = await Promise.all(
    ids.map((id) =>
      manage(app, 'PUT', `/api/admin/tenants/${id}`, {
        person: people.admin,
        body: { name: 'Renamed to one', status: 1 },
      }),
    ),
  )
  assert.deepEqual(statusesOf(renamed), [200, 400])
})

/** Two administrators (12), each in a tenant of its own. */
const lastTwo = async (name: string) => {
  const make = async (which: string): Promise<KnownPerson> => {
    const tenantId = await createTenant(app, `${name} ${which}`)
    return createPerson(app, { name: `${name} ${which}`, tenantId, permissions: [12] })
  }
  return [await make('one'), await make('other')] as const
}

/** What a person is as the server sees it once the person has signed in. */
const signedIn = async (person: KnownPerson): Promise<Caller> => {
  const caller = await app.core.store.read(() => app.core.users.readCaller(person.id))
  assert.ok(caller)
  return caller
}

for (const [what, act] of [
  ['delete', (caller: Caller, id: number) => app.core.tenants.remove(caller, id, true)],
  [
    'disable',
    (caller: Caller, id: number) =>
      app.core.tenants.update(caller, id, {
        fields: { name: `disabled ${id}`, description: '', active: false },
        parentTenant: undefined,
        details: false,
      }),
  ],
] as const)
  test(`rule 11: two administrators who ${what} each other's tenant at once do not both succeed`, async () => {
    for (let round = 0; round < 4; round += 1) {
      const [one, other] = await lastTwo(`last ${what} ${round}`)
      // Both are past the door when they begin.
      const [first, second] = [await signedIn(one), await signedIn(other)]
      await execute(app, raw`update users set status = 0 where user_name = 'd2cadmin'`)
      try {
        const outcomes = await Promise.allSettled([
          act(first, other.tenantId),
          act(second, one.tenantId),
        ])
        const [loser, ...more] = outcomes.filter(({ status }) => status === 'rejected')
        assert.deepEqual(more, [])
        const reason: unknown = loser?.status === 'rejected' ? loser.reason : undefined
        assert.ok(reason instanceof ManagementError, String(reason))
        // It is told that nobody would be left, or finds that it is no administrator any more.
        assert.ok([222208403, 222208103].includes(reason.row.code), String(reason.row.code))
        // Nothing of what was refused has happened.
        const winner = outcomes[0].status === 'fulfilled' ? one : other
        const list = await manage(app, 'GET', '/api/admin/tenants', { person: winner })
        assert.equal(list.status, 200)
      } finally {
        await execute(app, raw`update users set status = 1 where user_name = 'd2cadmin'`)
      }
      for (const { tenantId } of [one, other]) await remove(tenantId)
    }
  })
