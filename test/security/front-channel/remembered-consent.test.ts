import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import {
  authorizeUrl,
  type AuthorizeOptions,
  callback,
  createPkce,
  manage,
  readWith,
  redeem,
  register,
  type Registered,
} from '#test/support/oauth.ts'
import {
  answerOf,
  asks,
  assertRefusedHere,
  consentForm,
  createRawBrowser,
  type RawBrowser,
} from './raw-browser.ts'

let app: TestApp
before(async () => {
  app = await startApp()
})
after(() => app.close())

const other = 'https://other.example/callback'

/** A browser whose user has allowed this application once. */
const allowedOnce = async (
  client: Registered,
  options: AuthorizeOptions = {},
): Promise<RawBrowser> => {
  const browser = createRawBrowser(app)
  const page = await browser.open(client, options)
  assert.ok(asks(page), 'the first time it always asks')
  assert.ok(answerOf(await browser.decide(page)).get('code'))
  return browser
}

const again = (browser: RawBrowser, client: Registered, options: AuthorizeOptions = {}) =>
  browser.follow(authorizeUrl(app, client, options))

const update = async (client: Registered, body: Record<string, unknown>): Promise<void> => {
  const path = `/api/mgmt/oauth/client/applications/${client.id}`
  assert.equal((await manage(app, 'PUT', path, { body })).status, 200)
}

test('T15 a confidential application on the web is not asked about twice, and gets no more than it was given', async () => {
  const client = await register(app)
  const browser = createRawBrowser(app)
  const page = await browser.open(client)
  const form = consentForm(page, 'allow')
  const [kept = ''] = form.getAll('source')
  form.delete('source')
  form.append('source', kept)
  assert.ok(answerOf(await browser.send(page.url, { form })).get('code'))
  const second = await again(browser, client)
  const tokens = await redeem(app, client, answerOf(second).get('code') ?? '')
  const reached = [
    await readWith(app, tokens.body.access_token, 'one'),
    await readWith(app, tokens.body.access_token, 'two'),
  ]
  assert.deepEqual(
    reached.toSorted((a, b) => a - b),
    [200, 404],
  )
})

test('T15 the consent of one user is not remembered for another', async () => {
  const client = await register(app)
  await allowedOnce(client)
  const browser = createRawBrowser(app)
  assert.ok(asks(await browser.open(client, {}, people.owner)))
})

test('T15 a public application is asked about every time', async () => {
  const options = () => ({ challenge: createPkce().challenge })
  const client = await register(app, { clientType: 'public' })
  const browser = await allowedOnce(client, options())
  for (let round = 0; round < 3; round += 1)
    assert.ok(asks(await again(browser, client, options())))
})

test('T15 an application that leads back to this computer is asked about every time, by whatever name', async () => {
  for (const uri of [
    'http://127.0.0.1/callback',
    'http://127.0.0.1:4000/callback',
    'http://[::1]:4000/callback',
    'http://localhost:3000/callback',
    'https://localhost:3000/callback',
    'https://127.0.0.1/callback',
    'http://0.0.0.0:3000/callback',
    'http://app.localhost:3000/callback',
  ]) {
    const client = await register(app, { redirectUrls: [uri] })
    const browser = createRawBrowser(app)
    const form = await browser.decide(await browser.open(client))
    assert.ok(answerOf(form).get('code'), uri)
    const shown = await browser.follow(authorizeUrl(app, client))
    assert.ok(asks(shown), uri)
  }
})

test('T15 another redirect host of the same application asks again', async () => {
  const client = await register(app, { redirectUrls: [callback, other] })
  const browser = await allowedOnce(client)
  assert.ok(asks(await again(browser, client, { redirectUri: other })))
  assert.ok(answerOf(await again(browser, client)).get('code'), 'the first host is remembered')
})

test('T15 a changed redirect list or name of the application asks again', async () => {
  for (const change of [{ redirectUrls: [callback, other] }, { name: 'Another name' }]) {
    const client = await register(app)
    const browser = await allowedOnce(client)
    await update(client, change)
    assert.ok(asks(await again(browser, client)), JSON.stringify(change))
  }
})

test('T15 a redirect list that is changed and changed back asks again', async () => {
  const client = await register(app)
  const browser = await allowedOnce(client)
  await update(client, { redirectUrls: [callback, other] })
  await update(client, { redirectUrls: [callback] })
  assert.ok(asks(await again(browser, client)))
})

test('T15 an access that was taken back, or whose secret was reset, asks again', async () => {
  const revoked = await register(app)
  const browser = await allowedOnce(revoked)
  const path = `/api/mgmt/oauth/client/allowedapplications/${revoked.id}`
  assert.equal((await manage(app, 'DELETE', path, { person: people.user })).status, 204)
  assert.ok(asks(await again(browser, revoked)))

  const reset = await register(app)
  const second = await allowedOnce(reset)
  const resetPath = `/api/mgmt/oauth/client/applications/${reset.id}/reset`
  assert.equal((await manage(app, 'PUT', resetPath)).status, 200)
  assert.ok(asks(await again(second, reset)))
})

test('T15 a denial takes no consent away and remembers none', async () => {
  const client = await register(app)
  const browser = createRawBrowser(app)
  const denied = await browser.decide(await browser.open(client), 'deny')
  assert.equal(answerOf(denied).get('error'), 'access_denied')
  assert.ok(asks(await again(browser, client)))
})

test('T15 a remembered consent answers each flow once and only in its own browser', async () => {
  const client = await register(app)
  const browser = await allowedOnce(client)
  const begun = await browser.send(authorizeUrl(app, client))
  const path = begun.location ?? ''
  const stranger = await allowedOnce(await register(app))
  assertRefusedHere(await stranger.send(path))
  const all = await Promise.all(Array.from({ length: 8 }, () => browser.send(path)))
  assert.equal(all.filter((exchange) => exchange.location !== undefined).length, 1)
})

test('T15 a remembered consent of a disabled application gives nothing', async () => {
  const client = await register(app)
  const browser = await allowedOnce(client)
  const begun = await browser.send(authorizeUrl(app, client))
  await update(client, { enabled: false })
  assertRefusedHere(await browser.send(begun.location ?? ''))
  const refused = await again(browser, client)
  assert.equal(answerOf(refused).get('error'), 'unauthorized_client')
})

test('T16 the consent page shows the redirect host, that the application is not verified, and who registered it', async () => {
  const client = await register(app, {
    name: 'Example Reports',
    redirectUrls: ['https://reports.client.example:8443/callback'],
  })
  const page = await createRawBrowser(app).open(client)
  assert.match(page.html, /Sends you back to<\/dt><dd><bdi[^>]*>reports\.client\.example:8443</)
  assert.match(page.html, /Registered by<\/dt><dd><bdi>d2cuser</)
  assert.match(page.html, /Not verified/)
  assert.match(page.html, /<bdi>Example Reports</)
  assert.doesNotMatch(page.html, /program on this computer/)
})

test('T16 the consent page warns when the answer goes to a program on this computer or an app of this device', async () => {
  const options = () => ({ challenge: createPkce().challenge })
  for (const uri of [
    'http://127.0.0.1/callback',
    'http://[::1]/callback',
    'http://localhost:3000/callback',
    'https://127.0.0.1:4000/callback',
    'http://app.localhost/callback',
  ]) {
    const local = await register(app, { clientType: 'public', redirectUrls: [uri] })
    const page = await createRawBrowser(app).open(local, options())
    assert.match(page.html, /program on this computer/, uri)
  }
  const scheme = { clientType: 'public', redirectUrls: ['com.example.app:/callback'] }
  const page = await createRawBrowser(app).open(await register(app, scheme), options())
  assert.match(page.html, /opens an app on this device/)
  assert.match(page.html, />com\.example\.app:</)
})

test('T16 a name cannot turn the direction of writing, and invisible characters in it are not shown', async () => {
  const path = '/api/mgmt/oauth/client/applications'
  for (const mark of ['\u202e', '\u2066', '\u200f', '\u061c']) {
    const body = { name: `Good${mark} App`, redirectUrls: [callback] }
    assert.equal((await manage(app, 'POST', path, { body })).status, 400)
  }
  const client = await register(app, { name: 'Go\u200bod\u2060 A\ufeffpp' })
  const page = await createRawBrowser(app).open(client)
  assert.match(page.html, /<bdi>Good App</)
})
