import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { run } from '#store/command.ts'
import {
  basicOf,
  createSource,
  freePort,
  people,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import { getTokens, manage, type Registered, register } from '#test/support/oauth.ts'
import {
  countCuts,
  createWideFile,
  cutWithinOneSecond,
  drain,
  openAnswer,
  wideBytes,
  wideOptions,
} from '#test/support/open-answer.ts'
import { userIdOf } from '../security/tokens/support.ts'

let app: TestApp
let metricsPort: number
let client: Registered
let demo: number
before(async () => {
  metricsPort = await freePort()
  app = await startApp({
    sources: false,
    env: { HEADGATE_METRICS_PORT: String(metricsPort) },
  })
  createWideFile(
    join(app.dataDir, 'files', '1'),
    `CREATE TABLE Broken (id INTEGER PRIMARY KEY, n INTEGER, body TEXT);
     INSERT INTO Broken SELECT id, iif(id = 8000, 'text', id), substr(body, 1, 100) FROM Page;`,
  )
  const response = await manage(app, 'POST', '/api/mgmt/datasources', {
    person: people.user,
    body: {
      name: 'wide',
      dataStore: 5001,
      connectionType: 'Cloud',
      options: wideOptions,
    },
  })
  assert.equal(response.status, 201)
  await createSource(app, 'one')
  client = await register(app)
  demo = await userIdOf(app)
})
after(() => app.close())

const openStream = (authorization: string, query = '') =>
  openAnswer(`${app.url}/api/odata4/wide/Pages${query}`, authorization)

const revoke = async (): Promise<void> => {
  const path = `/api/mgmt/oauth/client/allowedapplications/${client.id}`
  const { status } = await manage(app, 'DELETE', path, { person: people.user })
  assert.equal(status, 204)
}

test('an open answer that nobody disturbs comes whole', async () => {
  const tokens = await getTokens(app, client)

  const { whole, bytes } = await drain(await openStream(`Bearer ${tokens.access_token}`))

  assert.ok(whole)
  assert.ok(bytes > wideBytes)
})

for (const [what, path, person] of [
  ['the user revoked it', () => `/api/mgmt/oauth/client/allowedapplications/${client.id}`, 'user'],
  ['an administrator ended it', () => `/api/admin/users/${demo}/accesses/${client.id}`, 'admin'],
  ['an administrator ended all of the user', () => `/api/admin/users/${demo}/accesses`, 'admin'],
  [
    'an administrator ended all to the application',
    () => `/api/admin/applications/${client.id}/accesses`,
    'admin',
  ],
] as const)
  test(`T51 an open answer is cut within a second after its access has ended: ${what}`, async () => {
    const tokens = await getTokens(app, client)
    const response = await openStream(`Bearer ${tokens.access_token}`)
    const before = await countCuts(metricsPort)

    const ended = await manage(app, 'DELETE', path(), { person: people[person] })
    assert.equal(ended.status, 204)
    await cutWithinOneSecond(metricsPort, { before })
    const { whole, bytes } = await drain(response)

    assert.equal(whole, false)
    assert.ok(bytes < wideBytes)
  })

for (const format of ['csv', 'ndjson']) {
  test(`an open export as ${format} comes whole, more than a page holds`, async () => {
    const tokens = await getTokens(app, client)
    const answer = await openStream(`Bearer ${tokens.access_token}`, `?$format=${format}`)

    const { whole, bytes } = await drain(answer)

    assert.ok(whole)
    assert.ok(bytes > wideBytes)
  })

  test(`T51 an open export as ${format} is cut within a second after the user revoked its access`, async () => {
    const tokens = await getTokens(app, client)
    const response = await openStream(`Bearer ${tokens.access_token}`, `?$format=${format}`)
    const before = await countCuts(metricsPort)

    await revoke()
    await cutWithinOneSecond(metricsPort, { before })
    const { whole, bytes } = await drain(response)

    assert.equal(whole, false)
    assert.ok(bytes < wideBytes)
  })

  test(`an export as ${format} that breaks at a value does not come whole`, async () => {
    const tokens = await getTokens(app, client)
    const response = await openAnswer(
      `${app.url}/api/odata4/wide/Brokens?$format=${format}`,
      `Bearer ${tokens.access_token}`,
    )

    assert.equal((await drain(response)).whole, false)
  })
}

/** Asks as a client of HTTP/1.0 does, to which the end of the connection is the end of the answer. */
const askOld = (path: string, token: unknown): Socket => {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1')
  socket.write(`GET ${path} HTTP/1.0\r\nAuthorization: Bearer ${String(token)}\r\n\r\n`)
  return socket
}

/** How a connection is over: it ended, or it broke. */
const endOf = async (socket: Socket): Promise<string> => {
  const errors: Error[] = []
  socket.on('error', (error) => errors.push(error))
  socket.resume()
  await once(socket, 'close').catch(() => undefined)
  const [error] = errors as NodeJS.ErrnoException[]
  return error?.code ?? 'end'
}

test('to HTTP/1.0, which takes an end for the end of the answer, a connection is reset where an answer breaks or is cut', async () => {
  const tokens = await getTokens(app, client)
  const ask = (path: string) => askOld(`/api/odata4/wide/${path}`, tokens.access_token)
  assert.equal(await endOf(ask('Brokens?$format=csv&$top=7000')), 'end')
  assert.equal(await endOf(ask('Brokens?$format=csv')), 'ECONNRESET')

  const open = ask('Pages?$format=csv')
  await once(open, 'readable')
  const before = await countCuts(metricsPort)
  await revoke()
  await cutWithinOneSecond(metricsPort, { before })
  assert.equal(await endOf(open), 'ECONNRESET')
})

const change = (statement: string) =>
  app.core.store.write(() =>
    run({ ...app.core.store.sql.selectFrom('users').compile(), sql: statement }),
  )

for (const [what, before, after] of [
  [
    'its user is disabled',
    `UPDATE users SET status = 0 WHERE user_name = 'demo'`,
    `UPDATE users SET status = 1 WHERE user_name = 'demo'`,
  ],
  [
    'its user loses the permission to read',
    'DELETE FROM role_permissions WHERE role_id = 2 AND permission_id = 7',
    'INSERT INTO role_permissions VALUES (2, 7)',
  ],
  [
    'its user gets another password',
    `UPDATE users SET password_version = password_version + 1 WHERE user_name = 'demo'`,
    `UPDATE users SET password_version = password_version - 1 WHERE user_name = 'demo'`,
  ],
] as const)
  test(`T51 an open answer that was begun by Basic is cut when ${what}`, async () => {
    const response = await openStream(basicOf(people.user).authorization)
    const cuts = await countCuts(metricsPort)

    await change(before)
    await cutWithinOneSecond(metricsPort, { before: cuts })
    const { whole } = await drain(response)
    await change(after)

    assert.equal(whole, false)
  })

test('T51 an open answer is cut when its data source is deleted', async () => {
  const tokens = await getTokens(app, client)
  const response = await openStream(`Bearer ${tokens.access_token}`)
  const before = await countCuts(metricsPort)
  const listed = await manage(app, 'GET', '/api/mgmt/datasources', { person: people.user })
  const wide = (listed.body['dataSources'] as { id: string; name: string }[]).find(
    (source) => source.name === 'wide',
  )

  assert.equal(
    (await manage(app, 'DELETE', `/api/mgmt/datasources/${wide?.id}`, { person: people.user }))
      .status,
    204,
  )
  await cutWithinOneSecond(metricsPort, { before })
  const { whole } = await drain(response)

  assert.equal(whole, false)
})
