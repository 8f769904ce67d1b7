import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import {
  basicOf,
  createSource,
  people,
  type Person,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import {
  askAsClient,
  askWithPassword,
  authorizeUrl,
  createStoppingBrowser,
  getTokens,
  manage,
  readWith,
  refresh,
  register,
  type Registered,
  sourceId,
} from '#test/support/oauth.ts'
import { createPerson, type KnownPerson } from '#test/support/tenants.ts'

// What is set on a data source counts alone, be it less or more than what its owner holds, on every path to it
// (management reference 1.3, rule 5).

let app: TestApp
/** Holds everything ordinary, without 7 (`blind`), without 2 and 4 (`careless`), and 12. */
let demo: Person
let blind: KnownPerson
let careless: KnownPerson
let mighty: KnownPerson

before(async () => {
  app = await startApp()
  const directory = join(app.dataDir, 'files', '1')
  mkdirSync(directory, { recursive: true })
  const database = new DatabaseSync(join(directory, 'wide.db'))
  database.exec(`CREATE TABLE Page (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
    INSERT INTO Page WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
      SELECT i, hex(zeroblob(4000)) FROM n`)
  database.close()
  demo = people.user
  blind = await createPerson(app, { name: 'blind', permissions: [1, 2, 3, 4, 8, 11] })
  careless = await createPerson(app, { name: 'careless', permissions: [1, 7, 8, 11] })
  mighty = await createPerson(app, { name: 'mighty', permissions: [12] })
  for (const person of [blind, careless, mighty])
    for (const name of ['one', 'two']) await createSource(app, name, `${name}.db`, person)
})
after(() => app.close())

const datasources = '/api/mgmt/datasources'

/** One that nobody has consented to, so that the person is asked. */
const newClient = (): Promise<Registered> =>
  register(app, { grantTypes: ['authorization_code', 'refresh_token', 'password'] })

/** Ids by owner and name, as the store has them: who may not see them still has them. */
const idOf = async (owner: Person, name = 'one'): Promise<number> => {
  const source = await app.core.store.read(function* () {
    const user = yield* app.core.users.readByName(owner.name)
    if (user === undefined) throw new Error('nobody')
    return user.id
  })
  const found = await app.core.dataSources.readByName(source, name)
  if (found === undefined) throw new Error('there is no such data source')
  return found.id
}

const set = async (
  owner: Person,
  permissions: readonly number[] | null,
  name = 'one',
): Promise<void> => {
  const path = `${datasources}/${await idOf(owner, name)}/permissions?user=${owner.name}`
  const answer = await manage(app, 'PUT', path, { person: people.admin, body: { permissions } })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
}

const readBasic = async (person: Person, source = 'one'): Promise<number> => {
  const response = await fetch(`${app.url}/api/odata4/${source}/Items(1)`, {
    headers: basicOf(person),
  })
  await response.arrayBuffer()
  return response.status
}

const everyWay = async (person: Person, source: string, token: string) => ({
  basic: await readBasic(person, source),
  bearer: await readWith(app, token, source),
})

test('T55: what is set and lacks 7 closes a data source that its owner could read, on every path, and no other', async () => {
  const client = await newClient()
  const { access_token: token, refresh_token: renewal } = await getTokens(app, client)
  assert.deepEqual(await everyWay(demo, 'one', token), { basic: 200, bearer: 200 })

  await set(demo, [2, 3, 4, 5, 6, 10])

  const byPassword = (await askWithPassword(app, client)).body.access_token
  const renewed = (await refresh(app, client, renewal)).body.access_token
  for (const each of [token, byPassword, renewed]) {
    assert.deepEqual(await everyWay(demo, 'one', each), { basic: 403, bearer: 403 })
    assert.deepEqual(await everyWay(demo, 'two', each), { basic: 200, bearer: 200 })
  }

  await set(demo, null)
  assert.deepEqual(await everyWay(demo, 'one', token), { basic: 200, bearer: 200 })
})

test('T55: what is set with 7 opens one data source to an owner who lacks it, and no other', async () => {
  const client = await newClient()
  const { access_token: token } = await getTokens(app, client, { person: blind })
  assert.deepEqual(await everyWay(blind, 'one', token), { basic: 403, bearer: 403 })

  await set(blind, [7])

  assert.deepEqual(await everyWay(blind, 'one', token), { basic: 200, bearer: 200 })
  assert.deepEqual(await everyWay(blind, 'two', token), { basic: 403, bearer: 403 })
  await set(blind, [])
  assert.deepEqual(await everyWay(blind, 'one', token), { basic: 403, bearer: 403 })
  await set(blind, null)
})

test('what is set binds an owner with Administrator (12), too', async () => {
  const client = await newClient()
  const { access_token: token } = await getTokens(app, client, { person: mighty })
  const id = await idOf(mighty)
  await set(mighty, [])
  assert.deepEqual(await everyWay(mighty, 'one', token), { basic: 403, bearer: 403 })
  assert.deepEqual(await everyWay(mighty, 'two', token), { basic: 200, bearer: 200 })
  for (const [method, path] of [
    ['GET', `/${id}`],
    ['GET', `/${id}/permissions`],
    ['DELETE', `/${id}`],
  ] as const)
    assert.equal(
      (await manage(app, method, datasources + path, { person: mighty })).status,
      403,
      `${method} ${path}`,
    )
  // Nor does naming oneself help.
  const oneself = `${datasources}/${id}?user=MIGHTY`
  assert.equal((await manage(app, 'DELETE', oneself, { person: mighty })).status, 403)
  await set(mighty, null)
})

test('a data source that a token does not reach tells nothing of what is set on it', async () => {
  const client = await newClient()
  const only = [Number(await sourceId(app, 'two', blind))]
  const { access_token: token } = await getTokens(app, client, { person: blind, sources: only })
  const before = await readWith(app, token, 'one')
  await set(blind, [7])
  assert.equal(await readWith(app, token, 'one'), before)
  assert.equal(await readWith(app, token, 'none'), before)
  await set(blind, null)

  const some = [Number(await sourceId(app, 'two'))]
  const narrow = await getTokens(app, await newClient(), { sources: some })
  await set(demo, [2])
  assert.equal(await readWith(app, narrow.access_token, 'one'), 404)
  assert.equal(await readWith(app, narrow.access_token, 'none'), 404)
  await set(demo, null)
})

test('a machine client is bound by what is set on the data sources of its owner', async () => {
  const machine = await register(
    app,
    {
      name: 'Machine',
      grantTypes: ['client_credentials'],
      dataSources: [await sourceId(app, 'one'), await sourceId(app, 'two')],
    },
    demo,
  )
  const { access_token: token } = (await askAsClient(app, machine)).body
  assert.equal(await readWith(app, token, 'one'), 200)
  await set(demo, [2])
  assert.equal(await readWith(app, token, 'one'), 403)
  assert.equal(await readWith(app, token, 'two'), 200)
  const fresh = (await askAsClient(app, machine)).body.access_token
  assert.equal(await readWith(app, fresh, 'one'), 403)
  await set(demo, null)
})

test('a data source may be chosen whatever is set on it: the consent page offers it, and reading is refused', async () => {
  const client = await newClient()
  await set(demo, [])
  const browser = createStoppingBrowser()
  const page = await browser.visit(authorizeUrl(app, client))
  const consent = await browser.submit(page, 'password', {
    username: demo.name,
    password: demo.password,
  })
  assert.match(consent.html, new RegExp(`name="source" value="${await idOf(demo)}"`))
  const { access_token: token } = await getTokens(app, client)
  assert.equal(await readWith(app, token, 'one'), 403)
  assert.equal(await readWith(app, token, 'two'), 200)
  await set(demo, null)
})

/** An answer of about 72 MB that is not read on: it stays open. */
const openStream = (authorization: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const request = get(
      `${app.url}/api/odata4/wide/Pages`,
      { headers: { authorization } },
      (response) => {
        assert.equal(response.statusCode, 200)
        response.once('readable', () => {
          response.read(1000)
          resolve(response)
        })
      },
    )
    request.once('error', reject)
  })

/** Waits until the server cuts an answer; fails where it comes whole. */
const cut = (response: IncomingMessage): Promise<void> =>
  new Promise((resolve, reject) => {
    response.once('close', () =>
      response.complete ? reject(new Error('the answer came whole')) : resolve(),
    )
    response.once('error', () => undefined)
  })

for (const how of ['bearer', 'basic'] as const)
  test(`T51: an open answer (${how}) is cut within a second after 7 is taken from its data source`, async () => {
    const client = await newClient()
    const made = await manage(app, 'POST', datasources, {
      person: demo,
      body: {
        name: 'wide',
        dataStore: 5001,
        connectionType: 'Cloud',
        options: { Database: 'wide.db', ODataPageSize: '10000' },
      },
    })
    assert.equal(made.status, 201)
    const authorization =
      how === 'basic'
        ? basicOf(demo).authorization
        : `Bearer ${(await getTokens(app, client)).access_token}`
    const response = await openStream(authorization)
    await set(demo, [7], 'wide')
    const watched = await openStream(authorization)

    await set(demo, [2, 4], 'wide')
    await Promise.all(
      [response, watched].map(async (each) => {
        const ended = cut(each)
        // What was sent before is still to be read; reading on must not bring it to its end.
        setTimeout(() => each.resume(), 1200)
        await ended
      }),
    )
    const path = `${datasources}/${String(made.body['id'])}`
    assert.equal((await manage(app, 'DELETE', path, { person: demo })).status, 204)
  })

test('2 and 4 are asked of the data source: what lacks them is neither listed, shown nor deleted', async () => {
  const id = await idOf(demo)
  const path = `${datasources}/${id}`
  const names = async (person: Person) => {
    const { status, body } = await manage(app, 'GET', datasources, { person })
    return status === 200 ? (body['dataSources'] as { name: string }[]).map((s) => s.name) : status
  }
  assert.deepEqual(await names(demo), ['one', 'two'])
  await set(demo, [7])
  assert.deepEqual(await names(demo), ['two'])
  for (const [method, rest] of [
    ['GET', ''],
    ['GET', '/permissions'],
    ['DELETE', ''],
  ] as const)
    assert.equal((await manage(app, method, path + rest, { person: demo })).status, 403)
  await set(demo, [2])
  assert.deepEqual(await names(demo), ['one', 'two'])
  assert.equal((await manage(app, 'GET', path, { person: demo })).status, 200)
  assert.equal((await manage(app, 'DELETE', path, { person: demo })).status, 403)
  // Where all are closed, the permission itself is still there.
  await set(demo, [], 'one')
  await set(demo, [], 'two')
  assert.deepEqual(await names(demo), [])
  await set(demo, null, 'one')
  await set(demo, null, 'two')
})

test('2 and 4 that are set on one data source are enough for that one', async () => {
  const id = await idOf(careless)
  const other = await idOf(careless, 'two')
  const path = `${datasources}/${id}`
  const ask = async (method: string, at: string) =>
    (await manage(app, method, at, { person: careless })).status
  assert.equal(await ask('GET', datasources), 403)
  assert.equal(await ask('GET', path), 403)
  await set(careless, [2])
  const list = await manage(app, 'GET', datasources, { person: careless })
  assert.deepEqual(
    (list.body['dataSources'] as { id: string }[]).map((source) => source.id),
    [String(id)],
  )
  assert.equal(await ask('GET', path), 200)
  assert.equal(await ask('GET', `${path}/permissions`), 200)
  assert.equal(await ask('DELETE', path), 403)
  assert.equal(await ask('GET', `${datasources}/${other}`), 403)
  for (const foreign of [await idOf(demo), 987_654])
    assert.equal(await ask('GET', `${datasources}/${foreign}`), 404)
  await set(careless, [4])
  assert.equal(await ask('GET', path), 403)
  assert.equal(await ask('DELETE', `${datasources}/${other}`), 403)
  assert.equal(await ask('DELETE', path), 204)
})

test('T60: the owner alone cannot set permissions, whatever it holds and whatever is set', async () => {
  for (const person of [demo, mighty]) {
    const path = `${datasources}/${await idOf(person)}/permissions`
    for (const query of ['', `?user=${person.name}`, `?user=${person.name.toUpperCase()}`]) {
      const answer = await manage(app, 'PUT', path + query, {
        person,
        body: { permissions: [2, 7] },
      })
      assert.equal(answer.status, 400, query)
    }
    const made = await manage(app, 'POST', datasources, {
      person,
      body: {
        name: 'mine',
        dataStore: 5001,
        connectionType: 'Cloud',
        options: { Database: 'one.db' },
        permissions: [2, 7],
      },
    })
    assert.equal(made.status, 400)
  }
})

test('T65: who may not set permissions may not do so by creating, either', async () => {
  const agent = await createPerson(app, {
    name: 'maker',
    permissions: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 21].filter((id) => id !== 3),
    administers: [1],
  })
  const owned = await createPerson(app, { name: 'owned', permissions: [1, 2, 7, 11] })
  const body = {
    name: 'made',
    dataStore: 5001,
    connectionType: 'Cloud',
    options: { Database: 'one.db' },
  }
  const path = `${datasources}?user=${owned.name}`
  const refused = await manage(app, 'POST', path, {
    person: agent,
    body: { ...body, permissions: [7] },
  })
  assert.equal(refused.status, 403)
  assert.equal((await manage(app, 'POST', path, { person: agent, body })).status, 201)
})
