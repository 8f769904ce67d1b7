import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import { askWithPassword, manage, readWith, register } from '#test/support/oauth.ts'

// The walk of docs/administration.md: a tenant, its own administrator, and what that one can and cannot do.

let app: TestApp
before(async () => {
  app = await startApp()
})
after(() => app.close())

const { admin } = people
const anna: Person = { name: 'anna', password: 'known-to-anna-alone' }
const ben: Person = { name: 'ben', password: 'ben-chose-this-himself' }
const first = 'a-first-password'

type Answer = Awaited<ReturnType<typeof manage>>
const send = async (
  person: Person,
  [method, path]: readonly [string, string],
  body?: unknown,
  status = { GET: 200, POST: 201, PUT: 200, DELETE: 204 }[method],
): Promise<Answer> => {
  const answer = await manage(app, method, path, {
    person,
    ...(body === undefined ? {} : { body }),
  })
  assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(answer.body)}`)
  return answer
}
const idOf = ({ body }: Answer): number => Number(body['id'])

const makeUser = (by: Person, name: string, tenantId: number, roles: readonly number[]) =>
  send(by, ['POST', '/api/admin/users'], {
    userName: name,
    tenantId,
    statusInfo: { status: 1 },
    passwordInfo: { password: first, passwordStatus: 2 },
    permissions: { roles, permissions: [] },
  })

const choosePassword = (person: Person) =>
  send({ ...person, password: first }, ['PUT', '/api/admin/userdetails/changePassword'], {
    currentPassword: first,
    newPassword: person.password,
  })

test('a tenant is handed to its own administrator, who does the rest and nothing else', async () => {
  const tenant = await send(admin, ['POST', '/api/admin/tenants'], {
    name: 'OrgA',
    parentTenant: 1,
    status: 1,
    importedRoles: [2, 3],
  })
  const tenantId = idOf(tenant)
  const [userRole = 0, adminRole = 0] = tenant.body['roles'] as number[]
  const annaId = idOf(await makeUser(admin, anna.name, tenantId, [adminRole]))
  await send(admin, ['PUT', `/api/admin/tenants/${tenantId}/admins`], { admins: [annaId] })

  // The first password opens nothing but its own change.
  const before = { ...anna, password: first }
  await send(before, ['GET', '/api/admin/users'], undefined, 403)
  await choosePassword(anna)
  await send(before, ['GET', '/api/admin/users'], undefined, 401)

  // Users of her own tenant, and nobody else's.
  const benId = idOf(await makeUser(anna, ben.name, tenantId, [userRole]))
  const { body: users } = await send(anna, ['GET', '/api/admin/users'])
  assert.deepEqual(
    (users['users'] as { id: number }[]).map(({ id }) => id),
    [annaId, benId],
  )
  await send(anna, ['GET', '/api/admin/users/1'], undefined, 404)
  await send(anna, ['GET', '/api/admin/users?tenantId=1'], undefined, 403)
  await makeUserRefused(anna, tenantId, userRole)

  // An OAuth application that Ben can pick without seeing more of it.
  const application = await send(anna, ['POST', '/api/mgmt/oauthapps'], {
    name: 'Analytics',
    dataStore: 54,
    clientId: 'c',
    clientSecret: 's',
    authorizeURI: 'https://accounts.example/authorize',
    tokenURI: 'https://accounts.example/token',
  })
  await choosePassword(ben)
  const picked = await send(ben, ['GET', '/api/mgmt/datastores/54/oauthapps'])
  assert.deepEqual(picked.body, {
    applications: [{ id: application.body['id'], name: 'Analytics' }],
  })
  await send(ben, ['GET', '/api/mgmt/oauthapps'], undefined, 403)

  // What is disabled is refused, what is enabled again goes on, and what others hang on is not deleted in passing.
  const grants = ['password', 'refresh_token', 'authorization_code']
  const client = await register(app, { grantTypes: grants }, ben)
  const { access_token: token } = (await askWithPassword(app, client, ben)).body
  assert.equal(await readWith(app, token), 404)
  const status = `/api/admin/users/${benId}/statusinfo`
  await send(anna, ['PUT', status], { status: 0 })
  assert.equal(await readWith(app, token), 401)
  await send(anna, ['PUT', status], { status: 1 })
  assert.equal(await readWith(app, token), 404)
  const refused = await send(admin, ['DELETE', `/api/admin/tenants/${tenantId}`], undefined, 400)
  const { dependents } = refused.body['error'] as { dependents: { kind: string; name: string }[] }
  assert.deepEqual(
    dependents.map(({ kind, name }) => `${kind} ${name}`),
    ['user anna', 'user ben', 'oauthApplication Analytics'],
  )
  assert.equal(await readWith(app, token), 404)
  await send(admin, ['DELETE', `/api/admin/tenants/${tenantId}?cascade=true`])
  assert.equal(await readWith(app, token), 401)
  await send(anna, ['GET', '/api/mgmt/user'], undefined, 401)
  await send(admin, ['GET', `/api/admin/users/${benId}`], undefined, 404)
})

/** Nobody gives what they lack. */
const makeUserRefused = async (by: Person, tenantId: number, userRole: number): Promise<void> => {
  await send(
    by,
    ['POST', '/api/admin/users'],
    {
      userName: 'too-mighty',
      tenantId,
      statusInfo: { status: 1 },
      passwordInfo: { password: first },
      permissions: { roles: [userRole], permissions: [12] },
    },
    403,
  )
}

test('the policy in force binds passwords that administrators give, by every path', async () => {
  const user = {
    userName: 'cleo',
    statusInfo: { status: 1 },
    permissions: { roles: [2] },
  }
  const withPassword = (password: string) => ({
    ...user,
    passwordInfo: { password, passwordStatus: 1 },
  })
  const { body: policy } = await send(admin, ['GET', '/api/admin/passwordpolicy/2'])
  const id = idOf(await send(admin, ['POST', '/api/admin/users'], withPassword('twelve-chars')))
  const rules = (policy['rules'] as { ruleId: string }[]).map((rule) =>
    rule.ruleId === 'pwdLengthRule' ? { ...rule, minLength: 20 } : rule,
  )
  const stricter = { ...policy, rules, expirationDays: 30 }
  await send(admin, ['PUT', '/api/admin/passwordpolicy/2'], stricter)
  const short = 'nineteen-characters'
  const path = `/api/admin/users/${id}`
  for (const [method, to, body] of [
    ['POST', '/api/admin/users', { ...withPassword(short), userName: 'other' }],
    ['PUT', path, withPassword(short)],
    ['PUT', `${path}/resetpassword`, { newPassword: short }],
  ] as const) {
    const { body: refused } = await send(admin, [method, to], body, 400)
    assert.equal((refused['error'] as { code: number }).code, 222208400, to)
  }
  const { body: changed } = await send(admin, ['PUT', path], withPassword(`${short}-and-more`))
  const { passwordExpiration } = changed['passwordInfo'] as { passwordExpiration: string }
  const inDays = (Date.parse(`${passwordExpiration.replace(' ', 'T')}Z`) - Date.now()) / 86_400_000
  assert.ok(inDays > 29 && inDays < 31, passwordExpiration)
  await send(admin, ['PUT', '/api/admin/passwordpolicy/2'], policy)
})
