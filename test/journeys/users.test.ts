import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createSource, people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { createPerson, createRole, createTenant, type KnownPerson } from '#test/support/tenants.ts'
import {
  assertRefused,
  callUsers,
  codes,
  createUser,
  givenPassword,
  userBody,
} from '#test/support/users.ts'

// An administrator creates, finds, changes and deletes users (management reference 2.1 to 2.3).

let app: TestApp
let orgA: number
let roleOfA: number
let supportOfA: KnownPerson
before(async () => {
  app = await startApp()
  orgA = await createTenant(app, 'OrgA')
  roleOfA = await createRole(app, { name: 'Reader', tenantId: orgA, permissions: [2, 7, 11] })
  supportOfA = await createPerson(app, {
    name: 'support of A',
    tenantId: orgA,
    permissions: [9, 11, 13, 14, 15, 16],
    administers: [orgA],
  })
})
after(() => app.close())

const typesOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(typesOf)
  if (value === null || typeof value !== 'object') return typeof value
  return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, typesOf(of)]))
}

test('a user is created and read as documented, key for key and type for type', async () => {
  const sent = {
    userName: 'alice',
    tenantId: orgA,
    statusInfo: { status: 1, accountLocked: false },
    passwordInfo: {
      password: givenPassword,
      passwordStatus: 1,
      passwordExpiration: '2030-01-01 00:00:00',
    },
    permissions: { roles: [roleOfA], permissions: [7] },
    authenticationInfo: { authUsers: [{ authUserName: 'alice', authServiceId: 1 }] },
  }
  const created = await callUsers(app, 'POST', '', { body: sent })
  assert.equal(created.status, 201, JSON.stringify(created.body))
  const id = created.body['id'] as number
  assert.equal(created.headers.get('location'), `/api/admin/users/${id}`)
  const { id: _id, ...shown } = created.body
  assert.deepEqual(shown, {
    ...sent,
    passwordInfo: { passwordStatus: 1, passwordExpiration: '2030-01-01 00:00:00' },
  })

  const given = await manage(app, 'PUT', `/api/admin/users/${id}/tenantsadministered`, {
    person: people.admin,
    body: { tenantsAdministered: [orgA] },
  })
  assert.equal(given.status, 200)
  const read = await callUsers(app, 'GET', `/${id}?details=true`)
  assert.equal(read.status, 200)
  const sample = {
    id: 31,
    userName: 'alice',
    tenantId: 26,
    tenantName: 'OrgA',
    statusInfo: { status: 1, accountLocked: false },
    passwordInfo: { passwordStatus: 1, passwordExpiration: '2030-01-01 00:00:00' },
    permissions: { roles: [86], permissions: [7] },
    authenticationInfo: { authUsers: [{ authUserName: 'alice', authServiceId: 1 }] },
    tenantsAdministered: [26],
  }
  assert.deepEqual(read.body, {
    ...sample,
    id,
    tenantId: orgA,
    permissions: { roles: [roleOfA], permissions: [7] },
    tenantsAdministered: [orgA],
  })
  assert.deepEqual(typesOf(read.body), typesOf(sample))
  const { tenantName: _name, tenantsAdministered: _tenants, ...plain } = read.body
  assert.deepEqual((await callUsers(app, 'GET', `/${id}`)).body, plain)
})

test('the list has every user without authenticationInfo, and tenantName only with the details', async () => {
  const { body } = await callUsers(app, 'GET', '?details=true')
  const users = body['users'] as Record<string, unknown>[]
  assert.deepEqual(Object.keys(body), ['users'])
  assert.ok(users.length >= 4)
  for (const user of users)
    assert.deepEqual(Object.keys(user).sort(), [
      'id',
      'passwordInfo',
      'permissions',
      'statusInfo',
      'tenantId',
      'tenantName',
      'userName',
    ])
  const demo = users.find(({ userName }) => userName === 'demo')
  assert.deepEqual(
    { ...demo, id: 0 },
    {
      id: 0,
      userName: 'demo',
      tenantId: 1,
      tenantName: 'System',
      statusInfo: { status: 1, accountLocked: false },
      passwordInfo: { passwordStatus: 1, passwordExpiration: null },
      permissions: { roles: [2], permissions: [] },
    },
  )
  const plain = (await callUsers(app, 'GET', '')).body['users'] as Record<string, unknown>[]
  assert.deepEqual(
    plain,
    users.map(({ tenantName: _name, ...user }) => user),
  )
})

test('lists are cut into pieces that make the whole, and filtered by tenant', async () => {
  const all = (await callUsers(app, 'GET', '')).body['users'] as { id: number; tenantId: number }[]
  const found: unknown[] = []
  for (let after: number | undefined = 0; after !== undefined; ) {
    const { body } = await callUsers(app, 'GET', `?limit=2&after=${after}`)
    const piece = body['users'] as unknown[]
    assert.ok(piece.length <= 2)
    found.push(...piece)
    after = body['next'] as number | undefined
  }
  assert.deepEqual(found, all)
  for (const filter of [`tenantId=${orgA}`, 'tenantname=orga', `tenantID=${orgA};tenantName=ORGA`])
    assert.deepEqual(
      (await callUsers(app, 'GET', `?${filter}`)).body['users'],
      all.filter(({ tenantId }) => tenantId === orgA),
      filter,
    )
  for (const none of ['tenantId=999', 'tenantName=nowhere', `tenantId=1&tenantName=OrgA`])
    assert.deepEqual((await callUsers(app, 'GET', `?${none}`)).body, { users: [] }, none)
})

test('a new user is in the tenant of its maker, with a temporary password, unless told otherwise', async () => {
  const { status, body } = await callUsers(app, 'POST', '', {
    person: supportOfA,
    body: {
      userName: 'Bob of A',
      statusInfo: { status: 1 },
      passwordInfo: { password: givenPassword },
      permissions: { roles: [String(roleOfA)] },
      unknown: { ignored: true },
    },
  })
  assert.equal(status, 201, JSON.stringify(body))
  assert.equal(body['tenantId'], orgA)
  assert.deepEqual(body['passwordInfo'], { passwordStatus: 2, passwordExpiration: null })
  assert.deepEqual(body['permissions'], { roles: [roleOfA], permissions: [] })
})

test('a user replaced by what was read stays as it is, and what is left out goes back to its default', async () => {
  const id = await createUser(app, 'carla', {
    tenantId: String(orgA),
    permissions: { roles: [roleOfA], permissions: [9, '7', 7] },
    passwordInfo: {
      password: givenPassword,
      passwordStatus: 1,
      passwordExpiration: '2031-05-06 07:08:09.5',
    },
  })
  const before = (await callUsers(app, 'GET', `/${id}`)).body
  assert.deepEqual(before['permissions'], { roles: [roleOfA], permissions: [7, 9] })
  const same = await callUsers(app, 'PUT', `/${id}`, { body: before })
  assert.equal(same.status, 200, JSON.stringify(same.body))
  assert.deepEqual(same.body, before)
  const person = { name: 'carla', password: givenPassword }
  assert.equal((await manage(app, 'GET', '/api/mgmt/user', { person })).status, 200)

  const changed = await callUsers(app, 'PUT', `/${id}`, {
    body: {
      userName: 'Carla B',
      statusInfo: { status: 0 },
      passwordInfo: { passwordStatus: 2 },
      permissions: { roles: [roleOfA] },
    },
  })
  assert.deepEqual(changed.body, {
    id,
    userName: 'Carla B',
    tenantId: orgA,
    statusInfo: { status: 0, accountLocked: false },
    passwordInfo: { passwordStatus: 2, passwordExpiration: null },
    permissions: { roles: [roleOfA], permissions: [] },
    authenticationInfo: { authUsers: [{ authUserName: 'Carla B', authServiceId: 1 }] },
  })
  const kept = await callUsers(app, 'PUT', `/${id}`, {
    body: { userName: 'carla', statusInfo: { status: 1 }, permissions: { roles: [roleOfA] } },
  })
  assert.deepEqual(kept.body['passwordInfo'], { passwordStatus: 2, passwordExpiration: null })
})

test('the parts of a user are read and replaced at addresses of their own', async () => {
  const id = await createUser(app, 'dora')
  const parts = {
    statusinfo: { status: 1, accountLocked: false },
    permissions: { roles: [2], permissions: [] },
    authinfo: { authUsers: [{ authUserName: 'dora', authServiceId: 1 }] },
    tenantsadministered: { tenantsAdministered: [] },
  }
  for (const [part, value] of Object.entries(parts)) {
    const read = await callUsers(app, 'GET', `/${id}/${part}`)
    assert.equal(read.status, 200, part)
    assert.deepEqual(read.body, value)
    const put = await callUsers(app, 'PUT', `/${id}/${part}`, { body: read.body })
    assert.equal(put.status, 200, JSON.stringify(put.body))
    assert.deepEqual(put.body, value)
  }
  const granted = await callUsers(app, 'PUT', `/${id}/permissions`, {
    body: { roles: ['3', 2], permissions: [12, '7'] },
  })
  assert.deepEqual(granted.body, { roles: [2, 3], permissions: [7, 12] })
  const tenants = { tenantsAdministered: [orgA, '1'] }
  const given = await callUsers(app, 'PUT', `/${id}/tenantsadministered`, { body: tenants })
  assert.deepEqual(given.body, { tenantsAdministered: [1, orgA] })
})

test('a locked user is shown with the times of the lock, and unlocked as documented', async () => {
  const id = await createUser(app, 'emil')
  const locked = await callUsers(app, 'PUT', `/${id}/statusinfo`, {
    body: { status: 1, accountLocked: true, accountLockedUntil: '2099-01-02 03:04:05' },
  })
  assert.equal(locked.status, 200, JSON.stringify(locked.body))
  assert.deepEqual(
    { ...locked.body, accountLockedAt: '' },
    {
      status: 1,
      accountLocked: true,
      accountLockedAt: '',
      accountLockedUntil: '2099-01-02 03:04:05',
    },
  )
  assert.match(String(locked.body['accountLockedAt']), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  const list = (await callUsers(app, 'GET', '')).body['users'] as Record<string, unknown>[]
  assert.deepEqual(list.find((user) => user['id'] === id)?.['statusInfo'], locked.body)
  const unlocked = await callUsers(app, 'PUT', `/${id}/statusinfo`, {
    body: { status: 1, accountLocked: false },
  })
  assert.deepEqual(unlocked.body, { status: 1, accountLocked: false })
})

test('the data sources of a user are listed without their options, with what counts on each', async () => {
  const id = await createUser(app, 'fritz', { permissions: { roles: [2], permissions: [] } })
  const person = { name: 'fritz', password: givenPassword }
  const sources = [
    await createSource(app, 'one', 'one.db', person),
    await createSource(app, 'two', 'two.db', person),
  ]
  const shown = (source: number | undefined, name: string) => ({
    id: String(source),
    name,
    dataStore: 5001,
    isGroup: false,
    description: '',
    permissions: [2, 3, 4, 5, 6, 7, 10],
  })
  const all = await callUsers(app, 'GET', `/${id}/datasources`)
  assert.deepEqual(all.body, { dataSources: [shown(sources[0], 'one'), shown(sources[1], 'two')] })
  const piece = await callUsers(app, 'GET', `/${id}/datasources?limit=1`)
  assert.deepEqual(piece.body, { dataSources: [shown(sources[0], 'one')], next: sources[0] })
})

test('a user is found by the name it signs in with, in any spelling of it', async () => {
  const id = await createUser(app, 'Gäste & Co/1', {
    tenantId: orgA,
    permissions: { roles: [roleOfA] },
  })
  const sample = {
    id: 31,
    userName: 'alice',
    tenantId: 26,
    tenantName: 'OrgA',
    authUsername: 'alice',
    authServiceIds: [1],
    statusInfo: { status: 1, accountLocked: false },
    permissions: { roles: [86], permissions: [] },
  }
  const path = `/authUserName/${encodeURIComponent('gÄSTE & CO/1')}`
  const { body } = await callUsers(app, 'GET', `${path}?details=true`)
  assert.deepEqual(body, {
    users: [
      {
        ...sample,
        id,
        userName: 'Gäste & Co/1',
        authUsername: 'Gäste & Co/1',
        tenantId: orgA,
        permissions: { roles: [roleOfA], permissions: [] },
      },
    ],
  })
  const [plain] = (await callUsers(app, 'GET', path)).body['users'] as Record<string, unknown>[]
  assert.ok(plain && !('tenantName' in plain))
  for (const nobody of ['nobody', '*', '%00', '31'])
    assert.deepEqual((await callUsers(app, 'GET', `/authUserName/${nobody}`)).body, { users: [] })
})

test('the longest name works everywhere', async () => {
  const name = 'ü'.repeat(128)
  const id = await createUser(app, name)
  const { body } = await callUsers(app, 'GET', `/authUserName/${encodeURIComponent(name)}`)
  assert.equal((body['users'] as { id: number }[])[0]?.id, id)
  const person = { name, password: givenPassword }
  assert.equal((await manage(app, 'GET', '/api/mgmt/user', { person })).status, 200)
})

test('everybody with MgmtAPI may ask who they are and what they may do', async () => {
  const id = await createUser(app, 'hanna', {
    permissions: { roles: [2], permissions: [14] },
    passwordInfo: {
      password: givenPassword,
      passwordStatus: 1,
      passwordExpiration: '2030-01-01 00:00:00',
    },
  })
  const person = { name: 'hanna', password: givenPassword }
  const held = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14]
  assert.deepEqual((await manage(app, 'GET', '/api/mgmt/user', { person })).body, {
    userId: id,
    passwordExpiration: '2030-01-01 00:00:00.0',
    permissions: held,
  })
  const own = await manage(app, 'GET', '/api/mgmt/permissions', { person })
  assert.deepEqual(own.body, { permissions: held })
  const none = await createPerson(app, { name: 'mute', permissions: [1] })
  for (const path of ['/api/mgmt/user', '/api/mgmt/permissions'])
    assertRefused(await manage(app, 'GET', path, { person: none }), 403, codes.forbidden)
})

test('what does not fit is refused with 400, and nothing of it is kept', async () => {
  const id = await createUser(app, 'ilse')
  const before = (await callUsers(app, 'GET', '')).body
  const invalid = {
    'no name': userBody(''),
    'a name with a colon': userBody('a:b'),
    'a name of 129 characters': userBody('x'.repeat(129)),
    'a name that is a number': { ...userBody('x'), userName: 7 },
    'no status': { ...userBody('x'), statusInfo: undefined },
    'a status of its own': userBody('x', { statusInfo: { status: 2 } }),
    'a status in words': userBody('x', { statusInfo: { status: 'active' } }),
    'a lock in words': userBody('x', { statusInfo: { status: 1, accountLocked: 'yes' } }),
    'a lock that is over': userBody('x', {
      statusInfo: { status: 1, accountLocked: true, accountLockedUntil: '2001-01-01 00:00:00' },
    }),
    'a lock until no time': userBody('x', {
      statusInfo: { status: 1, accountLocked: true, accountLockedUntil: 'tomorrow' },
    }),
    'an expiration that is no day': userBody('x', {
      passwordInfo: {
        password: givenPassword,
        passwordStatus: 1,
        passwordExpiration: '2030-02-30 00:00:00',
      },
    }),
    'a password status of its own': userBody('x', {
      passwordInfo: { password: givenPassword, passwordStatus: 3 },
    }),
    'no permissions': { ...userBody('x'), permissions: undefined },
    'roles that are no ids': userBody('x', { permissions: { roles: ['two'] } }),
    'a tenant that is no id': userBody('x', { tenantId: 0 }),
  }
  for (const body of Object.values(invalid))
    for (const [method, path] of [
      ['POST', ''],
      ['PUT', `/${id}`],
    ] as const)
      assertRefused(
        await callUsers(app, method, path, { body }),
        400,
        codes.invalid,
        /^The request is not valid\. .+\.$/s,
      )
  const refused: Record<string, readonly [unknown, number]> = {
    'no roles': [userBody('x', { permissions: { roles: [] } }), codes.wrongRole],
    'an unknown role': [userBody('x', { permissions: { roles: [2, 999] } }), codes.wrongRole],
    'a role of another tenant': [
      userBody('x', { permissions: { roles: [roleOfA] } }),
      codes.wrongRole,
    ],
    'an unknown permission': [
      userBody('x', { permissions: { roles: [2], permissions: [30] } }),
      codes.unknownPermission,
    ],
    'a tenant that does not exist': [userBody('x', { tenantId: 999 }), codes.noTenant],
    'a password that is too short': [
      userBody('x', { passwordInfo: { password: 'short', passwordStatus: 1 } }),
      codes.policy,
    ],
    'an external service': [
      userBody('x', {
        authenticationInfo: { authUsers: [{ authUserName: 'x', authServiceId: 43 }] },
      }),
      codes.externalService,
    ],
    'Administrator in a child tenant': [
      userBody('x', { tenantId: orgA, permissions: { roles: [roleOfA], permissions: [12] } }),
      codes.administratorOfChild,
    ],
    'a taken name': [userBody('DEMO'), codes.duplicate],
  }
  for (const [what, [body, code]] of Object.entries(refused)) {
    for (const [method, path] of [
      ['POST', ''],
      ['PUT', `/${id}`],
    ] as const) {
      const answer = await callUsers(app, method, path, { body })
      assert.equal(answer.status, 400, `${what}: ${JSON.stringify(answer.body)}`)
      assertRefused(answer, 400, code)
    }
  }
  assertRefused(
    await callUsers(app, 'POST', '', { body: { ...userBody('x'), passwordInfo: undefined } }),
    400,
    codes.invalid,
    /passwordInfo needs a password/,
  )
  assertRefused(
    await callUsers(app, 'PUT', `/${id}`, { body: { ...userBody('ilse'), id: id + 1 } }),
    400,
    codes.invalid,
    /id is not the one/,
  )
  assert.deepEqual((await callUsers(app, 'GET', '')).body, before)
})

test('an external authentication service is refused with the reason, in each of the three places', async () => {
  const id = await createUser(app, 'jonas')
  for (const authUsers of [
    [],
    [{ authUserName: 'jonas', authServiceId: 2 }],
    [{ authUserName: '*', authServiceId: '1' }],
    [
      { authUserName: 'jonas', authServiceId: 1 },
      { authUserName: 'jonas', authServiceId: 43 },
    ],
  ]) {
    const answer = await callUsers(app, 'PUT', `/${id}/authinfo`, { body: { authUsers } })
    assertRefused(answer, 400, codes.externalService, /External authentication services are not/)
  }
  const spelled = { authUsers: [{ authUserName: 'JONAS', authServiceId: '1' }] }
  const taken = await callUsers(app, 'PUT', `/${id}/authinfo`, { body: spelled })
  assert.deepEqual(taken.body, { authUsers: [{ authUserName: 'jonas', authServiceId: 1 }] })
})

test('an id that nobody has is 404 at every address', async () => {
  const paths = ['', '/statusinfo', '/permissions', '/authinfo', '/tenantsadministered']
  for (const path of [...paths, '/datasources', '/dependents'])
    assertRefused(await callUsers(app, 'GET', `/9999${path}`), 404, codes.noUser)
  const bodies = {
    '': userBody('nobody'),
    '/statusinfo': { status: 1 },
    '/permissions': { roles: [2] },
    '/authinfo': { authUsers: [{ authUserName: 'nobody', authServiceId: 1 }] },
    '/tenantsadministered': { tenantsAdministered: [] },
  }
  for (const [path, body] of Object.entries(bodies))
    assertRefused(await callUsers(app, 'PUT', `/9999${path}`, { body }), 404, codes.noUser)
  assertRefused(await callUsers(app, 'DELETE', '/9999'), 404, codes.noUser)
  assertRefused(await callUsers(app, 'GET', '/me'), 404, codes.noUser)
})

test('no answer and no line of the log has a password that was given', async () => {
  const password = 'canary-of-a-given-password'
  const body = userBody('karl', { passwordInfo: { password, passwordStatus: 1 } })
  const created = await callUsers(app, 'POST', '', { body })
  const id = created.body['id'] as number
  const replaced = await callUsers(app, 'PUT', `/${id}`, { body })
  assert.equal(replaced.status, 200)
  assertRefused(await callUsers(app, 'POST', '', { body }), 400, codes.duplicate)
  for (const answer of [created, replaced, await callUsers(app, 'GET', `/${id}?details=true`)])
    assert.ok(!JSON.stringify(answer.body).includes('canary'))
  assert.ok(!app.logs.join('').includes(password))
})

test('what an administrator does is in the audit log', async () => {
  const id = await createUser(app, 'lena')
  await callUsers(app, 'PUT', `/${id}/statusinfo`, { body: { status: 0 } })
  await callUsers(app, 'DELETE', `/${id}?cascade=true`)
  const lines = app.logs
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['audit'] !== undefined && line['subject'] === id)
  assert.deepEqual(
    lines.map((line) => [line['audit'], line['cascade'] ?? false]),
    [
      ['user.created', false],
      ['user.status-updated', false],
      ['user.deleted', true],
    ],
  )
})
