import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { manage, readWith, getTokens, register } from '#test/support/oauth.ts'
import { createPerson, type KnownPerson } from '#test/support/tenants.ts'

// Permissions of a data source, as management reference 1.4, 4.2, 4.4 and 6 document them.

let app: TestApp
let owner: KnownPerson
before(async () => {
  app = await startApp({ sources: false })
  owner = await createPerson(app, { name: 'owner of sources', roles: [2] })
})
after(() => app.close())

const datasources = '/api/mgmt/datasources'
const asOwner = '?user=owner%20of%20sources'

const body = (name: string, more: object = {}) => ({
  name,
  dataStore: 5001,
  connectionType: 'Cloud',
  options: { Database: 'one.db' },
  ...more,
})

const admin = (method: string, path: string, sent?: unknown) =>
  manage(app, method, datasources + path, {
    person: people.admin,
    ...(sent === undefined ? {} : { body: sent }),
  })

const own = (method: string, path: string, sent?: unknown) =>
  manage(app, method, datasources + path, {
    person: owner,
    ...(sent === undefined ? {} : { body: sent }),
  })

const codeOf = (answer: Awaited<ReturnType<typeof admin>>): unknown =>
  (answer.body['error'] as { code: unknown }).code

test('an administrator makes a data source for a user, narrows it to reading, and gives it back', async () => {
  const made = await admin('POST', asOwner, body('sales'))
  assert.equal(made.status, 201)
  const id = String(made.body['id'])
  assert.equal(made.headers.get('location'), `${datasources}/${id}`)
  assert.deepEqual(made.body, {
    id,
    name: 'sales',
    dataStore: 5001,
    isGroup: false,
    connectionType: 'Cloud',
    options: { Database: 'one.db' },
  })
  const effective = { permissions: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] }
  assert.deepEqual((await own('GET', `/${id}/permissions`)).body, effective)
  assert.deepEqual((await admin('GET', `/${id}/permissions${asOwner}`)).body, effective)

  // The documented sample.
  const sent = { permissions: [2, 7] }
  const set = await admin('PUT', `/${id}/permissions${asOwner}`, sent)
  assert.equal(set.status, 200)
  assert.deepEqual(set.body, sent)

  assert.deepEqual((await own('GET', `/${id}/permissions`)).body, sent)
  assert.deepEqual((await own('GET', `/${id}`)).body, { ...made.body, permissions: [2, 7] })
  assert.equal((await own('DELETE', `/${id}`)).status, 403)
  const { access_token: token } = await getTokens(app, await register(app), { person: owner })
  assert.equal(await readWith(app, token, 'sales'), 200)

  const reset = await admin('PUT', `/${id}/permissions${asOwner}`, { permissions: null })
  assert.deepEqual(reset.body, effective)
  assert.deepEqual((await own('GET', `/${id}`)).body, made.body)
  assert.equal((await own('DELETE', `/${id}`)).status, 204)
})

test('permissions that are given with the data source count from the beginning', async () => {
  const made = await admin('POST', asOwner, body('born', { permissions: [7, '5', 7] }))
  assert.equal(made.status, 201)
  assert.deepEqual(made.body['permissions'], [5, 7])
  const id = String(made.body['id'])
  assert.equal((await own('GET', `/${id}`)).status, 403)
  assert.deepEqual((await admin('GET', `/${id}/permissions${asOwner}`)).body, {
    permissions: [5, 7],
  })
  assert.equal((await admin('DELETE', `/${id}${asOwner}`)).status, 204)
})

test('ids may come as strings, twice and in any order; what is none of 2 to 7 and 10 is refused', async () => {
  const made = await admin('POST', asOwner, body('strings'))
  const path = `/${String(made.body['id'])}/permissions${asOwner}`
  assert.deepEqual((await admin('PUT', path, { permissions: ['7', 2, '2', 10] })).body, {
    permissions: [2, 7, 10],
  })
  for (const id of [1, 8, 9, 11, 12, 13, 28, 30, 999_999, '12']) {
    const refused = await admin('PUT', path, { permissions: [2, id] })
    assert.equal(refused.status, 400, String(id))
    assert.equal(codeOf(refused), 222208405)
    const created = await admin('POST', asOwner, body('refused', { permissions: [id] }))
    assert.equal(created.status, 400, String(id))
    assert.equal(codeOf(created), 222208405)
  }
  for (const sent of [
    {},
    { permission: [2] },
    { permissions: '2,7' },
    { permissions: 7 },
    { permissions: [0] },
    { permissions: [-2] },
    { permissions: [2.5] },
    { permissions: [true] },
    { permissions: [null] },
    { permissions: ['02'] },
    { permissions: [''] },
    { permissions: {} },
    [],
  ]) {
    const refused = await admin('PUT', path, sent)
    assert.equal(refused.status, 400, JSON.stringify(sent))
    assert.equal(codeOf(refused), 222207007)
  }
  assert.deepEqual((await admin('GET', path)).body, { permissions: [2, 7, 10] })
  assert.deepEqual((await admin('PUT', path, { permissions: [] })).body, { permissions: [] })
  assert.deepEqual((await admin('GET', path)).body, { permissions: [] })
})

test('a name is unique for its owner, not for who makes it', async () => {
  assert.equal((await admin('POST', '', body('Twice'))).status, 201)
  assert.equal((await admin('POST', asOwner, body('twice'))).status, 201)
  const refused = await admin('POST', asOwner, body('TWICE'))
  assert.equal(refused.status, 400)
  assert.equal(codeOf(refused), 222208401)
})

test('the list comes whole, or in pieces whose next leads on, without what may not be seen', async () => {
  const person = await createPerson(app, { name: 'many', roles: [2] })
  const ids: string[] = []
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    ids.push(String((await admin('POST', '?user=many', body(name))).body['id']))
  await admin('PUT', `/${ids[2]}/permissions?user=many`, { permissions: [7] })
  const seen = ids.filter((_, index) => index !== 2)

  const list = (query: string) => manage(app, 'GET', datasources + query, { person })
  const idsOf = (answer: Awaited<ReturnType<typeof list>>) =>
    (answer.body['dataSources'] as { id: string }[]).map(({ id }) => id)
  const whole = await list('')
  assert.deepEqual(idsOf(whole), seen)
  assert.ok(!('next' in whole.body))

  const found: string[] = []
  let pieces = 0
  for (let after: number | undefined = 0; after !== undefined; pieces += 1) {
    const piece: Awaited<ReturnType<typeof list>> = await list(`?limit=2&after=${after}`)
    assert.equal(piece.status, 200)
    found.push(...idsOf(piece))
    after = piece.body['next'] as number | undefined
  }
  assert.deepEqual(found, seen)
  assert.equal(pieces, 3)
  assert.deepEqual(idsOf(await admin('GET', '?user=many')), ids)
})
