import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { basicOf, people, startApp, type TestApp } from '#test/support/app.ts'
import { askAsClient, manage, type Registered, registerMachine } from '#test/support/oauth.ts'
import { batchOf, sendBatch } from '#test/support/odata-batch.ts'
import { createWideFile, openAnswer, wideOptions } from '#test/support/open-answer.ts'
import { execute, raw, userIdOf } from '../tokens/support.ts'

// Limits 24 and 25 (management reference 5.1, 5.11): requests of a user at once and waiting, on a node.

let app: TestApp
let machine: Registered
let demo = 0
before(async () => {
  app = await startApp()
  machine = await registerMachine(app)
  demo = await userIdOf(app)
  createWideFile(join(app.dataDir, 'files', '1'))
  const { status } = await manage(app, 'POST', '/api/mgmt/datasources', {
    person: people.user,
    body: { name: 'wide', dataStore: 5001, connectionType: 'Cloud', options: wideOptions },
  })
  assert.equal(status, 201)
})
after(() => app.close())
afterEach(() => execute(app, raw`delete from limit_values`))

type Headers = Record<string, string>

const set = async (place: string, value: number): Promise<void> => {
  const path = `/api/admin/limits/${place}`
  const { status, body } = await manage(app, 'PUT', path, { person: people.admin, body: { value } })
  assert.equal(status, 200, JSON.stringify(body))
}

const bearer = async (): Promise<Headers> => ({
  authorization: `Bearer ${(await askAsClient(app, machine)).body.access_token}`,
})

/** An answer that stays open, and with it the turn of its request; to a password, so that no token's end ends it. */
const openWide = () =>
  openAnswer(`${app.url}/api/odata4/wide/Pages`, basicOf(people.user).authorization)

const readItem = (headers: Headers): Promise<Response> =>
  fetch(`${app.url}/api/odata4/one/Items(1)`, { headers })

/** Sends so many requests at once: the first answers when they are that many, and the statuses of all. */
const sendMany = (headers: Headers, count: number, first: number) => {
  const early = Promise.withResolvers<readonly Response[]>()
  const seen: Response[] = []
  const all = Promise.all(
    Array.from({ length: count }, async () => {
      const answer = await readItem(headers)
      seen.push(answer)
      if (seen.length === first) early.resolve([...seen])
      return answer.status
    }),
  )
  return { early: early.promise, all: all.then((statuses) => statuses.toSorted((a, b) => a - b)) }
}

for (const [where, place] of [
  ['for the system', () => 'system'],
  ['for the tenant', () => 'tenants/1'],
  ['for the user', () => `users/${demo}`],
] as const)
  test(`requests beyond limits 24 and 25, set ${where}, wait or are refused with 429, those of others are not`, async () => {
    await set(`${place()}/24`, 1)
    await set(`${place()}/25`, 2)
    const headers = await bearer()
    const open = await openWide()
    const { early, all } = sendMany(headers, 6, 4)
    try {
      const refused = await early
      assert.deepEqual(
        refused.map(({ status }) => status),
        [429, 429, 429, 429],
      )
      const [first] = refused
      assert.ok(first !== undefined)
      assert.equal(first.headers.get('retry-after'), '1')
      const { error } = (await first.json()) as { error: { code: string } }
      assert.equal(error.code, 'TooManyRequests')
      // The same user, however the request says so.
      assert.equal((await readItem(basicOf(people.user))).status, 429)
      // Somebody else has turns of one's own, and no such data source.
      assert.equal((await readItem(basicOf(people.owner))).status, 404)
    } finally {
      open.destroy()
    }
    assert.deepEqual(await all, [200, 200, 429, 429, 429, 429])
    for (let i = 0; i < 3; i++) assert.equal((await readItem(headers)).status, 200)
  })

test('limits of a narrower level count, and 0 is no limit', async () => {
  await set('system/24', 1)
  await set('system/25', 1)
  await set(`users/${demo}/24`, 0)
  const open = await openWide()
  try {
    const { all } = sendMany(await bearer(), 6, 6)
    assert.deepEqual(await all, [200, 200, 200, 200, 200, 200])
  } finally {
    open.destroy()
  }
})

test('who waits for a turn while access ends reads nothing when the turn comes', async () => {
  await set(`users/${demo}/24`, 1)
  await set(`users/${demo}/25`, 1)
  const headers = await bearer()
  const open = await openWide()
  const { early, all } = sendMany(headers, 2, 1)
  assert.equal((await early)[0]?.status, 429)
  await execute(app, raw`delete from access_tokens`)
  open.destroy()
  assert.deepEqual(await all, [401, 429])
})

test('requests that are refused give their turn back', async () => {
  await set(`users/${demo}/24`, 1)
  await set(`users/${demo}/25`, 1)
  const headers = await bearer()
  for (const [path, status] of [
    ['one/Nothing', 404],
    ['one/Items?$filter=', 400],
    ['nowhere/Items', 404],
    ['one/Items(1)', 200],
    ['one/$metadata', 200],
  ] as const)
    for (let i = 0; i < 3; i++) {
      const answer = await fetch(`${app.url}/api/odata4/${path}`, { headers })
      assert.equal(answer.status, status, path)
      await answer.text()
    }
})

test('a batch takes one turn for all it holds, and is refused like any other request when none is left', async () => {
  await set(`users/${demo}/24`, 1)
  await set(`users/${demo}/25`, 1)
  const headers = await bearer()
  const url = `${app.url}/api/odata4/one/$batch`
  const batch = batchOf(['Items(1)', 'Items/$count', 'Items(1)'])
  const open = await openWide()
  const waiting = sendMany(headers, 2, 1)
  try {
    // The first refusal tells that the other one waits.
    assert.equal((await waiting.early)[0]?.status, 429)
    const refused = await sendBatch(url, batch, headers)
    assert.equal(refused.status, 429)
    assert.equal(refused.headers.get('retry-after'), '1')
  } finally {
    open.destroy()
  }
  await waiting.all
  for (let i = 0; i < 2; i++) {
    const { parts } = await sendBatch(url, batch, headers)
    assert.deepEqual(
      parts.map(({ status }) => status),
      [200, 200, 200],
    )
  }
})
