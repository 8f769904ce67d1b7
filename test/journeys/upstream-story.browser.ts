import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { createTestClock, people, startApp, type TestApp } from '#test/support/app.ts'
import { launchBrowser, sidewaysOverflow } from '#test/support/browser.ts'
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
let browser: Browser
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
  browser = await launchBrowser()
})

after(async () => {
  await browser.close()
  await app.close()
  await Promise.all([google.close(), salesforce.close(), stranger.close()])
})

/** What the browser complains of on our own pages; those of an upstream are not ours. */
function watch(page: Page, complaints: string[]): void {
  page.on('console', (message) => {
    if (page.url().startsWith(app.url)) complaints.push(`${page.url()}: ${message.text()}`)
  })
}

async function withPage(
  options: BrowserContextOptions,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options)
  try {
    await use(await context.newPage())
  } finally {
    await context.close()
  }
}

/** Opens the link; signs in where the page asks for it. */
async function open(page: Page, link: string): Promise<void> {
  await page.goto(link)
  if ((await page.getByLabel('Password').count()) > 0) {
    await page.getByLabel('User name').fill(people.user.name)
    await page.getByLabel('Password').fill(people.user.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  await page.getByRole('button', { name: /^Continue to / }).waitFor()
}

/** Goes on to the upstream and decides there, where it has a page to decide at. */
async function decide(page: Page, upstream: Upstream, button: 'Allow' | 'Deny'): Promise<void> {
  upstream.decide(button === 'Deny' && upstream === stranger ? 'deny' : 'ask')
  await page.getByRole('button', { name: /^Continue to / }).click()
  if (upstream !== stranger) {
    await page.waitForURL((url) => url.origin === upstream.origin)
    await page.getByRole('button', { name: button, exact: true }).click()
  }
  await page.waitForURL((url) => url.origin === app.url && !url.searchParams.has('state'))
}

async function assertConnected(page: Page, name: string): Promise<void> {
  await page.getByRole('heading', { name: /Connected/ }).waitFor()
  assert.ok((await page.locator('main').innerText()).includes(name))
  for (const word of ['code', 'state'])
    assert.equal(new URL(page.url()).searchParams.get(word), null)
}

type Story = {
  readonly name: string
  readonly upstream: () => Upstream
  /** What ends the access token, each in its turn: the next use renews it. */
  readonly endings: readonly (() => unknown)[]
}

const hour = 3_600_000

const stories: readonly Story[] = [
  { name: 'Google', upstream: () => google, endings: [() => clock.advance(hour)] },
  {
    name: 'Salesforce',
    upstream: () => salesforce,
    endings: [
      () => salesforce.endSessions(),
      () => (salesforce.rotate('single-use'), salesforce.endSessions()),
      () => (salesforce.rotate('grace'), salesforce.endSessions()),
      () => (salesforce.endSessions(), salesforce.moveInstance()),
    ],
  },
  {
    name: 'the server of a stranger',
    upstream: () => stranger,
    endings: [() => clock.advance(hour), () => stranger.endSessions()],
  },
]

for (const { name, upstream: which, endings } of stories)
  test(`an account at ${name} is connected in the browser, used, renewed, withdrawn there and connected again`, async () => {
    const upstream = which()
    const profileName = `My account ${upstream.application.dataStore}`
    const applicationId = await registerAt(app, upstream, `Application ${profileName}`)
    await withPage({}, async (page) => {
      const complaints: string[] = []
      watch(page, complaints)
      await open(page, await askForLink(app, applicationId, { name: profileName }))
      const words = await page.locator('main').innerText()
      assert.ok(words.includes(profileName))
      assert.ok(words.includes(new URL(upstream.origin).host))
      assert.equal(upstream.count('authorize'), 0, 'the page alone goes nowhere')
      await decide(page, upstream, 'Allow')
      await assertConnected(page, profileName)

      const profile = await findProfile(app, profileName)
      assert.equal(profile?.status, 'ready')
      const source = await createLinkedSource(app, upstream, profile.id)
      await assertWorks(app, source)
      for (const end of endings) {
        // Later: a token that is refused within seconds of its birth would not be renewed.
        clock.advance(60_000)
        await end()
        const before = upstream.count('refresh')
        await assertWorks(app, source)
        await assertWorks(app, source)
        assert.equal(upstream.count('refresh'), before + 1)
      }

      clock.advance(60_000)
      upstream.withdraw()
      assert.equal((await testSource(app, source)).status, 400)
      const lost = await readProfile(app, profile.id)
      assert.equal(lost.status, 'reconnect-needed')
      assert.ok(lost.reason)
      assert.match(lost.since ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
      assert.ok((await readHistory(app, profile.id)).some((e) => e.outcome === 'reconnect-needed'))

      await open(page, await askForLink(app, applicationId, { profileId: profile.id }))
      await decide(page, upstream, 'Allow')
      await assertConnected(page, profileName)
      assert.equal((await readProfile(app, profile.id)).status, 'ready')
      await assertWorks(app, source)
      assertNothingLeaked(app, upstream)
      assert.deepEqual(complaints, [])
    })
  })

for (const { name, upstream: which } of stories)
  test(`a user who denies at ${name} reads so in words, and nothing is connected`, async () => {
    const upstream = which()
    const profileName = `Denied account ${upstream.application.dataStore}`
    const applicationId = await registerAt(app, upstream, `Application ${profileName}`)
    await withPage({}, async (page) => {
      await open(page, await askForLink(app, applicationId, { name: profileName }))
      await decide(page, upstream, 'Deny')
      const words = await page.locator('main').innerText()
      assert.match(words, /not connected/i)
      assert.doesNotMatch(words, /end-user denied/)
      assert.equal(await findProfile(app, profileName), undefined)
    })
  })

test('the pages on the way fit and keep to their policy, light and dark, at 360 and 1280 pixels', async () => {
  const applicationId = await registerAt(app, google, 'Application to look at')
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 1280])
      await withPage({ colorScheme, viewport: { width, height: 800 } }, async (page) => {
        const complaints: string[] = []
        watch(page, complaints)
        const shoot = async (name: string): Promise<void> => {
          assert.equal(await sidewaysOverflow(page), 0, `${name} scrolls sideways at ${width}`)
          const path = `out/screenshots/live-connect-${name}-${colorScheme}-${width}.png`
          await page.screenshot({ path, fullPage: true })
        }
        const link = await askForLink(app, applicationId, { name: `Seen ${colorScheme} ${width}` })
        await open(page, link)
        await shoot('ask')
        await decide(page, google, 'Allow')
        await shoot('connected')
        await page.goto(link)
        await shoot('link-used')
        await open(page, await askForLink(app, applicationId, { name: 'Never' }))
        await decide(page, google, 'Deny')
        await shoot('denied')
        assert.deepEqual(complaints, [])
      })
})
