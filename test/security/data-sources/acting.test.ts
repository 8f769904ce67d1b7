import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { actFor, requireStillFor } from '#features/access/acting.ts'
import type { Caller } from '#features/access/caller.ts'
import { ManagementError } from '#features/refusals.ts'
import { people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import {
  createPerson,
  createRole,
  createTenant,
  type KnownPerson,
  setTenantStatus,
} from '#test/support/tenants.ts'
import { execute, raw, rows } from '../tokens/support.ts'

// For whom somebody may act with `?user=`, and with what (management reference 6).

let app: TestApp
let own: number
let foreign: number
/** Everything that acting for users of `own` takes, and no more. */
let agent: KnownPerson
let resident: KnownPerson
let stranger: KnownPerson

const operationPermissions = [1, 2, 3, 4]

before(async () => {
  app = await startApp({ sources: false })
  own = await createTenant(app, 'Own')
  foreign = await createTenant(app, 'Foreign')
  for (const id of [1, own, foreign]) writeFile(id)
  agent = await createPerson(app, {
    name: 'agent',
    permissions: [11, 21, ...operationPermissions],
    administers: [own],
  })
  resident = await createPerson(app, { name: 'Resident', tenantId: own, permissions: [2, 11] })
  stranger = await createPerson(app, { name: 'stranger', tenantId: foreign, permissions: [2] })
})
after(() => app.close())

/** `tenant.db` in the files of a tenant, and in no other's. */
const writeFile = (tenantId: number): void => {
  const directory = join(app.dataDir, 'files', String(tenantId))
  mkdirSync(directory, { recursive: true })
  const database = new DatabaseSync(join(directory, `tenant${tenantId}.db`))
  database.exec('CREATE TABLE Item (id INTEGER PRIMARY KEY, name TEXT)')
  database.close()
}

const nameOf = (() => {
  let count = 0
  return (prefix: string) => `${prefix}${(count += 1)}`
})()

const bodyFor = (tenantId: number) => ({
  name: nameOf('source'),
  dataStore: 5001,
  connectionType: 'Cloud',
  options: { Database: `tenant${tenantId}.db` },
})

const datasources = '/api/mgmt/datasources'

const call = (person: Person, method: string, path: string, body?: unknown) =>
  manage(app, method, `${datasources}${path}`, { person, ...(body === undefined ? {} : { body }) })

const as = (user: string): string => `?${new URLSearchParams({ user }).toString()}`

type Answer = Awaited<ReturnType<typeof manage>>
const outcome = ({ status, body }: Answer) => ({ status, body })
const codeOf = ({ body }: Answer): number => (body['error'] as { code: number }).code

/** A data source of somebody, made by the administrator. */
const sourceOf = async (owner: KnownPerson): Promise<string> => {
  const made = await call(people.admin, 'POST', as(owner.name), bodyFor(owner.tenantId))
  assert.equal(made.status, 201, JSON.stringify(made.body))
  return String(made.body['id'])
}

/** Every operation with `?user=`, on a data source of that user where it has one. */
const operations = (
  id: string,
  tenantId: number,
): readonly (readonly [string, string, number, unknown?])[] => [
  ['GET', '', 200],
  ['POST', '', 201, bodyFor(tenantId)],
  ['GET', `/${id}`, 200],
  ['GET', `/${id}/permissions`, 200],
  ['PUT', `/${id}/permissions`, 200, { permissions: [] }],
  ['DELETE', `/${id}`, 204],
]

/** Tries every operation for a user; answers what came of each. */
const tryAll = async (person: Person, owner: KnownPerson, user = owner.name) => {
  const answers: Answer[] = []
  const id = await sourceOf(owner)
  for (const [method, path, , body] of operations(id, owner.tenantId))
    answers.push(await call(person, method, `${path}${as(user)}`, body))
  return answers
}

const statuses = [200, 201, 200, 200, 200, 204]

test('all operations are done for a user of a tenant that is administered, and are the user’s own', async () => {
  const answers = await tryAll(agent, resident)
  assert.deepEqual(
    answers.map(({ status }) => status),
    statuses,
  )
  const id = await sourceOf(resident)
  const listed = (await call(agent, 'GET', as('Resident'))).body['dataSources'] as { id: string }[]
  assert.ok(listed.some((source) => source.id === id))
  assert.deepEqual((await call(resident, 'GET', '')).body['dataSources'], listed)
  assert.deepEqual((await call(agent, 'GET', '')).body, { dataSources: [] })
  const [row] = await rows(
    app,
    raw`select owner_id, tenant_id from data_sources where id = ${Number(id)}`,
  )
  assert.deepEqual({ ...(row as object) }, { owner_id: resident.id, tenant_id: own })
})

test('the audit log tells who acted, and for whom', async () => {
  await sourceOf(resident)
  const line = app.logs.findLast((text) => text.includes('data-source.created')) ?? '{}'
  const { userId, onBehalfOf, endpoint } = JSON.parse(line) as Record<string, unknown>
  assert.equal(onBehalfOf, resident.id)
  assert.equal(endpoint, 'create-data-source')
  assert.notEqual(userId, resident.id)
})

test('T67: a data source made for somebody reads the files of that user’s tenant alone', async () => {
  const there = await call(agent, 'POST', as('resident'), bodyFor(own))
  assert.equal(there.status, 201)
  for (const tenantId of [1, foreign]) {
    const refused = await call(agent, 'POST', as('resident'), bodyFor(tenantId))
    assert.equal(refused.status, 400, String(tenantId))
    assert.equal(codeOf(refused), 222207002)
  }
})

for (const [what, spelling] of [
  ['in small letters', 'resident'],
  ['in capital letters', 'RESIDENT'],
  ['with blanks around it', '  Resident '],
  ['in full width', 'Ｒesident'],
] as const)
  test(`a name is the same ${what}`, async () => {
    assert.deepEqual(
      (await tryAll(agent, resident, spelling)).map(({ status }) => status),
      statuses,
    )
  })

test('somebody disabled, and somebody of a disabled tenant, is acted for like anybody else', async () => {
  const away = await createPerson(app, { name: 'away', tenantId: own, status: 0 })
  for (const status of [1, 0] as const) {
    await setTenantStatus(app, own, status)
    assert.deepEqual(
      (await tryAll(agent, away)).map((answer) => answer.status),
      statuses,
    )
  }
  await setTenantStatus(app, own, 1)
})

/** What each caller lacks of what it takes. */
const lacking = [
  ['OnBehalfOf (21)', { permissions: [11, 1, 2, 3, 4], administers: () => [own] }],
  ['administrative access', { permissions: [11, 21, 1, 2, 3, 4], administers: () => [] }],
  ['access to that tenant', { permissions: [11, 21, 1, 2, 3, 4], administers: () => [1, foreign] }],
] as const

for (const [what, { permissions, administers }] of lacking)
  test(`T60: without ${what} nobody acts for another, and a name that exists is not told from one that does not`, async () => {
    const person = await createPerson(app, {
      name: nameOf('lacking'),
      permissions,
      administers: administers(),
    })
    const there = await tryAll(person, resident)
    const nobody = await tryAll(person, resident, 'nobody of this name')
    for (const answer of there) assert.equal(answer.status, 403)
    assert.deepEqual(there.map(outcome), nobody.map(outcome))
  })

for (const needed of [11, ...operationPermissions])
  test(`T60: the caller itself must hold permission ${needed}, whatever the user holds and whatever is set`, async () => {
    const person = await createPerson(app, {
      name: nameOf('weak'),
      permissions: [11, 21, ...operationPermissions].filter((id) => id !== needed),
      administers: [own],
    })
    const rich = await createPerson(app, { name: nameOf('rich'), tenantId: own, permissions: [] })
    const id = await sourceOf(rich)
    const path = `/${id}/permissions${as(rich.name)}`
    const set = { permissions: [2, 3, 4, 5, 6, 7, 10] }
    assert.equal((await call(people.admin, 'PUT', path, set)).status, 200)
    const by: Readonly<Record<number, readonly string[]>> = {
      1: ['POST '],
      2: ['GET ', `GET /${id}`, `GET /${id}/permissions`],
      3: [`PUT /${id}/permissions`],
      4: [`DELETE /${id}`],
    }
    for (const [method, rest, expected, body] of operations(id, own)) {
      const refused = needed === 11 || by[needed]?.includes(`${method} ${rest}`) === true
      const { status } = await call(person, method, `${rest}${as(rich.name)}`, body)
      assert.equal(status, refused ? 403 : expected, `${method} ${rest}`)
    }
  })

for (const [held, how] of [
  [5, 'directly'],
  [12, 'directly'],
  [22, 'directly'],
  [28, 'by a role'],
  [12, 'by a role'],
] as const)
  test(`T60: nobody acts for a user who holds ${held} ${how} and lacks it`, async () => {
    const roles =
      how === 'directly'
        ? []
        : [await createRole(app, { name: nameOf('role'), tenantId: own, permissions: [held] })]
    const strong = await createPerson(app, {
      name: nameOf('strong'),
      tenantId: own,
      ...(how === 'directly' ? { permissions: [held] } : { roles }),
    })
    const answers = await tryAll(agent, strong)
    const nobody = await tryAll(agent, resident, 'nobody of this name')
    assert.deepEqual(answers.map(outcome), nobody.map(outcome))
    for (const { status } of answers) assert.equal(status, 403)
  })

test('T67: a user of another tenant is not told from one that does not exist', async () => {
  const there = await tryAll(agent, stranger)
  const nobody = await tryAll(agent, stranger, 'nobody of this name')
  assert.deepEqual(there.map(outcome), nobody.map(outcome))
  for (const { status } of there) assert.equal(status, 403)
})

test('T67: in a child tenant only its own users are acted for, whatever rows of access there are', async () => {
  const child = await createPerson(app, {
    name: 'child agent',
    tenantId: own,
    permissions: [11, 21, ...operationPermissions],
    administers: [own, foreign, 1],
  })
  const system = await createPerson(app, { name: 'of the system', permissions: [] })
  assert.deepEqual(
    (await tryAll(child, resident)).map(({ status }) => status),
    statuses,
  )
  for (const owner of [stranger, system])
    for (const { status } of await tryAll(child, owner)) assert.equal(status, 403)
})

test('T67: in the name of one user the data source of another is not told from one that does not exist', async () => {
  const colleague = await createPerson(app, { name: 'colleague', tenantId: own })
  const absent = '987654'
  for (const owner of [colleague, stranger]) {
    const id = await sourceOf(owner)
    for (const person of [agent, people.admin]) {
      const asked = async (of: string) => {
        const answers = []
        for (const [method, path, , body] of operations(of, own).slice(2))
          answers.push(outcome(await call(person, method, `${path}${as('resident')}`, body)))
        return answers
      }
      const there = await asked(id)
      assert.deepEqual(there, await asked(absent))
      for (const { status } of there) assert.equal(status, 404)
    }
    const [row] = await rows(
      app,
      raw`select permissions from data_sources where id = ${Number(id)}`,
    )
    assert.deepEqual({ ...(row as object) }, { permissions: null })
  }
})

test('an administrator acts for anybody, and hears that a name is unknown', async () => {
  for (const owner of [resident, stranger, agent]) {
    assert.deepEqual(
      (await tryAll(people.admin, owner)).map(({ status }) => status),
      statuses,
    )
  }
  for (const answer of await tryAll(people.admin, resident, 'nobody of this name')) {
    assert.equal(answer.status, 404)
    assert.equal(codeOf(answer), 222207916)
  }
})

test('naming oneself, in whatever spelling, is the same as naming nobody', async () => {
  const plain = await createPerson(app, {
    name: 'Plain',
    tenantId: own,
    permissions: [1, 2, 4, 11],
  })
  const made = await call(plain, 'POST', as('pLAIN '), bodyFor(own))
  assert.equal(made.status, 201)
  const id = String(made.body['id'])
  assert.deepEqual(
    outcome(await call(plain, 'GET', as('PLAIN'))),
    outcome(await call(plain, 'GET', '')),
  )
  assert.equal((await call(plain, 'GET', `/${id}${as('plain')}`)).status, 200)
  assert.equal((await call(plain, 'DELETE', `/${id}${as('plain')}`)).status, 204)
})

test('T60: user is refused when it comes twice, whatever it is spelled like, and when it is no name', async () => {
  const id = await sourceOf(resident)
  for (const query of [
    '?user=resident&user=resident',
    '?user=resident&user=agent',
    '?user=agent&USER=resident',
    '?user=agent;User=resident',
    '?us%65r=agent&user=resident',
  ]) {
    const answer = await call(agent, 'DELETE', `/${id}${query}`)
    assert.equal(answer.status, 400, query)
    assert.equal(codeOf(answer), 222207007)
  }
  for (const query of ['?user=', '?user', '?user=%00', '?user=resident%00'])
    assert.equal((await call(agent, 'DELETE', `/${id}${query}`)).status, 400, query)
  assert.equal((await call(agent, 'GET', `/${id}${as('resident')}`)).status, 200)
})

test('an address that acts for the caller alone refuses user', async () => {
  const refused = await manage(app, 'GET', `/api/mgmt/oauth/client/applications${as('resident')}`, {
    person: agent,
  })
  assert.equal(refused.status, 400)
})

const callerOf = (person: KnownPerson): Promise<Caller> =>
  app.core.store.read(function* () {
    const user = yield* app.core.users.readById(person.id)
    if (user === undefined) throw new Error('nobody')
    return yield* app.core.users.readGrants(user)
  })

const isForbidden = (error: unknown): boolean =>
  error instanceof ManagementError && error.row.status === 403

for (const [what, change] of [
  [
    'moved to another tenant',
    (id: number) => raw`update users set tenant_id = ${foreign} where id = ${id}`,
  ],
  ['was renamed', (id: number) => raw`update users set user_name_key = 'another' where id = ${id}`],
  ['was deleted', (id: number) => raw`delete from users where id = ${id}`],
  [
    'got more permissions than the caller',
    (id: number) => raw`insert into user_permissions (user_id, permission_id) values (${id}, 22)`,
  ],
] as const)
  test(`T67: what is done for a user who ${what} meanwhile is not done`, async () => {
    const moving = await createPerson(app, { name: nameOf('moving'), tenantId: own })
    const { store, users, dataSources } = app.core
    const caller = await callerOf(agent)
    const subject = await store.read(() => actFor(users, caller, moving.name))
    await store.read(() => requireStillFor(users, { caller, subject }))

    await execute(app, change(moving.id))

    const fields = { ...bodyFor(own), description: undefined, permissions: undefined }
    await assert.rejects(dataSources.create({ caller, subject }, fields), isForbidden)
    await assert.rejects(dataSources.setPermissions({ caller, subject }, 1, [2]), isForbidden)
    await assert.rejects(dataSources.remove({ caller, subject }, 1), isForbidden)
  })

test('T67: who is moved to another tenant meanwhile makes nothing in the old one', async () => {
  const moving = await createPerson(app, { name: nameOf('moving'), tenantId: own })
  const caller = await callerOf(moving)
  await execute(app, raw`update users set tenant_id = ${foreign} where id = ${moving.id}`)
  const fields = { ...bodyFor(own), description: undefined, permissions: undefined }
  await assert.rejects(
    app.core.dataSources.create({ caller, subject: caller }, fields),
    isForbidden,
  )
})

test('T67: a name that passed to somebody else meanwhile is not taken for the first', async () => {
  const { store, users, dataSources } = app.core
  const earlier = await createPerson(app, { name: 'passed on', tenantId: own })
  const caller = await callerOf(agent)
  const subject = await store.read(() => actFor(users, caller, 'passed on'))
  await execute(app, raw`delete from users where id = ${earlier.id}`)
  await createPerson(app, { name: 'passed on', tenantId: own })
  const fields = { ...bodyFor(own), description: undefined, permissions: undefined }
  await assert.rejects(dataSources.create({ caller, subject }, fields), isForbidden)
})
