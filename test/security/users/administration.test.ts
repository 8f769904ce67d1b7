import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import {
  createPerson,
  createRole,
  createTenant,
  type KnownPerson,
  type PersonFields,
} from '#test/support/tenants.ts'
import {
  type Answer,
  assertRefused,
  callUsers,
  codes,
  createUser,
  userBody,
} from '#test/support/users.ts'

// Who may do what with whom (management reference 1.3 and 2.1): each rule at every address that could get around it.

const managing = [9, 11, 13, 14, 15, 16, 25]

let app: TestApp
let orgA: number
let orgB: number
let roleOfA: number
let strongRoleOfA: number
let roleOfB: number
/** Of tenant A, with administrative access on it; of the system tenant, with access on A alone; and somebody in B. */
let kid: KnownPerson
let support: KnownPerson
let foreigner: KnownPerson
before(async () => {
  app = await startApp({ sources: false })
  orgA = await createTenant(app, 'A')
  orgB = await createTenant(app, 'B')
  roleOfA = await createRole(app, { name: 'R', tenantId: orgA, permissions: [2, 7, 9, 11] })
  strongRoleOfA = await createRole(app, { name: 'Strong', tenantId: orgA, permissions: [11, 28] })
  roleOfB = await createRole(app, { name: 'R', tenantId: orgB, permissions: [2, 7, 9, 11] })
  kid = await createPerson(app, {
    name: 'kid',
    tenantId: orgA,
    roles: [roleOfA],
    permissions: managing,
    administers: [orgA],
  })
  support = await createPerson(app, {
    name: 'support',
    roles: [2],
    permissions: managing,
    administers: [orgA],
  })
  foreigner = await createPerson(app, {
    name: 'canary-of-b',
    tenantId: orgB,
    roles: [roleOfB],
    administers: [orgB],
  })
})
after(() => app.close())

let made = 0
/** Somebody of tenant A with one role, unless told otherwise. */
const target = (fields: Partial<PersonFields> = {}): Promise<KnownPerson> =>
  createPerson(app, {
    name: `target ${(made += 1)}`,
    tenantId: orgA,
    roles: [roleOfA],
    ...fields,
  })

const { passwordInfo: _password, ...withoutPassword } = userBody('x')

type Way = { readonly method: string; readonly path: string; readonly body?: unknown }

/** Every way to change a user, with bodies that would change nothing of a target but what they are about. */
const waysToChange = (
  of: { id: number; name: string },
  roles = [roleOfA],
): Record<string, Way> => ({
  replace: {
    method: 'PUT',
    path: `/${of.id}`,
    body: { ...withoutPassword, userName: of.name, permissions: { roles } },
  },
  'set a password': {
    method: 'PUT',
    path: `/${of.id}`,
    body: userBody(of.name, { permissions: { roles } }),
  },
  disable: { method: 'PUT', path: `/${of.id}/statusinfo`, body: { status: 0 } },
  lock: { method: 'PUT', path: `/${of.id}/statusinfo`, body: { status: 1, accountLocked: true } },
  unlock: {
    method: 'PUT',
    path: `/${of.id}/statusinfo`,
    body: { status: 1, accountLocked: false },
  },
  grant: { method: 'PUT', path: `/${of.id}/permissions`, body: { roles } },
  authenticate: {
    method: 'PUT',
    path: `/${of.id}/authinfo`,
    body: { authUsers: [{ authUserName: of.name, authServiceId: 1 }] },
  },
  'give administrative access': {
    method: 'PUT',
    path: `/${of.id}/tenantsadministered`,
    body: { tenantsAdministered: [] },
  },
  delete: { method: 'DELETE', path: `/${of.id}?cascade=true` },
})

const waysToLook = (id: number): readonly Way[] =>
  [
    '',
    '?details=true',
    '/statusinfo',
    '/permissions',
    '/authinfo',
    '/tenantsadministered',
    '/datasources',
    '/dependents',
  ].map((part) => ({ method: 'GET', path: `/${id}${part}` }))

const go = (person: Person, { method, path, body }: Way): Promise<Answer> =>
  callUsers(app, method, path, { person, ...(body === undefined ? {} : { body }) })

const stateOf = async (id: number): Promise<unknown> => ({
  shown: (await callUsers(app, 'GET', `/${id}?details=true`)).body,
})

/** Status and body, in which an id that was sent is any id. */
const seen = ({ status, body }: Answer, ...ids: readonly number[]): string => {
  let text = `${status} ${JSON.stringify(body)}`
  for (const id of ids) text = text.replaceAll(new RegExp(`\\b${id}\\b`, 'g'), '#')
  return text
}

const absent = 987_654

test('T67: a user of another tenant is answered byte for byte like one that does not exist, at every address', async () => {
  for (const person of [kid, support]) {
    const foreign = [...waysToLook(foreigner.id), ...Object.values(waysToChange(foreigner))]
    const none = [
      ...waysToLook(absent),
      ...Object.values(waysToChange({ id: absent, name: foreigner.name })),
    ]
    const before = await stateOf(foreigner.id)
    for (const [i, way] of foreign.entries()) {
      const theirs = await go(person, way)
      assertRefused(theirs, 404, codes.noUser)
      const nobodys = await go(person, none[i] as Way)
      assert.equal(seen(theirs, foreigner.id), seen(nobodys, absent), JSON.stringify(way))
    }
    assert.deepEqual(await stateOf(foreigner.id), before)
  }
})

test('T67: lists, filters and the search by name show nothing of another tenant', async () => {
  for (const person of [kid, support]) {
    const list = await callUsers(app, 'GET', '?details=true', { person })
    const tenants = (list.body['users'] as { tenantId: number }[]).map(({ tenantId }) => tenantId)
    assert.deepEqual(new Set(tenants), new Set([orgA]))
    assert.ok(!JSON.stringify(list.body).includes('canary'))
    const byId = await callUsers(app, 'GET', `?tenantId=${orgB}`, { person })
    assertRefused(byId, 403, codes.forbidden)
    const byNoId = await callUsers(app, 'GET', `?tenantId=${absent}`, { person })
    assert.equal(seen(byId), seen(byNoId))
    const byName = await callUsers(app, 'GET', '?tenantName=B', { person })
    assertRefused(byName, 403, codes.forbidden)
    assert.equal(seen(byName), seen(await callUsers(app, 'GET', '?tenantName=none', { person })))
    for (const name of [foreigner.name, 'nobody at all'])
      assert.deepEqual((await callUsers(app, 'GET', `/authUserName/${name}`, { person })).body, {
        users: [],
      })
  }
})

test('T67: ids of another tenant in a body are answered like those that do not exist', async () => {
  for (const person of [kid, support]) {
    const of = await target()
    const bodies = (tenantId: number) => [
      userBody('newcomer', { tenantId, permissions: { roles: [roleOfA] } }),
      userBody(of.name, { tenantId, permissions: { roles: [roleOfA] } }),
    ]
    const ways = (tenantId: number, roleId: number, tenants: number): readonly Way[] => [
      { method: 'POST', path: '', body: bodies(tenantId)[0] },
      { method: 'PUT', path: `/${of.id}`, body: bodies(tenantId)[1] },
      {
        method: 'POST',
        path: '',
        body: userBody('newcomer', { tenantId: orgA, permissions: { roles: [roleId] } }),
      },
      {
        method: 'PUT',
        path: `/${of.id}`,
        body: userBody(of.name, { permissions: { roles: [roleId] } }),
      },
      { method: 'PUT', path: `/${of.id}/permissions`, body: { roles: [roleOfA, roleId] } },
      {
        method: 'PUT',
        path: `/${of.id}/tenantsadministered`,
        body: { tenantsAdministered: [tenants] },
      },
    ]
    const before = await stateOf(of.id)
    const foreign = ways(orgB, roleOfB, orgB)
    const none = ways(absent, absent + 1, absent)
    const statuses: number[] = []
    for (const [i, way] of foreign.entries()) {
      const theirs = await go(person, way)
      const nobodys = await go(person, none[i] as Way)
      statuses.push(theirs.status)
      assert.equal(seen(theirs, orgB, roleOfB), seen(nobodys, absent, absent + 1))
    }
    assert.deepEqual(statuses, [403, 403, 400, 400, 400, 403])
    assert.deepEqual(await stateOf(of.id), before)
  }
})

test('T60: without administrative access the permissions on users are worth nothing, the own tenant included', async () => {
  for (const tenantId of [1, orgA]) {
    const person = await createPerson(app, {
      name: `powerless of ${tenantId}`,
      tenantId,
      permissions: managing,
    })
    const of = await target({ tenantId, roles: [tenantId === 1 ? 2 : roleOfA] })
    assert.deepEqual((await callUsers(app, 'GET', '', { person })).body, { users: [] })
    for (const way of [...waysToLook(of.id), ...Object.values(waysToChange(of))])
      assertRefused(await go(person, way), 404, codes.noUser)
    assertRefused(
      await callUsers(app, 'POST', '', { person, body: userBody('never') }),
      403,
      codes.forbidden,
    )
  }
})

test('T60: each address asks for its own permission', async () => {
  const of = await target()
  const needs: readonly (readonly [number, readonly Way[]])[] = [
    [
      14,
      [
        { method: 'GET', path: '' },
        { method: 'GET', path: '/authUserName/x' },
        ...waysToLook(of.id),
      ],
    ],
    [13, [{ method: 'POST', path: '', body: userBody('never') }]],
    [15, Object.values(waysToChange(of)).filter(({ method }) => method === 'PUT')],
    [25, [waysToChange(of)['give administrative access'] as Way]],
    [16, [waysToChange(of)['delete'] as Way]],
  ]
  for (const [permission, ways] of needs) {
    const person = await createPerson(app, {
      name: `without ${permission}`,
      tenantId: orgA,
      permissions: managing.filter((id) => id !== permission),
      administers: [orgA],
    })
    for (const way of ways)
      assertRefused(await go(person, way), 403, codes.forbidden, new RegExp(`\\(${permission}\\)`))
  }
})

test('T65: nobody without them gives tenant or elevated permissions, directly or by a role, at creation or later', async () => {
  const of = await target()
  const before = await stateOf(of.id)
  for (const permissions of [
    { roles: [roleOfA], permissions: [28] },
    { roles: [roleOfA], permissions: [12] },
    { roles: [roleOfA], permissions: [7, 27] },
    { roles: [strongRoleOfA] },
    { roles: [roleOfA, strongRoleOfA] },
  ])
    for (const way of [
      { method: 'POST', path: '', body: userBody('never', { tenantId: orgA, permissions }) },
      { method: 'PUT', path: `/${of.id}`, body: userBody(of.name, { permissions }) },
      { method: 'PUT', path: `/${of.id}/permissions`, body: permissions },
    ])
      for (const person of [kid, support])
        assertRefused(await go(person, way), 403, codes.forbidden, /You cannot give/)
  assert.deepEqual(await stateOf(of.id), before)

  const allowed = { roles: [roleOfA], permissions: [1, 3, 10, 13, 14] }
  for (const person of [kid, support]) {
    const way = { method: 'PUT', path: `/${of.id}/permissions`, body: allowed }
    assert.equal((await go(person, way)).status, 200, 'ordinary ones, and those that one holds')
  }
})

test('T65: who lacks a permission of a user can change nothing of that user', async () => {
  for (const fields of [{ permissions: [28] }, { roles: [roleOfA, strongRoleOfA] }]) {
    const of = await target(fields)
    const before = await stateOf(of.id)
    for (const [what, way] of Object.entries(waysToChange(of, fields.roles)))
      for (const person of [kid, support]) {
        const answer = await go(person, way)
        assert.equal(answer.status, 403, `${what}: ${JSON.stringify(answer.body)}`)
        assertRefused(answer, 403, codes.forbidden, /holds OAuth \(28\), which you lack/)
      }
    assert.deepEqual(await stateOf(of.id), before)
  }
})

test('T65: who lacks the administrative access of a user can change nothing of that user, and is not told where it is', async () => {
  const everywhere = await createPerson(app, {
    name: 'of system and B',
    roles: [2],
    administers: [1, orgB],
  })
  const person = await createPerson(app, {
    name: 'of system',
    roles: [2],
    permissions: managing,
    administers: [1],
  })
  const before = await stateOf(everywhere.id)
  for (const way of Object.values(waysToChange(everywhere, [2])))
    assertRefused(
      await go(person, way),
      403,
      codes.forbidden,
      /administrative access that you lack/,
    )
  assert.deepEqual(await stateOf(everywhere.id), before)
  const read = await callUsers(app, 'GET', `/${everywhere.id}?details=true`, { person })
  assert.deepEqual(read.body['tenantsAdministered'], [1])
  const tenants = await callUsers(app, 'GET', `/${everywhere.id}/tenantsadministered`, { person })
  assert.deepEqual(tenants.body, { tenantsAdministered: [1] })
})

test('T60: nobody changes the own roles, permissions or tenant, and what stays as it is may be sent', async () => {
  const boss = await createPerson(app, { name: 'boss', roles: [1], permissions: [12] })
  const self = { ...kid, permissions: { roles: [roleOfA], permissions: managing } }
  for (const [person, now, others] of [
    [
      kid,
      self.permissions,
      [{ roles: [roleOfA] }, { roles: [roleOfA], permissions: [...managing, 1] }],
    ],
    [
      boss,
      { roles: [1], permissions: [12] },
      [{ roles: [1] }, { roles: [1, 2], permissions: [12] }],
    ],
  ] as const) {
    const before = await stateOf(person.id)
    for (const permissions of others)
      for (const way of [
        { method: 'PUT', path: `/${person.id}/permissions`, body: permissions },
        {
          method: 'PUT',
          path: `/${person.id}`,
          body: { ...withoutPassword, userName: person.name, permissions },
        },
      ])
        assertRefused(await go(person, way), 403, codes.forbidden)
    for (const way of [
      { method: 'PUT', path: `/${person.id}/permissions`, body: now },
      {
        method: 'PUT',
        path: `/${person.id}`,
        body: {
          ...withoutPassword,
          userName: person.name,
          permissions: now,
          tenantId: person.tenantId,
        },
      },
    ])
      assert.equal((await go(person, way)).status, 200)
    assert.deepEqual(await stateOf(person.id), before)
  }
  const moving = {
    ...withoutPassword,
    userName: 'boss',
    tenantId: orgA,
    permissions: { roles: [roleOfA] },
  }
  const moved = await go(boss, { method: 'PUT', path: `/${boss.id}`, body: moving })
  assertRefused(moved, 403, codes.forbidden)
})

test('nobody deletes, disables or locks the own account, nor gives it a password without the old one', async () => {
  const boss = await createPerson(app, { name: 'own boss', roles: [1] })
  const permissions = { roles: [1] }
  const before = await stateOf(boss.id)
  for (const way of [
    { method: 'DELETE', path: `/${boss.id}` },
    { method: 'DELETE', path: `/${boss.id}?cascade=true` },
    { method: 'PUT', path: `/${boss.id}/statusinfo`, body: { status: 0 } },
    { method: 'PUT', path: `/${boss.id}/statusinfo`, body: { status: 1, accountLocked: true } },
    {
      method: 'PUT',
      path: `/${boss.id}`,
      body: { ...withoutPassword, userName: boss.name, permissions, statusInfo: { status: 0 } },
    },
    {
      method: 'PUT',
      path: `/${boss.id}`,
      body: {
        ...withoutPassword,
        userName: boss.name,
        permissions,
        statusInfo: { status: 1, accountLocked: true },
      },
    },
  ])
    assertRefused(await go(boss, way), 400, codes.ownAccount)
  const password = {
    method: 'PUT',
    path: `/${boss.id}`,
    body: userBody(boss.name, { permissions }),
  }
  assertRefused(await go(boss, password), 400, codes.ownPassword)
  assert.deepEqual(await stateOf(boss.id), before)
})

test('T65: administrative access is given and taken only where one has it, and only where the user can have it', async () => {
  const both = await createPerson(app, {
    name: 'of A and system',
    permissions: managing,
    administers: [1, orgA],
  })
  const colleague = await createPerson(app, { name: 'colleague', roles: [2] })
  const set = (person: Person, id: number, ids: readonly number[]) =>
    callUsers(app, 'PUT', `/${id}/tenantsadministered`, {
      person,
      body: { tenantsAdministered: ids },
    })
  assert.deepEqual((await set(both, colleague.id, [orgA, 1, orgA])).body, {
    tenantsAdministered: [1, orgA],
  })
  assertRefused(await set(both, colleague.id, [1, orgA, orgB]), 403, codes.forbidden)
  assert.deepEqual((await set(both, colleague.id, [1])).body, { tenantsAdministered: [1] })
  assertRefused(await set(people.admin, colleague.id, [absent]), 400, codes.noTenant)
  assert.equal((await set(people.admin, colleague.id, [orgA, orgB])).status, 200)
  assertRefused(await set(both, colleague.id, [orgA]), 403, codes.forbidden)

  const child = await target()
  for (const ids of [[1], [orgA, 1]]) {
    assertRefused(await set(people.admin, child.id, ids), 400, codes.administersElsewhere)
    assertRefused(await set(both, child.id, ids), 400, codes.administersElsewhere)
  }
  assert.equal((await set(both, child.id, [orgA])).status, 200)

  const own = await set(both, both.id, [1])
  assertRefused(own, 400, codes.ownAccount)
  assert.equal((await set(both, both.id, [orgA, 1])).status, 200)
})

test('T67: a row that lets somebody of a child tenant administer another one counts for nothing', async () => {
  const person = await createPerson(app, {
    name: 'stray',
    tenantId: orgA,
    permissions: managing,
    administers: [orgB],
  })
  assert.deepEqual((await callUsers(app, 'GET', '', { person })).body, { users: [] })
  assertRefused(await callUsers(app, 'GET', `/${foreigner.id}`, { person }), 404, codes.noUser)
  const shown = await callUsers(app, 'GET', `/${person.id}?details=true`)
  assert.deepEqual(shown.body['tenantsAdministered'], [])
})

test('T67: a user is moved only by who has administrative access on both tenants', async () => {
  const of = await target()
  const body = userBody(of.name, { tenantId: 1, permissions: { roles: [2] } })
  const { passwordInfo: _given, ...move } = body
  for (const person of [kid, support])
    assertRefused(
      await callUsers(app, 'PUT', `/${of.id}`, { person, body: move }),
      403,
      codes.forbidden,
    )
  const both = await createPerson(app, {
    name: 'mover',
    permissions: managing,
    administers: [1, orgA],
  })
  assert.equal((await callUsers(app, 'PUT', `/${of.id}`, { person: both, body: move })).status, 200)
  assertRefused(await callUsers(app, 'GET', `/${of.id}`, { person: kid }), 404, codes.noUser)
})

test('T65: an administrator is not moved into a child tenant with Administrator (12), nor made one there', async () => {
  const id = await createUser(app, 'movable', { permissions: { roles: [2], permissions: [12] } })
  const permissions = { roles: [roleOfA], permissions: [12] }
  const { passwordInfo: _given, ...move } = userBody('movable', { tenantId: orgA, permissions })
  const child = await target()
  for (const way of [
    { method: 'PUT', path: `/${id}`, body: move },
    { method: 'PUT', path: `/${child.id}/permissions`, body: permissions },
    { method: 'POST', path: '', body: userBody('never', { tenantId: orgA, permissions }) },
  ])
    assertRefused(await go(people.admin, way), 400, codes.administratorOfChild)
})

test('T50: a name is taken in every spelling, at creation and at renaming', async () => {
  const id = await createUser(app, 'Zoé')
  for (const spelling of ['zoé', 'ZOÉ', 'Zoe\u0301', 'ｚｏé'])
    assertRefused(
      await callUsers(app, 'POST', '', { body: userBody(spelling) }),
      400,
      codes.duplicate,
    )
  const other = await createUser(app, 'Zora')
  assertRefused(
    await callUsers(app, 'PUT', `/${other}`, { body: userBody('ｚｏé') }),
    400,
    codes.duplicate,
  )
  assert.equal((await callUsers(app, 'PUT', `/${id}`, { body: userBody('ZOÉ') })).status, 200)
})

test('T60: acting for others and other tenants is refused where an address does not take it', async () => {
  for (const [path, parameter] of [
    ['', 'user=demo'],
    [`/${foreigner.id}`, 'user=demo'],
    [`/${foreigner.id}`, 'tenantId=1'],
    [`/${foreigner.id}/statusinfo`, 'tenantName=A'],
  ] as const)
    assertRefused(await callUsers(app, 'GET', `${path}?${parameter}`), 400, 222208407)
  const answer = await callUsers(app, 'GET', `/${foreigner.id}?cascade=true`)
  assertRefused(answer, 400, codes.invalid)
})
