import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import {
  authorizeUrl,
  callback,
  createPkce,
  manage,
  redeem,
  register,
  type Registered,
} from '#test/support/oauth.ts'
import { answerOf, assertRefusedHere, createRawBrowser } from './raw-browser.ts'

let app: TestApp
let client: Registered
let publicClient: Registered
const { challenge } = createPkce()
const path = '/api/mgmt/oauth/client/applications'
const loopback = 'http://127.0.0.1/callback'

before(async () => {
  app = await startApp()
  client = await register(app)
  publicClient = await register(app, { clientType: 'public', redirectUrls: [loopback] })
})
after(() => app.close())

const expectNoRedirect = async (uris: readonly string[], of: Registered): Promise<void> => {
  const browser = createRawBrowser(app)
  for (const redirectUri of uris)
    assertRefusedHere(
      await browser.send(authorizeUrl(app, of, { redirectUri, challenge, state: 's' })),
      redirectUri,
    )
}

const expectNotRegistered = async (uris: readonly string[]): Promise<void> => {
  for (const uri of uris) {
    for (const redirectUrls of [[uri], [callback, uri], uri]) {
      const body = { name: 'Test', redirectUrls }
      const created = await manage(app, 'POST', path, { body })
      assert.equal(created.status, 400, `registered ${JSON.stringify(redirectUrls)}`)
    }
    const body = { redirectUrls: [callback, uri] }
    const updated = await manage(app, 'PUT', `${path}/${client.id}`, { body })
    assert.equal(updated.status, 400, `updated to ${JSON.stringify(uri)}`)
  }
  const kept = await manage(app, 'GET', `${path}/${client.id}`)
  assert.deepEqual(kept.body['redirectUrls'], [callback])
}

test('T02 no trick with the path of a registered address leads to a redirect', () =>
  expectNoRedirect(
    [
      '..;/',
      '/..;/',
      '/../',
      '/%2e%2e/',
      '/%2E%2E%2f',
      '/..%2f',
      '/',
      '//',
      ';x',
      ';',
      '.',
      '/.',
      '%20',
      '%00',
      '%0d%0a',
      '?',
      '?x=1',
      '&x=1',
      '#',
      '#x',
      '\\',
    ]
      .flatMap((tail) => [callback + tail, callback.replace('/callback', `${tail}/callback`)])
      .concat('https://client.example//callback', 'https://client.example./callback'),
    client,
  ))

test('T03 a wildcard can neither be registered nor asked for', async () => {
  const wild = [
    '*',
    'https://*',
    'https://*.client.example/callback',
    'https://client.example/*',
    'https://client.example/callback*',
    'https://client.example/callback?*',
    'http://127.0.0.1:*/callback',
  ]
  await expectNotRegistered(wild)
  await expectNoRedirect(wild, client)
  await expectNoRedirect(
    [
      'https://sub.client.example/callback',
      'https://client.example.evil.example/callback',
      'https://evilclient.example/callback',
    ],
    client,
  )
})

test('T03 only the whole origin of a public application may call from a browser', async () => {
  await register(app, {
    clientType: 'public',
    redirectUrls: ['https://spa.client.example/callback'],
  })
  app.clock.advance(11_000)
  const allowed = async (origin: string): Promise<string | null> => {
    const headers = { origin, 'access-control-request-method': 'POST' }
    const response = await fetch(`${app.url}/oauth2/token`, { method: 'OPTIONS', headers })
    assert.equal(response.headers.get('access-control-allow-credentials'), null)
    return response.headers.get('access-control-allow-origin')
  }
  const good = 'https://spa.client.example'
  assert.equal(await allowed(good), good)
  for (const origin of [
    'https://client.example',
    'https://evil.client.example',
    'https://xspa.client.example',
    'https://spa.client.example.evil.example',
    'https://spa.client.example:8443',
    'http://spa.client.example',
    'https://example',
    'null',
    '*',
  ])
    assert.notEqual(await allowed(origin), origin, origin)
})

test('T04 only the port of a loopback IP of a public application may vary', async () => {
  const browser = createRawBrowser(app)
  const good = await browser.send(
    authorizeUrl(app, publicClient, { redirectUri: 'http://127.0.0.1:51004/callback', challenge }),
  )
  assert.equal(good.status, 303)
  assert.match(good.location ?? '', /^\/oauth2\/consent\//)
  await expectNoRedirect(
    [
      'http://127.0.0.1:51004/callback/',
      'http://127.0.0.1:51004/callback?x=1',
      'http://127.0.0.1:51004/other',
      'http://127.0.0.1:51004',
      'http://localhost:51004/callback',
      'http://localhost/callback',
      'http://127.1:51004/callback',
      'http://0.0.0.0:51004/callback',
      'http://2130706433/callback',
      'http://[::1]:51004/callback',
      'http://[::ffff:127.0.0.1]:51004/callback',
      'https://127.0.0.1:51004/callback',
      'http://127.0.0.1:0/callback',
      'http://127.0.0.1:70000/callback',
      'http://127.0.0.1:51004@evil.example/callback',
      'http://evil.example@127.0.0.1:51004/callback',
    ],
    publicClient,
  )
  const confidential = await register(app, { redirectUrls: [loopback] })
  await expectNoRedirect(['http://127.0.0.1:51004/callback'], confidential)
})

test('T04 a registered localhost is taken byte for byte, port included', async () => {
  const redirectUrls = ['http://localhost:3000/callback']
  const local = await register(app, { clientType: 'public', redirectUrls })
  const good = await createRawBrowser(app).send(authorizeUrl(app, local, { challenge }))
  assert.equal(good.status, 303)
  await expectNoRedirect(
    [
      'http://localhost:3001/callback',
      'http://localhost/callback',
      'http://LOCALHOST:3000/callback',
    ],
    local,
  )
})

test('T05 no upper-case, lower-case or Unicode look-alike of a registered address is redirected to', async () => {
  const cased = callback
    .split('')
    .flatMap((letter, i) =>
      /[a-z]/.test(letter)
        ? [callback.slice(0, i) + letter.toUpperCase() + callback.slice(i + 1)]
        : [],
    )
  await expectNoRedirect(
    [
      ...cased,
      callback.toUpperCase(),
      callback.replace('k', '\u212a'),
      callback.replace('/cl', '/\uff43l'),
      callback.replace('.', '\u3002'),
      callback.replace('.', '\uff0e'),
      callback.replace('/callback', '\uff0fcallback'),
      callback.replace('client', 'cl\u0131ent'),
      callback.replace('client', 'cli\u00adent'),
      callback.replace('client', 'cl%69ent'),
      callback.replace('callback', '%63allback'),
    ],
    client,
  )
})

test('T06 no dangerous scheme can be registered or updated to, in any case or disguise', () => {
  const uris = ['javascript', 'data', 'vbscript', 'file', 'blob', 'about', 'filesystem'].flatMap(
    (scheme) => [
      `${scheme}:alert(1)`,
      `${scheme}://client.example/%0aalert(1)`,
      `${scheme}:1/alert(1)`,
      `${scheme}:443`,
      `${scheme[0]?.toUpperCase()}${scheme.slice(1)}:alert(1)`,
      `${scheme.toUpperCase()}:1`,
      ` ${scheme}:alert(1)`,
      `\t${scheme}:alert(1)`,
      `\n${scheme}:1`,
      `\u0001${scheme}:alert(1)`,
      `${scheme.slice(0, 4)}\n${scheme.slice(4)}:alert(1)`,
      `${scheme}\t:alert(1)`,
    ],
  )
  return expectNotRegistered(uris)
})

test('T18 a redirect whose query has a parameter of the response can be neither registered nor updated to', () =>
  expectNotRegistered(
    ['code', 'state', 'iss', 'error', 'error_description', '%63ode'].flatMap((name) => [
      `${callback}?${name}=x`,
      `${callback}?a=1&${name}=`,
    ]),
  ))

test('T18 the query of a registered redirect stays as it is and each parameter of the response comes once', async () => {
  const redirectUrls = ['https://client.example/callback?tenant=7&next=a%20b%26code%3Dx']
  const queried = await register(app, { redirectUrls })
  const browser = createRawBrowser(app)
  const pkce = createPkce()
  const page = await browser.open(queried, { state: 'the state', challenge: pkce.challenge })
  const done = await browser.decide(page)
  assert.ok(done.location?.startsWith(`${redirectUrls[0]}&`), done.location)
  const answer = answerOf(done)
  assert.deepEqual([...answer.keys()], ['tenant', 'next', 'code', 'state', 'iss'])
  assert.equal(answer.get('state'), 'the state')
  const code = answer.get('code') ?? ''
  const tokens = await redeem(app, queried, code, { code_verifier: pkce.verifier })
  assert.equal(tokens.status, 200)

  const refused = await browser.send(
    authorizeUrl(app, queried, { state: 's', parameters: { response_type: 'token' } }),
  )
  assert.ok(refused.location?.startsWith(`${redirectUrls[0]}&`), refused.location)
  assert.deepEqual(
    [...answerOf(refused).keys()],
    ['tenant', 'next', 'error', 'error_description', 'state', 'iss'],
  )
})

test('T07 authorize shows a page and no Location for an unregistered redirect, even with session and prior consent', async () => {
  const browser = createRawBrowser(app)
  const first = await browser.decide(await browser.open(client))
  assert.ok(answerOf(first).get('code'))
  const again = await browser.follow(authorizeUrl(app, client))
  assert.ok(
    answerOf(again).get('code'),
    'the consent is remembered, so the next refusals mean something',
  )
  const url = authorizeUrl(app, client, {
    redirectUri: 'https://evil.example/callback',
    state: 's',
  })
  const refused = await browser.send(url)
  assertRefusedHere(refused)
  assert.doesNotMatch(refused.html, /evil\.example/)
  assertRefusedHere(
    await browser.send('/oauth2/authorize', { form: new URLSearchParams(new URL(url).search) }),
  )
  const head = await browser.send(url, { method: 'HEAD' })
  assert.equal(head.location, undefined)
})

test('T07 a redirect that was taken out of the application while the user decides gets no code', async () => {
  const redirectUrls = [callback, 'https://client.example/old']
  const changing = await register(app, { redirectUrls })
  const browser = createRawBrowser(app)
  const page = await browser.open(changing, { redirectUri: 'https://client.example/old' })
  const body = { redirectUrls: [callback] }
  assert.equal((await manage(app, 'PUT', `${path}/${changing.id}`, { body })).status, 200)
  assertRefusedHere(await browser.decide(page))
  assertRefusedHere(await browser.send(page.url))
})

test('T07 an application that is disabled while the user decides gets no code', async () => {
  const changing = await register(app)
  const browser = createRawBrowser(app)
  const page = await browser.open(changing)
  const body = { enabled: false }
  assert.equal((await manage(app, 'PUT', `${path}/${changing.id}`, { body })).status, 200)
  const refused = await browser.decide(page)
  assert.equal(refused.location === undefined ? null : answerOf(refused).get('code'), null)
  assert.ok(
    refused.status === 303 || refused.status === 400 || refused.status === 403,
    `${refused.status}`,
  )
})

test('T08 every refusal of a bad client or redirect is a page that leads nowhere', async () => {
  const browser = createRawBrowser(app)
  const good = { response_type: 'code', client_id: client.clientId, redirect_uri: callback }
  const evil = 'https://evil.example/'
  for (const parameters of [
    {},
    { ...good, client_id: '' },
    { ...good, client_id: '000000000.apps.hdp' },
    { ...good, client_id: "' OR 1=1 --" },
    { ...good, redirect_uri: '' },
    { ...good, redirect_uri: evil },
    { ...good, redirect_uri: evil, response_mode: 'form_post' },
    { ...good, redirect_uri: evil, response_mode: 'form_post.jwt' },
    { ...good, redirect_uri: evil, response_type: 'none' },
    { ...good, redirect_uri: evil, prompt: 'none' },
    { ...good, redirect_uri: 'client.example' },
    { ...good, redirect_uri: '//evil.example' },
  ]) {
    for (const base of ['/oauth2', '/api/mgmt/oauth2']) {
      const query = new URLSearchParams(parameters)
      assertRefusedHere(await browser.send(`${base}/authorize?${query.toString()}`))
      assertRefusedHere(await browser.send(`${base}/authorize`, { form: query }))
    }
  }
})

test('T08 no parameter of the sign-in, sign-out and account pages says where the browser goes next', async () => {
  const evil = encodeURIComponent('https://evil.example/')
  const names = ['next', 'returnTo', 'return_to', 'redirect', 'redirect_uri', 'url', 'continue']
  const query = [...names, 'post_logout_redirect_uri', 'target']
    .map((n) => `${n}=${evil}`)
    .join('&')
  const browser = createRawBrowser(app)
  await browser.send(`/account/applications?${query}`)
  const page = await browser.send(`/sign-in?${query}`)
  assert.doesNotMatch(page.html, /evil\.example/)
  await browser.signIn(page, people.user)
  const account = await browser.send(`/account/applications?${query}`)
  assert.equal(account.status, 200)
  assert.doesNotMatch(account.html, /evil\.example/)
  const csrf = /name="csrf" value="([^"]+)"/.exec(account.html)?.[1] ?? ''
  const out = await browser.send(`/sign-out?${query}`, { form: { csrf } })
  assert.equal(out.location, '/signed-out')
  for (const { location } of browser.history)
    if (location !== undefined) assert.match(location, /^\/[a-z]/)
})
