import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Caller } from '#features/access/caller.ts'
import { ManagementError } from '#features/refusals.ts'
import { Secret } from '#lib/secret.ts'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { createPerson, createTenant, type KnownPerson } from '#test/support/tenants.ts'

// What a request was allowed when it began must still be so when it changes something, however long it waited.

let app: TestApp
before(async () => {
  app = await startApp({ sources: false, fullPasswordCost: true })
})
after(() => app.close())

const { admin } = people
const send = (
  person: { name: string; password: string },
  method: string,
  path: string,
  body?: unknown,
) => manage(app, method, path, { person, ...(body === undefined ? {} : { body }) })

const isForbidden = (error: unknown): boolean =>
  error instanceof ManagementError && error.row.status === 403

const newUser = (name: string) => ({
  userName: name,
  statusInfo: { status: 1 },
  passwordInfo: { password: 'a-back-door-for-later', passwordStatus: 1 },
  permissions: { roles: [1] },
})

test('T53: an administrator who was deleted makes nobody an administrator after that was answered', async () => {
  const fired = await createPerson(app, { name: 'fired', roles: [1] })
  // The password is remembered, so that all of them are let in at once and wait for their hashes.
  for (const person of [fired, admin])
    assert.equal((await send(person, 'GET', '/api/mgmt/user')).status, 200)
  const making = Array.from({ length: 30 }, (_, number) =>
    send(fired, 'POST', '/api/admin/users', newUser(`door-${number}`)),
  )
  assert.equal((await send(admin, 'DELETE', `/api/admin/users/${fired.id}`)).status, 204)
  const count = async (): Promise<number> => {
    const { body } = await send(admin, 'GET', '/api/admin/users')
    return (body['users'] as { userName: string }[]).filter(({ userName }) =>
      userName.startsWith('door-'),
    ).length
  }
  const then = await count()
  const answers = await Promise.all(making)
  assert.equal(await count(), then)
  assert.equal(answers.filter(({ status }) => status === 201).length, then)
})

test('T53: no command of administration takes who has lost a permission, an access or the account meanwhile', async () => {
  const tenant = await createTenant(app, 'OrgA')
  const now = async (person: KnownPerson): Promise<Caller> => {
    const caller = await app.core.store.read(() => app.core.users.readCaller(person.id))
    assert.ok(caller)
    return caller
  }
  const someone = await createPerson(app, { name: 'someone', permissions: [12] })
  const before = await now(someone)
  await app.core.store.write(function* () {
    const { sql } = app.core.store
    yield sql.deleteFrom('user_permissions').where('user_id', '=', someone.id).compile()
  })
  const role = { name: 'r', tenantId: 1, description: '', permissions: [], users: [] }
  const fields = { name: 'n', description: '', active: true }
  const account = {
    userName: 'door',
    tenantId: undefined,
    status: { active: true, locked: undefined, lockedUntil: undefined },
    password: { password: 'a-back-door-for-later', status: 1, expiresAt: undefined },
    grants: { roles: [1], permissions: [] },
  }
  const by = { caller: before, subject: before }
  const refreshToken = new Secret('x')
  const profile = {
    name: 'p',
    description: '',
    applicationId: 1,
    accessToken: undefined,
    refreshToken,
  }
  const work: readonly (() => Promise<unknown>)[] = [
    () =>
      app.core.tenants.create(before, { fields, parentTenant: 1, importedRoles: [], admins: [] }),
    () =>
      app.core.tenants.update(before, tenant, { fields, parentTenant: undefined, details: false }),
    () => app.core.tenants.remove(before, tenant, true),
    () => app.core.tenants.setAdministrators(before, tenant, []),
    () => app.core.roles.create(before, role),
    () => app.core.roles.update(before, 2, { ...role, name: 'User', permissions: undefined }),
    () => app.core.roles.remove(before, 2, true),
    () => app.core.userAdministration.create(before, account),
    () => app.core.userAdministration.replace(before, 3, account),
    () => app.core.userAdministration.remove(before, 3, true),
    () => app.core.passwordAdministration.reset(before, 3, 'another-password'),
    () => app.core.passwordAdministration.resetAll(before),
    () => app.core.configurations.update(before, 6, '-1'),
    () => app.core.applications.reset(before, 1, undefined),
    () => app.core.oauthProfiles.create(by, profile),
    () => app.core.oauthProfiles.update(by, 1, profile),
    () => app.core.oauthProfiles.remove(by, 1),
  ]
  for (const [at, attempt] of work.entries())
    await assert.rejects(attempt(), isForbidden, String(at))
})

test('an application is not registered for an owner who was deleted or has moved meanwhile', async () => {
  const [from, to] = [await createTenant(app, 'From'), await createTenant(app, 'To')]
  const mover = await createPerson(app, { name: 'mover', tenantId: from, permissions: [1, 11] })
  const before = await app.core.store.read(() => app.core.users.readCaller(mover.id))
  assert.ok(before)
  await app.core.store.write(function* () {
    const { sql } = app.core.store
    yield sql.updateTable('users').set({ tenant_id: to }).where('id', '=', mover.id).compile()
  })
  const fields = {
    name: 'x',
    description: '',
    redirectUrls: ['https://client.example/'],
    grantTypes: ['authorization_code' as const],
    dataSources: [],
    rotatesRefreshTokens: false,
    enabled: true,
    availableToTenants: false,
  }
  const register = () => app.core.applications.register(before, fields, 'confidential')
  await assert.rejects(register(), isForbidden)
  assert.equal((await send(admin, 'DELETE', `/api/admin/users/${mover.id}`)).status, 204)
  await assert.rejects(register(), isForbidden)
  assert.equal((await send(admin, 'DELETE', `/api/admin/tenants/${from}`)).status, 204)
})

test('who must change a password may, without permission 9 as well, and nothing else', async () => {
  const made = await send(admin, 'POST', '/api/admin/users', {
    userName: 'reader',
    statusInfo: { status: 1 },
    passwordInfo: { password: 'given-by-someone' },
    permissions: { roles: [2], permissions: [] },
  })
  assert.equal(made.status, 201)
  const bare = await createPerson(app, { name: 'bare', permissions: [7] })
  const path = '/api/admin/userdetails/changePassword'
  const change = (person: { name: string; password: string }, next: string) =>
    send(person, 'PUT', path, { currentPassword: person.password, newPassword: next })
  assert.equal((await change(bare, 'chosen-by-itself')).status, 403)
  await send(admin, 'PUT', `/api/admin/users/${bare.id}/resetpassword`, {
    newPassword: 'given-by-admin',
  })
  const given = { ...bare, password: 'given-by-admin' }
  assert.equal((await send(given, 'GET', '/api/mgmt/oauth/client/applications')).status, 403)
  assert.equal((await change(given, 'chosen-by-itself')).status, 200)
})
