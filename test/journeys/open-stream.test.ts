import assert from 'node:assert/strict'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { run } from '#store/command.ts'
import { basicOf, createSource, people, startApp, type TestApp } from '#test/support/app.ts'
import { getTokens, manage, type Registered, register } from '#test/support/oauth.ts'
import { userIdOf } from '../security/tokens/support.ts'

let app: TestApp
let client: Registered
let demo: number
before(async () => {
  app = await startApp({ sources: false })
  const database = new DatabaseSync(join(app.dataDir, 'files', '1', 'wide.db'))
  database.exec(`CREATE TABLE Page (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
    INSERT INTO Page WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
      SELECT i, hex(zeroblob(4000)) FROM n`)
  database.close()
  const response = await manage(app, 'POST', '/api/mgmt/datasources', {
    person: people.user,
    body: {
      name: 'wide',
      dataStore: 5001,
      connectionType: 'Cloud',
      options: { Database: 'wide.db', ODataPageSize: '10000' },
    },
  })
  assert.equal(response.status, 201)
  await createSource(app, 'one')
  client = await register(app)
  demo = await userIdOf(app)
})
after(() => app.close())

/** Begins an answer of about 72 MB and does not read on: it stays open. */
const openStream = (authorization: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const request = get(
      `${app.url}/api/odata4/wide/Pages`,
      { headers: { authorization } },
      (response) => {
        response.once('readable', () => {
          response.read(1000)
          resolve(response)
        })
      },
    )
    request.once('error', reject)
  })

/** Reads on to the end: the number of bytes, and whether the answer came whole. */
const drain = (
  response: IncomingMessage,
): Promise<{ readonly whole: boolean; readonly bytes: number }> =>
  new Promise((resolve) => {
    let bytes = 0
    response.on('data', (chunk: Buffer) => (bytes += chunk.length))
    response.once('close', () => resolve({ whole: response.complete, bytes }))
    response.once('error', () => undefined)
  })

const oneSecondLater = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1200))

test('an open answer that nobody disturbs comes whole', async () => {
  const tokens = await getTokens(app, client)

  const { whole, bytes } = await drain(await openStream(`Bearer ${tokens.access_token}`))

  assert.ok(whole)
  assert.ok(bytes > 70_000_000)
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

    const ended = await manage(app, 'DELETE', path(), { person: people[person] })
    assert.equal(ended.status, 204)
    await oneSecondLater()
    const { whole, bytes } = await drain(response)

    assert.equal(whole, false)
    assert.ok(bytes < 70_000_000)
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

    await change(before)
    await oneSecondLater()
    const { whole } = await drain(response)
    await change(after)

    assert.equal(whole, false)
  })

test('T51 an open answer is cut when its data source is deleted', async () => {
  const tokens = await getTokens(app, client)
  const response = await openStream(`Bearer ${tokens.access_token}`)
  const listed = await manage(app, 'GET', '/api/mgmt/datasources', { person: people.user })
  const wide = (listed.body['dataSources'] as { id: string; name: string }[]).find(
    (source) => source.name === 'wide',
  )

  assert.equal(
    (await manage(app, 'DELETE', `/api/mgmt/datasources/${wide?.id}`, { person: people.user }))
      .status,
    204,
  )
  await oneSecondLater()
  const { whole } = await drain(response)

  assert.equal(whole, false)
})
