import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { run } from '#store/command.ts'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { authorizeUrl, createPkce, getTokens, readWith, register } from '#test/support/oauth.ts'
import { answerOf, asks, createRawBrowser, csrfOf, type Exchange } from './raw-browser.ts'

let app: TestApp
before(async () => {
  app = await startApp()
})
after(() => app.close())

const withChallenge = () => ({ challenge: createPkce().challenge, state: 's' })

/** Every page and every redirect that a user meets, in one sitting. */
const everything = async (): Promise<readonly Exchange[]> => {
  const client = await register(app, { clientType: 'public' })
  const remembered = await register(app)
  const browser = createRawBrowser(app)
  await browser.send('/')
  await browser.send('/account/applications')
  await browser.send('/account/password')
  await browser.send('/sign-in')
  const first = await browser.follow(authorizeUrl(app, client, withChallenge()))
  await browser.signIn(first, { name: people.user.name, password: 'wrong' })
  await browser.decide(await browser.signIn(first), 'deny')
  await browser.decide(await browser.open(client, withChallenge()))
  await browser.decide(await browser.open(remembered))
  assert.ok(answerOf(await browser.open(remembered)).get('code'))
  const nothing = await browser.open(client, withChallenge())
  await browser.send(nothing.url, { form: { csrf: csrfOf(nothing), decision: 'allow' } })
  await browser.send(nothing.url, { form: { decision: 'allow' } })
  await browser.follow(new URL(nothing.url).pathname.replace('consent', 'switch-account'), {
    form: { csrf: csrfOf(nothing) },
  })
  await browser.send('/oauth2/authorize', {
    form: new URLSearchParams(new URL(authorizeUrl(app, client, withChallenge())).search),
  })
  const refused = { parameters: { response_type: 'token' } }
  await browser.send(authorizeUrl(app, client, refused))
  await browser.send('/oauth2/authorize')
  await browser.send('/oauth2/consent/x')
  await browser.send('/nowhere')
  await browser.signIn(await browser.send('/sign-in'))
  const csrf = csrfOf(await browser.send('/account/applications'))
  await browser.send('/account/password')
  await browser.send('/account/password', { form: { csrf, newPassword: 'a', repeatPassword: 'b' } })
  await browser.follow(`/account/applications/${client.id}/disconnect`, { form: { csrf } })
  await browser.send('/account/applications/0/disconnect', { form: { csrf } })
  await browser.follow('/account/disconnect-all', { form: { csrf } })
  await browser.follow('/sign-out', { form: { csrf } })
  return browser.history
}

test('T09 every redirect of every page is a 303, so that no password and no form is ever sent on', async () => {
  const history = await everything()
  const redirects = history.filter((exchange) => exchange.status >= 300 && exchange.status < 400)
  assert.ok(redirects.length >= 12, `${redirects.length}`)
  assert.ok(redirects.some((exchange) => exchange.method === 'POST'))
  for (const { status, method, url } of redirects) assert.equal(status, 303, `${method} ${url}`)
  for (const { location, status } of history) assert.equal(location !== undefined, status === 303)
})

test('T10, T12 every page forbids frames, scripts, referrers and caches, and asks nothing from elsewhere', async () => {
  const pages = (await everything()).filter((exchange) => exchange.html !== '')
  assert.ok(pages.length >= 15, `${pages.length}`)
  for (const { headers, html, url, status } of pages) {
    const where = `${status} ${url}`
    const policy = headers.get('content-security-policy') ?? ''
    assert.match(policy, /(?:^|; ?)default-src 'none'/, where)
    assert.match(policy, /(?:^|; ?)frame-ancestors 'none'/, where)
    assert.match(policy, /(?:^|; ?)base-uri 'none'/, where)
    assert.match(policy, /(?:^|; ?)form-action 'self'/, where)
    assert.doesNotMatch(policy, /unsafe|script-src|\*|frame-src|connect-src/, where)
    assert.equal(headers.get('x-frame-options'), 'DENY', where)
    assert.equal(headers.get('referrer-policy'), 'no-referrer', where)
    assert.equal(headers.get('x-content-type-options'), 'nosniff', where)
    assert.equal(headers.get('cache-control'), 'no-store', where)
    assert.match(headers.get('content-type') ?? '', /^text\/html; charset=utf-8$/i, where)
    assert.doesNotMatch(
      html,
      /<script|<iframe|<object|<embed|<base|<style|\son\w+=|\sstyle=/i,
      where,
    )
    for (const [, target = ''] of html.matchAll(/\s(?:src|href|action|formaction)="([^"]*)"/g))
      assert.match(target, /^(?:\/(?!\/)|#)/, where)
  }
})

test('T12 the redirect that carries a code sends no referrer and is kept by no cache', async () => {
  const history = await everything()
  const leaving = history.filter(({ location }) => location?.startsWith('https://client.example/'))
  assert.ok(leaving.length >= 4)
  for (const { headers, html } of leaving) {
    assert.equal(headers.get('referrer-policy'), 'no-referrer')
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(html, '')
  }
})

test('T12 no page address and no redirect within the server carries a code, a token or a state', async () => {
  for (const { url, location } of await everything()) {
    if (!url.includes('/authorize')) assert.doesNotMatch(url, /[?&](?:code|state|access_token)=/)
    if (location?.startsWith('/'))
      assert.doesNotMatch(location, /[?&](?:code|state)=|hg_(?:at|rt|ac)_/)
  }
})

test('T12 an access token in a URL opens nothing', async () => {
  const client = await register(app)
  const { access_token: token } = await getTokens(app, client)
  assert.equal(await readWith(app, token), 200)
  for (const name of ['access_token', 'bearer_token', 'token', 'authorization', '$access_token']) {
    const query = new URLSearchParams({ [name]: token }).toString()
    const response = await fetch(`${app.url}/api/odata4/one/Items(1)?${query}`)
    assert.equal(response.status, 401, name)
    assert.doesNotMatch(await response.text(), /one 1/)
  }
  const body = new URLSearchParams({ access_token: token })
  const posted = await fetch(`${app.url}/api/odata4/one/Items(1)`, { method: 'POST', body })
  assert.ok(posted.status >= 400)
  const cookie = `access_token=${token}; hg_session=${token}`
  const asCookie = await fetch(`${app.url}/api/odata4/one/Items(1)`, { headers: { cookie } })
  assert.equal(asCookie.status, 401)
})

const payloads = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'><svg/onload=alert(1)>",
  '</title><script>alert(1)</script>',
  '</bdi></p><form action=//evil.example>',
  '" autofocus onfocus="alert(1)',
  '<!--',
  '{{constructor.constructor("alert(1)")()}}',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '\u2028<script>alert(1)</script>',
]

const escapeText = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

const count = (html: string, tag: string): number => html.split(tag).length - 1

/** A payload may add text, never a tag, an attribute or a form. */
const assertOnlyText = (html: string, plain: string, payload: string): void => {
  for (const tag of ['<script', '<img', '<svg', '<form', '<input', '<a ', '<!--', '<title', '<bdi'])
    assert.equal(count(html, tag), count(plain, tag), `${tag} by ${payload}`)
  for (const [tag] of html.replace(/="[^"]*"/g, '').matchAll(/<[a-z][^>]*>/gi))
    assert.doesNotMatch(tag, /\son\w+=/i, payload)
  if (/[<>"']/.test(payload)) assert.ok(!html.includes(payload), payload)
}

test('T11 what the owner writes into name and description is text on the sign-in, consent and applications pages', async () => {
  const open = async (name: string, description: string) => {
    const client = await register(app, { name, description })
    const browser = createRawBrowser(app)
    const signIn = await browser.follow(authorizeUrl(app, client))
    const consent = await browser.signIn(signIn)
    assert.ok(asks(consent))
    await browser.decide(consent)
    const applications = await browser.send('/account/applications')
    await browser.follow(`/account/applications/${client.id}/disconnect`, {
      form: { csrf: csrfOf(applications) },
    })
    return { signIn, consent, applications }
  }
  const plain = await open('Plain', 'plain')
  for (const payload of payloads) {
    const odd = await open(payload, payload)
    assert.ok(odd.consent.html.includes(escapeText(payload)), payload)
    assert.ok(odd.signIn.html.includes(escapeText(payload)), payload)
    assert.ok(odd.applications.html.includes(escapeText(payload)), payload)
    assertOnlyText(odd.signIn.html, plain.signIn.html, payload)
    assertOnlyText(odd.consent.html, plain.consent.html, payload)
    assertOnlyText(odd.applications.html, plain.applications.html, payload)
  }
})

const rename = (from: string, to: string): Promise<number> => {
  const { store } = app.core
  return store.write(() =>
    run(store.sql.updateTable('users').set({ user_name: to }).where('user_name', '=', from)),
  )
}

test('T11 the names of the owner and of the user are text on the consent and applications pages', async () => {
  const client = await register(app, { clientType: 'public' })
  const browser = createRawBrowser(app)
  const plain = await browser.open(client, withChallenge())
  await browser.decide(plain)
  const plainList = await browser.send('/account/applications')
  for (const payload of payloads) {
    const user = `user ${payload}`
    assert.equal(await rename(people.owner.name, payload), 1)
    assert.equal(await rename(people.user.name, user), 1)
    const consent = await browser.open(client, withChallenge())
    const list = await browser.send('/account/applications')
    await rename(payload, people.owner.name)
    await rename(user, people.user.name)
    for (const [odd, model] of [
      [consent.html, plain.html],
      [list.html, plainList.html],
    ] as const) {
      assert.ok(odd.includes(`<bdi>${escapeText(payload)}</bdi>`), payload)
      assert.ok(odd.includes(`<bdi>${escapeText(user)}</bdi>`), payload)
      assertOnlyText(odd, model, payload)
    }
  }
})

test('T11 a user name typed at sign-in comes back as text', async () => {
  const client = await register(app)
  const browser = createRawBrowser(app)
  const page = await browser.follow(authorizeUrl(app, client))
  const plain = await browser.signIn(page, { name: 'nobody', password: 'x' })
  assert.equal(plain.status, 401)
  for (const payload of payloads) {
    const odd = await browser.signIn(page, { name: payload, password: 'x' })
    assert.equal(odd.status, 401)
    assert.ok(odd.html.includes(`value="${escapeText(payload)}"`), odd.html)
    assertOnlyText(odd.html, plain.html, payload)
  }
})

test('T11 what stands in the link is on no page, and state and error go to the client percent-encoded', async () => {
  const client = await register(app, { clientType: 'public' })
  const browser = createRawBrowser(app)
  const plain = await browser.open(client, withChallenge())
  const plainError = await browser.send('/oauth2/authorize?client_id=x')
  for (const payload of payloads) {
    const parameters = { error_description: payload, error: payload, display: payload }
    const odd = await browser.open(client, { ...withChallenge(), state: payload, parameters })
    assertOnlyText(odd.html, plain.html, payload)
    const done = await browser.decide(odd)
    assert.match(done.location ?? '', /^[^<>"'\s]+$/)
    assert.equal(answerOf(done).get('state'), payload)
    const bad = { scope: payload, response_type: payload }
    const refused = await browser.send(
      authorizeUrl(app, client, { ...withChallenge(), state: payload, parameters: bad }),
    )
    assert.match(refused.location ?? '', /^[^<>"'\s]+$/)
    assert.equal(answerOf(refused).get('state'), payload)
    for (const query of [
      { client_id: payload },
      { client_id: client.clientId, redirect_uri: payload },
    ]) {
      const local = await browser.send(`/oauth2/authorize?${new URLSearchParams(query).toString()}`)
      assert.equal(local.status, 400)
      assertOnlyText(local.html, plainError.html, payload)
    }
    const path = encodeURIComponent(payload)
    for (const place of [
      `/oauth2/consent/${path}`,
      `/${path}`,
      `/account/applications?done=${path}`,
    ])
      assert.ok(!(await browser.send(place)).html.includes(payload) || !/[<>"']/.test(payload))
  }
})
