import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { createPerson, createRole, createTenant } from '#test/support/tenants.ts'

// The Roles and Permissions APIs as HDP documents them (management reference 1.5 and 3.1).

let app: TestApp
let tenant: number
before(async () => {
  app = await startApp({ sources: false })
  tenant = await createTenant(app, 'OrgA')
})
after(() => app.close())

const { admin: person } = people
const path = '/api/admin/roles'
const send = (method: string, to: string, body?: unknown) =>
  manage(app, method, to, { person, ...(body === undefined ? {} : { body }) })
const codeOf = (body: Record<string, unknown>): unknown => (body['error'] as { code: number }).code

test('the permissions are 29, each with number, name and description', async () => {
  const { status, body } = await send('GET', '/api/admin/permissions')
  assert.equal(status, 200)
  const list = body['permissions'] as { id: number; name: string; description: string }[]
  assert.deepEqual(
    list.map(({ id }) => id),
    Array.from({ length: 29 }, (_, index) => index + 1),
  )
  for (const one of list) {
    assert.deepEqual(Object.keys(one), ['id', 'name', 'description'])
    assert.match(one.description, /^[A-Z].*\.$/)
  }
  assert.deepEqual((await send('GET', '/api/admin/permissions/1')).body, list[0])
  const unknown = await send('GET', '/api/admin/permissions/30')
  assert.equal(unknown.status, 404)
  assert.equal(codeOf(unknown.body), 222208553)
})

test('the default roles stand in the list, with the permissions that HDP gives them', async () => {
  const { body } = await send('GET', `${path}?tenantID=1`)
  const list = body['roles'] as Record<string, unknown>[]
  assert.deepEqual(list.slice(0, 3), [
    { id: 1, name: 'System Administrator', tenantId: 1 },
    { id: 2, name: 'User', tenantId: 1 },
    { id: 3, name: 'Tenant Administrator', tenantId: 1 },
  ])
  const user = await send('GET', `${path}/2`)
  assert.deepEqual(user.body['permissions'], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
})

test('a role is created, read, replaced and deleted', async () => {
  const ann = await createPerson(app, { name: 'ann', tenantId: tenant, roles: [] })
  const made = await send('POST', path, {
    name: 'ODataOnly',
    tenantId: String(tenant),
    description: 'reads',
    permissions: [7, '2', 7],
    users: [ann.id],
  })
  assert.equal(made.status, 201)
  const { id, ...rest } = made.body
  assert.deepEqual(rest, {
    name: 'ODataOnly',
    tenantId: tenant,
    description: 'reads',
    permissions: [2, 7],
    users: [ann.id],
  })
  assert.equal(made.headers.get('location'), `${path}/${String(id)}`)
  assert.deepEqual((await send('GET', `${path}/${String(id)}`)).body, made.body)
  const other = await createRole(app, { name: 'Other', tenantId: tenant })
  await send('PUT', `${path}/${other}`, { name: 'Other', users: [ann.id] })
  const replaced = await send('PUT', `${path}/${String(id)}`, { name: 'Nothing', users: [] })
  assert.equal(replaced.status, 200)
  assert.deepEqual(replaced.body, {
    id,
    name: 'Nothing',
    tenantId: tenant,
    permissions: [],
    users: [],
  })
  assert.equal((await send('DELETE', `${path}/${String(id)}`)).status, 204)
  const gone = await send('GET', `${path}/${String(id)}`)
  assert.equal(gone.status, 404)
  assert.equal(codeOf(gone.body), 222207924)
})

test('names are unique in a tenant, in any case, and free in another', async () => {
  assert.equal((await send('POST', path, { name: 'Same', tenantId: tenant })).status, 201)
  for (const name of ['Same', 'SAME', ' same ', 'ｓａｍｅ']) {
    const { status, body } = await send('POST', path, { name, tenantId: tenant })
    assert.equal(status, 400, name)
    assert.equal(codeOf(body), 222208401)
  }
  const here = await send('POST', path, { name: 'Same' })
  assert.equal(here.status, 201)
  const another = await send('POST', path, { name: 'Another' })
  const renamed = await send('PUT', `${path}/${String(another.body['id'])}`, { name: 'same' })
  assert.equal(renamed.status, 400)
})

test('lists go by tenant, by number or by name, and in pieces', async () => {
  for (const query of [`tenantId=${tenant}`, `TENANTID=${tenant}`, 'tenantName=orga']) {
    const { body } = await send('GET', `${path}?${query}`)
    const list = body['roles'] as { tenantId: number }[]
    assert.ok(list.length > 0)
    assert.ok(list.every(({ tenantId }) => tenantId === tenant))
  }
  assert.deepEqual((await send('GET', `${path}?tenantId=1;tenantName=OrgA`)).body, { roles: [] })
  assert.deepEqual((await send('GET', `${path}?tenantId=4711`)).body, { roles: [] })
  const whole = (await send('GET', path)).body['roles'] as { id: number }[]
  const found: { id: number }[] = []
  for (let after: number | undefined = 0; after !== undefined; ) {
    const { body } = await send('GET', `${path}?limit=2&after=${after}`)
    found.push(...(body['roles'] as { id: number }[]))
    after = body['next'] as number | undefined
  }
  assert.deepEqual(found, whole)
})

test('what does not fit is refused with what to change, and nothing changes', async () => {
  const { body: role } = await send('POST', path, {
    name: 'Kept',
    tenantId: tenant,
    permissions: [7],
  })
  const to = `${path}/${String(role['id'])}`
  for (const [method, where, body, code] of [
    ['POST', path, {}, 222207007],
    ['POST', path, { name: '' }, 222207007],
    ['POST', path, { name: ' ' }, 222207007],
    ['POST', path, { name: 'x'.repeat(129) }, 222207007],
    ['POST', path, { name: 'x', permissions: 7 }, 222207007],
    ['POST', path, { name: 'x', permissions: ['7a'] }, 222207007],
    ['POST', path, { name: 'x', permissions: [30] }, 222208405],
    ['POST', path, { name: 'x', tenantId: 4711 }, 222208573],
    ['POST', path, { name: 'x', tenantId: tenant, permissions: [12] }, 222208404],
    ['POST', path, { name: 'x', tenantId: tenant, users: [1] }, 222208440],
    ['POST', path, { name: 'x', tenantId: tenant, users: [4711] }, 222208440],
    ['PUT', to, { name: 'Kept', tenantId: 1 }, 222207007],
    ['PUT', to, { name: 'Kept', permissions: [12] }, 222208404],
    ['PUT', to, { name: 'Same' }, 222208401],
  ] as const) {
    const answer = await send(method, where, body)
    assert.equal(answer.status, 400, JSON.stringify([body, answer.body]))
    assert.equal(codeOf(answer.body), code, JSON.stringify(body))
  }
  assert.deepEqual((await send('GET', to)).body, role)
})

test('a role that users hold is not deleted in passing, and nobody is left without one', async () => {
  const [one, two] = [
    await createRole(app, { name: 'One', tenantId: tenant }),
    await createRole(app, { name: 'Two', tenantId: tenant }),
  ]
  const bob = await createPerson(app, { name: 'bob', tenantId: tenant, roles: [one, two] })
  const cy = await createPerson(app, { name: 'cy', tenantId: tenant, roles: [two] })
  const [asBob, asCy] = [bob, cy].map(({ id, name }) => ({ kind: 'user', id, name }))
  const inUse = await send('DELETE', `${path}/${two}`)
  assert.equal(inUse.status, 400)
  assert.equal(codeOf(inUse.body), 222208402)
  assert.deepEqual((inUse.body['error'] as { dependents: unknown }).dependents, [asBob, asCy])
  assert.deepEqual((await send('GET', `${path}/${two}/dependents`)).body, {
    dependents: [asBob, asCy],
  })
  for (const [method, where, body] of [
    ['DELETE', `${path}/${two}?cascade=true`, undefined],
    ['PUT', `${path}/${two}`, { name: 'Two', users: [bob.id] }],
  ] as const) {
    const refused = await send(method, where, body)
    assert.equal(refused.status, 400)
    assert.equal(codeOf(refused.body), 222208441)
    assert.deepEqual((refused.body['error'] as { dependents: unknown }).dependents, [asCy])
  }
  assert.equal((await send('DELETE', `${path}/${one}?cascade=true`)).status, 204)
  assert.deepEqual((await send('GET', `${path}/${two}`)).body['users'], [bob.id, cy.id])
})

test('of a default role only the users change', async () => {
  const { body: role } = await send('GET', `${path}/2`)
  const dora = await createPerson(app, { name: 'dora', roles: [3] })
  const users = role['users'] as number[]
  const put = (fields: Record<string, unknown>) =>
    send('PUT', `${path}/2`, { name: 'User', users, ...fields })
  for (const fields of [{ name: 'Users' }, { permissions: [1] }, { description: 'new' }]) {
    const refused = await put(fields)
    assert.equal(refused.status, 400)
    assert.equal(codeOf(refused.body), 222208417)
  }
  assert.equal((await send('DELETE', `${path}/2?cascade=true`)).status, 400)
  const added = await put({ users: [...users, dora.id] })
  assert.equal(added.status, 200)
  assert.ok((added.body['users'] as number[]).includes(dora.id))
  assert.deepEqual(added.body['permissions'], role['permissions'])
  assert.equal((await put({})).status, 200)
})
