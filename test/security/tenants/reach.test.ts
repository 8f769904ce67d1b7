import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Person, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { execute, raw } from '../tokens/support.ts'
import { createPerson, createRole, createTenant, type KnownPerson } from '#test/support/tenants.ts'

// Who may do what with which tenant (management reference 3.2, 3.3; rules 3, 4, 9, 10), and that what lies out of reach is
// not told from what does not exist.

let app: TestApp
let own: number
let foreign: number
let resident: KnownPerson
let stranger: KnownPerson
const absent = 987_654

before(async () => {
  app = await startApp({ sources: false })
  own = await createTenant(app, 'Own')
  foreign = await createTenant(app, 'Foreign secret')
  resident = await createPerson(app, { name: 'resident', tenantId: own })
  stranger = await createPerson(app, { name: 'stranger secret', tenantId: foreign })
})
after(() => app.close())

const tenants = '/api/admin/tenants'

const call = (person: Person, method: string, path: string, body?: unknown) =>
  manage(app, method, `${tenants}${path}`, { person, ...(body === undefined ? {} : { body }) })

const codeOf = ({ body }: { readonly body: Record<string, unknown> }): number =>
  (body['error'] as { code: number }).code

const nameOf = (() => {
  let count = 0
  return (prefix: string) => `${prefix} ${(count += 1)}`
})()

/** A caller with these permissions, of the system tenant unless told otherwise. */
const someone = (
  permissions: readonly number[],
  administers: readonly number[] = [],
  tenantId = 1,
): Promise<KnownPerson> =>
  createPerson(app, { name: nameOf('caller'), permissions, administers, tenantId })

const operations = (id: number): readonly (readonly [string, string, unknown?])[] => [
  ['GET', `/${id}`],
  ['GET', `/${id}?details=true`],
  ['PUT', `/${id}`, { name: 'Foreign secret', status: 0 }],
  ['PUT', `/${id}?details=true`, { name: 'Taken over', status: 1 }],
  ['DELETE', `/${id}`],
  ['DELETE', `/${id}?cascade=true`],
  ['GET', `/${id}/dependents`],
  ['GET', `/${id}/admins`],
  ['PUT', `/${id}/admins`, { admins: [] }],
]

/** Every kind of caller who reaches its own tenant, or nothing, but never the foreign one. */
const outsiders = [
  ['25 in the system tenant, without access', () => someone([25])],
  ['25 in the system tenant, with access to another one', () => someone([25], [own])],
  ['25 in the system tenant, with access to that', () => someone([25], [1])],
  ['25 in a child tenant, without access', () => someone([25], [], own)],
  ['25 in a child tenant, with access to it', () => someone([25], [own], own)],
  [
    '25 in a child tenant, with rows that do not count',
    () => someone([25], [own, 1, foreign], own),
  ],
  ['everything but 12', () => someone([11, ...range(13, 29)], [own, 1])],
] as const

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

for (const [what, make] of outsiders)
  test(`T67: a foreign tenant is to "${what}" what one is that does not exist`, async () => {
    const person = await make()
    const askedOf = async (id: number) => {
      const answers = []
      for (const [method, path, body] of operations(id)) {
        const answer = await call(person, method, path, body)
        assert.equal(answer.status, 404, `${method} ${path}`)
        assert.equal(codeOf(answer), 222208573)
        answers.push(answer.body)
      }
      return answers
    }
    assert.deepEqual(await askedOf(foreign), await askedOf(absent))
    const list = await call(person, 'GET', '')
    assert.equal(list.status, 200)
    assert.ok(!JSON.stringify(list.body).includes('secret'))
    const kept = await call(await someone([12]), 'GET', `/${foreign}?details=true`)
    assert.deepEqual(kept.body, {
      id: foreign,
      name: 'Foreign secret',
      parentTenant: 1,
      status: 1,
      roles: [],
      admins: [],
    })
  })

for (const [what, make, ids] of [
  ['12 sees all', () => someone([12]), undefined],
  ['12 in a child tenant sees all', () => someone([12], [], own), undefined],
  ['25 without access sees none', () => someone([25]), []],
  ['25 sees what it has access to', () => someone([25], [own, 1]), () => [1, own]],
  ['25 in a child tenant sees its own', () => someone([25], [own, 1], own), () => [own]],
  ['25 in a child tenant without access sees none', () => someone([25], [], own), []],
] as const)
  test(`the list: ${what}`, async () => {
    const answer = await call(await make(), 'GET', '')
    const list = (answer.body['tenants'] as { id: number }[]).map(({ id }) => id)
    if (ids === undefined) assert.ok([1, own, foreign].every((id) => list.includes(id)))
    else assert.deepEqual(list, typeof ids === 'function' ? ids() : ids)
  })

test('T60: without 25 every operation is refused before anything else, the same for every tenant', async () => {
  const person = await someone([11, ...range(13, 24), ...range(26, 29)], [own, 1])
  for (const id of [1, own, foreign, absent])
    for (const [method, path, body] of [
      ...operations(id),
      ['GET', ''],
      ['POST', '', { name: 'Never', parentTenant: 1 }],
      ['POST', '', {}],
    ] as const) {
      const answer = await call(person, method, path, body)
      assert.equal(answer.status, 403, `${method} ${path}`)
      assert.equal(codeOf(answer), 222208103)
      assert.match(JSON.stringify(answer.body), /TenantAPI \(25\)/)
    }
})

test('25 with access does everything with its tenant', async () => {
  const id = await createTenant(app, 'Mine')
  const person = await someone([25], [id])
  for (const [method, path, body] of [
    ['GET', `/${id}?details=true`],
    ['PUT', `/${id}`, { name: 'Mine 2', status: 0 }],
    ['PUT', `/${id}`, { name: 'Mine 3', status: 1 }],
    ['GET', `/${id}/dependents`],
    ['GET', `/${id}/admins`],
    ['PUT', `/${id}/admins`, { admins: [person.id] }],
    ['DELETE', `/${id}`],
  ] as const)
    assert.ok((await call(person, method, path, body)).status < 300, `${method} ${path}`)
})

test('who creates a tenant administers it, and with 12 needs no entry', async () => {
  const maker = await someone([25])
  const made = await call(maker, 'POST', '', { name: nameOf('Made'), parentTenant: 1 })
  assert.equal(made.status, 201)
  const path = `/${made.body['id'] as number}`
  assert.deepEqual((await call(maker, 'GET', `${path}/admins`)).body, { admins: [maker.id] })
  assert.equal((await call(maker, 'GET', path)).status, 200)

  const administrator = await someone([12])
  const other = await call(administrator, 'POST', '', { name: nameOf('Made'), parentTenant: 1 })
  const admins = await call(administrator, 'GET', `/${other.body['id'] as number}/admins`)
  assert.deepEqual(admins.body, { admins: [] })
})

test('only the system tenant has tenants below it: a child-tenant caller with 25 creates none, with 12 it does', async () => {
  const body = { name: nameOf('Below'), parentTenant: 1 }
  const refused = await call(await someone([25], [own], own), 'POST', '', body)
  assert.equal(refused.status, 403)
  assert.equal(codeOf(refused), 222208103)
  assert.equal((await call(await someone([12], [], own), 'POST', '', body)).status, 201)
})

test('T60: nobody imports a role that holds what they lack (rule 10)', async () => {
  const role = await createRole(app, { name: 'Viewer', tenantId: 1, permissions: [7, 14] })
  const body = () => ({ name: nameOf('Imports'), parentTenant: 1, importedRoles: [role] })
  for (const [permissions, status] of [
    [[25], 403],
    [[25, 7], 403],
    [[25, 14], 403],
    [[25, 7, 14], 201],
    [[12], 201],
  ] as const) {
    const answer = await call(await someone(permissions), 'POST', '', body())
    assert.equal(answer.status, status, JSON.stringify(permissions))
    if (status === 403) assert.equal(codeOf(answer), 222208103)
  }
  // 12 itself is not copied, so it need not be held.
  const powerful = await createRole(app, { name: 'Powerful', tenantId: 1, permissions: [7, 12] })
  const answer = await call(await someone([25, 7]), 'POST', '', {
    ...body(),
    importedRoles: [powerful],
  })
  assert.equal(answer.status, 201)
})

test('T67: who cannot be named as an administrator is not told from nobody, at creation and later', async () => {
  const systemPerson = await createPerson(app, { name: 'of the system' })
  const person = await someone([25], [own])
  const told = async (id: number) => {
    const created = await call(person, 'POST', '', {
      name: 'Never made',
      parentTenant: 1,
      admins: [id],
    })
    const replaced = await call(person, 'PUT', `/${own}/admins`, { admins: [person.id, id] })
    for (const answer of [created, replaced]) {
      assert.equal(answer.status, 400)
      assert.equal(codeOf(answer), 222208430)
    }
    return JSON.stringify([created.body, replaced.body]).replaceAll(String(id), '#')
  }
  const unknown = await told(absent)
  assert.equal(await told(stranger.id), unknown)
  // It has no access to the system tenant, so that it knows nobody there but itself.
  assert.equal(await told(systemPerson.id), unknown)
  assert.ok(!unknown.includes('secret'))
})

test('without 12, users of administered tenants, oneself, and who is in the list already can be named', async () => {
  const id = await createTenant(app, 'Listed ones')
  const inside = await createPerson(app, { name: 'inside', tenantId: id })
  const present = await createPerson(app, { name: 'present', administers: [id] })
  const system = await createPerson(app, { name: 'system one' })
  const person = await someone([25], [id])
  const put = (who: Person, admins: readonly number[]) =>
    call(who, 'PUT', `/${id}/admins`, { admins })
  assert.equal((await put(person, [person.id, inside.id, present.id])).status, 200)
  assert.equal((await put(person, [person.id, inside.id, system.id])).status, 400)
  const wider = await someone([25], [id, 1])
  assert.deepEqual((await put(wider, [wider.id, person.id, system.id])).body, {
    admins: [person.id, system.id, wider.id].toSorted((a, b) => a - b),
  })
  // At creation, too.
  const name = nameOf('Named')
  const answer = await call(wider, 'POST', '', { name, parentTenant: 1, admins: [system.id] })
  const created = `/${answer.body['id'] as number}/admins`
  assert.deepEqual((await call(wider, 'GET', created)).body, {
    admins: [system.id, wider.id].toSorted((a, b) => a - b),
  })
})

test('nobody takes their own access away, but who holds 12 does not need it', async () => {
  const id = await createTenant(app, 'Locked out')
  const person = await someone([25], [id])
  const refused = await call(person, 'PUT', `/${id}/admins`, { admins: [] })
  assert.equal(refused.status, 400)
  assert.equal(codeOf(refused), 222208416)
  assert.deepEqual((await call(person, 'GET', `/${id}/admins`)).body, { admins: [person.id] })
  const administrator = await someone([12], [id])
  assert.equal((await call(administrator, 'PUT', `/${id}/admins`, { admins: [] })).status, 200)
  // It bites at once.
  assert.equal((await call(person, 'GET', `/${id}`)).status, 404)
})

test('a row of somebody who resides elsewhere gives nothing and is not told', async () => {
  const id = await createTenant(app, 'Left behind')
  const left = await createPerson(app, {
    name: 'left',
    tenantId: foreign,
    permissions: [25],
    administers: [id],
  })
  const administrator = await someone([12])
  assert.deepEqual((await call(administrator, 'GET', `/${id}/admins`)).body, { admins: [] })
  assert.equal((await call(left, 'GET', `/${id}`)).status, 404)
})

test('T60: a cascade needs what deleting one by one would need', async () => {
  const withUser = async (permissions: readonly number[]) => {
    const id = await createTenant(app, nameOf('Cascade'))
    await createPerson(app, { name: nameOf('user'), tenantId: id, permissions })
    return id
  }
  for (const [held, permissions, status, says] of [
    [[7], [25], 403, /DeleteUsers \(16\)/],
    [[7], [25, 16], 204, undefined],
    [[7, 14], [25, 16], 403, /A user of this tenant holds ViewUsers \(14\), which you lack/],
    [[7, 14], [25, 16, 14], 204, undefined],
    [[12], [25, 16, 14], 403, /Administrator \(12\)/],
    [[12], [12], 204, undefined],
  ] as const) {
    const id = await withUser(held)
    const answer = await call(await someone(permissions, [id]), 'DELETE', `/${id}?cascade=true`)
    assert.equal(answer.status, status, JSON.stringify([held, permissions, answer.body]))
    if (says === undefined) continue
    assert.equal(codeOf(answer), 222208103)
    assert.match(JSON.stringify(answer.body), says)
    const { body } = await call(await someone([12]), 'GET', `/${id}/dependents`)
    assert.equal((body['dependents'] as unknown[]).length, 1)
  }
})

test('T60: a cascade over OAuth applications needs 11 and 28, as deleting one does', async () => {
  const { sql, write } = app.core.store
  for (const [permissions, status] of [
    [[25, 16], 403],
    [[25, 28], 403],
    [[25, 11, 28], 204],
  ] as const) {
    const id = await createTenant(app, nameOf('Upstream'))
    const values = {
      tenant_id: id,
      data_store: 1,
      name: 'Sales',
      name_key: 'sales',
      description: '',
      client_id: 'x',
      client_secret: null,
      authorize_uri: '',
      token_uri: '',
      scope: '',
      available_to_tenants: 1,
      revision: 1,
      created_at: 0,
    }
    await write(function* () {
      yield sql.insertInto('oauth_applications').values(values).compile()
    })
    const person = await someone(permissions, [id])
    const plain = await call(person, 'DELETE', `/${id}`)
    assert.equal(plain.status, 400)
    const [dependent] = (plain.body['error'] as { dependents: { kind: string }[] }).dependents
    assert.equal(dependent?.kind, 'oauthApplication')
    assert.equal((await call(person, 'DELETE', `/${id}?cascade=true`)).status, status)
  }
})

test('T60: who is protected from a caller protects the tenant from being disabled, but not from being renamed', async () => {
  const id = await createTenant(app, 'Protected')
  const role = await createRole(app, { name: 'Chief', tenantId: id, permissions: [15] })
  await createPerson(app, { name: 'chief', tenantId: id, roles: [role] })
  const person = await someone([25], [id])
  const refused = await call(person, 'PUT', `/${id}`, { name: 'Protected', status: 0 })
  assert.equal(refused.status, 403)
  assert.match(JSON.stringify(refused.body), /ModifyUsers \(15\)/)
  assert.equal((await call(person, 'PUT', `/${id}`, { name: 'Renamed', status: 1 })).status, 200)
  const equal = await someone([25, 15], [id])
  assert.equal((await call(equal, 'PUT', `/${id}`, { name: 'Renamed', status: 0 })).status, 200)
  // Nor does enabling bring back whom the caller could not enable.
  const back = await call(person, 'PUT', `/${id}`, { name: 'Renamed', status: 1 })
  assert.equal(back.status, 403)
})

test('the resident of an administered tenant is among the dependents, named to who holds 14 as well', async () => {
  const answer = await call(await someone([14, 25], [own]), 'GET', `/${own}/dependents`)
  const dependents = answer.body['dependents'] as { kind: string; id: number; name: string }[]
  assert.ok(dependents.some(({ id, name }) => id === resident.id && name === 'resident'))
  assert.ok(!JSON.stringify(dependents).includes('secret'))
})

const addApplication = (tenantId: number) =>
  execute(
    app,
    raw`insert into oauth_applications (tenant_id, data_store, name, name_key, description, client_id, authorize_uri,
      token_uri, scope, available_to_tenants, revision, created_at) values (${tenantId}, 1, 'Unseen app', 'unseen app', '', '', '', '', '', 1, 1, 0)`,
  )

test('dependents have names for who may read them, users and OAuth applications apart', async () => {
  const id = await createTenant(app, nameOf('Named'))
  await createPerson(app, { name: 'Unseen user', tenantId: id })
  await addApplication(id)
  for (const [held, names] of [
    [[25], [undefined, undefined]],
    [
      [25, 14],
      ['Unseen user', undefined],
    ],
    [
      [25, 28],
      [undefined, undefined],
    ],
    [
      [25, 11, 28],
      [undefined, 'Unseen app'],
    ],
  ] as const) {
    const person = await someone(held, [id])
    const { body } = await call(person, 'GET', `/${id}/dependents`)
    const refused = (await call(person, 'DELETE', `/${id}`)).body['error']
    for (const list of [body, refused] as { dependents: { name?: string }[] }[])
      assert.deepEqual(
        list.dependents.map(({ name }) => name),
        names,
      )
  }
})

test('a stray row of another tenant’s owner does not keep a tenant', async () => {
  const id = await createTenant(app, nameOf('Stray'))
  await execute(
    app,
    raw`insert into data_sources (owner_id, tenant_id, name, name_key, description, data_store, connection_type, options, revision, created_at)
      values (${resident.id}, ${id}, 'stray', 'stray', '', 0, 'Cloud', '{}', 1, 0)`,
  )
  assert.equal((await call(await someone([12]), 'DELETE', `/${id}`)).status, 204)
})

test('T60: nobody adds or removes an administrator who holds or administers more', async () => {
  const id = await createTenant(app, nameOf('Admins'))
  const caller = await someone([25], [id, 1])
  const strong = await someone([26])
  const wide = await someone([], [foreign])
  const plain = await someone([], [id])
  const put = (admins: readonly number[]) => call(caller, 'PUT', `/${id}/admins`, { admins })
  for (const more of [strong, wide])
    assert.equal((await put([caller.id, plain.id, more.id])).status, 403)
  assert.deepEqual((await put([caller.id])).body, { admins: [caller.id] })
  for (const more of [strong, wide]) {
    await execute(
      app,
      raw`insert into tenants_administered (user_id, tenant_id) values (${more.id}, ${id})`,
    )
    assert.equal((await put([caller.id])).status, 403)
    assert.equal((await put([caller.id, more.id])).status, 200)
    await execute(
      app,
      raw`delete from tenants_administered where user_id = ${more.id} and tenant_id = ${id}`,
    )
  }
})
