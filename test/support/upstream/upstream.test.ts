import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import {
  allowInsecureRequests,
  type AuthorizationServer,
  authorizationCodeGrantRequest,
  calculatePKCECodeChallenge,
  type Client,
  ClientSecretBasic,
  ClientSecretPost,
  clockSkew,
  generateRandomCodeVerifier,
  processAuthorizationCodeResponse,
  processRefreshTokenResponse,
  refreshTokenGrantRequest,
  ResponseBodyError,
  type TokenEndpointResponse,
  validateAuthResponse,
} from 'oauth4webapi'
import type { Upstream } from './authorization.ts'
import { type Google, startGoogle } from './google.ts'
import { type MockServer, startMockServer } from './mock-server.ts'
import { type Salesforce, startSalesforce } from './salesforce.ts'

const callback = 'https://gateway.example/callback'
const insecure = { [allowInsecureRequests]: true }
const google54 = 'https://www.googleapis.com/auth/analytics.readonly'

let ahead = 0
const now = (): number => Date.now() + ahead
let google: Google
let salesforce: Salesforce
let stranger: MockServer

before(async () => {
  ;[google, salesforce, stranger] = await Promise.all([
    startGoogle({ now }),
    startSalesforce({ now }),
    startMockServer({ now }),
  ])
  for (const upstream of [google, salesforce]) upstream.register(callback)
})
after(() => Promise.all([google.close(), salesforce.close(), stranger.close()]))

const authorizationUrl = (upstream: Upstream, parameters: Record<string, string> = {}): string => {
  const { authorizeURI, clientId, scope } = upstream.application
  return `${authorizeURI}?${new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: callback,
    scope,
    state: 'a-state',
    access_type: 'offline',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...parameters,
  }).toString()}`
}

const visit = (url: string, form?: Record<string, string>): Promise<Response> =>
  fetch(url, {
    redirect: 'manual',
    ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
  })

const sentBack = async (url: string, form?: Record<string, string>): Promise<URL> => {
  const response = await visit(url, form)
  assert.equal(response.status, 302, await response.text())
  return new URL(response.headers.get('location') ?? '')
}

const serverOf = (upstream: Upstream): AuthorizationServer => ({
  issuer: upstream === google ? 'https://accounts.google.com' : upstream.origin,
  token_endpoint: upstream.application.tokenURI,
})
const clientOf = (upstream: Upstream): Client => ({
  client_id: upstream.application.clientId,
  [clockSkew]: ahead / 1000,
})
const secretOf = (upstream: Upstream) => ClientSecretPost(upstream.application.clientSecret)

const connect = async (
  upstream: Upstream,
  parameters: Record<string, string> = {},
): Promise<TokenEndpointResponse> => {
  const [server, client] = [serverOf(upstream), clientOf(upstream)]
  const verifier = generateRandomCodeVerifier()
  const url = authorizationUrl(upstream, {
    code_challenge: await calculatePKCECodeChallenge(verifier),
    ...parameters,
  })
  const answer = validateAuthResponse(server, client, await sentBack(url), 'a-state')
  const response = await authorizationCodeGrantRequest(
    server,
    client,
    secretOf(upstream),
    answer,
    callback,
    verifier,
    insecure,
  )
  const body = (await response.clone().json()) as { id_token?: string }
  if (body.id_token === undefined) return processAuthorizationCodeResponse(server, client, response)
  return processAuthorizationCodeResponse(server, client, response, { requireIdToken: true })
}

const refresh = async (upstream: Upstream, token: string): Promise<TokenEndpointResponse> => {
  const [server, client] = [serverOf(upstream), clientOf(upstream)]
  return processRefreshTokenResponse(
    server,
    client,
    await refreshTokenGrantRequest(server, client, secretOf(upstream), token, insecure),
  )
}

const refused = (code: string, text?: string) => (error: unknown) => {
  assert.ok(error instanceof ResponseBodyError, String(error))
  assert.equal(error.error, code)
  if (text !== undefined) assert.equal(error.error_description, text)
  return true
}

const ask = async (url: string, token?: string): Promise<{ status: number; body: string }> => {
  const headers: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(url, { headers })
  return { status: response.status, body: await response.text() }
}

const askToken = async (upstream: Upstream, form: Record<string, string>) => {
  const { clientId: client_id, clientSecret: client_secret, tokenURI } = upstream.application
  const body = new URLSearchParams({ client_id, client_secret, ...form })
  const response = await fetch(tokenURI, { method: 'POST', body })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

describe('Google', () => {
  const projects = (): string => `${google.origin}/bigquery/v2/projects?maxResults=1`

  test('a code is exchanged for the documented members, and the token opens both APIs', async () => {
    google.signIn('first@example.com')
    const tokens = await connect(google)
    assert.deepEqual(Object.keys(tokens).toSorted(), [
      'access_token',
      'expires_in',
      'refresh_token',
      'scope',
      'token_type',
    ])
    assert.equal(tokens.expires_in, 3599)
    assert.match(tokens.access_token, /^ya29\./)
    assert.match(tokens.refresh_token ?? '', /^1\/\//)
    assert.equal((await ask(projects(), tokens.access_token)).status, 200)
    const summaries = `${google.origin}/v1beta/accountSummaries?pageSize=1`
    assert.equal((await ask(summaries, tokens.access_token)).status, 200)
    const info = await ask(`${google.origin}/tokeninfo?access_token=${tokens.access_token}`)
    assert.equal((JSON.parse(info.body) as { aud: string }).aud, google.application.clientId)
    assert.deepEqual(
      [tokens.access_token, tokens.refresh_token].map((each) =>
        google.secrets().includes(each ?? ''),
      ),
      [true, true],
    )
  })

  test('a refresh token comes at the first consent and with prompt=consent alone', async () => {
    google.signIn('second@example.com')
    assert.equal((await connect(google, { access_type: 'online' })).refresh_token, undefined)
    google.signIn('third@example.com')
    assert.ok((await connect(google)).refresh_token)
    assert.equal((await connect(google)).refresh_token, undefined)
    assert.ok((await connect(google, { prompt: 'consent' })).refresh_token)
  })

  test('a refresh gives an access token and no refresh token', async () => {
    google.signIn('fourth@example.com')
    const { refresh_token: token = '' } = await connect(google)
    const renewed = await refresh(google, token)
    assert.equal(renewed.refresh_token, undefined)
    assert.equal((await ask(projects(), renewed.access_token)).status, 200)
    assert.ok((await refresh(google, token)).access_token)
  })

  test('an access token ends after its hour with the documented error of an API', async () => {
    google.signIn('fifth@example.com')
    const { access_token: token } = await connect(google)
    ahead += 3_600_000
    const { status, body } = await ask(projects(), token)
    assert.equal(status, 401)
    assert.equal(
      (JSON.parse(body) as { error: { status: string } }).error.status,
      'UNAUTHENTICATED',
    )
    assert.equal((await ask(projects())).status, 401)
  })

  test('what is revoked or withdrawn is refused in the documented words', async () => {
    google.signIn('sixth@example.com')
    const { access_token: access, refresh_token: token = '' } = await connect(google)
    const body = new URLSearchParams({ token })
    const revoked = () => fetch(`${google.origin}/revoke`, { method: 'POST', body })
    assert.equal((await revoked()).status, 200)
    const again = await revoked()
    assert.equal(again.status, 400)
    assert.equal(((await again.json()) as { error: string }).error, 'invalid_token')
    const words = refused('invalid_grant', 'Token has been expired or revoked.')
    await assert.rejects(refresh(google, token), words)
    assert.equal((await ask(projects(), access)).status, 401)

    const { refresh_token: second = '' } = await connect(google)
    google.withdraw()
    await assert.rejects(refresh(google, second), words)
    assert.ok((await connect(google)).refresh_token, 'it is a first consent again')
  })

  test('the hundred and first refresh token drops the oldest, silently', async () => {
    google.signIn('seventh@example.com')
    const { refresh_token: oldest = '' } = await connect(google)
    const { refresh_token: second = '' } = await connect(google, { prompt: 'consent' })
    for (let more = 0; more < 99; more += 1) await connect(google, { prompt: 'consent' })
    assert.equal(google.liveRefreshTokens(), 100)
    await assert.rejects(refresh(google, oldest), refused('invalid_grant'))
    assert.ok((await refresh(google, second)).access_token)
  })

  test('a code is good once, for its redirect URI and its verifier', async () => {
    google.signIn('eighth@example.com')
    const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
    const exchange = async (more: Record<string, string>, code?: string) =>
      askToken(google, {
        grant_type: 'authorization_code',
        code: code ?? (await sentBack(authorizationUrl(google))).searchParams.get('code') ?? '',
        redirect_uri: callback,
        code_verifier: verifier,
        ...more,
      })
    const code = (await sentBack(authorizationUrl(google))).searchParams.get('code') ?? ''
    assert.equal((await exchange({}, code)).status, 200)
    assert.equal((await exchange({}, code)).body['error'], 'invalid_grant')
    const elsewhere = await exchange({ redirect_uri: `${callback}/` })
    assert.equal(elsewhere.body['error'], 'redirect_uri_mismatch')
    const wrong = await exchange({ code_verifier: randomBytes(32).toString('base64url') })
    assert.equal(wrong.body['error_description'], 'Invalid code verifier.')
    const badClient = await exchange({ client_secret: 'another' })
    assert.deepEqual([badClient.status, badClient.body['error']], [401, 'invalid_client'])
    assert.equal((await exchange({ client_id: 'another' })).status, 401)
  })

  test('a client may prove itself in the header as well', async () => {
    google.signIn('ninth@example.com')
    const { refresh_token: token = '' } = await connect(google)
    const [server, client] = [serverOf(google), clientOf(google)]
    const basic = ClientSecretBasic(google.application.clientSecret)
    const response = await refreshTokenGrantRequest(server, client, basic, token, insecure)
    assert.ok((await processRefreshTokenResponse(server, client, response)).access_token)
  })

  test('the browser is shown a page to decide on, and sent back with iss, scope and state', async () => {
    google.signIn('tenth@example.com')
    google.decide('ask')
    const url = authorizationUrl(google)
    const shown = await visit(url)
    assert.equal(shown.status, 200)
    assert.match(await shown.text(), /<button name="decision" value="deny">Deny/)
    const denied = await sentBack(url, { decision: 'deny' })
    assert.deepEqual(Object.fromEntries(denied.searchParams), {
      error: 'access_denied',
      state: 'a-state',
    })
    const { searchParams: back } = await sentBack(url, { decision: 'allow' })
    assert.deepEqual([...back.keys()], ['iss', 'state', 'code', 'scope'])
    assert.equal((await visit(url)).status, 302, 'who has consented is not asked again')
    const more = authorizationUrl(google, { scope: google54 })
    assert.equal((await visit(more)).status, 200, 'but for another scope')
    google.decide('allow')
  })

  test('a request with a fault stays on a page of its own', async () => {
    const faults = [
      { redirect_uri: `${callback}/more` },
      { client_id: 'another' },
      { response_type: 'token' },
      { scope: '' },
      { code_challenge: '' },
      { code_challenge_method: 'plain' },
    ]
    for (const fault of faults) {
      const { status, headers } = await visit(authorizationUrl(google, fault))
      assert.equal(headers.get('location'), null, JSON.stringify(fault))
      assert.ok(status === 400 || status === 401)
    }
    assert.equal((await visit(`${authorizationUrl(google)}&state=2`)).status, 400)
  })
})

describe('Salesforce', () => {
  const limits = (): string => `${salesforce.instanceUrl()}/services/data/v63.0/limits`
  const userInfo = (): string => `${salesforce.instanceUrl()}/services/oauth2/userinfo`
  const dead = '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]'
  const expired = refused('invalid_grant', 'expired access/refresh token')

  test('a code is exchanged for the documented members, and there is no expires_in', async () => {
    const tokens = await connect(salesforce)
    assert.deepEqual(Object.keys(tokens).toSorted(), [
      'access_token',
      'id',
      'instance_url',
      'issued_at',
      'refresh_token',
      'scope',
      'signature',
      'token_type',
    ])
    assert.match(tokens['issued_at'] as string, /^\d{13}$/)
    assert.match(tokens['id'] as string, /\/id\/00D\w+\/005\w+$/)
    assert.equal(tokens['instance_url'], salesforce.instanceUrl())
    assert.equal((await ask(limits(), tokens.access_token)).status, 200)
    assert.equal((await ask(userInfo(), tokens.access_token)).status, 200)
    assert.equal((await ask(`${salesforce.instanceUrl()}/services/data`)).status, 200)
  })

  test('without refresh_token among its scopes there is no refresh token', async () => {
    assert.equal((await connect(salesforce, { scope: 'api' })).refresh_token, undefined)
    assert.ok((await connect(salesforce, { scope: 'full offline_access' })).refresh_token)
  })

  test('a session slides with use and dies without; the two services say so differently', async () => {
    const { access_token: token } = await connect(salesforce)
    for (let hours = 0; hours < 3; hours += 1) {
      ahead += 3_600_000
      assert.equal((await ask(limits(), token)).status, 200)
    }
    ahead += 7_200_000
    assert.deepEqual(await ask(limits(), token), { status: 401, body: dead })
    assert.deepEqual(await ask(userInfo(), token), { status: 403, body: 'Bad_OAuth_Token' })
    assert.deepEqual(await ask(userInfo()), { status: 403, body: 'Missing_OAuth_Token' })
  })

  test('sessions that end leave the refresh token', async () => {
    const { access_token: token, refresh_token: again = '' } = await connect(salesforce)
    salesforce.endSessions()
    assert.equal((await ask(limits(), token)).body, dead)
    const renewed = await refresh(salesforce, again)
    assert.equal(renewed.refresh_token, undefined)
    assert.equal((await ask(limits(), renewed.access_token)).status, 200)
  })

  test('a refresh token that rotates is good once, or until the next is used', async () => {
    const { refresh_token: first = '' } = await connect(salesforce)
    salesforce.rotate('single-use')
    const { refresh_token: second = '' } = await refresh(salesforce, first)
    assert.notEqual(second, first)
    await assert.rejects(refresh(salesforce, first), expired)
    salesforce.rotate('grace')
    const { refresh_token: third = '' } = await refresh(salesforce, second)
    const { refresh_token: fourth = '' } = await refresh(salesforce, second)
    assert.notEqual(third, fourth)
    await refresh(salesforce, fourth)
    await assert.rejects(refresh(salesforce, second), expired)
    salesforce.rotate('off')
  })

  test('the sixth approval of a user drops the oldest', async () => {
    salesforce.signIn('0055e000002EVE')
    const { access_token: access, refresh_token: oldest = '' } = await connect(salesforce)
    for (let more = 0; more < 5; more += 1) await connect(salesforce)
    assert.equal(salesforce.liveGrants(), 5)
    await assert.rejects(refresh(salesforce, oldest), expired)
    assert.equal((await ask(limits(), access)).status, 401)
  })

  test('what is revoked or withdrawn is refused in the documented words', async () => {
    salesforce.signIn('0055e000003BOB')
    const { refresh_token: token = '' } = await connect(salesforce)
    const revoke = `${salesforce.origin}/services/oauth2/revoke?token=${encodeURIComponent(token)}`
    assert.equal((await fetch(revoke)).status, 200)
    await assert.rejects(refresh(salesforce, token), expired)
    const { refresh_token: second = '', access_token: access } = await connect(salesforce)
    salesforce.withdraw()
    await assert.rejects(refresh(salesforce, second), expired)
    assert.equal((await ask(limits(), access)).status, 401)
  })

  test('an org that moves answers at its new instance alone', async () => {
    const { access_token: token, refresh_token: again = '' } = await connect(salesforce)
    const before = salesforce.instanceUrl()
    const moved = await salesforce.moveInstance()
    assert.notEqual(moved, before)
    assert.equal((await ask(`${before}/services/data/v63.0/limits`, token)).status, 401)
    assert.equal((await refresh(salesforce, again))['instance_url'], moved)
  })

  test('a bad client and an unknown grant get the documented codes', async () => {
    const badSecret = await askToken(salesforce, { client_secret: 'x' })
    assert.deepEqual(badSecret, {
      status: 400,
      body: { error: 'invalid_client', error_description: 'invalid client credentials' },
    })
    const badId = await askToken(salesforce, { client_id: 'x' })
    assert.equal(badId.body['error'], 'invalid_client_id')
    const grant = await askToken(salesforce, { grant_type: 'device' })
    assert.equal(grant.body['error'], 'unsupported_grant_type')
  })

  test('a user who denies is sent back; a request with a fault is not', async () => {
    salesforce.decide('ask')
    const shown = await visit(authorizationUrl(salesforce))
    assert.match(await shown.text(), /Allow access for/)
    const denied = await sentBack(authorizationUrl(salesforce), { decision: 'deny' })
    assert.equal(denied.searchParams.get('error'), 'access_denied')
    salesforce.decide('allow')
    for (const fault of [
      { redirect_uri: `${callback}/` },
      { client_id: 'x' },
      { code_challenge: '' },
    ])
      assert.equal((await visit(authorizationUrl(salesforce, fault))).status, 400)
  })
})

describe('the stranger', () => {
  test('its tokens open the REST service until they expire; forged ones never do', async () => {
    const tokens = await connect(stranger)
    assert.equal(tokens.expires_in, 3600)
    assert.equal((await ask(stranger.apiUri, tokens.access_token)).status, 200)
    const [head, , signature] = tokens.access_token.split('.')
    const claims = Buffer.from(JSON.stringify({ iss: stranger.origin, exp: 9e9 }))
    const forged = `${head}.${claims.toString('base64url')}.${signature}`
    assert.equal((await ask(stranger.apiUri, forged)).status, 401)
    assert.equal((await ask(stranger.apiUri)).status, 401)
    ahead += 3_601_000
    assert.equal((await ask(stranger.apiUri, tokens.access_token)).status, 401)
  })

  test('it exchanges refresh tokens, and refuses them once access is withdrawn', async () => {
    const { refresh_token: first = '' } = await connect(stranger)
    const renewed = await refresh(stranger, first)
    assert.notEqual(renewed.refresh_token, first)
    assert.equal((await ask(stranger.apiUri, renewed.access_token)).status, 200)
    stranger.endSessions()
    assert.equal((await ask(stranger.apiUri, renewed.access_token)).status, 401)
    const next = await refresh(stranger, renewed.refresh_token ?? '')
    stranger.withdraw()
    await assert.rejects(refresh(stranger, next.refresh_token ?? ''), refused('invalid_grant'))
    assert.equal((await ask(stranger.apiUri, next.access_token)).status, 401)
  })

  test('a user who denies is sent back with access_denied', async () => {
    stranger.decide('deny')
    const back = await sentBack(authorizationUrl(stranger))
    assert.deepEqual(Object.fromEntries(back.searchParams), {
      state: 'a-state',
      error: 'access_denied',
    })
    stranger.decide('allow')
  })

  test('it gives tokens for client credentials', async () => {
    const { body } = await askToken(stranger, { grant_type: 'client_credentials', scope: 'read' })
    assert.equal((await ask(stranger.apiUri, String(body['access_token']))).status, 200)
    assert.equal(stranger.count('client'), 1)
  })
})

describe('the switches', () => {
  test('an answer is held after the work is done, until it is released', async () => {
    salesforce.rotate('single-use')
    const { refresh_token: token = '' } = await connect(salesforce)
    const before = salesforce.count('refresh')
    const held = salesforce.hold('refresh')
    let settled = false
    const asked = refresh(salesforce, token).finally(() => (settled = true))
    assert.equal((await held.arrived).form.get('refresh_token'), token)
    await assert.rejects(refresh(salesforce, token), refused('invalid_grant'))
    assert.equal(settled, false)
    held.release()
    assert.ok((await asked).refresh_token)
    assert.equal(salesforce.count('refresh'), before + 2)
    salesforce.rotate('off')
  })

  test('a lost answer is one whose work was done; a failure does nothing', async () => {
    salesforce.rotate('single-use')
    const { refresh_token: token = '' } = await connect(salesforce)
    salesforce.fail('refresh', { status: 503, headers: { 'retry-after': '7' } })
    const body = new URLSearchParams({ grant_type: 'refresh_token' })
    const url = salesforce.application.tokenURI
    assert.equal((await fetch(url, { method: 'POST', body })).headers.get('retry-after'), '7')
    salesforce.fail('refresh', 'reset')
    await assert.rejects(refresh(salesforce, token))
    salesforce.lose('refresh')
    await assert.rejects(refresh(salesforce, token), { message: 'fetch failed' })
    await assert.rejects(refresh(salesforce, token), refused('invalid_grant'))
    salesforce.rotate('off')
  })
})
