// PostgreSQL goes away under a running server, and comes back: 503 meanwhile, and everything works again without a restart.
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import {
  basicOf,
  beginSession,
  createSource,
  freePort,
  people,
  postgresEnvironment,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import {
  askToken,
  authorizeUrl,
  createStoppingBrowser,
  credentials,
  getTokens,
  manage,
  refresh,
  type Registered,
  register,
} from '#test/support/oauth.ts'
import {
  countCuts,
  createWideFile,
  drain,
  openAnswer,
  wideOptions,
} from '#test/support/open-answer.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'

let cluster: Cluster
let app: TestApp
let metricsPort: number
let client: Registered
let session: string
let tokens: Awaited<ReturnType<typeof getTokens>>
before(async () => {
  cluster = await startCluster()
  const url = await cluster.createDatabase()
  metricsPort = await freePort()
  app = await startApp({
    sources: false,
    env: { ...postgresEnvironment(url), HEADGATE_METRICS_PORT: String(metricsPort) },
  })
  createWideFile(join(app.dataDir, 'files', '1'))
  const created = await manage(app, 'POST', '/api/mgmt/datasources', {
    person: people.user,
    body: {
      name: 'wide',
      dataStore: 5001,
      connectionType: 'Cloud',
      options: wideOptions,
    },
  })
  assert.equal(created.status, 201)
  await createSource(app, 'one')
  client = await register(app)
  tokens = await getTokens(app, client)
  session = await beginSession(app, people.user)
})
after(async () => {
  await app.close()
  await cluster.stop()
})

const bearer = () => ({ authorization: `Bearer ${tokens.access_token}` })
const browser = () => ({ cookie: `hg_session=${session}`, accept: 'text/html' })

/** One request on every kind of path, by name. */
const paths: Readonly<Record<string, () => Promise<Response>>> = {
  'a refresh token': () =>
    fetch(`${app.url}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token,
        ...credentials(client),
      }),
    }),
  'a revocation of a token that nobody has': () =>
    fetch(`${app.url}/oauth2/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: 'nobody-has-it', ...credentials(client) }),
    }),
  'a read with a bearer token': () =>
    fetch(`${app.url}/api/odata4/one/Items(1)`, { headers: bearer() }),
  'a read with a password': () =>
    fetch(`${app.url}/api/odata4/one/Items(1)`, { headers: basicOf(people.user) }),
  'the management API with a password': () =>
    fetch(`${app.url}/api/mgmt/datasources`, { headers: basicOf(people.user) }),
  'the management API with a password that was never checked': () =>
    fetch(`${app.url}/api/mgmt/oauth/client/applications`, { headers: basicOf(people.admin) }),
  'the page that begins a flow': () => fetch(authorizeUrl(app, client), { redirect: 'manual' }),
  'the page of connected applications': () =>
    fetch(`${app.url}/account/applications`, { headers: browser(), redirect: 'manual' }),
}
const pages = new Set(['the page that begins a flow', 'the page of connected applications'])

const statusOf = async (path: string): Promise<number> => {
  const response = await fetch(app.url + path)
  await response.text()
  return response.status
}

const openStream = (authorization: string): Promise<IncomingMessage> =>
  openAnswer(`${app.url}/api/odata4/wide/Pages`, authorization)

/** Reads on to the end: whether the answer came whole. */
const isWhole = async (response: IncomingMessage): Promise<boolean> => (await drain(response)).whole

const checkAllWork = async (): Promise<void> => {
  for (const [name, ask] of Object.entries(paths)) {
    const response = await ask()
    const text = await response.text()
    assert.ok(response.status < 400, `${name}: ${response.status} ${text.slice(0, 300)}`)
  }
  assert.equal(await statusOf('/api/healthcheck/ready'), 200)
}

test('while the database is gone every path says 503 and when to come back, open answers end, and all works when it is back', async (t) => {
  await checkAllWork()
  const person = createStoppingBrowser()
  const signIn = await person.visit(`${app.url}/sign-in`)
  const secrets = { username: people.user.name, password: people.user.password }
  const streams = [
    await openStream(bearer().authorization),
    await openStream(basicOf(people.user).authorization),
  ]
  t.after(() => streams.forEach((stream) => void stream.destroy()))
  await cluster.kill()
  const gone = performance.now()
  // An answer may be reused for half a second (DESIGN invariant 15).
  await sleep(600)

  for (const [name, ask] of Object.entries(paths)) {
    const response = await ask()
    const text = await response.text()
    assert.equal(response.status, 503, `${name}: ${text.slice(0, 300)}`)
    assert.ok(Number(response.headers.get('retry-after')) > 0, name)
    assert.ok(!/ECONNREFUSED|127\.0\.0\.1:\d+\/t_|terminat|stack/i.test(text), `${name}: ${text}`)
    if (!pages.has(name)) continue
    assert.match(response.headers.get('content-type') ?? '', /^text\/html/, name)
    assert.match(text, /<main[\s\S]*try again/i, name)
  }
  const refused = await person.submit(signIn, 'password', secrets)
  assert.equal(refused.status, 503)
  assert.match(refused.html, /try again/i)
  assert.equal(await statusOf('/api/healthcheck/ready'), 503)
  assert.equal(await statusOf('/api/healthcheck'), 503)
  assert.equal(await statusOf('/api/healthcheck/live'), 200)

  while ((await countCuts(metricsPort)) < streams.length) await sleep(50)
  const lasted = performance.now() - gone
  assert.ok(lasted > 3500 && lasted < 9000, `open answers lasted ${Math.round(lasted)} ms`)
  assert.deepEqual(await Promise.all(streams.map(isWhole)), [false, false])

  await cluster.start()
  await checkAllWork()
  const signedIn = await person.submit(signIn, 'password', secrets)
  assert.equal(signedIn.status, 200)
  const answer = await refresh(app, client, tokens.refresh_token)
  assert.equal(answer.status, 200)
  const wrong = await askToken(app, {
    grant_type: 'refresh_token',
    refresh_token: 'nobody-has-it',
    ...credentials(client),
  })
  assert.equal(wrong.body.error, 'invalid_grant')
  assert.ok(!app.logs.some((line) => line.includes(new URL(cluster.url).password)))
})
