import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { createEgress } from '#egress/create.ts'
import type { Registration, Tokens } from '#egress/oauth/tokens.ts'
import { UpstreamError, type UpstreamFault } from '#egress/upstream-error.ts'
import { systemClock } from '#lib/clock.ts'
import { Secret } from '#lib/secret.ts'
import type { Upstream } from '#test/support/upstream/authorization.ts'
import { type Google, startGoogle } from '#test/support/upstream/google.ts'
import { type MockServer, startMockServer } from '#test/support/upstream/mock-server.ts'
import { type Salesforce, startSalesforce } from '#test/support/upstream/salesforce.ts'

const redirectUri = 'https://gateway.example/callback'
const egress = createEgress(
  { egressAllow: ['127.0.0.1'], dataAllow: [] },
  { never: [], clock: systemClock },
)
let google: Google
let salesforce: Salesforce
let stranger: MockServer

before(async () => {
  ;[google, salesforce, stranger] = await Promise.all([
    startGoogle(),
    startSalesforce(),
    startMockServer(),
  ])
  for (const upstream of [google, salesforce]) upstream.register(redirectUri)
})
after(async () => {
  await egress.outbound.close()
  await Promise.all([google.close(), salesforce.close(), stranger.close()])
})

const registrationOf = ({ application }: Upstream): Registration => ({
  clientId: application.clientId,
  clientSecret: new Secret(application.clientSecret),
  tokenUri: application.tokenURI,
  lane: application.tokenURI,
})

/** The code that a browser brings back, and the verifier that belongs to it. */
const getCode = async ({ application }: Upstream) => {
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: application.clientId,
    redirect_uri: redirectUri,
    scope: application.scope,
    access_type: 'offline',
    prompt: 'consent',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const response = await fetch(`${application.authorizeURI}?${query.toString()}`, {
    redirect: 'manual',
  })
  const back = new URL(response.headers.get('location') ?? '')
  return {
    code: new Secret(back.searchParams.get('code') ?? ''),
    codeVerifier: new Secret(verifier),
  }
}

const connect = async (upstream: Upstream): Promise<Tokens> =>
  egress.tokenClient.request(registrationOf(upstream), {
    type: 'authorization_code',
    redirectUri,
    ...(await getCode(upstream)),
  })

const refresh = (upstream: Upstream, { refreshToken }: Tokens): Promise<Tokens> => {
  assert.ok(refreshToken)
  return egress.tokenClient.request(registrationOf(upstream), {
    type: 'refresh_token',
    refreshToken,
  })
}

const faultOf = async (asked: Promise<unknown>): Promise<[UpstreamFault, string | undefined]> => {
  try {
    await asked
  } catch (error) {
    assert.ok(error instanceof UpstreamError, String(error))
    return [error.fault, error.upstreamCode]
  }
  return assert.fail('it was taken')
}

test('of Google it gets an hour, no instance, and no refresh token with a refresh', async () => {
  const tokens = await connect(google)
  assert.equal(tokens.expiresIn, 3599)
  assert.equal(tokens.scope, 'https://www.googleapis.com/auth/bigquery')
  assert.equal(tokens.instanceUrl, undefined)
  const renewed = await refresh(google, tokens)
  assert.equal(renewed.refreshToken, undefined)
  assert.notEqual(renewed.accessToken.reveal(), tokens.accessToken.reveal())
})

test('of Salesforce it gets no lifetime, an instance that may move, and the same account each time', async () => {
  const tokens = await connect(salesforce)
  assert.equal(tokens.expiresIn, undefined)
  assert.equal(tokens.instanceUrl, salesforce.instanceUrl())
  const moved = await salesforce.moveInstance()
  salesforce.rotate('single-use')
  const renewed = await refresh(salesforce, tokens)
  salesforce.rotate('off')
  assert.equal(renewed.instanceUrl, moved)
  assert.match(tokens.account ?? '', /\/id\/00D\w+\/005\w+$/)
  assert.equal(renewed.account, tokens.account)
  assert.ok(renewed.refreshToken)
  assert.notEqual(renewed.refreshToken.reveal(), tokens.refreshToken?.reveal())
})

test('of the stranger it gets an account from the ID token, and a new refresh token each time', async () => {
  const tokens = await connect(stranger)
  assert.equal(tokens.account, `${stranger.origin} johndoe`)
  assert.equal(tokens.expiresIn, 3600)
  const renewed = await refresh(stranger, tokens)
  assert.notEqual(renewed.refreshToken?.reveal(), tokens.refreshToken?.reveal())
  const { body } = await egress.outbound.send({
    method: 'GET',
    url: stranger.apiUri,
    lane: 'api',
    headers: { authorization: `Bearer ${renewed.accessToken.reveal()}` },
  })
  assert.deepEqual(JSON.parse(Buffer.from(body).toString()), { status: 'up' })
})

test('the stranger gives it a token for client credentials', async () => {
  const tokens = await egress.tokenClient.request(registrationOf(stranger), {
    type: 'client_credentials',
    scope: 'read',
  })
  assert.ok(tokens.accessToken)
})

test('access that was withdrawn is a refused grant, at every one of them', async () => {
  for (const upstream of [google, salesforce, stranger]) {
    const tokens = await connect(upstream)
    upstream.withdraw()
    assert.deepEqual(await faultOf(refresh(upstream, tokens)), ['grant-refused', 'invalid_grant'])
  }
})

test('a wrong secret is a refused client, and a used code a refused grant', async () => {
  for (const upstream of [google, salesforce]) {
    const grant = { type: 'authorization_code', redirectUri, ...(await getCode(upstream)) } as const
    const registration = registrationOf(upstream)
    const wrong = { ...registration, clientSecret: new Secret('another') }
    const { request } = egress.tokenClient
    assert.deepEqual(await faultOf(request(wrong, grant)), ['client-refused', 'invalid_client'])
    await request(registration, grant)
    assert.deepEqual(await faultOf(request(registration, grant)), [
      'grant-refused',
      'invalid_grant',
    ])
  }
})

test('an answer that is lost on the way is an unreachable upstream, and nothing is sent twice', async () => {
  salesforce.rotate('single-use')
  const tokens = await connect(salesforce)
  const before = salesforce.count('refresh')
  salesforce.lose('refresh')
  assert.deepEqual(await faultOf(refresh(salesforce, tokens)), ['unreachable', undefined])
  assert.equal(salesforce.count('refresh'), before + 1)
  assert.deepEqual(await faultOf(refresh(salesforce, tokens)), ['grant-refused', 'invalid_grant'])
  salesforce.rotate('off')
})
