import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createTestClock, people, startApp, type TestApp } from '#test/support/app.ts'
import { createBrowser, type Page } from '../../src/commands/demo/browser.ts'
import type { Upstream } from '#test/support/upstream/authorization.ts'
import { type Google, startGoogle } from '#test/support/upstream/google.ts'
import { type MockServer, startMockServer } from '#test/support/upstream/mock-server.ts'
import { type Salesforce, startSalesforce } from '#test/support/upstream/salesforce.ts'
import {
  askForLink,
  assertNothingLeaked,
  assertWorks,
  createLinkedSource,
  findProfile,
  readHistory,
  readProfile,
  registerAt,
  testSource,
} from '#test/support/upstream/story.ts'

const clock = createTestClock()
let app: TestApp
let google: Google
let salesforce: Salesforce
let stranger: MockServer

before(async () => {
  ;[google, salesforce, stranger] = await Promise.all([
    startGoogle(clock),
    startSalesforce(clock),
    startMockServer(clock),
  ])
  app = await startApp({
    clock,
    sources: false,
    env: { HEADGATE_EGRESS_ALLOW: '127.0.0.1' },
    googleApis: { bigQuery: google.origin, analyticsAdmin: google.origin },
  })
})
after(async () => {
  await app.close()
  await Promise.all([google.close(), salesforce.close(), stranger.close()])
})

/** The user opens the link, signs in, and goes on to the upstream, which sends back at once; answers the last page. */
const follow = async (link: string): Promise<Page> => {
  const browser = createBrowser()
  let page = await browser.visit(link)
  if (page.html.includes('name="password"'))
    page = await browser.submit(page, 'password', {
      username: people.user.name,
      password: people.user.password,
    })
  assert.match(page.html, /Continue to /)
  return browser.submit(page, 'csrf', { decision: 'continue' })
}

const connect = async (upstream: Upstream, name: string) => {
  const applicationId = await registerAt(app, upstream, `${name} application`)
  const page = await follow(await askForLink(app, applicationId, { name }))
  assert.match(page.html, /Connected/)
  const profile = await findProfile(app, name)
  assert.equal(profile?.status, 'ready')
  const sourceId = await createLinkedSource(app, upstream, profile.id)
  await assertWorks(app, sourceId)
  return { applicationId, profileId: profile.id, sourceId }
}

/** Later: a token that is refused within seconds of its birth would not be renewed. */
const endSessions = (upstream: Upstream): void => {
  clock.advance(60_000)
  upstream.endSessions()
}

/** The next use refreshes once, and the one after it not at all. */
const assertRefreshesOnce = async (upstream: Upstream, sourceId: number): Promise<void> => {
  const before = upstream.count('refresh')
  await assertWorks(app, sourceId)
  await assertWorks(app, sourceId)
  assert.equal(upstream.count('refresh'), before + 1)
}

const loseAndRegain = async (
  upstream: Upstream,
  { applicationId, profileId, sourceId }: Awaited<ReturnType<typeof connect>>,
): Promise<void> => {
  clock.advance(60_000)
  upstream.withdraw()
  const refused = await testSource(app, sourceId)
  assert.equal(refused.status, 400, JSON.stringify(refused.body))
  const lost = await readProfile(app, profileId)
  assert.equal(lost.status, 'reconnect-needed')
  assert.ok(lost.reason)
  assert.ok(lost.since)
  const asked = upstream.count('refresh')
  assert.equal((await testSource(app, sourceId)).status, 400)
  assert.equal(upstream.count('refresh'), asked, 'a lost account is not asked about again')

  assert.match(
    (await follow(await askForLink(app, applicationId, { profileId }))).html,
    /Connected/,
  )
  assert.equal((await readProfile(app, profileId)).status, 'ready')
  await assertWorks(app, sourceId)
  const outcomes = (await readHistory(app, profileId)).map(({ outcome }) => outcome)
  assert.ok(outcomes.includes('reconnect-needed'))
  assert.ok(outcomes.includes('refreshed'))
  assertNothingLeaked(app, upstream)
}

test('at Google an account is connected, used, refreshed when the hour is over, lost and connected again', async () => {
  const connected = await connect(google, 'Weather at Google')
  clock.advance(3_600_000)
  await assertRefreshesOnce(google, connected.sourceId)
  await loseAndRegain(google, connected)
})

test('at Salesforce a session that ends is renewed after one 401, rotating or not, at an instance that may move', async () => {
  const connected = await connect(salesforce, 'Sales')
  for (const rotation of ['off', 'single-use', 'grace'] as const) {
    salesforce.rotate(rotation)
    endSessions(salesforce)
    await assertRefreshesOnce(salesforce, connected.sourceId)
  }
  await salesforce.moveInstance()
  endSessions(salesforce)
  await assertRefreshesOnce(salesforce, connected.sourceId)
  await loseAndRegain(salesforce, connected)
})

test('at a server that nobody here wrote the same happens, with a new refresh token each time', async () => {
  const connected = await connect(stranger, 'Status of the plant')
  clock.advance(3_600_000)
  await assertRefreshesOnce(stranger, connected.sourceId)
  endSessions(stranger)
  await assertRefreshesOnce(stranger, connected.sourceId)
  await loseAndRegain(stranger, connected)
})

test('a user who denies at the upstream is told so, and there is no profile', async () => {
  for (const upstream of [google, salesforce, stranger]) {
    upstream.decide('deny')
    // Whoever has consented already is not asked again by Google, but for prompt=consent.
    const name = `Denied at ${upstream.application.dataStore}`
    const applicationId = await registerAt(app, upstream, name)
    const page = await follow(await askForLink(app, applicationId, { name }))
    assert.doesNotMatch(page.html, /Connected/)
    assert.match(page.html, /den|refus|not allow/i)
    assert.equal(await findProfile(app, name), undefined)
    upstream.decide('allow')
  }
})
