import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as openid from 'openid-client'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { readWith, register, registerMachine } from '#test/support/oauth.ts'
import { consentAt } from './person.ts'

let app: TestApp
before(async () => {
  app = await startApp()
})
after(() => app.close())

const kinds = [
  {
    name: 'a confidential client with client_secret_basic',
    fields: {},
    authentication: (secret: string) => openid.ClientSecretBasic(secret),
  },
  {
    name: 'a confidential client with client_secret_post',
    fields: {},
    authentication: (secret: string) => openid.ClientSecretPost(secret),
  },
  {
    name: 'a public client on a loopback address',
    fields: { clientType: 'public', redirectUrls: ['http://127.0.0.1:7/callback'] },
    authentication: () => openid.None(),
  },
] as const

for (const kind of kinds)
  test(`openid-client discovers the server and completes code with PKCE, refresh and revocation as ${kind.name}`, async () => {
    const registered = await register(app, kind.fields)
    const configuration = await openid.discovery(
      new URL(app.url),
      registered.clientId,
      undefined,
      kind.authentication(registered.clientSecret),
      { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] },
    )
    const verifier = openid.randomPKCECodeVerifier()
    const state = openid.randomState()
    const url = openid.buildAuthorizationUrl(configuration, {
      redirect_uri: registered.redirectUri,
      scope: 'api.access.odata',
      state,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    const callback = await consentAt(url.href)

    const first = await openid.authorizationCodeGrant(configuration, callback, {
      pkceCodeVerifier: verifier,
      expectedState: state,
    })
    assert.equal(first.expires_in, 3600)
    const data = await openid.fetchProtectedResource(
      configuration,
      first.access_token,
      new URL(`${app.url}/api/odata4/one/Items(1)`),
      'GET',
    )
    assert.equal(((await data.json()) as { name: string }).name, 'one 1')

    const second = await openid.refreshTokenGrant(configuration, first.refresh_token ?? '')
    assert.equal(await readWith(app, second.access_token), 200)

    await openid.tokenRevocation(configuration, second.refresh_token ?? first.refresh_token ?? '')
    assert.equal(await readWith(app, second.access_token), 401)
  })

test('openid-client acts by itself with client credentials, and asks about its token', async () => {
  const registered = await registerMachine(app)
  const configuration = await openid.discovery(
    new URL(app.url),
    registered.clientId,
    registered.clientSecret,
    undefined,
    { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] },
  )
  const tokens = await openid.clientCredentialsGrant(configuration, { scope: 'api.access.odata' })
  assert.equal(await readWith(app, tokens.access_token), 200)
  const facts = await openid.tokenIntrospection(configuration, tokens.access_token)
  assert.equal(facts.active, true)
  assert.equal(facts.client_id, registered.clientId)
  await openid.tokenRevocation(configuration, tokens.access_token)
  const ended = await openid.tokenIntrospection(configuration, tokens.access_token)
  assert.deepEqual(ended, { active: false })
})

test('openid-client trades a password where the application is registered for it', async () => {
  const registered = await register(app, { grantTypes: ['password', 'refresh_token'] })
  const configuration = await openid.discovery(
    new URL(app.url),
    registered.clientId,
    registered.clientSecret,
    undefined,
    { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] },
  )
  const tokens = await openid.genericGrantRequest(configuration, 'password', {
    username: people.user.name,
    password: people.user.password,
  })
  assert.equal(await readWith(app, tokens.access_token), 200)
  const next = await openid.refreshTokenGrant(configuration, tokens.refresh_token ?? '')
  assert.equal(await readWith(app, next.access_token), 200)
})

test('openid-client refuses a callback of our server when another state was expected', async () => {
  const registered = await register(app)
  const configuration = await openid.discovery(
    new URL(app.url),
    registered.clientId,
    registered.clientSecret,
    undefined,
    { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] },
  )
  const url = openid.buildAuthorizationUrl(configuration, {
    redirect_uri: registered.redirectUri,
    state: 'mine',
  })
  const callback = await consentAt(url.href)
  await assert.rejects(
    openid.authorizationCodeGrant(configuration, callback, { expectedState: 'other' }),
    (error: unknown) =>
      error instanceof Error && error.cause instanceof Error && /state/.test(error.cause.message),
  )
})
