import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { createBrowser } from '../../../src/commands/demo/browser.ts'
import {
  beginSession,
  basicOf,
  people,
  type Person,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import {
  askAsClient,
  askWithPassword,
  manage,
  readWith,
  refresh,
  type Registered,
  register,
  registerMachine,
} from '#test/support/oauth.ts'
import { execute, mintCode, mintTokens, raw, redeemMinted } from '../tokens/support.ts'

let app: TestApp
let client: Registered
let trader: Registered
before(async () => {
  app = await startApp({ fullPasswordCost: true })
  client = await register(app)
  trader = await register(app, { grantTypes: ['password'] })
})
after(() => app.close())
// Whatever the last test left: nobody is locked, and no password is remembered.
beforeEach(async () => {
  await execute(app, raw`delete from login_failures`)
  app.clock.advance(6 * 60_000)
})

const basic = async (person: Person): Promise<number> =>
  (await manage(app, 'GET', '/api/mgmt/datasources', { person })).status

const withPassword = (password: string, name: string = people.user.name): Person => ({
  name,
  password,
})

/** What was verified for real and in vain while the work ran. */
const workDuring = async (work: () => Promise<void>) => {
  const before = app.core.passwordCheck.verifications()
  await work()
  const after = app.core.passwordCheck.verifications()
  return { real: after.real - before.real, dummy: after.dummy - before.dummy }
}

const lock = async (name: string = people.user.name): Promise<void> => {
  for (let i = 0; i < 3; i += 1) assert.equal(await basic(withPassword(`wrong ${i}`, name)), 401)
}

test('T48: of 200 different wrong passwords at once at most three are verified, and the account is locked', async () => {
  const work = await workDuring(async () => {
    const statuses = await Promise.all(
      Array.from({ length: 200 }, (_, i) => basic(withPassword(`wrong ${i}`))),
    )
    for (const status of statuses) assert.ok(status === 401 || status === 503, String(status))
    assert.ok(statuses.includes(401))
  })
  assert.ok(work.real <= 3, JSON.stringify(work))
  assert.equal(await basic(people.user), 401)
  app.clock.advance(31 * 60_000)
  assert.equal(await basic(people.user), 200)
})

test('T48: the right password among many wrong ones at once does not let more of them be verified', async () => {
  const passwords = Array.from({ length: 18 }, (_, i) => `wrong ${i}`)
  passwords.splice(9, 0, people.user.password)
  const work = await workDuring(async () => {
    const statuses = await Promise.all(passwords.map((password) => basic(withPassword(password))))
    assert.ok(!statuses.includes(200), 'three wrong ones came before it')
  })
  assert.ok(work.real <= 3)
})

test('T48: 50 right passwords at once on a cold server share one verification and lock nobody', async () => {
  const work = await workDuring(async () => {
    const statuses = await Promise.all(Array.from({ length: 50 }, () => basic(people.user)))
    assert.deepEqual(new Set(statuses), new Set([200]))
  })
  assert.equal(work.real, 1)
  assert.equal(await basic(people.user), 200)
})

test('T48: many wrong tries with one and the same password at once count as one', async () => {
  const work = await workDuring(async () => {
    const statuses = await Promise.all(
      Array.from({ length: 50 }, () => basic(withPassword('the old password'))),
    )
    assert.deepEqual(new Set(statuses), new Set([401]))
  })
  assert.equal(work.real, 1)
  assert.equal(await basic(people.user), 200)
})

test('T48: a right password ends a row of wrong ones, so that two and two do not lock', async () => {
  for (let round = 0; round < 2; round += 1) {
    assert.equal(await basic(withPassword(`wrong ${round}`)), 401)
    assert.equal(await basic(withPassword(`wrong again ${round}`)), 401)
    assert.equal(await basic(people.user), 200)
  }
})

test('T48: wrong passwords further apart than the window do not add up', async () => {
  for (let i = 0; i < 4; i += 1) {
    assert.equal(await basic(withPassword(`wrong ${i}`)), 401)
    app.clock.advance(15 * 60_000)
  }
  assert.equal(await basic(people.user), 200)
})

test('T48: passwords for names that nobody has are counted and slowed in the same way', async () => {
  const work = await workDuring(async () => {
    const statuses = await Promise.all(
      Array.from({ length: 60 }, (_, i) => basic(withPassword(`wrong ${i}`, 'nobody'))),
    )
    for (const status of statuses) assert.ok(status === 401 || status === 503)
    assert.ok(statuses.includes(503))
  })
  assert.equal(work.real, 0)
})

const signInByPage = async (person: Person): Promise<number> => {
  const browser = createBrowser()
  const page = await browser.visit(`${app.url}/sign-in`)
  const { name: username, password } = person
  return (await browser.submit(page, 'password', { username, password })).status
}
const readOData = async (person: Person): Promise<number> => {
  const response = await fetch(`${app.url}/api/odata4/one/Items(1)`, { headers: basicOf(person) })
  await response.arrayBuffer()
  return response.status
}
/** 200 and 400 are the token endpoint's yes and no; here they read like those of the other doors. */
const tradePassword = async (person: Person): Promise<number> => {
  const { status, body } = await askWithPassword(app, trader, person)
  if (status !== 200) assert.equal(body.error, 'invalid_grant')
  return status === 400 ? 401 : status
}
const doors = {
  'the password grant': tradePassword,
  'the sign-in page': signInByPage,
  'the management interface': basic,
  OData: readOData,
}

for (const [name, door] of Object.entries(doors))
  test(`T49: who was locked at ${name} is refused at every door, although the password is right and remembered`, async () => {
    for (const [other, opens] of Object.entries(doors))
      assert.equal(await opens(people.user), 200, other)
    for (let i = 0; i < 3; i += 1) assert.equal(await door(withPassword(`wrong ${i}`)), 401)
    for (const [other, opens] of Object.entries(doors))
      assert.equal(await opens(people.user), 401, other)
    app.clock.advance(31 * 60_000)
    for (const [other, opens] of Object.entries(doors))
      assert.equal(await opens(people.user), 200, other)
  })

test('T49: wrong passwords at different doors add up', async () => {
  await signInByPage(withPassword('wrong 1'))
  await readOData(withPassword('wrong 2'))
  await tradePassword(withPassword('wrong 3'))
  assert.equal(await basic(people.user), 401)
})

test('T49: a locked user cannot change the password, but what applications hold goes on', async () => {
  const minted = await mintCode(app, client)
  const tokens = await mintTokens(app, client)
  const session = await beginSession(app, people.user)
  const machine = await registerMachine(app)
  await lock()
  assert.equal((await askAsClient(app, machine)).status, 200)
  assert.equal((await redeemMinted(app, client, minted)).status, 200)
  assert.equal(await readWith(app, tokens.access_token), 200)
  assert.equal((await refresh(app, client, tokens.refresh_token)).status, 200)
  const caller = await app.core.sessions.read(session)
  assert.ok(caller, 'a session that was begun before goes on')
  await assert.rejects(
    app.core.passwordChange.changeOwn(caller, {
      current: people.user.password,
      next: 'another password of mine',
      sessionId: session,
    }),
    /wrong, or the account is locked/,
  )
})

test('T49: trying while locked neither prolongs the lock nor verifies anything', async () => {
  await lock()
  app.clock.advance(20 * 60_000)
  const work = await workDuring(async () => {
    for (let i = 0; i < 5; i += 1) assert.equal(await basic(withPassword(`more ${i}`)), 401)
    assert.equal(await basic(people.user), 401)
  })
  assert.deepEqual(work, { real: 0, dummy: 6 })
  app.clock.advance(11 * 60_000)
  assert.equal(await basic(people.user), 200)
})

test('T50: all spellings of a user name share one counter and one lock', async () => {
  const spellings = ['DEMO', 'Demo ', '\u3000demo', 'ｄｅｍｏ', 'ＤＥＭＯ', ' dEmO\u00a0', 'demo']
  for (const [i, first] of spellings.entries()) {
    await execute(app, raw`delete from login_failures`)
    for (let n = 0; n < 3; n += 1) {
      const name = spellings[(i + n) % spellings.length] ?? first
      assert.equal(await basic(withPassword(`wrong ${i} ${n}`, name)), 401)
    }
    for (const name of spellings)
      assert.equal(await basic({ ...people.user, name }), 401, JSON.stringify(name))
    assert.equal(await basic(people.owner), 200)
  }
})

test('T50: all spellings of a name that nobody has share one counter', async () => {
  for (const name of ['ghost', 'GHOST', 'ｇｈｏｓｔ', ' ghost '])
    assert.equal(await basic(withPassword('wrong', name)), 401)
  const counted = await app.core.store.read(function* () {
    const { rows } = yield app.core.store.sql.selectFrom('login_failures').selectAll().compile()
    return rows as readonly { failures: number; subject: string }[]
  })
  assert.equal(counted.length, 1)
  assert.equal(counted[0]?.failures, 3)
  assert.ok(!counted[0]?.subject.includes('ghost'), 'the name itself is not kept')
})

test('T50: a user name in another spelling signs in to the same account', async () => {
  for (const name of ['DEMO', ' demo ', 'ｄｅｍｏ'])
    assert.equal(await basic({ ...people.user, name }), 200)
})

test('a user name that no database can hold is a wrong one', async () => {
  for (const username of ['\0', `${people.user.name}\0`]) {
    const browser = createBrowser({ stopAt: () => false })
    const page = await browser.visit(`${app.url}/sign-in`)
    const answer = await browser.submit(page, 'password', { username, password: 'any' })
    assert.equal(answer.status, 401)
    assert.match(answer.html, /name="password"/)
  }
})
