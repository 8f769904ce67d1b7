import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  basicOf,
  createSource,
  people,
  type Person,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import { getTokens, manage, readWith, register, sourceId } from '#test/support/oauth.ts'
import { createPerson, type KnownPerson } from '#test/support/tenants.ts'

// Rule 5 (management reference 1.3): what is set on a data source counts alone, on every path to it.

let app: TestApp
let one: string
let two: string
before(async () => {
  app = await startApp()
  one = await sourceId(app, 'one')
  two = await sourceId(app, 'two')
})
after(() => app.close())

const path = '/api/mgmt/datasources'
const { admin, user: demo } = people
const send = (person: Person, method: string, to: string, body?: unknown) =>
  manage(app, method, to, { person, ...(body === undefined ? {} : { body }) })
const set = async (id: string, permissions: readonly number[], person: Person = admin) => {
  const answer = await send(person, 'PUT', `${path}/${id}/permissions?user=demo`, { permissions })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer
}
const reset = () =>
  app.core.store.write(function* () {
    yield app.core.store.sql.updateTable('data_sources').set({ permissions: null }).compile()
  })
const readBasic = async (person: Person, source = 'one'): Promise<number> => {
  const response = await fetch(`${app.url}/api/odata4/${source}/Items(1)`, {
    headers: basicOf(person),
  })
  await response.arrayBuffer()
  return response.status
}

test('where nothing is set the effective permissions of the owner are told', async () => {
  const own = Array.from({ length: 11 }, (_, index) => index + 1)
  for (const answer of [
    await send(demo, 'GET', `${path}/${one}/permissions`),
    await send(admin, 'GET', `${path}/${one}/permissions?user=demo`),
  ])
    assert.deepEqual([answer.status, answer.body], [200, { permissions: own }])
})

test('what is set is told, each once and in order, and shown with the data source', async () => {
  assert.deepEqual((await set(one, [7, 2, 7])).body, { permissions: [2, 7] })
  assert.deepEqual((await send(demo, 'GET', `${path}/${one}/permissions`)).body, {
    permissions: [2, 7],
  })
  assert.deepEqual((await send(demo, 'GET', `${path}/${one}`)).body['permissions'], [2, 7])
  assert.ok(!('permissions' in (await send(demo, 'GET', `${path}/${two}`)).body))
  await reset()
})

test('without 7 on it a data source is refused to bearer tokens and to Basic, at once, and others are not', async () => {
  const client = await register(app)
  const { access_token: token } = await getTokens(app, client)
  assert.equal(await readWith(app, token), 200)
  await set(one, [2, 3, 4])
  assert.equal(await readWith(app, token), 403)
  assert.equal(await readBasic(demo), 403)
  assert.equal(await readWith(app, token, 'two'), 200)
  assert.equal(await readBasic(demo, 'two'), 200)
  await set(one, [7])
  assert.equal(await readWith(app, token), 200)
  assert.equal(await readBasic(demo), 200)
  await reset()
})

test('T51: an open answer is cut when 7 is taken from the data source', async () => {
  const client = await register(app)
  const { access_token: token } = await getTokens(app, client)
  assert.equal((await app.core.bearer(token, 'one', true)).kind, 'open')
  await set(one, [])
  // This is what an open answer asks every 500 ms.
  assert.equal((await app.core.bearer(token, 'one', true)).kind, 'forbidden')
  await reset()
})

test('what is set may be more than the owner holds, and binds an owner who holds everything', async () => {
  const poor = await createPerson(app, { name: 'poor', permissions: [1, 11] })
  const mine = await createSource(app, 'mine', 'one.db', poor)
  assert.equal(await readBasic(poor, 'mine'), 403)
  assert.equal((await send(poor, 'GET', `${path}/${mine}`)).status, 403)
  assert.equal((await send(poor, 'GET', path)).status, 403)
  assert.equal(
    (await send(admin, 'PUT', `${path}/${mine}/permissions?user=poor`, { permissions: [2, 7] }))
      .status,
    200,
  )
  assert.equal(await readBasic(poor, 'mine'), 200)
  assert.equal((await send(poor, 'GET', `${path}/${mine}`)).status, 200)
  assert.equal((await send(poor, 'GET', path)).status, 200)
  assert.equal((await send(poor, 'DELETE', `${path}/${mine}`)).status, 403)
  const rich = await createPerson(app, { name: 'rich', permissions: [12] })
  const theirs = await createSource(app, 'theirs', 'one.db', rich)
  assert.equal(await readBasic(rich, 'theirs'), 200)
  await send(admin, 'PUT', `${path}/${theirs}/permissions?user=rich`, { permissions: [2] })
  assert.equal(await readBasic(rich, 'theirs'), 403)
  assert.equal((await send(rich, 'DELETE', `${path}/${theirs}`)).status, 403)
  assert.equal((await send(admin, 'DELETE', `${path}/${theirs}?user=rich`)).status, 204)
})

test('a data source without 2 on it is left out of the list of its owner, and shown to who acts for the owner', async () => {
  await set(two, [7])
  const names = async (person: Person, query = '') =>
    ((await send(person, 'GET', path + query)).body['dataSources'] as { name: string }[]).map(
      ({ name }) => name,
    )
  assert.deepEqual(await names(demo), ['one'])
  assert.deepEqual(await names(admin, '?user=demo'), ['one', 'two'])
  assert.equal((await send(demo, 'GET', `${path}/${two}`)).status, 403)
  assert.equal((await send(demo, 'GET', `${path}/${two}/permissions`)).status, 403)
  await reset()
})

test('the owner alone sets nothing, and nothing else than 2 to 7 and 10 is set', async () => {
  for (const [person, query] of [
    [demo, ''],
    [demo, '?user=demo'],
    [demo, '?user=DEMO'],
    [admin, ''],
  ] as const) {
    const answer = await send(person, 'PUT', `${path}/${one}/permissions${query}`, {
      permissions: [7],
    })
    assert.ok([400, 404].includes(answer.status), `${person.name} ${query} ${answer.status}`)
  }
  for (const permissions of [[1], [8], [9], [11], [12], [28], [0], [7, 30], ['x'], 7, undefined]) {
    const answer = await send(admin, 'PUT', `${path}/${one}/permissions?user=demo`, { permissions })
    assert.equal(answer.status, 400, JSON.stringify(permissions))
  }
  assert.ok(!('permissions' in (await send(demo, 'GET', `${path}/${one}`)).body))
})

test('T60: nobody sets on a data source what they lack', async () => {
  const anna = await createPerson(app, {
    name: 'anna',
    permissions: [1, 2, 3, 11, 21],
    administers: [1],
  })
  const low = await createPerson(app, { name: 'low', permissions: [1, 2, 3, 11] })
  const id = await createSource(app, 'lows', 'one.db', low)
  const put = (permissions: readonly number[]) =>
    send(anna, 'PUT', `${path}/${id}/permissions?user=low`, { permissions })
  assert.equal((await put([2, 7])).status, 403)
  assert.equal((await put([2, 3])).status, 200)
})

test('permissions may be sent with a new data source by who acts for its owner alone', async () => {
  const body = (name: string) => ({
    name,
    dataStore: 5001,
    connectionType: 'Cloud',
    options: { Database: 'one.db' },
    permissions: [2],
  })
  assert.equal((await send(demo, 'POST', path, body('by_owner'))).status, 400)
  const made = await send(admin, 'POST', `${path}?user=demo`, body('by_admin'))
  assert.equal(made.status, 201)
  assert.deepEqual(made.body['permissions'], [2])
  assert.equal(await readBasic(demo, 'by_admin'), 403)
  assert.equal(
    (await send(admin, 'DELETE', `${path}/${String(made.body['id'])}?user=demo`)).status,
    204,
  )
})

/** A person who may act for users of the system tenant, and lacks nothing that they hold. */
const createDelegate = (
  name: string,
  without: readonly number[] = [],
  administers: readonly number[] = [1],
): Promise<KnownPerson> =>
  createPerson(app, {
    name,
    permissions: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 21].filter((id) => !without.includes(id)),
    administers,
  })

test('with ?user= everything is done for the named user, whatever the case of the name', async () => {
  const delegate = await createDelegate('delegate')
  const body = {
    name: 'for_demo',
    dataStore: 5001,
    connectionType: 'Cloud',
    options: { Database: 'one.db' },
  }
  const made = await send(delegate, 'POST', `${path}?user=DEMO`, body)
  assert.equal(made.status, 201)
  assert.equal(await readBasic(demo, 'for_demo'), 200)
  assert.equal(await readBasic(delegate, 'for_demo'), 404)
  const id = String(made.body['id'])
  assert.equal((await send(delegate, 'GET', `${path}/${id}`)).status, 404)
  assert.equal((await send(delegate, 'GET', `${path}/${id}?user=demo`)).status, 200)
  const line = app.logs.findLast((text) => text.includes('data-source.created')) ?? ''
  const { userId, onBehalfOf } = JSON.parse(line) as { userId: number; onBehalfOf: number }
  assert.equal(userId, delegate.id)
  assert.notEqual(onBehalfOf, delegate.id)
  assert.equal((await send(delegate, 'DELETE', `${path}/${id}?user=demo`)).status, 204)
})

test('T60, T67: whoever may not act for a user gets one answer, whether the user exists or not', async () => {
  const answers = []
  for (const [person, name] of [
    [await createDelegate('no_21', [21]), 'demo'],
    [await createDelegate('no_access', [], []), 'demo'],
    [await createDelegate('lacks_7', [7]), 'demo'],
    [await createDelegate('mighty_not'), 'd2cadmin'],
    [await createDelegate('unknown'), 'nobody-at-all'],
    [demo, 'd2cuser'],
  ] as const)
    for (const [method, to, body] of [
      ['GET', `${path}?user=${name}`, undefined],
      ['GET', `${path}/${one}?user=${name}`, undefined],
      ['DELETE', `${path}/${one}?user=${name}`, undefined],
      ['GET', `${path}/${one}/permissions?user=${name}`, undefined],
      ['PUT', `${path}/${one}/permissions?user=${name}`, { permissions: [7] }],
    ] as const)
      answers.push(await send(person, method, to, body))
  for (const { status, body } of answers) assert.deepEqual([status, body], [403, answers[0]?.body])
  assert.equal((await send(admin, 'GET', `${path}?user=nobody-at-all`)).status, 404)
  assert.equal((await send(admin, 'GET', `${path}?user=demo&USER=demo`)).status, 400)
  assert.equal((await send(admin, 'GET', `${path}?tenantId=1`)).status, 400)
  assert.equal((await send(demo, 'GET', `${path}?user=demo`)).status, 200)
})
