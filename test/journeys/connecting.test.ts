import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { hours } from '#lib/clock.ts'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { createOAuthApplication, oauthApps } from '#test/support/oauth-applications.ts'
import { oauthProfiles, tokenRowOf } from '#test/support/oauth-profiles.ts'
import type { Upstream } from '#test/support/upstream/authorization.ts'
import { type Google, startGoogle } from '#test/support/upstream/google.ts'
import { type MockServer, startMockServer } from '#test/support/upstream/mock-server.ts'
import { type Salesforce, startSalesforce } from '#test/support/upstream/salesforce.ts'
import { goOn, newLink, signedIn, type Way } from '../security/connect/support.ts'
import type { Exchange, RawBrowser } from '../security/front-channel/raw-browser.ts'

// An account is connected at servers that check what we send: client, redirect URI, code, verifier.

let app: TestApp
let google: Google
let salesforce: Salesforce
let stranger: MockServer
before(async () => {
  app = await startApp({ sources: false, env: { HEADGATE_EGRESS_ALLOW: '127.0.0.1' } })
  ;[google, salesforce, stranger] = await Promise.all([
    startGoogle(),
    startSalesforce(),
    startMockServer(),
  ])
})
after(async () => {
  await app.close()
  await Promise.all([google, salesforce, stranger].map((upstream) => upstream.close()))
})

const as = { person: people.user }

/** Registers both with each other, in the order of the documentation; answers the application's id. */
const register = async (upstream: Upstream, name: string): Promise<string> => {
  const id = await createOAuthApplication(app, people.admin, { ...upstream.application, name })
  const { body } = await manage(app, 'GET', `${oauthApps}/${id}`, { person: people.admin })
  upstream.register(String(body['redirectURI']))
  return id
}

/** The data store's consent page, and back. */
const consent = async (browser: RawBrowser, way: Way): Promise<Exchange> => {
  const { headers } = await fetch(way.url, { redirect: 'manual' })
  return browser.follow(headers.get('location') ?? 'nowhere')
}

const connect = async (
  browser: RawBrowser,
  application: string,
  body: { name: string } | { profileId: number },
): Promise<Exchange> => consent(browser, await goOn(browser, await newLink(app, application, body)))

const profileOf = async (name: string): Promise<number> => {
  const { body } = await manage(app, 'GET', oauthProfiles, as)
  const found = (body['profiles'] as { id: string; name: string }[]).find((p) => p.name === name)
  return Number(found?.id)
}

test('an account at Google is connected twice, and each time there is a refresh token', async () => {
  const application = await register(google, 'at Google')
  const browser = await signedIn(app)
  for (const name of ['google one', 'google two']) {
    assert.match((await connect(browser, application, { name })).html, /<h1>Connected<\/h1>/)
    const row = await tokenRowOf(app, await profileOf(name))
    assert.notEqual(row?.refresh_token, null)
  }
  assert.equal(google.liveRefreshTokens(), 2)
  google.decide('deny')
  const denied = await connect(browser, application, { name: 'google three' })
  assert.match(denied.html, /access was not allowed.*access_denied/s)
  google.decide('allow')
})

test('an account at Salesforce knows its instance and whose it is, and is connected again as the same alone', async () => {
  const application = await register(salesforce, 'at Salesforce')
  const browser = await signedIn(app)
  assert.match((await connect(browser, application, { name: 'sf' })).html, /<h1>Connected<\/h1>/)
  const profileId = await profileOf('sf')
  const row = await tokenRowOf(app, profileId)
  assert.equal(row?.access_expires_at, null)
  assert.match(String(row?.instance_url), /^http:\/\/127\.0\.0\.1:\d+$/)
  assert.match(String(row?.account), /\/id\//)
  salesforce.withdraw()
  assert.match(
    (await connect(browser, application, { profileId })).html,
    /<h1>Connected again<\/h1>/,
  )
  salesforce.signIn('eve@example.com')
  const other = await connect(browser, application, { profileId })
  assert.match(other.html, /another account of the data store/)
})

test('an account at a server that nobody here wrote is connected', async () => {
  const application = await register(stranger, 'at a stranger')
  const browser = await signedIn(app)
  const page = await connect(browser, application, { name: 'strange' })
  assert.match(page.html, /<h1>Connected<\/h1>/)
  const { body } = await manage(app, 'GET', `${oauthProfiles}/${await profileOf('strange')}`, as)
  assert.equal(body['status'], 'ready')
})

test('what is connected is renewed by what was kept', async () => {
  const before = google.count('refresh')
  const owner = { kind: 'profile', id: await profileOf('google one') } as const
  const first = await app.core.upstreamTokens.get(owner)
  app.clock.advance(hours(1))
  const next = await app.core.upstreamTokens.get(owner)
  assert.ok(next.generation > first.generation)
  assert.equal(google.count('refresh'), before + 1)
})

test('T57: no token, code or secret of a data store is in the log', () => {
  const log = app.logs.join('')
  const secrets = [google, salesforce, stranger].flatMap((upstream) => upstream.secrets())
  assert.ok(secrets.length > 10)
  for (const secret of secrets) assert.ok(!log.includes(secret), secret)
})
