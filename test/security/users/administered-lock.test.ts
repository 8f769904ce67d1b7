import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { createBrowser } from '../../../src/commands/demo/browser.ts'
import { userSubject } from '#features/authentication/lockout.ts'
import {
  basicOf,
  beginSession,
  people,
  type Person,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import {
  askWithPassword,
  manage,
  readWith,
  refresh,
  type Registered,
  register,
} from '#test/support/oauth.ts'
import { callUsers } from '#test/support/users.ts'
import { execute, mintTokens, raw, userIdOf } from '../tokens/support.ts'

// A lock that an administrator sets is one like any other: it holds wherever a password is presented, and nowhere else.

let app: TestApp
let demo: number
let client: Registered
let trader: Registered
before(async () => {
  app = await startApp({ fullPasswordCost: true })
  demo = await userIdOf(app)
  client = await register(app)
  trader = await register(app, { grantTypes: ['password'] })
})
after(() => app.close())
beforeEach(async () => {
  await execute(app, raw`delete from login_failures`)
})

const lock = async (fields: Record<string, unknown> = {}): Promise<void> => {
  const body = { status: 1, accountLocked: true, ...fields }
  const { status } = await callUsers(app, 'PUT', `/${demo}/statusinfo`, { body })
  assert.equal(status, 200)
}

const isLocked = async (): Promise<boolean> =>
  (await callUsers(app, 'GET', `/${demo}/statusinfo`)).body['accountLocked'] as boolean

const minutesAhead = (minutes: number): string =>
  new Date(app.clock.now() + minutes * 60_000).toISOString().slice(0, 19).replace('T', ' ')

const doors: Readonly<Record<string, (person: Person) => Promise<boolean>>> = {
  'the sign-in page': async ({ name: username, password }) => {
    const browser = createBrowser()
    const page = await browser.visit(`${app.url}/sign-in`)
    return (await browser.submit(page, 'password', { username, password })).status === 200
  },
  'the password grant': async (person) =>
    (await askWithPassword(app, trader, person)).status === 200,
  'the management interface': async (person) =>
    (await manage(app, 'GET', '/api/mgmt/datasources', { person })).status === 200,
  OData: async (person) => {
    const response = await fetch(`${app.url}/api/odata4/one/Items(1)`, { headers: basicOf(person) })
    await response.arrayBuffer()
    return response.status === 200
  },
}

const openDoors = async (): Promise<readonly string[]> => {
  const open: string[] = []
  for (const [name, door] of Object.entries(doors)) if (await door(people.user)) open.push(name)
  return open
}

test('T49: who was locked by an administrator presents the right password at every door in vain, until it is unlocked', async () => {
  assert.deepEqual(await openDoors(), Object.keys(doors))
  await lock()
  assert.deepEqual(await openDoors(), [])
  await callUsers(app, 'PUT', `/${demo}/statusinfo`, { body: { status: 1, accountLocked: false } })
  assert.deepEqual(await openDoors(), Object.keys(doors))
})

test('T49: such a lock ends by time, after a lockout period or when it was said', async () => {
  await lock()
  app.clock.advance(29 * 60_000)
  assert.deepEqual(await openDoors(), [])
  app.clock.advance(2 * 60_000)
  assert.deepEqual(await openDoors(), Object.keys(doors))
  await lock({ accountLockedUntil: minutesAhead(600) })
  app.clock.advance(599 * 60_000)
  assert.deepEqual(await openDoors(), [])
  assert.equal(await isLocked(), true)
  app.clock.advance(2 * 60_000)
  assert.equal(await isLocked(), false)
  assert.deepEqual(await openDoors(), Object.keys(doors))
})

test('T49: the sweeper leaves a lock of many days alone', async () => {
  await lock({ accountLockedUntil: minutesAhead(60 * 24 * 30) })
  app.clock.advance(29 * 24 * 60 * 60_000)
  const { sweepExpired } = await import('#store/sweep.ts')
  await sweepExpired(app.core.store, app.clock.now())
  assert.equal(await isLocked(), true)
})

test('T49: wrong passwords that are counted after a lock was set neither shorten nor end it', async () => {
  await lock({ accountLockedUntil: minutesAhead(600) })
  const before = (await callUsers(app, 'GET', `/${demo}/statusinfo`)).body
  app.clock.advance(60_000)
  // What a verification that began before the lock does at its end.
  for (let i = 0; i < 5; i += 1)
    await app.core.store.write(() => app.core.lockout.addFailure(userSubject(demo)))
  assert.deepEqual((await callUsers(app, 'GET', `/${demo}/statusinfo`)).body, before)
})

test('T49: a right password whose verification began before the lock opens nothing after it', async () => {
  app.clock.advance(6 * 60_000)
  const checking = app.core.passwordCheck.check(people.user.name, people.user.password)
  await app.core.store.write(() => app.core.lockout.lock(userSubject(demo)))
  assert.equal(await checking, undefined)
})

test('T49: a status that does not mention the lock leaves it, and one that mentions it again keeps its beginning', async () => {
  await lock({ accountLockedUntil: minutesAhead(60) })
  const { body: begun } = await callUsers(app, 'GET', `/${demo}/statusinfo`)
  app.clock.advance(60_000)
  const left = await callUsers(app, 'PUT', `/${demo}/statusinfo`, { body: { status: 1 } })
  assert.deepEqual(left.body, begun)
  const again = await callUsers(app, 'PUT', `/${demo}/statusinfo`, { body: begun })
  assert.deepEqual(again.body, begun)
  const user = (await callUsers(app, 'GET', `/${demo}`)).body
  const replaced = await callUsers(app, 'PUT', `/${demo}`, {
    body: { ...user, statusInfo: { status: 1 } },
  })
  assert.deepEqual(replaced.body['statusInfo'], begun)
})

test('T49: an account that wrong passwords have locked is unlocked by an administrator', async () => {
  for (let i = 0; i < 3; i += 1)
    await manage(app, 'GET', '/api/mgmt/datasources', {
      person: { ...people.user, password: `wrong ${i}` },
    })
  assert.equal(await isLocked(), true)
  assert.deepEqual(await openDoors(), [])
  await callUsers(app, 'PUT', `/${demo}/statusinfo`, { body: { status: 1, accountLocked: false } })
  assert.deepEqual(await openDoors(), Object.keys(doors))
})

test('T49: what was obtained before a lock goes on', async () => {
  const tokens = await mintTokens(app, client)
  const session = await beginSession(app, people.user)
  await lock()
  assert.equal(await readWith(app, tokens.access_token), 200)
  assert.equal((await refresh(app, client, tokens.refresh_token)).status, 200)
  assert.ok(await app.core.sessions.read(session))
})
