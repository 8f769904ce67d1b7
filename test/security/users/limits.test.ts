import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { basicOf, beginSession, people, startApp, type TestApp } from '#test/support/app.ts'
import {
  askAsClient,
  askWithPassword,
  introspect,
  manage,
  readWith,
  refresh,
  type Registered,
  register,
  registerMachine,
  sourceId,
} from '#test/support/oauth.ts'
import { createPerson, createTenant } from '#test/support/tenants.ts'
import {
  execute,
  mintCode,
  mintTokens,
  raw,
  redeemMinted,
  rows,
  userIdOf,
} from '../tokens/support.ts'

// What limits do (management reference 5.1, 5.11, 2.6): each of them, at each level that it has.

let app: TestApp
let client: Registered
let machine: Registered
let demo = 0
let one = ''
before(async () => {
  app = await startApp({ fullPasswordCost: true })
  client = await register(app, { grantTypes: ['authorization_code', 'refresh_token', 'password'] })
  machine = await registerMachine(app)
  demo = await userIdOf(app)
  one = await sourceId(app, 'one')
})
after(() => app.close())
// No test leaves a limit, a lock or a remembered password behind.
afterEach(async () => {
  await execute(app, raw`delete from limit_values`)
  await execute(app, raw`delete from login_failures`)
  app.clock.advance(6 * 60_000)
})

const minutes = 60_000
const hour = 60 * minutes

const set = async (place: string, value: number | string): Promise<void> => {
  const path = `/api/admin/limits/${place}`
  const { status, body } = await manage(app, 'PUT', path, { person: people.admin, body: { value } })
  assert.equal(status, 200, JSON.stringify(body))
}

const signIn = async (password: string, name: string = people.user.name): Promise<number> =>
  (await manage(app, 'GET', '/api/mgmt/datasources', { person: { name, password } })).status

const fail = async (times: number): Promise<void> => {
  for (let i = 0; i < times; i += 1) assert.equal(await signIn(`wrong ${i}`), 401)
}

test('T48: the lockout limit says how many wrong passwords at once are verified, and a change of it holds at once', async () => {
  for (const limit of [1, 5, 2]) {
    await set('system/3', limit)
    await execute(app, raw`delete from login_failures`)
    const { real } = app.core.passwordCheck.verifications()
    await Promise.all(Array.from({ length: 12 }, (_, i) => signIn(`wrong ${limit} ${i}`)))
    assert.equal(app.core.passwordCheck.verifications().real - real, limit)
    assert.equal(await signIn(people.user.password), 401)
  }
})

test('T50: the lockout limit holds for names that nobody has, too', async () => {
  await set('system/3', 1)
  await signIn('wrong', 'nobody-of-this-name')
  const { real, dummy } = app.core.passwordCheck.verifications()
  await signIn('wrong again', 'nobody-of-this-name')
  const now = app.core.passwordCheck.verifications()
  assert.deepEqual([now.real - real, now.dummy - dummy], [0, 1])
})

test('a lockout limit of 0 locks nobody, however many come at once; what was locked before stays so', async () => {
  await fail(3)
  await set('system/3', 0)
  assert.equal(await signIn(people.user.password), 401)
  await execute(app, raw`delete from login_failures`)
  await Promise.all(Array.from({ length: 8 }, (_, i) => signIn(`wrong ${i}`)))
  assert.equal(await signIn(people.user.password), 200)
})

test('the lockout period says how long an account stays locked', async () => {
  await set('system/4', 7200)
  await fail(3)
  app.clock.advance(119 * minutes)
  assert.equal(await signIn(people.user.password), 401)
  app.clock.advance(1 * minutes)
  assert.equal(await signIn(people.user.password), 200)
})

test('the lockout interval says within which time wrong passwords count together', async () => {
  await set('system/2', 60)
  await fail(2)
  app.clock.advance(1 * minutes)
  await fail(2)
  assert.equal(await signIn(people.user.password), 200)
  await set('system/2', 7200)
  await fail(2)
  app.clock.advance(119 * minutes)
  await fail(1)
  assert.equal(await signIn(people.user.password), 401)
})

test('the largest lockout limits can be held to', async () => {
  await set('system/4', 221_000_000_000)
  await set('system/2', 1_000_000_000)
  await fail(3)
  app.clock.advance(365 * 24 * hour)
  assert.equal(await signIn(people.user.password), 401)
})

test('a session ends when it was idle as long as the limit of its tenant says, and not while it is used', async () => {
  await set('system/101', 60)
  const session = await beginSession(app, people.user)
  app.clock.advance(59 * minutes)
  assert.ok(await app.core.sessions.read(session))
  await set('tenants/1/101', 2)
  for (let i = 0; i < 6; i += 1) {
    app.clock.advance(1 * minutes)
    assert.ok(await app.core.sessions.read(session), `after ${i + 1} minutes`)
  }
  app.clock.advance(2 * minutes)
  assert.equal(await app.core.sessions.read(session), undefined)
  assert.equal(await app.core.store.read(() => app.core.sessions.stands(session)), false)
})

test('a lower idle time holds for sessions that have begun', async () => {
  const session = await beginSession(app, people.user)
  await set('system/101', 5)
  app.clock.advance(5 * minutes)
  assert.equal(await app.core.sessions.read(session), undefined)
})

/** Tokens of each grant, as the token endpoint answers them now. */
const tokensOfAllGrants = async () => {
  const minted = await mintTokens(app, client)
  const code = await mintCode(app, client)
  return {
    code: (await redeemMinted(app, client, code)).body,
    refresh: (await refresh(app, client, minted.refresh_token)).body,
    password: (await askWithPassword(app, client)).body,
    client: (await askAsClient(app, machine)).body,
  }
}

for (const [place, expected] of [
  ['nothing', 60],
  ['system', 5],
  ['tenants/1', 90],
] as const)
  test(`access tokens of every grant last ${expected} minutes when ${place} says so, to the second`, async () => {
    if (place !== 'nothing') await set('system/8', 5)
    if (place === 'tenants/1') await set('tenants/1/8', 90)
    const all = await tokensOfAllGrants()
    for (const [grant, body] of Object.entries(all))
      assert.equal(body.expires_in, expected * 60, grant)
    app.clock.advance(expected * minutes - 20_000)
    for (const [grant, body] of Object.entries(all))
      assert.equal(await readWith(app, body.access_token), 200, grant)
    app.clock.advance(20_000)
    for (const [grant, body] of Object.entries(all))
      assert.equal(await readWith(app, body.access_token), 401, grant)
  })

test('a retried rotation answers what is left of the lifetime that its token got', async () => {
  await set('system/8', 10)
  const rotating = await register(app, { refreshTokenRotation: true })
  const { refresh_token: token } = await mintTokens(app, rotating)
  const first = await refresh(app, rotating, token)
  assert.equal(first.body.expires_in, 600)
  await set('system/8', 90)
  app.clock.advance(20_000)
  const again = await refresh(app, rotating, token)
  assert.equal(again.body.access_token, first.body.access_token)
  assert.ok(again.body.expires_in <= 580, String(again.body.expires_in))
})

test('a lower lifetime leaves alone the tokens that were issued', async () => {
  const { access_token: token } = (await askAsClient(app, machine)).body
  await set('system/8', 1)
  app.clock.advance(30 * minutes)
  assert.equal(await readWith(app, token), 200)
})

test('the lifetime is that of the tenant of the user whose data is read, and introspection says the same', async () => {
  const org = await createTenant(app, 'OrgT')
  const ann = await createPerson(app, { name: 'ann-of-t', tenantId: org, permissions: [7, 11] })
  const shared = await register(app, { grantTypes: ['password'] })
  await execute(
    app,
    raw`update client_applications set available_to_tenants = 1 where id = ${shared.id}`,
  )
  await set(`tenants/${org}/8`, 3)
  const { body } = await askWithPassword(app, shared, ann)
  assert.equal(body.expires_in, 180)
  const facts = JSON.parse((await introspect(app, shared, body.access_token)).text) as {
    exp: number
    iat: number
  }
  assert.equal(facts.exp - facts.iat, 180)
  assert.equal((await askWithPassword(app, shared)).body.expires_in, 3600)
})

type Page = { value: unknown[]; '@odata.count'?: number; '@odata.nextLink'?: string }

/** Reads a query to its end, by token or by password; how many rows each page had. */
const pagesOf = async (headers: Record<string, string>, query = '') => {
  const pages: number[] = []
  let count: number | undefined
  let url: string | undefined = `${app.url}/api/odata4/one/Items${query}`
  while (url !== undefined) {
    const response: Response = await fetch(url, { headers })
    assert.equal(response.status, 200)
    const page = (await response.json()) as Page
    pages.push(page.value.length)
    count ??= page['@odata.count']
    url = page['@odata.nextLink']
  }
  return { pages, count }
}

const bearer = async (): Promise<Record<string, string>> => ({
  authorization: `Bearer ${(await askAsClient(app, machine)).body.access_token}`,
})

test('MaxFetchRows ends a query without an error, over its pages as a whole', async () => {
  await set('system/1', 25)
  const sized = { prefer: 'odata.maxpagesize=10' }
  for (const headers of [await bearer(), basicOf(people.user)]) {
    assert.deepEqual((await pagesOf(headers)).pages, [25])
    assert.deepEqual((await pagesOf({ ...headers, ...sized })).pages, [10, 10, 5])
    assert.deepEqual((await pagesOf(headers, '?$top=7')).pages, [7])
    assert.deepEqual((await pagesOf({ ...headers, ...sized }, '?$top=40')).pages, [10, 10, 5])
    assert.deepEqual((await pagesOf(headers, '?$skip=90')).pages, [10])
    assert.deepEqual(await pagesOf(headers, '?$count=true'), { pages: [25], count: 100 })
    const count = await fetch(`${app.url}/api/odata4/one/Items/$count`, { headers })
    assert.equal((await count.text()).replace('\ufeff', ''), '100')
  }
})

test('MaxFetchRows is that of the data source, else the user, else the tenant, else the system', async () => {
  const headers = await bearer()
  for (const [place, rows] of [
    ['system/1', 40],
    ['tenants/1/1', 50],
    [`users/${demo}/1`, 30],
    [`users/${demo}/datasources/${one}/1`, 60],
  ] as const) {
    await set(place, rows)
    for (const who of [headers, basicOf(people.user)])
      assert.deepEqual((await pagesOf(who)).pages, [rows], place)
  }
  await set(`users/${demo}/datasources/${one}/1`, '9000000000000000000')
  assert.deepEqual((await pagesOf(headers)).pages, [100])
})

test('a limit of rows that is lowered while somebody pages holds for the next page', async () => {
  const headers = { ...(await bearer()), prefer: 'odata.maxpagesize=20' }
  const page = (await (await fetch(`${app.url}/api/odata4/one/Items`, { headers })).json()) as Page
  await set('system/1', 5)
  const next = (await (await fetch(page['@odata.nextLink'] ?? '', { headers })).json()) as Page
  assert.deepEqual([next.value.length, next['@odata.nextLink']], [5, undefined])
})

/** How many rows the pages of the hundred rows have. */
const chunks = (size: number): readonly number[] =>
  Array.from({ length: Math.ceil(100 / size) }, (_, i) => Math.min(size, 100 - i * size))

test("ODataPageSize bounds a page, and the data source's own option can only ask for less", async () => {
  const headers = await bearer()
  assert.deepEqual((await pagesOf(headers)).pages, [100])
  for (const [place, rows] of [
    ['system/102', 40],
    ['tenants/1/102', 50],
    [`users/${demo}/102`, 60],
    [`users/${demo}/datasources/${one}/102`, 70],
  ] as const) {
    await set(place, rows)
    assert.deepEqual((await pagesOf(headers)).pages, chunks(rows))
  }
  for (const [option, size] of [
    [80, 70],
    [30, 30],
  ] as const) {
    const options = JSON.stringify({ Database: 'one.db', ODataPageSize: String(option) })
    await execute(
      app,
      raw`update data_sources set options = ${options}, revision = revision + 1 where id = ${Number(one)}`,
    )
    assert.deepEqual((await pagesOf(headers)).pages, chunks(size))
  }
})

test('a limit that is set while its tenant is deleted is set before, or not there to be set', async () => {
  for (let round = 0; round < 8; round += 1) {
    const org = await createTenant(app, `Fleeting ${round}`)
    const { id } = await createPerson(app, { name: `fleeting ${round}`, tenantId: org })
    const place = round % 2 === 0 ? `tenants/${org}/1` : `users/${id}/1`
    const put = () =>
      manage(app, 'PUT', `/api/admin/limits/${place}`, {
        person: people.admin,
        body: { value: 5 },
      })
    const remove = manage(app, 'DELETE', `/api/admin/tenants/${org}?cascade=true`, {
      person: people.admin,
    })
    const answers = await Promise.all([put(), put(), remove, put(), put()])
    assert.equal(answers[2]?.status, 204)
    for (const { status, body } of answers)
      assert.ok([200, 204, 404].includes(status), JSON.stringify(body))
    assert.equal((await put()).status, 404)
  }
  assert.deepEqual(await rows(app, raw`select * from limit_values`), [])
})

test('T60: nobody limits a user who holds more than they do, nor the data sources of one', async () => {
  const keeper = await createPerson(app, {
    name: 'keeper',
    permissions: [11, 27],
    administers: [1],
  })
  const admin = await app.core.store.read(() => app.core.users.readByName(people.admin.name))
  const put = (place: string) =>
    manage(app, 'PUT', `/api/admin/limits/${place}`, { person: keeper, body: { value: 1 } })
  assert.equal((await put(`users/${admin?.id}/1`)).status, 403)
  const less = await createPerson(app, { name: 'less', permissions: [7] })
  assert.equal((await put(`users/${less.id}/1`)).status, 200)
})
