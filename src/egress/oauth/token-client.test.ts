import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Secret } from '#lib/secret.ts'
import { createAddressPolicy } from '../address-policy.ts'
import type { OutboundAnswer, OutboundRequest } from '../outbound.ts'
import { UpstreamError } from '../upstream-error.ts'
import { createTokenClient } from './token-client.ts'
import type { Registration, TokenGrant, Tokens } from './tokens.ts'

type Sent = Partial<Omit<OutboundAnswer, 'body'>> & { readonly body?: string | Uint8Array }

const good = { access_token: 'at', token_type: 'Bearer' }
const jsonType = { 'content-type': 'application/json;charset=UTF-8' }

const registration: Registration = {
  clientId: 'our client',
  clientSecret: new Secret('s&cret=ä'),
  tokenUri: 'https://idp.example/token',
  lane: '7/1',
}
const refresh: TokenGrant = { type: 'refresh_token', refreshToken: new Secret('rt-old') }

const code: TokenGrant = {
  type: 'authorization_code',
  code: new Secret('c/1'),
  redirectUri: 'https://gw.example/cb?x=1',
  codeVerifier: new Secret('v'),
}

/** A token client whose upstream answers one thing, and what that was sent. */
const answering = (sent: Sent) => {
  const requests: OutboundRequest[] = []
  const client = createTokenClient(
    {
      send: async (request) => {
        requests.push(request)
        const { status = 200, headers = jsonType, body = '' } = sent
        return { status, headers, body: Buffer.from(body) }
      },
      close: async () => undefined,
    },
    createAddressPolicy([]),
    { now: () => 0 },
  )
  return { client, requests }
}

const ask = (sent: Sent, grant: TokenGrant = refresh): Promise<Tokens> =>
  answering(sent).client.request(registration, grant)

const tokensOf = (members: object, grant?: TokenGrant): Promise<Tokens> =>
  ask({ body: JSON.stringify(members) }, grant)

const errorOf = async (sent: Sent, grant?: TokenGrant): Promise<UpstreamError> => {
  try {
    await ask(sent, grant)
  } catch (error) {
    assert.ok(error instanceof UpstreamError, String(error))
    return error
  }
  return assert.fail(`taken: ${JSON.stringify(sent).slice(0, 200)}`)
}

const refusedMembers = async (members: object, grant?: TokenGrant): Promise<string> =>
  (await errorOf({ body: JSON.stringify(members) }, grant)).fault

/**
 * An odd member that nobody must send: who connects an account is told, and what is renewed goes on without it, with the refresh
 * token beside it.
 */
const assertOdd = async (member: object): Promise<void> => {
  const name = JSON.stringify(member).slice(0, 200)
  const members = { ...good, refresh_token: 'rotated', ...member }
  assert.equal(await refusedMembers(members, code), 'malformed', name)
  const { accessToken, refreshToken, ...rest } = await tokensOf(members, refresh)
  assert.deepEqual([accessToken.reveal(), refreshToken?.reveal()], ['at', 'rotated'], name)
  assert.deepEqual(Object.values(rest), [undefined, undefined, undefined, undefined], name)
}

test('each grant is sent as its section of RFC 6749 says, with id and secret in the body', async () => {
  const of = async (grant: TokenGrant, by: Registration = registration) => {
    const { client, requests } = answering({ body: JSON.stringify(good) })
    await client.request(by, grant)
    const [request, ...more] = requests
    assert.deepEqual(more, [])
    assert.equal(request?.method, 'POST')
    assert.equal(request.headers?.['authorization'], undefined)
    assert.match(request.headers?.['content-type'] ?? '', /^application\/x-www-form-urlencoded/)
    assert.equal(request.lane, '7/1')
    assert.equal(request.url, 'https://idp.example/token')
    return Object.fromEntries(new URLSearchParams(request.body))
  }
  const identified = { client_id: 'our client', client_secret: 's&cret=ä' }
  assert.deepEqual(await of(code), {
    ...identified,
    grant_type: 'authorization_code',
    code: 'c/1',
    redirect_uri: 'https://gw.example/cb?x=1',
    code_verifier: 'v',
  })
  const refreshed = { grant_type: 'refresh_token', refresh_token: 'rt-old' }
  assert.deepEqual(await of(refresh), { ...identified, ...refreshed })
  const machine = { grant_type: 'client_credentials' }
  assert.deepEqual(await of({ type: 'client_credentials', scope: 'a b' }), {
    ...identified,
    ...machine,
    scope: 'a b',
  })
  const unscoped: TokenGrant = { type: 'client_credentials', scope: '' }
  assert.deepEqual(await of(unscoped), { ...identified, ...machine })
  assert.deepEqual(await of(refresh, { ...registration, clientSecret: undefined }), {
    client_id: 'our client',
    ...refreshed,
  })
  // The Autonomous REST Connector's way to write it (data access reference B.4).
  const withMethod = { ...registration, tokenUri: 'POST https://idp.example/token' }
  assert.deepEqual(await of(refresh, withMethod), { ...identified, ...refreshed })
})

test('what Google and Salesforce answer is understood', async () => {
  const google = await tokensOf({
    access_token: 'ya29.x',
    expires_in: 3599,
    refresh_token: '1//x',
    scope: 'https://www.googleapis.com/auth/analytics.readonly openid',
    token_type: 'Bearer',
  })
  assert.equal(google.accessToken.reveal(), 'ya29.x')
  assert.equal(google.refreshToken?.reveal(), '1//x')
  assert.equal(google.expiresIn, 3599)
  assert.equal(google.scope, 'https://www.googleapis.com/auth/analytics.readonly openid')
  const salesforce = await tokensOf({
    access_token: '00D!AQ.x',
    instance_url: 'https://na1.salesforce.com',
    id: 'https://login.salesforce.com/id/00D50000000IZ3ZEAW/00550000001fg5OAAQ',
    token_type: 'Bearer',
    issued_at: '1278448384422',
    signature: 'SSSbLO/gBhmmyNUvN18ODBDFYHzakxOMgqYtu+hDPsc=',
  })
  assert.equal(salesforce.expiresIn, undefined)
  assert.equal(salesforce.refreshToken, undefined)
  assert.equal(salesforce.instanceUrl, 'https://na1.salesforce.com')
  assert.equal(
    salesforce.account,
    'https://login.salesforce.com/id/00D50000000IZ3ZEAW/00550000001fg5OAAQ',
  )
})

test('the type is bearer in any case, and nothing else', async () => {
  for (const token_type of ['bearer', 'Bearer', 'BEARER'])
    assert.equal((await tokensOf({ ...good, token_type })).accessToken.reveal(), 'at')
  for (const token_type of [undefined, null, '', 'mac', 'DPoP', 'N_A', 7, ['bearer'], {}])
    assert.equal(
      await refusedMembers({ ...good, token_type }),
      'malformed',
      JSON.stringify(token_type),
    )
})

test('a life is whole seconds of at most a year, also as text; none and less are not said', async () => {
  for (const [expires_in, expected] of [
    [undefined, undefined],
    [null, undefined],
    [3600, 3600],
    ['3600', 3600],
    ['3599.9', 3599],
    [0, undefined],
    ['0', undefined],
    [0.9, undefined],
    [-1, undefined],
    ['-1', undefined],
    [31_536_001, 31_536_000],
    ['99999999999999999999', 31_536_000],
  ] as const)
    assert.equal((await tokensOf({ ...good, expires_in })).expiresIn, expected, String(expires_in))
  const endless = await ask({
    body: '{"access_token":"at","token_type":"bearer","expires_in":1e999}',
  })
  assert.equal(endless.expiresIn, 31_536_000)
  for (const expires_in of ['', ' 3600', '1h', '0x10', 'NaN', 'Infinity', true, [3600], {}])
    await assertOdd({ expires_in })
})

test('tokens are 1 to 16384 characters of printable ASCII; an empty refresh token is none', async () => {
  const longest = 'x'.repeat(16_384)
  const taken = await tokensOf({ ...good, access_token: longest, refresh_token: longest })
  assert.equal(taken.refreshToken?.reveal(), longest)
  for (const refresh_token of ['', null, undefined])
    assert.equal((await tokensOf({ ...good, refresh_token })).refreshToken, undefined)
  for (const name of ['access_token', 'refresh_token'])
    for (const token of [`${longest}x`, 'a\nb', 'a\u0000', 'ä', 'a\u007f', 7, ['a'], {}])
      assert.equal(await refusedMembers({ ...good, [name]: token }), 'malformed', name)
  for (const access_token of ['', null, undefined])
    assert.equal(await refusedMembers({ ...good, access_token }), 'malformed')
  for (const scope of ['a\nb', 'ä', 7, ['a'], 'x'.repeat(5000)]) await assertOdd({ scope })
  assert.equal((await tokensOf({ ...good, scope: '' })).scope, undefined)
})

test('an instance is the origin of a URL that may be called, and nothing else is one', async () => {
  for (const [sent, origin] of [
    ['https://na1.salesforce.com', 'https://na1.salesforce.com'],
    ['https://na1.salesforce.com/', 'https://na1.salesforce.com'],
    ['https://na1.salesforce.com:8443', 'https://na1.salesforce.com:8443'],
    ['', undefined],
    [null, undefined],
  ] as const)
    assert.equal((await tokensOf({ ...good, instance_url: sent })).instanceUrl, origin)
  for (const instance_url of [
    'http://na1.salesforce.com',
    'https://127.0.0.1',
    'https://169.254.169.254/',
    'https://localhost',
    'https://na1.salesforce.com:25',
    'https://user@na1.salesforce.com',
    'https://na1.salesforce.com/path',
    'https://na1.salesforce.com/?x',
    'https://na1.salesforce.com/#',
    'na1.salesforce.com',
    'javascript:x',
    7,
  ])
    await assertOdd({ instance_url })
})

const idToken = (claims: unknown): string =>
  `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${Buffer.from(typeof claims === 'string' ? claims : JSON.stringify(claims)).toString('base64url')}.sig`

const claims = {
  iss: 'https://accounts.google.com',
  sub: '110169484474386276334',
  aud: 'our client',
}

test('whose tokens they are is read from the ID token, which must be for us', async () => {
  const grants: readonly TokenGrant[] = [code, refresh]
  for (const aud of ['our client', ['other', 'our client']])
    assert.equal(
      (await tokensOf({ ...good, id_token: idToken({ ...claims, aud }) })).account,
      'https://accounts.google.com 110169484474386276334',
    )
  for (const aud of ['other', ['other'], 'our clien', []])
    for (const by of grants) {
      const id_token = idToken({ ...claims, aud })
      assert.equal(await refusedMembers({ ...good, id_token }, by), 'other-account')
    }
  for (const broken of [
    '',
    'x',
    'a.b.c',
    `${idToken(claims)}.x`,
    idToken('{"iss":'),
    idToken('[]'),
    idToken('{"iss":"https://a.example","sub":"1","aud":"our client","sub":"2"}'),
    idToken({ ...claims, sub: undefined }),
    idToken({ ...claims, sub: 7 }),
    idToken({ ...claims, sub: 'a b' }),
    idToken({ ...claims, sub: 'x'.repeat(256) }),
    idToken({ ...claims, iss: '' }),
    idToken({ ...claims, aud: undefined }),
    idToken({ ...claims, aud: { 'our client': true } }),
    idToken({ ...claims, aud: ['our client', 7] }),
    7,
    {},
  ])
    await assertOdd({ id_token: broken })
})

test('the two ways in which Google writes its issuer are one account', async () => {
  const accounts = await Promise.all(
    ['https://accounts.google.com', 'accounts.google.com', 'http://accounts.google.com'].map(
      async (iss) => (await tokensOf({ ...good, id_token: idToken({ ...claims, iss }) })).account,
    ),
  )
  const [https, bare, http] = accounts
  assert.equal(https, `https://accounts.google.com ${claims.sub}`)
  assert.equal(bare, https)
  assert.notEqual(http, https)
})

test('the identity URL of Salesforce goes before an ID token, and other things called id are none', async () => {
  const id = 'https://login.salesforce.com/id/a/b'
  assert.equal((await tokensOf({ ...good, id, id_token: idToken(claims) })).account, id)
  for (const other of [7, '', 'x', 'javascript:x', { id }, null])
    assert.equal((await tokensOf({ ...good, id: other })).account, undefined)
  const foreign = idToken({ ...claims, aud: 'other' })
  assert.equal(await refusedMembers({ ...good, id, id_token: foreign }), 'other-account')
})

test('errors are classed by status and code, and only a code in the shape of one is passed on', async () => {
  for (const [status, code, fault] of [
    [400, 'invalid_grant', 'grant-refused'],
    [401, 'invalid_grant', 'grant-refused'],
    [400, 'invalid_client', 'client-refused'],
    [401, 'invalid_client', 'client-refused'],
    [400, 'unauthorized_client', 'client-refused'],
    [400, 'invalid_client_id', 'client-refused'],
    [401, 'anything', 'client-refused'],
    [400, 'inactive_user', 'grant-refused'],
    [400, 'inactive_org', 'grant-refused'],
    [400, 'rate_limit_exceeded', 'throttled'],
    [400, 'temporarily_unavailable', 'failing'],
    [400, 'server_error', 'failing'],
    [400, 'invalid_scope', 'refused'],
    [400, 'unsupported_grant_type', 'refused'],
    [400, 'constructor', 'refused'],
    [403, 'x', 'refused'],
    [404, 'x', 'refused'],
    [408, 'x', 'failing'],
    [429, 'invalid_grant', 'throttled'],
    [500, 'invalid_grant', 'failing'],
    [503, 'x', 'failing'],
    // What answers errors with a success does so with no other words.
    [200, 'invalid_grant', 'grant-refused'],
    [200, 'bad_verification_code', 'refused'],
  ] as const) {
    const error = await errorOf({ status, body: JSON.stringify({ error: code }) })
    assert.deepEqual([error.fault, error.upstreamCode], [fault, code], `${status} ${code}`)
  }
  for (const code of ['a b', 'x'.repeat(65), 'ä', '', '<b>', 7, null, { code: 'x' }]) {
    const error = await errorOf({ status: 400, body: JSON.stringify({ error: code }) })
    assert.deepEqual([error.fault, error.upstreamCode], ['refused', undefined])
  }
  const plain = { status: 400, headers: { 'content-type': 'text/plain' } }
  const spoken = await errorOf({ ...plain, body: '{"error":"invalid_grant"}' })
  assert.equal(spoken.fault, 'grant-refused')
  for (const body of ['', '<html>', '{"error":"invalid_grant"', '["invalid_grant"]'])
    assert.equal((await errorOf({ status: 400, body })).fault, 'refused')
})

test('a wish to wait is passed on with what is throttled or failing', async () => {
  const wait = { 'retry-after': '7' }
  for (const [status, fault] of [
    [429, 'throttled'],
    [503, 'throttled'],
    [500, 'failing'],
  ] as const) {
    const error = await errorOf({ status, headers: wait })
    assert.deepEqual([error.fault, error.retryAfterSeconds], [fault, 7])
  }
  assert.equal((await errorOf({ status: 400, headers: wait })).retryAfterSeconds, undefined)
})

test('an answer is a JSON object in UTF-8 that says nothing twice, and calls itself JSON', async () => {
  const body = JSON.stringify(good)
  for (const type of ['application/json', 'Application/JSON; charset=x', 'application/x+json'])
    await ask({ headers: { 'content-type': type }, body })
  for (const headers of [
    {},
    { 'content-type': 'text/html' },
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/jsonp' },
    { 'content-type': 'text/json/application/json' },
  ] as readonly Record<string, string>[])
    assert.equal((await errorOf({ headers, body })).fault, 'malformed')
  for (const text of [
    '',
    '[]',
    'null',
    '"at"',
    `${body},`,
    body.slice(0, -1),
    `${body.slice(0, -1)},"access_token":"b"}`,
    `${body.slice(0, -1)},"access\\u005ftoken":"b"}`,
    `)]}'\n${body}`,
    'access_token=at&token_type=bearer',
    '['.repeat(60_000),
  ])
    assert.equal((await errorOf({ body: text })).fault, 'malformed', text.slice(0, 80))
  const latin = Buffer.from('{"access_token":"at","token_type":"bearer","x":"ä"}', 'latin1')
  assert.equal((await errorOf({ body: latin })).fault, 'malformed')
  for (const status of [202, 204, 206, 304])
    assert.equal((await errorOf({ status, body })).fault, 'malformed')
})

const junk = fc.oneof(fc.jsonValue(), fc.string(), fc.constantFrom('', null, -1, 1e300))
const often = (...values: readonly unknown[]) =>
  fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: junk })
const members = fc.record(
  {
    access_token: often('at'),
    token_type: often('Bearer'),
    refresh_token: often('rt', ''),
    expires_in: often(3600, '3600', -1),
    scope: often('a b'),
    instance_url: often('https://a.example'),
    id: often('https://a.example/id/1'),
    id_token: often(idToken(claims)),
    error: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, junk),
    __proto__: junk,
  },
  { requiredKeys: ['access_token', 'token_type'] },
)
const anyBody = fc.oneof(
  fc.uint8Array(),
  fc.string().map((text) => Buffer.from(text)),
  { weight: 4, arbitrary: members.map((value) => Buffer.from(JSON.stringify(value))) },
)
const anyStatus = fc.oneof(
  { weight: 3, arbitrary: fc.constant(200) },
  fc.integer({ min: 200, max: 599 }),
)
const anyHeaders = fc.oneof(
  { weight: 3, arbitrary: fc.constant(jsonType) },
  fc.dictionary(fc.string(), fc.string()),
)

test('any answer ends in valid tokens or an error of a class, which quotes nothing', async () => {
  let taken = 0
  await fc.assert(
    fc.asyncProperty(anyStatus, anyHeaders, anyBody, async (status, headers, body) => {
      const sent = { status, headers, body }
      try {
        const tokens = await ask(sent)
        taken += 1
        assert.match(tokens.accessToken.reveal(), /^[\x20-\x7e]{1,16384}$/)
        if (tokens.expiresIn !== undefined) assert.ok(Number.isInteger(tokens.expiresIn))
      } catch (error) {
        assert.ok(error instanceof UpstreamError, String(error))
        assert.match(error.message, /^The token endpoint of idp\.example [a-z]/)
        assert.match(error.detail ?? '', /^(?:[a-z_ ]+|status \d{3})$/)
        assert.match(error.upstreamCode ?? 'x', /^[A-Za-z0-9_.-]{1,64}$/)
        assert.equal(error.cause, undefined)
      }
    }),
    { numRuns: 1500 },
  )
  assert.ok(taken > 50, `only ${taken} answers were taken`)
})

test('no secret of ours is in an error about an answer that repeats it, be it as an error code', async () => {
  const grant: TokenGrant = { type: 'refresh_token', refreshToken: new Secret('rt-0123456789') }
  const by = { ...registration, clientSecret: new Secret('cs-0123456789') }
  for (const secret of ['rt-0123456789', 'cs-0123456789'])
    for (const code of [secret, `x${secret}.`, secret.slice(2)])
      for (const status of [200, 400, 500])
        for (const body of [code, JSON.stringify({ error: code, error_description: code })]) {
          const { client } = answering({ status, body })
          await assert.rejects(client.request(by, grant), (error: UpstreamError) => {
            assert.ok(error instanceof UpstreamError)
            const said = `${error.stack} ${error.detail} ${error.upstreamCode}`
            assert.ok(!said.includes(secret.slice(2)), said)
            return true
          })
        }
})
