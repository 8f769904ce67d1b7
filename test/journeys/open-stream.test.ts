import assert from 'node:assert/strict'
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
  createWideFile(join(app.dataDir, 'files', '1'))
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

const openStream = (authorization: string) =>
  openAnswer(`${app.url}/api/odata4/wide/Pages`, authorization)

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
