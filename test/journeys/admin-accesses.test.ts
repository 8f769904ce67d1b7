import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { days } from '#lib/clock.ts'
import { createSource, people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import {
  authorizeUrl,
  createStoppingBrowser,
  getTokens,
  manage,
  readWith,
  refresh,
  type Registered,
  register,
} from '#test/support/oauth.ts'
import {
  mintCode,
  mintTokens,
  raw,
  redeemMinted,
  rows,
  userIdOf,
} from '../security/tokens/support.ts'

// Administrators see who gave which application access, and end it, from either side.

let app: TestApp
let demo: number
let owner: number
before(async () => {
  app = await startApp()
  demo = await userIdOf(app)
  owner = await userIdOf(app, people.owner.name)
  await createSource(app, 'ofowner', 'one.db', people.owner)
})
after(() => app.close())

const ofUser = (id: number | string) => `/api/admin/users/${id}/accesses`
const ofApplication = (id: number | string) => `/api/admin/applications/${id}/accesses`
const admin = { person: people.admin }

type Access = {
  readonly userId: number
  readonly applicationId: number
  readonly liveChains: number
  readonly lastUsedAt?: string
}

const list = async (path: string): Promise<readonly Access[]> => {
  const answer = await manage(app, 'GET', path, admin)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  assert.deepEqual(Object.keys(answer.body), ['accesses'])
  return answer.body['accesses'] as Access[]
}

const end = async (path: string): Promise<void> => {
  const answer = await manage(app, 'DELETE', path, admin)
  assert.equal(answer.status, 204, JSON.stringify(answer.body))
  assert.deepEqual(answer.body, {})
}

const assertRefused = (
  answer: { readonly status: number; readonly body: Record<string, unknown> },
  status: number,
  code: number,
  sentence = /^\w.* .*\.$/,
): void => {
  assert.equal(answer.status, status, JSON.stringify(answer.body))
  const error = answer.body['error'] as { code: number; message: { value: string } }
  assert.equal(error.code, code)
  assert.match(error.message.value, sentence)
}

/** Everything that the user `demo` can have given an application. */
const hold = async (client: Registered) => ({
  client,
  tokens: await mintTokens(app, client),
  minted: await mintCode(app, client),
})
type Held = Awaited<ReturnType<typeof hold>>

/** Bearer's status, and the errors of refresh and code. */
const use = async ({ client, tokens, minted }: Held) => ({
  bearer: await readWith(app, tokens.access_token),
  refresh: (await refresh(app, client, tokens.refresh_token)).body.error ?? 'works',
  code: (await redeemMinted(app, client, minted)).body.error ?? 'works',
})
const works = { bearer: 200, refresh: 'works', code: 'works' }
const ended = { bearer: 401, refresh: 'invalid_grant', code: 'invalid_grant' }

test('an access reads the same from both sides, with what it reaches, since when, and its live chains', async () => {
  const client = await register(app, { name: 'Reader' })
  const earliest = new Date(app.clock.now()).toISOString().slice(0, 19).replace('T', ' ')
  await mintTokens(app, client, { selection: { kind: 'only', ids: [7, 9] } })
  const [access, ...more] = await list(ofApplication(client.id))
  assert.deepEqual(more, [])
  assert.ok(access)
  const { createdAt, ...rest } = access as Access & { createdAt: string }
  assert.deepEqual(rest, {
    userId: demo,
    userName: people.user.name,
    applicationId: client.id,
    applicationName: 'Reader',
    clientId: client.clientId,
    scopes: ['api.access.odata'],
    dataSources: { only: ['7', '9'] },
    liveChains: 1,
  })
  assert.match(createdAt, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  assert.ok(createdAt >= earliest)
  const ofDemo = await list(ofUser(demo))
  assert.deepEqual(
    ofDemo.find(({ applicationId }) => applicationId === client.id),
    access,
  )
})

test('an access to all data sources but some says which ones', async () => {
  const client = await register(app)
  await mintTokens(app, client, { selection: { kind: 'all-but', ids: [7] } })
  const [but] = await list(ofApplication(client.id))
  assert.deepEqual(but, { ...but, dataSources: { allExcept: ['7'] } })
  await mintTokens(app, client, { selection: { kind: 'all-but', ids: [] } })
  const [all] = await list(ofApplication(client.id))
  assert.deepEqual(all, { ...all, dataSources: { allExcept: [] } })
})

test('chains are counted as long as they live, and the last use is told', async () => {
  const client = await register(app)
  const tokens = await mintTokens(app, client)
  await mintTokens(app, client)
  await mintCode(app, client)
  const read = async () => (await list(ofApplication(client.id)))[0]
  assert.equal((await read())?.liveChains, 3)
  assert.ok(!('lastUsedAt' in ((await read()) ?? {})))
  app.clock.advance(61_000)
  assert.equal((await read())?.liveChains, 2)

  assert.equal(await readWith(app, tokens.access_token), 200)
  await app.core.lastUsed.flush()
  assert.match(String((await read())?.lastUsedAt), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  app.clock.advance(days(181))
  const left = await read()
  assert.equal(left?.liveChains, 0)
})

for (const [side, path] of [
  ['the user', (client: Registered) => `${ofUser(demo)}/${client.id}`],
  ['the application', (client: Registered) => `${ofApplication(client.id)}/${demo}`],
] as const)
  test(`T51 ending one access from the side of ${side} ends its tokens, refresh and codes, and no other`, async () => {
    const client = await register(app)
    const held = await hold(client)
    const other = await hold(await register(app))
    const foreign = await getTokens(app, client, { person: people.owner })

    await end(path(client))

    assert.deepEqual(await use(held), ended)
    assert.deepEqual(await use(other), works)
    assert.equal(await readWith(app, foreign.access_token, 'ofowner'), 200)
    const ids = (await list(ofApplication(client.id))).map(({ userId }) => userId)
    assert.deepEqual(ids, [owner])
    assertRefused(await manage(app, 'DELETE', path(client), admin), 404, 222208413, /no access/)
    const again = await hold(client)
    assert.deepEqual(await use(again), works)
  })

test('T51 ending all accesses of a user ends those of every application, and none of other users', async () => {
  const client = await register(app)
  const helds = [await hold(client), await hold(await register(app))]
  const foreign = await getTokens(app, client, { person: people.owner })

  await end(ofUser(demo))

  for (const held of helds) assert.deepEqual(await use(held), ended)
  assert.deepEqual(await list(ofUser(demo)), [])
  assert.equal(await readWith(app, foreign.access_token, 'ofowner'), 200)
  await end(ofUser(demo))
})

test('T51 ending all accesses to an application ends those of every user, and of no other application', async () => {
  const client = await register(app)
  const held = await hold(client)
  const other = await hold(await register(app))
  const foreign = await getTokens(app, client, { person: people.owner })
  assert.deepEqual(
    (await list(ofApplication(client.id))).map(({ userId }) => userId).toSorted((a, b) => a - b),
    [demo, owner].toSorted((a, b) => a - b),
  )

  await end(ofApplication(client.id))

  assert.deepEqual(await use(held), ended)
  assert.equal(await readWith(app, foreign.access_token, 'ofowner'), 401)
  assert.deepEqual(await list(ofApplication(client.id)), [])
  assert.deepEqual(await use(other), works)
  await end(ofApplication(client.id))
})

test('a consent that an administrator ended is not remembered: the user is asked again', async () => {
  const client = await register(app)
  const browser = createStoppingBrowser()
  let page = await browser.visit(authorizeUrl(app, client))
  const { name: username, password } = people.user
  page = await browser.submit(page, 'password', { username, password })
  page = await browser.submit(page, 'decision', { decision: 'allow' })
  assert.match(page.url, /[?&]code=/)
  assert.match((await browser.visit(authorizeUrl(app, client))).url, /[?&]code=/)

  await end(`${ofUser(demo)}/${client.id}`)

  const asked = await browser.visit(authorizeUrl(app, client))
  assert.match(asked.html, /name="decision"/)
})

test('T31 a refresh beside the end of its access leaves nothing that can be used', async () => {
  const client = await register(app)
  for (let round = 0; round < 10; round += 1) {
    const { refresh_token: token } = await mintTokens(app, client)
    const [, ...answers] = await Promise.all([
      end(`${ofApplication(client.id)}/${demo}`),
      ...Array.from({ length: 3 }, () => refresh(app, client, token)),
    ])
    for (const { status, body } of answers)
      if (status === 200) assert.equal(await readWith(app, body.access_token), 401)
    assert.equal((await refresh(app, client, token)).body.error, 'invalid_grant')
  }
})

const everyAddress = (client: Registered) =>
  [
    ['GET', ofUser(demo)],
    ['DELETE', ofUser(demo)],
    ['DELETE', `${ofUser(demo)}/${client.id}`],
    ['GET', ofApplication(client.id)],
    ['DELETE', ofApplication(client.id)],
    ['DELETE', `${ofApplication(client.id)}/${demo}`],
  ] as const

test('who is no administrator gets 403 everywhere, also for what is their own, and nothing ends', async () => {
  const client = await register(app)
  const held = await hold(client)
  for (const [method, path] of everyAddress(client))
    for (const person of [people.user, people.owner])
      assertRefused(await manage(app, method, path, { person }), 403, 222208103, /12/)
  assert.deepEqual(await use(held), works)
})

test('a bearer token, a wrong password and no credentials get 401 everywhere, and nothing ends', async () => {
  const client = await register(app)
  const held = await hold(client)
  const wrong: Person = { name: people.admin.name, password: 'not-the-password' }
  for (const [method, path] of everyAddress(client)) {
    const authorization = `Bearer ${held.tokens.access_token}`
    assert.equal((await manage(app, method, path, { headers: { authorization } })).status, 401)
    assert.equal((await fetch(app.url + path, { method })).status, 401)
  }
  const [, endAll] = everyAddress(client)
  assert.equal((await manage(app, endAll[0], endAll[1], { person: wrong })).status, 401)
  assert.deepEqual(await use(held), works)
})

test('unknown and malformed ids are 404, each with a sentence of its own', async () => {
  const client = await register(app)
  for (const id of ['999999', '0', '-1', '1.5', 'demo', '01', '1e3', '9'.repeat(20)]) {
    for (const method of ['GET', 'DELETE']) {
      assertRefused(await manage(app, method, ofUser(id), admin), 404, 222207916, /no user/)
      const answer = await manage(app, method, ofApplication(id), admin)
      assertRefused(answer, 404, 222206631, /no application/)
    }
    for (const path of [
      `${ofUser(demo)}/${id}`,
      `${ofUser(id)}/${client.id}`,
      `${ofApplication(client.id)}/${id}`,
      `${ofApplication(id)}/${demo}`,
    ])
      assertRefused(await manage(app, 'DELETE', path, admin), 404, 222208413, /no access/)
  }
})

test('the two ids are not taken for each other', async () => {
  const clients: Registered[] = []
  do clients.push(await register(app))
  while ((clients.at(-1)?.id ?? 0) <= Math.max(demo, owner))
  const client = clients.at(-1)
  assert.ok(client)
  const held = await hold(client)
  for (const path of [`${ofUser(client.id)}/${demo}`, `${ofApplication(demo)}/${client.id}`])
    assert.equal((await manage(app, 'DELETE', path, admin)).status, 404)
  assert.deepEqual(await use(held), works)
})

test('other methods get 405 with those that there are', async () => {
  for (const [path, allow] of [
    [ofUser(demo), 'GET, DELETE'],
    [`${ofUser(demo)}/1`, 'DELETE'],
    [ofApplication(1), 'GET, DELETE'],
    [`${ofApplication(1)}/1`, 'DELETE'],
  ] as const) {
    const answer = await manage(app, 'PUT', path, admin)
    assertRefused(answer, 405, 222208103)
    assert.equal(answer.headers.get('allow'), allow)
  }
  assert.equal((await manage(app, 'GET', `${ofUser(demo)}/1`, admin)).status, 405)
})

test('a parameter is refused, so that nobody ends all who meant one', async () => {
  const client = await register(app)
  const held = await hold(client)
  for (const [method, path] of everyAddress(client)) {
    const answer = await manage(app, method, `${path}?applicationId=${client.id}`, admin)
    assertRefused(answer, 400, 222207007, /takes (?:no parameters|limit and after alone)/)
  }
  assert.deepEqual(await use(held), works)
})

test('a list is read in pieces, which say where the next one begins', async () => {
  const clients = [await register(app), await register(app), await register(app)]
  for (const client of clients) await hold(client)
  const path = ofUser(await userIdOf(app))
  type Piece = { accesses: { applicationId: number }[]; next?: number }
  const whole = (await manage(app, 'GET', path, admin)).body as unknown as Piece
  assert.ok(whole.accesses.length >= 3)
  assert.equal(whole.next, undefined)
  const read: number[] = []
  for (let after: number | undefined = 0; after !== undefined; ) {
    const query = `?limit=2&after=${after}`
    const piece = (await manage(app, 'GET', path + query, admin)).body as unknown as Piece
    assert.ok(piece.accesses.length <= 2)
    read.push(...piece.accesses.map(({ applicationId }) => applicationId))
    after = piece.next
  }
  assert.deepEqual(
    read,
    whole.accesses.map(({ applicationId }) => applicationId),
  )
  for (const query of ['limit=0', 'limit=1001', 'limit=x', 'after=-1', 'after=', 'offset=3'])
    assertRefused(await manage(app, 'GET', `${path}?${query}`, admin), 400, 222207007)
})

test('what an administrator ends is in the audit log with both ids; what is refused is not', async () => {
  const client = await register(app)
  await hold(client)
  const before = app.logs.length
  await end(`${ofUser(demo)}/${client.id}`)
  await end(ofUser(demo))
  await end(ofApplication(client.id))
  await manage(app, 'DELETE', `${ofUser(demo)}/${client.id}`, admin)
  await list(ofUser(demo))
  const events = app.logs
    .slice(before)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ audit }) => audit !== undefined)
    .map(({ audit, endpoint, userId, subject, other }) => [audit, endpoint, userId, subject, other])
  const event = 'access.ended-by-administrator'
  const by = await userIdOf(app, people.admin.name)
  assert.deepEqual(events, [
    [event, 'end-access-of-user', by, demo, client.id],
    [event, 'end-accesses-of-user', by, demo, undefined],
    [event, 'end-accesses-of-application', by, client.id, undefined],
  ])
})

test('nothing is left of an access that was ended', async () => {
  const client = await register(app)
  await hold(client)
  const left = () =>
    rows(
      app,
      raw`select h.id from chains h join consents g on g.id = h.consent_id where g.application_id = ${client.id}`,
    )
  assert.equal((await left()).length, 2)
  await end(ofApplication(client.id))
  assert.equal((await left()).length, 0)
})
