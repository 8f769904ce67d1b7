import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { launchBrowser, sidewaysOverflow } from '#test/support/browser.ts'
import {
  authorizeUrl,
  createPkce,
  readWith,
  redeem,
  register,
  type Registered,
} from '#test/support/oauth.ts'

let app: TestApp
let browser: Browser
/** The application: it answers its callback and nothing else. */
let site: Server
let callback: string

before(async () => {
  app = await startApp()
  browser = await launchBrowser()
  site = createServer((request, response) => {
    const known = request.url?.startsWith('/callback') === true
    response.writeHead(known ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' })
    response.end(known ? '<h1>Welcome back</h1>' : '')
  })
  await new Promise<void>((resolve) => {
    site.listen(0, '127.0.0.1', resolve)
  })
  callback = `http://127.0.0.1:${(site.address() as AddressInfo).port}/callback`
})

after(async () => {
  await browser.close()
  site.closeAllConnections()
  site.close()
  await app.close()
})

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

async function signIn(page: Page, password: string = people.user.password): Promise<void> {
  await page.getByLabel('User name').fill(people.user.name)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

const allow = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Allow', exact: true }).click()

async function arriveAtClient(page: Page): Promise<URLSearchParams> {
  await page.waitForURL((url) => url.href.startsWith(callback))
  assert.equal(await page.getByRole('heading').innerText(), 'Welcome back')
  return new URL(page.url()).searchParams
}

const registerHere = (name: string): Promise<Registered> =>
  register(app, { name, description: 'Weekly numbers by mail', redirectUrls: [callback] })

test('a user signs in, unticks one data source, allows, and later disconnects; the token follows at each step', async () => {
  const client = await registerHere('Quarterly Reports')
  const pkce = createPkce()
  await withPage({}, async (page) => {
    await page.goto(authorizeUrl(app, client, { challenge: pkce.challenge, state: 'a state' }))
    await page.getByText('Quarterly Reports').first().waitFor()
    await signIn(page)

    await page
      .getByRole('heading', { name: 'Allow Quarterly Reports to read your data?' })
      .waitFor()
    assert.equal(await page.getByLabel('one', { exact: true }).isChecked(), true)
    assert.equal(await page.getByLabel('Also those I add later').isChecked(), false)
    assert.ok(await page.getByText(new URL(callback).host).isVisible())
    assert.ok(await page.getByText('d2cuser').isVisible())
    assert.ok(await page.getByText('program on this computer').isVisible())
    await page.locator('label', { hasText: /^two$/ }).click()
    assert.equal(await page.getByLabel('two', { exact: true }).isChecked(), false)
    await allow(page)
    const answer = await arriveAtClient(page)
    assert.equal(answer.get('state'), 'a state')
    assert.equal(answer.get('iss'), app.url)

    const code = answer.get('code') ?? ''
    const tokens = await redeem(app, client, code, { code_verifier: pkce.verifier })
    assert.equal(tokens.status, 200)
    const token = tokens.body.access_token
    assert.equal(await readWith(app, token, 'one'), 200)
    assert.equal(await readWith(app, token, 'two'), 404)

    await page.goto(`${app.url}/account/applications`)
    const entry = page.getByRole('listitem').filter({ hasText: 'Quarterly Reports' })
    assert.match(await entry.innerText(), /one/)
    assert.doesNotMatch(await entry.innerText(), /two/)
    await page.getByRole('button', { name: 'Disconnect Quarterly Reports' }).click()
    await page.getByText('The application is disconnected.').waitFor()
    assert.equal(await page.getByRole('button', { name: /Disconnect/ }).count(), 0)
    assert.equal(await readWith(app, token, 'one'), 401)
    assert.equal(await readWith(app, token, 'two'), 401)
  })
})

test('a user who denies comes back to the application with access_denied and connects nothing', async () => {
  const client = await registerHere('Denied Reports')
  await withPage({}, async (page) => {
    await page.goto(authorizeUrl(app, client, { state: 's' }))
    await signIn(page)
    await page.getByRole('button', { name: 'Deny' }).click()
    const answer = await arriveAtClient(page)
    assert.equal(answer.get('error'), 'access_denied')
    assert.equal(answer.get('code'), null)
    await page.goto(`${app.url}/account/applications`)
    assert.equal(await page.getByText('Denied Reports').count(), 0)
  })
})

test('T14 a form of another site that a real browser sends for a signed-in user is refused', async () => {
  const client = await registerHere('Sales Forecast')
  await withPage({}, async (page) => {
    await page.goto(authorizeUrl(app, client))
    await signIn(page)
    await page.getByRole('heading', { name: /^Allow/ }).waitFor()
    const consent = page.url()
    const csrf = await page.locator('input[name=csrf]').first().inputValue()
    await page.goto(callback)
    await page.setContent(`<form method="post" action="${consent}">
      <input name="csrf" value="${csrf}"><input name="decision" value="allow">
      <input name="later" value="yes"><button>Win a prize</button></form>`)
    await page.getByRole('button').click()
    // The cookies are SameSite=Lax: for such a form nobody is known at all.
    await page.getByRole('heading', { name: 'This link does not work' }).waitFor()
    assert.ok(page.url().startsWith(app.url))
    await page.goto(consent)
    await allow(page)
    assert.ok((await arriveAtClient(page)).get('code'), 'the user still decides')
  })
})

test('T13 a flow that was begun in one browser does not open in another', async () => {
  const client = await registerHere('Stock Watcher')
  let begun = ''
  await withPage({}, async (page) => {
    await page.goto(authorizeUrl(app, client))
    begun = page.url()
  })
  assert.match(begun, /\/oauth2\/sign-in\//)
  await withPage({}, async (page) => {
    await page.goto(begun)
    await page.getByRole('heading', { name: 'This link does not work' }).waitFor()
    assert.equal(await page.locator('form').count(), 0)
  })
})

test('the real pages keep to their policy and fit, light and dark, at 360 and 1280 pixels', async () => {
  const client = await registerHere('Quarterly Reports')
  const link = authorizeUrl(app, client, { state: 's' })
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 1280])
      await withPage({ colorScheme, viewport: { width, height: 800 } }, async (page) => {
        const complaints: string[] = []
        page.on('console', (message) => complaints.push(`${page.url()}: ${message.text()}`))
        const shoot = async (name: string): Promise<void> => {
          assert.equal(await sidewaysOverflow(page), 0, `${name} scrolls sideways at ${width}`)
          const path = `out/screenshots/live-${name}-${colorScheme}-${width}.png`
          await page.screenshot({ path, fullPage: true })
        }
        await page.goto(app.url)
        await shoot('home')
        await page.goto(link)
        await shoot('sign-in')
        await signIn(page)
        await page.getByRole('heading', { name: /^Allow/ }).waitFor()
        await shoot('consent')
        await allow(page)
        await arriveAtClient(page)
        await page.goto(`${app.url}/account/applications`)
        await shoot('applications')
        await page.goto(`${app.url}/account/password`)
        await shoot('password')
        assert.deepEqual(complaints, [])
        await page.goto(`${app.url}/oauth2/authorize?client_id=${client.clientId}`)
        await page.getByRole('heading', { name: 'This link does not work' }).waitFor()
        await shoot('error')
      })
})
