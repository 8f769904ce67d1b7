import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LocalAuthorizeError, type OAuthErrorCode } from '../errors.ts'
import type { Client } from '../model.ts'
import { judgeAuthorizeRequest } from './pipeline.ts'

const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const redirectUri = 'https://client.example/cb?keep=1'

const client: Client = {
  applicationId: 7,
  clientId: '123456789.apps.hdp',
  type: 'confidential',
  name: 'Client',
  redirectUris: [redirectUri],
  grantTypes: ['authorization_code', 'refresh_token'],
  rotatesRefreshTokens: false,
  enabled: true,
  secrets: [],
}
const publicClient: Client = { ...client, type: 'public' }

type Fields = Readonly<Record<string, string | readonly string[] | undefined>>

const base: Fields = {
  response_type: 'code',
  client_id: client.clientId,
  redirect_uri: redirectUri,
  scope: 'api.access.odata',
  state: 'the state',
  code_challenge: challenge,
  code_challenge_method: 'S256',
}

const entriesOf = (fields: Fields): [string, string][] =>
  Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each): [string, string] => [name, each]),
  )

const judge = (changed: Fields = {}, of: Client = client) =>
  judgeAuthorizeRequest(
    { readClient: async (clientId) => (clientId === of.clientId ? of : undefined) },
    entriesOf({ ...base, ...changed }),
  )

const expectRefused = async (code: OAuthErrorCode, changed: Fields, of: Client = client) => {
  const outcome = await judge(changed, of)
  assert.equal(outcome.kind, 'refused', JSON.stringify(changed))
  assert.equal(outcome.error.code, code, JSON.stringify(changed))
  assert.equal(outcome.redirectUri, redirectUri)
  return outcome
}

const expectLocal = async (changed: Fields, message: RegExp) => {
  await assert.rejects(judge(changed), (error) => {
    assert.ok(error instanceof LocalAuthorizeError, String(error))
    assert.match(error.message, message)
    return true
  })
}

test('a good request proceeds with exactly what it said', async () => {
  const outcome = await judge()
  assert.deepEqual(outcome, {
    kind: 'proceed',
    client,
    request: {
      clientId: client.clientId,
      redirectUri,
      scope: 'api.access.odata',
      state: 'the state',
      codeChallenge: challenge,
    },
  })
})

test('a request without state, scope and PKCE proceeds for a confidential application', async () => {
  const outcome = await judge({
    state: undefined,
    scope: undefined,
    code_challenge: undefined,
    code_challenge_method: undefined,
  })
  assert.equal(outcome.kind, 'proceed')
  assert.equal(outcome.request.state, undefined)
  assert.equal(outcome.request.scope, 'api.access.odata')
  assert.equal(outcome.request.codeChallenge, undefined)
})

test('T07 a missing, unknown or repeated client or redirect is refused here, never at the redirect', async () => {
  await expectLocal({ client_id: undefined }, /lacks client_id/)
  await expectLocal({ client_id: '' }, /lacks client_id/)
  await expectLocal({ client_id: 'unknown' }, /No application/)
  await expectLocal({ client_id: [client.clientId, client.clientId] }, /more than once/)
  await expectLocal({ redirect_uri: undefined }, /lacks redirect_uri/)
  await expectLocal({ redirect_uri: '' }, /lacks redirect_uri/)
  await expectLocal({ redirect_uri: 'https://evil.example/' }, /not one/)
  await expectLocal({ redirect_uri: [redirectUri, redirectUri] }, /more than once/)
  await expectLocal({ redirect_uri: [redirectUri, 'https://evil.example/'] }, /more than once/)
})

test('T07 a request that is wrong in several ways is still refused here when its redirect is', async () => {
  await expectLocal({ redirect_uri: 'https://evil.example/', response_type: 'token' }, /not one/)
  await expectLocal({ redirect_uri: 'https://evil.example/', state: ['a', 'b'] }, /not one/)
})

test('a value with a control character or beyond all measure is refused here', async () => {
  await expectLocal({ state: 'a\nb' }, /control character/)
  await expectLocal({ state: 'a\0b' }, /control character/)
  await expectLocal({ state: 'x'.repeat(4097) }, /longer than/)
})

test('a disabled application is told so at its redirect', async () => {
  await expectRefused('unauthorized_client', {}, { ...client, enabled: false })
})

test('an application without the grant type authorization_code is told so at its redirect', async () => {
  await expectRefused('unauthorized_client', {}, { ...client, grantTypes: ['refresh_token'] })
})

test('response_type must be code and nothing else', async () => {
  await expectRefused('invalid_request', { response_type: undefined })
  await expectRefused('invalid_request', { response_type: '' })
  for (const response_type of [
    'token',
    'id_token',
    'code token',
    'code id_token',
    'code ',
    'Code',
    'none',
  ])
    await expectRefused('unsupported_response_type', { response_type })
})

test('response_mode may be query or absent', async () => {
  assert.equal((await judge({ response_mode: 'query' })).kind, 'proceed')
  for (const response_mode of ['fragment', 'form_post', 'query.jwt', 'jwt', 'Query'])
    await expectRefused('invalid_request', { response_mode })
})

test('request objects are refused, because what they say is not read', async () => {
  await expectRefused('request_not_supported', { request: 'eyJhbGciOiJub25lIn0.e30.' })
  await expectRefused('request_uri_not_supported', { request_uri: 'https://evil.example/request' })
  await expectRefused('request_uri_not_supported', {
    request_uri: 'urn:ietf:params:oauth:request_uri:x',
  })
})

test('T27 a public application without a code challenge is refused', async () => {
  for (const code_challenge of [undefined, ''])
    await expectRefused(
      'invalid_request',
      { code_challenge, code_challenge_method: undefined },
      publicClient,
    )
  assert.equal((await judge({}, publicClient)).kind, 'proceed')
})

test('T27 every challenge method but S256 is refused, also the plain that an absent one means', async () => {
  for (const code_challenge_method of ['plain', 's256', 'S512', 'S256 ', '', undefined])
    for (const each of [client, publicClient])
      await expectRefused('invalid_request', { code_challenge_method }, each)
})

test('T27 a challenge that is no SHA-256 in base64url is refused', async () => {
  for (const code_challenge of [
    challenge.slice(1),
    `${challenge}A`,
    `${challenge}=`,
    challenge.replace('-', '+'),
    ` ${challenge.slice(1)}`,
  ])
    await expectRefused('invalid_request', { code_challenge })
})

test('T27 a challenge method without a challenge is refused', async () => {
  await expectRefused('invalid_request', { code_challenge: undefined })
})

test('the spellings of the scope that shipped clients send are taken for the one scope', async () => {
  for (const scope of [
    undefined,
    '',
    'odata',
    'api.access.odata',
    'api.access.odata ',
    ' api.access.odata',
    'odata api.access.odata',
  ]) {
    const outcome = await judge({ scope })
    assert.equal(outcome.kind, 'proceed', JSON.stringify(scope))
    assert.equal(outcome.request.scope, 'api.access.odata')
  }
})

test('any other scope is refused', async () => {
  for (const scope of [
    'admin',
    'api.access.odata admin',
    'API.ACCESS.ODATA',
    'api.access.odata,odata',
    'openid',
  ])
    await expectRefused('invalid_scope', { scope })
})

test('T19 any repeated parameter is refused at the redirect, also one that nobody knows', async () => {
  for (const name of ['response_type', 'scope', 'code_challenge', 'code_challenge_method', 'foo'])
    await expectRefused('invalid_request', { [name]: ['code', 'code'] })
})

test('T19 a repeated state is refused without guessing which of the two was meant', async () => {
  const outcome = await expectRefused('invalid_request', { state: ['one', 'two'] })
  assert.equal(outcome.state, undefined)
})

test('a refusal carries the state as it came', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/\p{Cc}/u.test(text)),
      async (state) => {
        const outcome = await expectRefused('unsupported_response_type', {
          response_type: 'token',
          state,
        })
        assert.equal(outcome.state, state)
      },
    ),
  )
})

test('whatever is asked, a request proceeds only as its client registered it', async () => {
  const anything = fc.option(
    fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom(...Object.values(base).map(String))),
    { nil: undefined },
  )
  const requests = fc.record(Object.fromEntries(Object.keys(base).map((key) => [key, anything])))
  await fc.assert(
    fc.asyncProperty(requests, fc.constantFrom(client, publicClient), async (changed, of) => {
      const outcome = await judge(changed, of).catch((error: unknown) => {
        assert.ok(error instanceof LocalAuthorizeError, String(error))
      })
      if (outcome === undefined) return
      assert.equal(changed['redirect_uri'], redirectUri)
      assert.equal(changed['client_id'], of.clientId)
      if (outcome.kind === 'refused') return
      assert.equal(changed['response_type'], 'code')
      assert.ok(of.type === 'confidential' || outcome.request.codeChallenge !== undefined)
    }),
    { numRuns: 2000 },
  )
})
