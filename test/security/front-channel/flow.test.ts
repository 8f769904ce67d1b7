import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import {
  authorizeUrl,
  createPkce,
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
  csrfOf,
  type Exchange,
} from './raw-browser.ts'

let app: TestApp
/** Public, so that it always asks. */
let client: Registered

before(async () => {
  app = await startApp()
  client = await register(app, { clientType: 'public' })
})
after(() => app.close())

const withChallenge = () => ({ challenge: createPkce().challenge, state: 's' })

const begin = async (browser = createRawBrowser(app)) => {
  const page = await browser.follow(authorizeUrl(app, client, withChallenge()))
  assert.match(page.html, /name="password"/)
  return { browser, page }
}

const consentPathOf = (page: Exchange): string =>
  new URL(page.url).pathname.replace('sign-in', 'consent')

const changeAt = (text: string, at: number): string =>
  text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)

test('T13 a flow that somebody began cannot be opened, signed in to or decided in another browser', async () => {
  const { browser: attacker, page } = await begin()
  const consentPath = consentPathOf(page)
  const nobody = createRawBrowser(app)
  const victim = createRawBrowser(app)
  await victim.open(client, withChallenge())
  for (const browser of [nobody, victim]) {
    for (const path of [new URL(page.url).pathname, consentPath]) {
      assertRefusedHere(await browser.send(path), path)
      assertRefusedHere(await browser.send(path, { form: { csrf: csrfOf(page) } }), path)
    }
    const switching = consentPath.replace('consent', 'switch-account')
    assertRefusedHere(await browser.send(switching, { form: { csrf: csrfOf(page) } }))
  }
  const own = await attacker.signIn(page)
  assert.ok(asks(own), 'the browser that began the flow goes on with it')
  assertRefusedHere(await victim.send(consentPath, { form: consentForm(own, 'allow') }))
})

test('T13 the session id changes at every sign-in, and the one before is dead', async () => {
  const { browser, page } = await begin()
  assert.equal(browser.jar.get('hg_session'), undefined)
  await browser.signIn(page)
  const first = browser.jar.get('hg_session') ?? ''
  assert.match(first, /^hg_se_/)
  const again = await begin(createRawBrowserWith(browser.jar, ['hg_browser']))
  again.browser.jar.set('hg_session', first)
  await again.browser.signIn(again.page)
  const second = again.browser.jar.get('hg_session')
  assert.notEqual(second, first)
  assert.equal(await isSignedIn(first), false)
  assert.equal(await isSignedIn(second ?? ''), true)
})

test('T13 a session cookie that was planted before sign-in is never the one that is signed in', async () => {
  const attacker = createRawBrowser(app)
  await attacker.signIn(await attacker.send('/sign-in'), people.owner)
  const anothers = attacker.jar.get('hg_session') ?? ''
  const madeUp = `hg_se_${'A'.repeat(49)}`
  for (const planted of [anothers, madeUp, 'x']) {
    const { browser, page } = await begin()
    browser.jar.set('hg_session', planted)
    const shown = await browser.signIn(page)
    assert.notEqual(browser.jar.get('hg_session'), planted)
    assert.match(shown.html, /You are signed in as <strong><bdi>demo</)
    assert.equal(await isSignedIn(planted), false)
  }
})

test('T13 nobody is signed in to an account by a form that comes from elsewhere', async () => {
  for (const headers of foreign) {
    const { browser, page } = await begin()
    const { name, password } = people.owner
    const form = { csrf: csrfOf(page), username: name, password }
    assertRefusedHere(await browser.send(page.url, { form, headers }))
    assert.equal(browser.jar.get('hg_session'), undefined)
  }
  const { browser, page } = await begin()
  const other = await begin()
  const { name: username, password } = people.owner
  for (const form of [
    { username, password },
    { csrf: '', username, password },
    { csrf: csrfOf(other.page), username, password },
  ]) {
    assertRefusedHere(await browser.send(page.url, { form }))
    assert.equal(browser.jar.get('hg_session'), undefined)
  }
})

const foreign: readonly Record<string, string>[] = [
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'anything' },
  { origin: 'https://evil.example' },
  { origin: 'null', 'sec-fetch-site': 'cross-site' },
  { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
  { origin: 'http://localhost:1' },
]

test('T14 a consent that another site sends is refused, and the real form still works', async () => {
  const browser = createRawBrowser(app)
  const page = await browser.open(client, withChallenge())
  for (const headers of foreign)
    assertRefusedHere(await browser.decide(page, 'allow', headers), JSON.stringify(headers))
  const done = await browser.decide(page, 'allow', {
    origin: new URL(app.url).origin,
    'sec-fetch-site': 'same-origin',
  })
  assert.ok(answerOf(done).get('code'))
})

test('T14 a consent without the token of exactly this form is refused', async () => {
  const browser = createRawBrowser(app)
  const page = await browser.open(client, withChallenge())
  const other = await browser.open(client, withChallenge())
  const account = await browser.send('/account/applications')
  const stranger = createRawBrowser(app)
  const strange = await stranger.open(client, withChallenge(), people.owner)
  const csrf = csrfOf(page)
  for (const wrong of [
    undefined,
    '',
    'x',
    csrf.slice(1),
    `${csrf}A`,
    changeAt(csrf, 0),
    changeAt(csrf, csrf.length - 2),
    csrfOf(other),
    csrfOf(account),
    csrfOf(strange),
  ]) {
    const form = consentForm(page, 'allow')
    form.delete('csrf')
    if (wrong !== undefined) form.set('csrf', wrong)
    assertRefusedHere(await browser.send(page.url, { form }), String(wrong))
  }
  assert.ok(answerOf(await browser.decide(page)).get('code'))
})

test('T14 a consent form sent twice at once gives one code, and sent again gives none', async () => {
  const browser = createRawBrowser(app)
  const page = await browser.open(client, withChallenge())
  const all = await Promise.all(Array.from({ length: 40 }, () => browser.decide(page)))
  const codes = all.filter((exchange) => exchange.location !== undefined)
  assert.equal(codes.length, 1)
  for (const exchange of all) if (exchange.location === undefined) assertRefusedHere(exchange)
  assertRefusedHere(await browser.decide(page))
  assertRefusedHere(await browser.decide(page, 'deny'))
})

test('T14 a field of the decision that comes twice decides nothing', async () => {
  const browser = createRawBrowser(app)
  const page = await browser.open(client, withChallenge())
  for (const [name, value] of [
    ['decision', 'deny'],
    ['later', 'yes'],
  ] as const) {
    const form = consentForm(page, 'allow')
    if (name === 'later') form.append(name, value)
    form.append(name, value)
    assertRefusedHere(await browser.send(page.url, { form }))
  }
  assert.ok(answerOf(await browser.decide(page)).get('code'))
})

test('T14 disconnecting, changing the password and signing out need the form of this session', async () => {
  const browser = createRawBrowser(app)
  await browser.open(client, withChallenge())
  const stranger = createRawBrowser(app)
  await stranger.open(client, withChallenge(), people.owner)
  const foreignCsrf = csrfOf(await stranger.send('/account/applications'))
  const csrf = csrfOf(await browser.send('/account/applications'))
  for (const path of [
    `/account/applications/${client.id}/disconnect`,
    '/account/disconnect-all',
    '/account/password',
    '/sign-out',
  ]) {
    assertRefusedHere(await browser.send(path, { form: {} }), path)
    assertRefusedHere(await browser.send(path, { form: { csrf: foreignCsrf } }), path)
    for (const headers of foreign)
      assertRefusedHere(await browser.send(path, { form: { csrf }, headers }), path)
  }
  assert.equal(await isSignedIn(browser.jar.get('hg_session') ?? ''), true)
})

test('T20 a handle with any character changed, added or removed opens nothing', async () => {
  const browser = createRawBrowser(app)
  const page = await browser.open(client, withChallenge())
  const handle = new URL(page.url).pathname.split('/').at(-1) ?? ''
  const altered = handle.split('').map((_, at) => changeAt(handle, at))
  for (const wrong of [...altered, handle.slice(1), handle.slice(0, -1), `${handle}A`, 'x'])
    assertRefusedHere(await browser.send(`/oauth2/consent/${wrong}`), wrong)
  assert.ok(asks(await browser.send(page.url)))
})

test('T20 a cookie with any character changed opens nothing', async () => {
  const browser = createRawBrowser(app)
  const page = await browser.open(client, withChallenge())
  for (const name of ['hg_browser', 'hg_session']) {
    const good = browser.jar.get(name) ?? ''
    assert.ok(good.length > 40)
    for (const at of good.split('').keys()) {
      browser.jar.set(name, changeAt(good, at))
      const shown = await browser.send(page.url)
      assert.equal(asks(shown), false, `${name} at ${at}`)
      const decided = await browser.send(page.url, { form: consentForm(page, 'allow') })
      assert.ok(decided.location === undefined || decided.location.startsWith('/oauth2/sign-in/'))
    }
    browser.jar.set(name, good)
  }
  assert.ok(asks(await browser.send(page.url)))
})

test('T20 nothing that is added to the address or the form changes what was asked at the start', async () => {
  const browser = createRawBrowser(app)
  const pkce = createPkce()
  const page = await browser.open(client, { challenge: pkce.challenge, state: 'first' })
  const added = {
    response_type: 'token',
    response_mode: 'fragment',
    redirect_uri: 'https://evil.example/',
    client_id: 'another',
    state: 'second',
    scope: 'admin',
    code_challenge: createPkce().challenge,
  }
  const query = new URLSearchParams(added).toString()
  const again = await browser.send(`${page.url}?${query}`)
  assert.ok(asks(again))
  assert.doesNotMatch(again.html, /evil\.example/)
  const form = consentForm(again, 'allow')
  for (const [name, value] of Object.entries(added)) form.set(name, value)
  const done = await browser.send(`${page.url}?${query}`, { form })
  assert.ok(done.location?.startsWith(`${client.redirectUri}?code=`), done.location)
  assert.equal(answerOf(done).get('state'), 'first')
  const code = answerOf(done).get('code') ?? ''
  const tokens = await redeem(app, client, code, { code_verifier: pkce.verifier })
  assert.equal(tokens.body.scope, 'api.access.odata')
})

test('T20 a data source that the user cannot read is not gained by adding it to the consent form', async () => {
  const browser = createRawBrowser(app)
  const pkce = createPkce()
  const options = { challenge: pkce.challenge }
  const page = await browser.open(client, options, people.owner)
  const form = consentForm(page, 'allow')
  for (const id of ['1', '2', '3', '-1', '1e0', 'x', '']) form.append('source', id)
  const nothing = await browser.send(page.url, { form })
  assert.equal(nothing.status, 400)
  assert.match(nothing.html, /Tick at least one data source/)
  form.append('later', 'yes')
  const done = await browser.send(page.url, { form })
  const code = answerOf(done).get('code') ?? ''
  const tokens = await redeem(app, client, code, { code_verifier: pkce.verifier })
  assert.equal(tokens.status, 200)
  assert.equal(await readWith(app, tokens.body.access_token, 'one'), 404)
})

test("T21 after A signs out and B signs in on the same browser, A's consent form does nothing", async () => {
  const browser = createRawBrowser(app)
  const page = await browser.open(client, withChallenge(), people.user)
  const first = browser.jar.get('hg_session')
  const csrf = csrfOf(await browser.send('/account/applications'))
  await browser.send('/sign-out', { form: { csrf } })
  assert.equal(browser.jar.get('hg_session'), undefined)
  await browser.signIn(await browser.send('/sign-in'), people.owner)
  assert.notEqual(browser.jar.get('hg_session'), first)
  assertRefusedHere(await browser.decide(page))
  const shown = await browser.send(page.url)
  assert.match(shown.html, /You are signed in as <strong><bdi>d2cuser</)
  assert.equal(await isSignedIn(first ?? ''), false)
})

test("T21 after A's cookies are gone and B signs in on the same browser, A's consent form does nothing", async () => {
  const browser = createRawBrowser(app)
  const page = await browser.open(client, withChallenge(), people.user)
  browser.jar.delete('hg_session')
  const sent = await browser.decide(page)
  assert.match(sent.location ?? '', /^\/oauth2\/sign-in\//, 'nobody is signed in any more')
  const shown = await browser.signIn(await browser.send(sent.location ?? ''), people.owner)
  assert.match(shown.html, /You are signed in as <strong><bdi>d2cuser</)
  assertRefusedHere(await browser.decide(page))
})

test('T21 switching the account in a flow ends the session of the first user', async () => {
  const browser = createRawBrowser(app)
  const page = await browser.open(client, withChallenge(), people.user)
  const first = browser.jar.get('hg_session') ?? ''
  const path = new URL(page.url).pathname.replace('consent', 'switch-account')
  assertRefusedHere(await browser.send(path, { form: {} }))
  const signInPage = await browser.follow(path, { form: { csrf: csrfOf(page) } })
  assert.match(signInPage.html, /name="password"/)
  assert.equal(await isSignedIn(first), false)
  const shown = await browser.signIn(signInPage, people.owner)
  assert.match(shown.html, /d2cuser/)
})

test('T21 no two sign-ins get the same session id, in one browser or in several', async () => {
  const ids: string[] = []
  const one = createRawBrowser(app)
  for (let round = 0; round < 10; round += 1)
    for (const browser of [one, createRawBrowser(app)]) {
      await browser.signIn((await begin(browser)).page)
      ids.push(browser.jar.get('hg_session') ?? '')
      browser.jar.delete('hg_session')
    }
  assert.equal(new Set(ids).size, 20)
  for (const id of ids) assert.match(id, /^hg_se_/)
})

const createRawBrowserWith = (jar: ReadonlyMap<string, string>, names: readonly string[]) => {
  const browser = createRawBrowser(app)
  for (const name of names) browser.jar.set(name, jar.get(name) ?? '')
  return browser
}

const isSignedIn = async (session: string): Promise<boolean> => {
  const browser = createRawBrowser(app)
  browser.jar.set('hg_session', session)
  return (await browser.send('/account/applications')).status === 200
}
