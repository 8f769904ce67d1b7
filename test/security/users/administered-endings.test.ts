import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  basicOf,
  beginSession,
  freePort,
  type Person,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import { oneSecond } from '#test/support/fleet.ts'
import {
  askWithPassword,
  getTokens,
  manage,
  readWith,
  refresh,
  type Registered,
  register,
} from '#test/support/oauth.ts'
import {
  countCuts,
  createWideFile,
  cutWithinOneSecond,
  drain,
  openAnswer,
  wideOptions,
} from '#test/support/open-answer.ts'
import { createRole, createTenant } from '#test/support/tenants.ts'
import { callUsers, createUser, givenPassword, userBody } from '#test/support/users.ts'

// T51: what an administrator takes from a user is gone at the next request, and within a second from answers that are open.

let app: TestApp
let metricsPort: number
let client: Registered
let trader: Registered
let orgA: number
let roleOfA: number
before(async () => {
  metricsPort = await freePort()
  app = await startApp({
    sources: false,
    env: { HEADGATE_METRICS_PORT: String(metricsPort) },
  })
  createWideFile(
    join(app.dataDir, 'files', '1'),
    "CREATE TABLE Item (id INTEGER PRIMARY KEY, name TEXT NOT NULL); INSERT INTO Item VALUES (1, 'one')",
  )
  client = await register(app)
  trader = await register(app, { grantTypes: ['password'] })
  orgA = await createTenant(app, 'A')
  roleOfA = await createRole(app, { name: 'R', tenantId: orgA, permissions: [2, 7, 11] })
})
after(() => app.close())

const openStream = (authorization: string) =>
  openAnswer(`${app.url}/api/odata4/wide/Pages`, authorization)

const isWhole = async (stream: IncomingMessage): Promise<boolean> => (await drain(stream)).whole

type Holder = Awaited<ReturnType<typeof createHolder>>

/** Somebody with one of everything that opens something. */
const createHolder = async (name: string) => {
  const id = await createUser(app, name)
  const person: Person = { name, password: givenPassword }
  const source = await manage(app, 'POST', '/api/mgmt/datasources', {
    person,
    body: {
      name: 'wide',
      dataStore: 5001,
      connectionType: 'Cloud',
      options: wideOptions,
    },
  })
  assert.equal(source.status, 201)
  const tokens = await getTokens(app, client, { person })
  return { id, person, tokens, session: await beginSession(app, person) }
}

const read = async (person: Person): Promise<number> => {
  const response = await fetch(`${app.url}/api/odata4/wide/Items(1)`, { headers: basicOf(person) })
  await response.arrayBuffer()
  return response.status
}

const doorsOf = async ({ person, tokens, session }: Holder) => ({
  basic: (await manage(app, 'GET', '/api/mgmt/user', { person })).status,
  odata: await read(person),
  bearer: await readWith(app, tokens.access_token, 'wide'),
  refresh: (await refresh(app, client, tokens.refresh_token)).status,
  password: (await askWithPassword(app, trader, person)).status,
  session: (await app.core.sessions.read(session)) !== undefined,
})

const all = { basic: 200, odata: 200, bearer: 200, refresh: 200, password: 200, session: true }
const nothing = { basic: 401, odata: 401, bearer: 401, refresh: 400, password: 400, session: false }

const put = async (id: number, part: string, body: unknown): Promise<void> => {
  const answer = await callUsers(app, 'PUT', `/${id}${part}`, { body })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
}

type Event = {
  readonly happen: (holder: Holder) => Promise<unknown>
  readonly leaves: Record<keyof typeof all, number | boolean>
  readonly undo?: (holder: Holder) => Promise<unknown>
}

const { passwordInfo: _password, ...withoutPassword } = userBody('x')

const events: Readonly<Record<string, Event>> = {
  'a user is disabled by its status': {
    happen: ({ id }) => put(id, '/statusinfo', { status: 0 }),
    leaves: nothing,
    // Right passwords of a disabled account were counted like wrong ones, which are not told apart.
    undo: ({ id }) => put(id, '/statusinfo', { status: 1, accountLocked: false }),
  },
  'a user is disabled by a replacement': {
    happen: ({ id, person }) =>
      put(id, '', { ...withoutPassword, userName: person.name, statusInfo: { status: 0 } }),
    leaves: nothing,
    undo: ({ id, person }) =>
      put(id, '', {
        ...withoutPassword,
        userName: person.name,
        statusInfo: { status: 1, accountLocked: false },
      }),
  },
  'a user is deleted': {
    happen: async ({ id }) => assert.equal((await callUsers(app, 'DELETE', `/${id}`)).status, 204),
    leaves: nothing,
  },
  'a user is moved to another tenant': {
    happen: ({ id, person }) =>
      put(id, '', {
        ...withoutPassword,
        userName: person.name,
        tenantId: orgA,
        permissions: { roles: [roleOfA] },
      }),
    // The account itself works, in its new tenant: there is no such file, and this application is not for it.
    leaves: { ...nothing, basic: 200, odata: 500 },
  },
  'a user loses UseDataSourceWithOData': {
    happen: async ({ id }) => {
      const role = await createRole(app, { name: `weak ${id}`, tenantId: 1, permissions: [2, 11] })
      await put(id, '/permissions', { roles: [role] })
    },
    leaves: { ...all, odata: 403, bearer: 403 },
    undo: ({ id }) => put(id, '/permissions', { roles: [2] }),
  },
}

for (const [what, { happen, leaves, undo }] of Object.entries(events))
  test(`T51: when ${what}, every door shuts and open answers end within a second`, async () => {
    const holder = await createHolder(`holder: ${what}`.replaceAll(':', ''))
    assert.deepEqual(await doorsOf(holder), all)
    const streams = await Promise.all([
      openStream(`Bearer ${holder.tokens.access_token}`),
      openStream(basicOf(holder.person).authorization),
    ])
    const before = await countCuts(metricsPort)
    await happen(holder)
    const after = await doorsOf(holder)
    // A file that is not there is answered with one of the server's errors; it must not be data.
    if (leaves.odata === 500) assert.ok(after.odata >= 400, String(after.odata))
    assert.deepEqual({ ...after, odata: leaves.odata }, leaves)
    if (leaves.odata !== 500) assert.equal(after.odata, leaves.odata)
    await cutWithinOneSecond(metricsPort, { before, more: streams.length })
    assert.deepEqual(await Promise.all(streams.map(isWhole)), [false, false])
    if (undo === undefined) return
    await undo(holder)
    assert.deepEqual(await doorsOf(holder), all)
  })

test('an open answer that nobody disturbs comes whole', async () => {
  const holder = await createHolder('undisturbed')
  const stream = await openStream(basicOf(holder.person).authorization)
  await put(holder.id, '/statusinfo', { status: 1 })
  await new Promise((resolve) => setTimeout(resolve, oneSecond))
  assert.equal(await isWhole(stream), true)
})
