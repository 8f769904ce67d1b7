import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { execute, raw } from '../tokens/support.ts'
import { createPerson, createRole, createTenant, type KnownPerson } from '#test/support/tenants.ts'

// Rules 2, 9, 10 and 11 (management reference 1.3) on every path of the Roles API.

let app: TestApp
let tenant: number
let other: number
/** Administers the tenant with everything but 12 and 26. */
let anna: KnownPerson
before(async () => {
  app = await startApp({ sources: false })
  tenant = await createTenant(app, 'OrgA')
  other = await createTenant(app, 'OrgB')
  const all = Array.from({ length: 29 }, (_, index) => index + 1)
  anna = await createPerson(app, {
    name: 'anna',
    tenantId: tenant,
    permissions: all.filter((id) => id !== 12 && id !== 26),
    administers: [tenant],
  })
})
after(() => app.close())

const path = '/api/admin/roles'
const send = (person: Person, method: string, to: string, body?: unknown) =>
  manage(app, method, to, { person, ...(body === undefined ? {} : { body }) })
const isForbidden = async (answer: ReturnType<typeof send>): Promise<void> => {
  const { status, body } = await answer
  assert.equal(status, 403, JSON.stringify(body))
  assert.equal((body['error'] as { code: number }).code, 222208103)
}

test('T60: nobody puts into a role what they lack, at creation or later', async () => {
  await isForbidden(send(anna, 'POST', path, { name: 'Mighty', permissions: [7, 26] }))
  const made = await send(anna, 'POST', path, { name: 'Weak', permissions: [7] })
  assert.equal(made.status, 201)
  const to = `${path}/${String(made.body['id'])}`
  await isForbidden(send(anna, 'PUT', to, { name: 'Weak', permissions: [7, 26] }))
  assert.deepEqual((await send(anna, 'GET', to)).body['permissions'], [7])
  assert.equal((await send(anna, 'PUT', to, { name: 'Weak', permissions: [7, 25] })).status, 200)
})

test('T60: nobody gives a role that holds what they lack, nor takes it from who holds more', async () => {
  const mighty = await createRole(app, { name: 'Certified', tenantId: tenant, permissions: [26] })
  const plain = await createRole(app, { name: 'Plain', tenantId: tenant, permissions: [7] })
  const weak = await createPerson(app, { name: 'weak', tenantId: tenant, roles: [plain] })
  const strong = await createPerson(app, {
    name: 'strong',
    tenantId: tenant,
    roles: [mighty, plain],
  })
  const certified = { name: 'Certified', permissions: [26] }
  await isForbidden(
    send(anna, 'PUT', `${path}/${mighty}`, { ...certified, users: [strong.id, weak.id] }),
  )
  await isForbidden(send(anna, 'PUT', `${path}/${mighty}`, { ...certified, users: [] }))
  await isForbidden(
    send(anna, 'PUT', `${path}/${plain}`, { name: 'Plain', permissions: [7], users: [weak.id] }),
  )
  await isForbidden(
    send(anna, 'PUT', `${path}/${plain}`, {
      name: 'Plain',
      permissions: [7, 2],
      users: [weak.id, strong.id],
    }),
  )
  await isForbidden(send(anna, 'DELETE', `${path}/${plain}?cascade=true`))
  assert.deepEqual((await send(anna, 'GET', `${path}/${plain}`)).body['users'], [
    weak.id,
    strong.id,
  ])
})

test('T60: nobody changes a role that they hold, nor who holds it with themselves among them', async () => {
  const own = await createRole(app, { name: 'Own', tenantId: tenant, permissions: [7] })
  const spare = await createRole(app, { name: 'Spare', tenantId: tenant, permissions: [7] })
  const eve = await createPerson(app, {
    name: 'eve',
    tenantId: tenant,
    roles: [own, spare],
    permissions: Array.from({ length: 20 }, (_, index) => index + 1).filter((id) => id !== 12),
    administers: [tenant],
  })
  for (const [method, to, body] of [
    ['PUT', `${path}/${own}`, { name: 'Own', permissions: [7, 2], users: [eve.id] }],
    ['PUT', `${path}/${own}`, { name: 'Own', permissions: [7], users: [] }],
    ['DELETE', `${path}/${own}?cascade=true`, undefined],
  ] as const)
    await isForbidden(send(eve, method, to, body))
  const free = await createRole(app, { name: 'Free', tenantId: tenant, permissions: [7] })
  await isForbidden(
    send(eve, 'PUT', `${path}/${free}`, { name: 'Free', permissions: [7], users: [eve.id] }),
  )
  await isForbidden(send(eve, 'POST', path, { name: 'Newest', permissions: [7], users: [eve.id] }))
  const renamed = await send(eve, 'PUT', `${path}/${own}`, {
    name: 'Renamed',
    permissions: [7],
    users: [eve.id],
  })
  assert.equal(renamed.status, 200)
})

test('rule 9 binds an administrator, too, and rule 11 keeps the last one', async () => {
  const { admin } = people
  await isForbidden(send(admin, 'PUT', `${path}/1`, { name: 'System Administrator', users: [] }))
  const zoe = await createPerson(app, {
    name: 'zoe',
    permissions: [18, 19],
    roles: [2],
    administers: [1],
  })
  const second = await createPerson(app, { name: 'second', roles: [1] })
  const one = (await send(admin, 'GET', `${path}/1`)).body['users'] as number[]
  // The administrator takes it from the other one, and the other way round at the same time: one is left.
  const without = (id: number) => ({
    name: 'System Administrator',
    users: one.filter((user) => user !== id),
  })
  // Both have the role User as well, so that rule 2 does not decide.
  await send(admin, 'PUT', `${path}/2`, {
    name: 'User',
    users: [...((await send(admin, 'GET', `${path}/2`)).body['users'] as number[]), second.id],
  })
  await isForbidden(send(zoe, 'PUT', `${path}/1`, without(second.id)))
  const adminId = one.find((id) => id !== second.id) ?? 0
  await send(second, 'PUT', `${path}/2`, {
    name: 'User',
    users: [...((await send(second, 'GET', `${path}/2`)).body['users'] as number[]), adminId],
  })
  const answers = await Promise.all([
    send(admin, 'PUT', `${path}/1`, without(second.id)),
    send(second, 'PUT', `${path}/1`, without(adminId)),
  ])
  const left = await app.core.store.read(() => app.core.users.readCaller(adminId))
  const also = await app.core.store.read(() => app.core.users.readCaller(second.id))
  const administrators = [left, also].filter((user) => user?.permissions.has(12))
  assert.ok(administrators.length >= 1, JSON.stringify(answers.map(({ status }) => status)))
  assert.ok(answers.some(({ status }) => status === 200))
})

test('T67: a role of another tenant is not told from one that does not exist, by any method', async () => {
  const theirs = await createRole(app, { name: 'Secretly', tenantId: other, permissions: [7] })
  for (const [method, suffix, body] of [
    ['GET', '', undefined],
    ['GET', '/dependents', undefined],
    ['PUT', '', { name: 'Taken' }],
    ['DELETE', '', undefined],
    ['DELETE', '?cascade=true', undefined],
  ] as const) {
    const [foreign, absent] = await Promise.all(
      [theirs, 999_999].map((id) => send(anna, method, `${path}/${id}${suffix}`, body)),
    )
    assert.equal(foreign?.status, 404)
    assert.deepEqual(foreign?.body, absent?.body)
  }
  for (const query of [
    `tenantId=${other}`,
    'tenantId=999999',
    'tenantName=OrgB',
    'tenantName=none',
  ])
    await isForbidden(send(anna, 'GET', `${path}?${query}`))
  await isForbidden(send(anna, 'POST', path, { name: 'Theirs', tenantId: other }))
  await isForbidden(send(anna, 'POST', path, { name: 'Theirs', tenantId: 999_999 }))
  const list = (await send(anna, 'GET', path)).body['roles'] as { tenantId: number }[]
  assert.ok(list.every(({ tenantId }) => tenantId === tenant))
})

test('a right over roles counts where there is administrative access, and only the right that is held', async () => {
  const reader = await createPerson(app, {
    name: 'reader',
    permissions: [18],
    administers: [tenant],
  })
  const role = await createRole(app, { name: 'Looked at', tenantId: tenant })
  assert.equal((await send(reader, 'GET', `${path}/${role}`)).status, 200)
  assert.equal((await send(reader, 'GET', `${path}/2`)).status, 404)
  await isForbidden(send(reader, 'PUT', `${path}/${role}`, { name: 'x' }))
  await isForbidden(send(reader, 'DELETE', `${path}/${role}`))
  await isForbidden(send(reader, 'POST', path, { name: 'x', tenantId: tenant }))
  const idle = await createPerson(app, { name: 'idle', permissions: [17, 18, 19, 20] })
  assert.deepEqual((await send(idle, 'GET', path)).body, { roles: [] })
  await isForbidden(send(idle, 'POST', path, { name: 'x' }))
})

test('T60: who administers more than the caller is neither given nor deprived of a role', async () => {
  const keeper = await createPerson(app, {
    name: 'keeper',
    permissions: [7, 17, 18, 19, 20],
    administers: [1],
  })
  const role = await createRole(app, { name: 'Ordinary', tenantId: 1, permissions: [7] })
  const spare = await createRole(app, { name: 'Left over', tenantId: 1 })
  const wide = await createPerson(app, { name: 'wide', roles: [spare], administers: [other] })
  await isForbidden(
    send(keeper, 'PUT', `${path}/${role}`, {
      name: 'Ordinary',
      permissions: [7],
      users: [wide.id],
    }),
  )
  await isForbidden(
    send(keeper, 'PUT', `${path}/${spare}`, { name: 'Left over', permissions: [7] }),
  )
  const narrow = await createPerson(app, { name: 'narrow', roles: [spare], administers: [1] })
  const given = { name: 'Ordinary', permissions: [7], users: [narrow.id] }
  assert.equal((await send(keeper, 'PUT', `${path}/${role}`, given)).status, 200)
})

test('a role of more users than a statement takes variables is renamed, emptied and deleted', async () => {
  const role = await createRole(app, { name: 'Crowd', tenantId: other, permissions: [7] })
  const spare = await createRole(app, { name: 'Spare crowd', tenantId: other })
  await execute(
    app,
    raw`with recursive n(i) as (select 1 union all select i + 1 from n where i < 33000)
      insert into users (tenant_id, user_name, user_name_key, status, password_version, password_status, created_at)
      select cast(${other} as bigint), 'crowd ' || i, 'crowd ' || i, 1, 1, 1, 0 from n`,
  )
  for (const id of [role, spare])
    await execute(
      app,
      raw`insert into user_roles (user_id, role_id)
        select id, cast(${id} as bigint) from users where tenant_id = ${other} and user_name like 'crowd %'`,
    )
  const { admin } = people
  const to = `${path}/${role}`
  const renamed = await send(admin, 'PUT', to, { name: 'Renamed crowd', permissions: [2, 7] })
  assert.equal(renamed.status, 200, JSON.stringify(renamed.body).slice(0, 300))
  assert.equal((renamed.body['users'] as number[]).length, 33_000)
  const two = (renamed.body['users'] as number[]).slice(0, 2)
  const few = await send(admin, 'PUT', to, { name: 'Crowd', permissions: [7], users: two })
  assert.deepEqual(few.body['users'], two)
  assert.equal((await send(admin, 'DELETE', `${path}/${spare}?cascade=true`)).status, 400)
  await execute(
    app,
    raw`insert into user_roles (user_id, role_id)
    select user_id, cast(${role} as bigint) from user_roles where role_id = ${spare} and user_id not in (${two[0]}, ${two[1]})`,
  )
  assert.equal((await send(admin, 'DELETE', `${path}/${spare}?cascade=true`)).status, 204)
})

test('PUT without users leaves them as they are', async () => {
  const role = await createRole(app, { name: 'Kept', tenantId: tenant, permissions: [7] })
  const kept = await createPerson(app, { name: 'kept', tenantId: tenant, roles: [role] })
  const renamed = await send(anna, 'PUT', `${path}/${role}`, { name: 'Kept 2', permissions: [7] })
  assert.equal(renamed.status, 200)
  assert.deepEqual(renamed.body['users'], [kept.id])
})

test('who lacks 14 sees who holds a role by id alone', async () => {
  const blind = await createPerson(app, {
    name: 'blind',
    tenantId: tenant,
    permissions: [7, 18, 19, 20],
    administers: [tenant],
  })
  const role = await createRole(app, { name: 'Hidden', tenantId: tenant, permissions: [7] })
  const held = await createPerson(app, { name: 'unseen', tenantId: tenant, roles: [role] })
  const to = `${path}/${role}`
  const listed = await send(blind, 'GET', `${to}/dependents`)
  assert.deepEqual(listed.body, { dependents: [{ kind: 'user', id: held.id }] })
  for (const query of ['', '?cascade=true']) {
    const refused = await send(blind, 'DELETE', `${to}${query}`)
    assert.equal(refused.status, 400)
    assert.ok(!JSON.stringify(refused.body).includes('unseen'), JSON.stringify(refused.body))
  }
  const seen = await send(anna, 'GET', `${to}/dependents`)
  assert.deepEqual(seen.body, { dependents: [{ kind: 'user', id: held.id, name: 'unseen' }] })
})
