import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as oauth from 'oauth4webapi'
import { startApp, type TestApp } from '#test/support/app.ts'
import { readWith, register } from '#test/support/oauth.ts'
import { consentAt } from './person.ts'

// The strict client library of the certified OpenID implementations, unmodified: what it accepts is by the
// letter of the RFCs. Plain http on loopback is its documented option.
const insecure = { [oauth.allowInsecureRequests]: true } as const
const scope = 'api.access.odata'

let app: TestApp
let server: oauth.AuthorizationServer
before(async () => {
  app = await startApp()
  const issuer = new URL(app.url)
  const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  server = await oauth.processDiscoveryResponse(issuer, response)
})
after(() => app.close())

type Kind = {
  readonly name: string
  readonly fields: Record<string, unknown>
  readonly authentication: (secret: string) => oauth.ClientAuth
}

const kinds: readonly Kind[] = [
  {
    name: 'a confidential client with client_secret_basic',
    fields: {},
    authentication: oauth.ClientSecretBasic,
  },
  {
    name: 'a confidential client with client_secret_post',
    fields: {},
    authentication: oauth.ClientSecretPost,
  },
  {
    name: 'a public client on a loopback address',
    fields: { clientType: 'public', redirectUrls: ['http://127.0.0.1:7/callback'] },
    authentication: oauth.None,
  },
]

const authorize = async (
  clientId: string,
  redirectUri: string,
  decision: 'allow' | 'deny' = 'allow',
) => {
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const url = new URL(server.authorization_endpoint ?? '')
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).toString()
  return { callback: await consentAt(url.href, { decision }), state, verifier }
}

for (const kind of kinds)
  test(`oauth4webapi completes code with PKCE, refresh and revocation as ${kind.name}`, async () => {
    const registered = await register(app, kind.fields)
    const client: oauth.Client = { client_id: registered.clientId }
    const authentication = kind.authentication(registered.clientSecret)

    const { callback, state, verifier } = await authorize(
      registered.clientId,
      registered.redirectUri,
    )
    const parameters = oauth.validateAuthResponse(server, client, callback, state)
    const first = await oauth.processAuthorizationCodeResponse(
      server,
      client,
      await oauth.authorizationCodeGrantRequest(
        server,
        client,
        authentication,
        parameters,
        registered.redirectUri,
        verifier,
        insecure,
      ),
    )
    assert.equal(first.token_type, 'bearer')
    assert.equal(first.scope, scope)
    const data = await oauth.protectedResourceRequest(
      first.access_token,
      'GET',
      new URL(`${app.url}/api/odata4/one/Items(1)`),
      undefined,
      undefined,
      insecure,
    )
    assert.equal(((await data.json()) as { name: string }).name, 'one 1')

    const second = await oauth.processRefreshTokenResponse(
      server,
      client,
      await oauth.refreshTokenGrantRequest(
        server,
        client,
        authentication,
        first.refresh_token ?? '',
        insecure,
      ),
    )
    assert.equal(await readWith(app, second.access_token), 200)

    const revocation = await oauth.revocationRequest(
      server,
      client,
      authentication,
      second.refresh_token ?? first.refresh_token ?? '',
      insecure,
    )
    assert.equal(await oauth.processRevocationResponse(revocation), undefined)
    assert.equal(await readWith(app, second.access_token), 401)
  })

test('oauth4webapi refuses our callback when the state is another one', async () => {
  const registered = await register(app)
  const { callback } = await authorize(registered.clientId, registered.redirectUri)
  assert.throws(
    () =>
      oauth.validateAuthResponse(server, { client_id: registered.clientId }, callback, 'another'),
    /state/,
  )
})

test('oauth4webapi demands iss, finds it in our callback, and refuses a foreign one', async () => {
  const registered = await register(app)
  const client = { client_id: registered.clientId }
  const { callback, state } = await authorize(registered.clientId, registered.redirectUri)
  assert.equal(server.authorization_response_iss_parameter_supported, true)
  assert.equal(callback.searchParams.get('iss'), server.issuer)
  callback.searchParams.set('iss', 'https://evil.example')
  assert.throws(() => oauth.validateAuthResponse(server, client, callback, state), /iss/)
  callback.searchParams.delete('iss')
  assert.throws(() => oauth.validateAuthResponse(server, client, callback, state), /iss/)
})

test('oauth4webapi understands a denial', async () => {
  const registered = await register(app)
  const { callback, state } = await authorize(registered.clientId, registered.redirectUri, 'deny')
  assert.throws(
    () => oauth.validateAuthResponse(server, { client_id: registered.clientId }, callback, state),
    (error: unknown) =>
      error instanceof oauth.AuthorizationResponseError && error.error === 'access_denied',
  )
})

test('oauth4webapi understands the refusal of a code that was used', async () => {
  const registered = await register(app)
  const client = { client_id: registered.clientId }
  const { callback, state, verifier } = await authorize(registered.clientId, registered.redirectUri)
  const parameters = oauth.validateAuthResponse(server, client, callback, state)
  const redeem = () =>
    oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.ClientSecretBasic(registered.clientSecret),
      parameters,
      registered.redirectUri,
      verifier,
      insecure,
    )
  await oauth.processAuthorizationCodeResponse(server, client, await redeem())
  await assert.rejects(
    oauth.processAuthorizationCodeResponse(server, client, await redeem()),
    (error: unknown) => error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant',
  )
})
