import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { createPerson, createRole, createTenant } from '#test/support/tenants.ts'

// Tenants as an administrator (12) works with them: management reference 3.2 and 3.3.

let app: TestApp
before(async () => {
  app = await startApp({ sources: false })
})
after(() => app.close())

const tenants = '/api/admin/tenants'

const call = async (
  method: string,
  path: string,
  body?: unknown,
  person: Person = people.admin,
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> =>
  manage(app, method, `${tenants}${path}`, { person, ...(body === undefined ? {} : { body }) })

const ok = async (method: string, path: string, body?: unknown) => {
  const answer = await call(method, path, body)
  assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

const assertRefused = (
  answer: { readonly status: number; readonly body: Record<string, unknown> },
  status: number,
  code: number,
  sentence: RegExp,
): void => {
  assert.equal(answer.status, status, JSON.stringify(answer.body))
  const error = answer.body['error'] as { code: number; message: { lang: string; value: string } }
  assert.equal(error.code, code)
  assert.equal(error.message.lang, 'en-US')
  assert.match(error.message.value, sentence)
}

const permissionsOf = async (roleId: number): Promise<readonly number[]> => {
  const { sql, read } = app.core.store
  const statement = sql
    .selectFrom('role_permissions')
    .select('permission_id')
    .where('role_id', '=', roleId)
    .orderBy('permission_id')
  return read(function* () {
    const { rows } = yield statement.compile()
    return (rows as { permission_id: number }[]).map((row) => row.permission_id)
  })
}

test('the documented request creates a tenant, with the documented answer', async () => {
  const admin = await createPerson(app, { name: 'of the system', roles: [3] })
  const answer = await call('POST', '', {
    name: 'OrgA',
    description: 'The first one',
    parentTenant: 1,
    status: 1,
    importedRoles: [2, 3],
    admins: [admin.id],
  })
  assert.equal(answer.status, 201)
  const { id, roles, ...rest } = answer.body as { id: number; roles: number[] }
  assert.deepEqual(rest, { name: 'OrgA', description: 'The first one', parentTenant: 1, status: 1 })
  assert.equal(typeof id, 'number')
  assert.equal(answer.headers.get('location'), `${tenants}/${id}`)
  const [first = 0, second = 0] = roles
  assert.ok(first > 3 && second > first)
  assert.deepEqual(await permissionsOf(first), await permissionsOf(2))
  assert.deepEqual(await permissionsOf(second), await permissionsOf(3))
  // The maker holds 12 and needs no entry.
  assert.deepEqual(await ok('GET', `/${id}/admins`), { admins: [admin.id] })
})

test('the list has id and name of every tenant, in order of the ids', async () => {
  const created = await createTenant(app, 'Listed')
  const { tenants: list, ...more } = (await ok('GET', '')) as {
    tenants: { id: number; name: string }[]
  }
  assert.deepEqual(more, {})
  assert.deepEqual(list[0], { id: 1, name: 'System' })
  assert.deepEqual(list.at(-1), { id: created, name: 'Listed' })
  assert.deepEqual(
    list.map(({ id }) => id),
    list.map(({ id }) => id).toSorted((a, b) => a - b),
  )
})

test('a list is read in pieces that make up the whole', async () => {
  for (const name of ['One', 'Two', 'Three']) await createTenant(app, `Piece ${name}`)
  const whole = (await ok('GET', ''))['tenants'] as { id: number }[]
  const pieces: { id: number }[] = []
  for (let after: number | undefined = 0; after !== undefined; ) {
    const piece: Record<string, unknown> = await ok('GET', `?limit=2&after=${after}`)
    assert.ok((piece['tenants'] as unknown[]).length <= 2)
    pieces.push(...(piece['tenants'] as { id: number }[]))
    after = piece['next'] as number | undefined
  }
  assert.deepEqual(pieces, whole)
  const exact = await ok('GET', `?limit=${whole.length}`)
  assert.ok(!('next' in exact))
})

test('a tenant reads with its details when asked, and without them otherwise', async () => {
  const id = await createTenant(app, 'With details')
  const role = await createRole(app, { name: 'Own', tenantId: id })
  const resident = await createPerson(app, { name: 'resident', tenantId: id, administers: [id] })
  const other = await createPerson(app, { name: 'visitor', administers: [id] })
  const plain = { id, name: 'With details', parentTenant: 1, status: 1 }
  assert.deepEqual(await ok('GET', `/${id}`), plain)
  assert.deepEqual(await ok('GET', `/${id}?details=false`), plain)
  assert.deepEqual(await ok('GET', `/${id}?details=true`), {
    ...plain,
    roles: [role],
    admins: [resident.id, other.id],
  })
})

test('the system tenant hangs below none', async () => {
  assert.deepEqual(await ok('GET', '/1'), {
    id: 1,
    name: 'System',
    description: 'The system tenant',
    parentTenant: null,
    status: 1,
  })
})

test('PUT replaces: a description left out is removed, the parent may be left out, too', async () => {
  const { id } = await ok('POST', '', {
    name: 'Before',
    description: 'gone soon',
    parentTenant: '1',
  })
  const put = await call('PUT', `/${id as number}`, { name: 'After', status: 1 })
  assert.equal(put.status, 200)
  assert.deepEqual(put.body, { id, name: 'After', parentTenant: 1, status: 1 })
  assert.deepEqual(await ok('GET', `/${id as number}`), put.body)
  const same = await ok('PUT', `/${id as number}?details=true`, {
    name: 'AFTER',
    description: 'new',
    parentTenant: '1',
    status: 0,
  })
  assert.deepEqual(same, {
    id,
    name: 'AFTER',
    description: 'new',
    parentTenant: 1,
    status: 0,
    roles: [],
    admins: [],
  })
})

test('what was read of the system tenant can be written back', async () => {
  const system = await ok('GET', '/1')
  assert.deepEqual(await ok('PUT', '/1', system), system)
  assertRefused(
    await call('PUT', '/1', { ...system, parentTenant: 1 }),
    400,
    222207007,
    /parentTenant must be null\./,
  )
})

test('a tenant that is created inactive is inactive', async () => {
  const created = await ok('POST', '', { name: 'Asleep', parentTenant: 1, status: 0 })
  assert.equal(created['status'], 0)
  assert.equal((await ok('GET', `/${created['id'] as number}`))['status'], 0)
})

test('Administrator (12) is left out of a copied role, and a role named twice is copied once', async () => {
  const created = await ok('POST', '', {
    name: 'Copies',
    parentTenant: 1,
    importedRoles: ['1', 1, 2],
  })
  const [administrator = 0, user = 0, ...more] = created['roles'] as number[]
  assert.deepEqual(more, [])
  assert.deepEqual(
    await permissionsOf(administrator),
    (await permissionsOf(1)).filter((id) => id !== 12),
  )
  assert.deepEqual(await permissionsOf(user), await permissionsOf(2))
})

test('a role of another tenant is no role to import, as little as one that does not exist', async () => {
  const foreign = await createRole(app, { name: 'Foreign', tenantId: await createTenant(app, 'F') })
  const names = []
  for (const role of [foreign, 999_999]) {
    const answer = await call('POST', '', { name: 'G', parentTenant: 1, importedRoles: [2, role] })
    assertRefused(answer, 400, 222208404, /is not a role of the system tenant\.$/)
    names.push(JSON.stringify(answer.body).replaceAll(String(role), '#'))
  }
  assert.equal(names[0], names[1])
  // Nothing of it is left.
  assert.equal((await call('POST', '', { name: 'G', parentTenant: 1 })).status, 201)
})

test('names are taken whatever their case, on creating and on changing', async () => {
  await createTenant(app, 'Taken')
  const other = await createTenant(app, 'Free')
  for (const name of ['Taken', ' tAKEN', 'ＴＡＫＥＮ']) {
    assertRefused(await call('POST', '', { name, parentTenant: 1 }), 400, 222208401, /name/)
    assertRefused(
      await call('PUT', `/${other}`, { name, status: 1 }),
      400,
      222208401,
      /There is a tenant of this name\./,
    )
  }
  assert.equal((await ok('GET', `/${other}`))['name'], 'Free')
})

for (const [what, body] of [
  ['no name', { parentTenant: 1 }],
  ['an empty name', { name: '', parentTenant: 1 }],
  ['blanks for a name', { name: '  ', parentTenant: 1 }],
  ['a name of 129 characters', { name: 'x'.repeat(129), parentTenant: 1 }],
  ['a number for a name', { name: 7, parentTenant: 1 }],
  ['a control character', { name: 'a\u0007', parentTenant: 1 }],
  ['a zero', { name: 'a\u0000', parentTenant: 1 }],
  ['half a character', '{"name":"a\\ud800","parentTenant":1}'],
  ['a zero in the description', { name: 'B', description: '\u0000', parentTenant: 1 }],
  ['no parent', { name: 'B' }],
  ['null for a parent', { name: 'B', parentTenant: null }],
  ['a parent that is not the system tenant', { name: 'B', parentTenant: 2 }],
  ['a status of 2', { name: 'B', parentTenant: 1, status: 2 }],
  ['a status in words', { name: 'B', parentTenant: 1, status: 'active' }],
  ['a role that is no id', { name: 'B', parentTenant: 1, importedRoles: ['two'] }],
  ['a role beyond all ids', { name: 'B', parentTenant: 1, importedRoles: [1e300] }],
  ['a role id of zero', { name: 'B', parentTenant: 1, importedRoles: [0] }],
  ['admins that are no list', { name: 'B', parentTenant: 1, admins: 7 }],
] as const)
  test(`${what} is refused with 400, and creates nothing`, async () => {
    const answer = await call('POST', '', body)
    assertRefused(answer, 400, 222207007, /^The request is not valid\. \S.*\.$/)
    const { tenants: list } = (await ok('GET', '')) as { tenants: { name: string }[] }
    assert.ok(list.every(({ name }) => name !== 'B'))
  })

test('a PUT without status, or with another parent, is refused with 400', async () => {
  const id = await createTenant(app, 'Strict')
  for (const body of [
    { name: 'Strict' },
    { name: 'Strict', status: 1, parentTenant: 2 },
    { name: 'Strict', status: 1, parentTenant: null },
    { name: 'Strict', status: null },
  ])
    assertRefused(await call('PUT', `/${id}`, body), 400, 222207007, /not valid/)
})

test('properties that are not known are ignored', async () => {
  const created = await call('POST', '', { name: 'Lenient', parentTenant: 1, colour: 'red', id: 1 })
  assert.equal(created.status, 201)
  assert.notEqual(created.body['id'], 1)
})

for (const [method, path, body] of [
  ['GET', '', undefined],
  ['PUT', '', { name: 'X', status: 1 }],
  ['DELETE', '', undefined],
  ['DELETE', '?cascade=true', undefined],
  ['GET', '/dependents', undefined],
  ['GET', '/admins', undefined],
  ['PUT', '/admins', { admins: [] }],
] as const)
  test(`${method} {id}${path} of a tenant that does not exist is 404 with HDP's number`, async () => {
    for (const id of ['999999', '0', 'x', '999999999999999999999']) {
      const [plain, query = ''] = path.split('?')
      const answer = await call(method, `/${id}${plain}${query && `?${query}`}`, body)
      assertRefused(answer, 404, 222208573, /^There is no tenant with this id\.$/)
    }
  })

test('admins are replaced as a whole: users of the system tenant and of the tenant itself', async () => {
  const id = await createTenant(app, 'Administered')
  const inside = await createPerson(app, { name: 'inside', tenantId: id })
  const system = await createPerson(app, { name: 'system person' })
  const outside = await createPerson(app, {
    name: 'outside',
    tenantId: await createTenant(app, 'Elsewhere'),
  })
  const put = await call('PUT', `/${id}/admins`, {
    admins: [system.id, String(inside.id), inside.id],
  })
  assert.equal(put.status, 200)
  assert.deepEqual(put.body, { admins: [inside.id, system.id] })
  assert.deepEqual(await ok('GET', `/${id}/admins`), put.body)
  for (const unfit of [outside.id, 999_999])
    assertRefused(
      await call('PUT', `/${id}/admins`, { admins: [unfit] }),
      400,
      222208430,
      /^The administrators do not fit\. There is no user \d+ of the system tenant or of this tenant/,
    )
  assert.deepEqual(await ok('GET', `/${id}/admins`), put.body)
  assert.deepEqual(await ok('PUT', `/${id}/admins`, { admins: [] }), { admins: [] })
  for (const body of [{}, { admins: 'all' }, { admins: [null] }])
    assertRefused(await call('PUT', `/${id}/admins`, body), 400, 222207007, /admins/)
})

test('who is named at creation must be of the system tenant', async () => {
  const resident = await createPerson(app, {
    name: 'resident elsewhere',
    tenantId: await createTenant(app, 'Other place'),
  })
  assertRefused(
    await call('POST', '', { name: 'Named', parentTenant: 1, admins: [resident.id] }),
    400,
    222208430,
    /do not fit/,
  )
})

test('an empty tenant is deleted with its roles', async () => {
  const { id, roles } = (await ok('POST', '', {
    name: 'Short-lived',
    parentTenant: 1,
    importedRoles: [1, 2, 3],
  })) as { id: number; roles: number[] }
  const removed = await call('DELETE', `/${id}`)
  assert.equal(removed.status, 204)
  assert.deepEqual(removed.body, {})
  assert.equal((await call('GET', `/${id}`)).status, 404)
  assert.deepEqual(await permissionsOf(roles[0] ?? 0), [])
  // The name is free again, and the id is not given twice.
  const again = await ok('POST', '', { name: 'SHORT-LIVED', parentTenant: 1 })
  assert.ok((again['id'] as number) > id)
})

test('a tenant with users is not deleted; the refusal names them, and so does /dependents', async () => {
  const id = await createTenant(app, 'Peopled')
  const alice = await createPerson(app, { name: 'alice', tenantId: id })
  const bob = await createPerson(app, { name: 'bob', tenantId: id })
  const dependents = [
    { kind: 'user', id: alice.id, name: 'alice' },
    { kind: 'user', id: bob.id, name: 'bob' },
  ]
  for (const query of ['', '?cascade=false']) {
    const answer = await call('DELETE', `/${id}${query}`)
    assertRefused(answer, 400, 222208406, /^The tenant is not empty\. .*cascade=true/)
    assert.deepEqual((answer.body['error'] as Record<string, unknown>)['dependents'], dependents)
  }
  assert.deepEqual(await ok('GET', `/${id}/dependents`), { dependents })
  assert.deepEqual(await ok('GET', `/${await createTenant(app, 'Nobody')}/dependents`), {
    dependents: [],
  })
})

test('the system tenant and the own tenant are neither disabled nor deleted', async () => {
  const system = await ok('GET', '/1')
  assertRefused(await call('PUT', '/1', { ...system, status: 0 }), 400, 222208420, /system tenant/)
  for (const query of ['', '?cascade=true'])
    assertRefused(await call('DELETE', `/1${query}`), 400, 222208420, /system tenant/)
  const id = await createTenant(app, 'Own')
  const person = await createPerson(app, { name: 'child admin', tenantId: id, permissions: [12] })
  const put = await call('PUT', `/${id}`, { name: 'Own', status: 0 }, person)
  assertRefused(put, 400, 222208416, /your own/)
  for (const query of ['', '?cascade=true'])
    assertRefused(
      await call('DELETE', `/${id}${query}`, undefined, person),
      400,
      222208416,
      /your own/,
    )
  assert.equal((await call('PUT', `/${id}`, { name: 'Own 2', status: 1 }, person)).status, 200)
})

test('every change is in the audit log under its own name, a cascade as one', async () => {
  const from = app.logs.length
  const { id } = (await ok('POST', '', { name: 'Audited', parentTenant: 1 })) as { id: number }
  await ok('PUT', `/${id}`, { name: 'Audited', status: 1 })
  await ok('PUT', `/${id}/admins`, { admins: [] })
  await createPerson(app, { name: 'goes along', tenantId: id })
  await ok('DELETE', `/${id}?cascade=true`)
  const events = app.logs
    .slice(from)
    .filter((line) => line.includes('"audit":"tenant.'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    events.map(({ audit, subject, cascade }) => [audit, subject, cascade]),
    [
      ['tenant.created', id, undefined],
      ['tenant.updated', id, undefined],
      ['tenant.admins-updated', id, undefined],
      ['tenant.deleted', id, true],
    ],
  )
})
