import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { judgeCode } from '#oauth/grants/authorization-code.ts'
import { startApp, type TestApp, onPostgres } from '#test/support/app.ts'
import {
  callback,
  createPkce,
  credentials,
  readWith,
  redeem,
  refresh,
  type Registered,
  register,
} from '#test/support/oauth.ts'
import { mintCode, redeemMinted } from './support.ts'

let app: TestApp
let client: Registered
let other: Registered
let open: Registered
let strangers: readonly (readonly [string, Registered])[]
before(async () => {
  app = await startApp()
  client = await register(app)
  other = await register(app, { name: 'Another', redirectUrls: [callback] })
  open = await register(app, { name: 'Public', clientType: 'public' })
  strangers = [
    ['another confidential client', other],
    ['a public client', open],
  ]
})
after(() => app.close())

test('T23: 200 parallel redemptions of one code give exactly one answer with tokens', async () => {
  for (const each of [client, open]) {
    const minted = await mintCode(app, each)
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => redeemMinted(app, each, minted)),
    )
    const won = answers.filter((answer) => answer.status === 200)
    assert.equal(won.length, 1)
    for (const answer of answers)
      if (answer.status !== 200)
        assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant'])
    // The others were second uses, so that nothing of this code is left.
    assert.equal(await readWith(app, won[0]?.body.access_token ?? ''), 401)
  }
})

const issue = { accessTokenLifetime: 3_600_000, withRefreshToken: true, idleLifetime: 86_400_000 }
type Attempt = 'right' | 'foreign client' | 'wrong redirect' | 'wrong verifier'
const attempts = fc.array(
  fc.constantFrom<Attempt>('right', 'foreign client', 'wrong redirect', 'wrong verifier'),
  { minLength: 8, maxLength: 16 },
)

test('T23: whatever is in flight together, a code is redeemed at most once and only by who has everything right', async () => {
  const [mine, foreign] = await Promise.all(
    [client, other].map((each) => app.core.clients.readClient(each.clientId)),
  )
  assert.ok(mine && foreign)
  await fc.assert(
    fc.asyncProperty(attempts, async (tries) => {
      const { code, verifier } = await mintCode(app, client)
      const results = await Promise.all(
        tries.map((attempt) =>
          app.core.tokens.redeemCode(
            code,
            (record, now) =>
              judgeCode(
                record,
                {
                  client: attempt === 'foreign client' ? foreign : mine,
                  redirectUri: attempt === 'wrong redirect' ? `${callback}/x` : callback,
                  verifier: attempt === 'wrong verifier' ? createPkce().verifier : verifier,
                },
                now,
              ),
            issue,
          ),
        ),
      )
      const winners = results.flatMap((tokens, index) => (tokens ? [index] : []))
      const burning = tries.findIndex((a) => a === 'right' || a === 'wrong verifier')
      const expected = tries[burning] === 'right' ? [burning] : []
      if (onPostgres) {
        // Connections of their own decide who comes first; it is still one of those who have everything right.
        assert.ok(winners.length <= 1)
        for (const winner of winners) assert.equal(tries[winner], 'right')
        if (tries.filter((a) => a === 'right' || a === 'wrong verifier').length > 1) return
      }
      assert.deepEqual(winners, expected)
      const used = tries.slice(burning + 1).includes('right')
      const token = results[winners[0] ?? 0]?.accessToken
      if (token !== undefined) assert.equal(await readWith(app, token), used ? 401 : 200)
    }),
    { numRuns: 40 },
  )
})

test('T24: the second use of a code ends every token that came of it and is told to the operator', async () => {
  for (const each of [client, open]) {
    const minted = await mintCode(app, each)
    const first = (await redeemMinted(app, each, minted)).body
    const second = (await refresh(app, each, first.refresh_token)).body
    const third = (await refresh(app, each, second.refresh_token)).body
    assert.equal(await readWith(app, third.access_token), 200)
    const before = app.logs.filter((line) => line.includes('"token.reused"')).length

    const again = await redeemMinted(app, each, minted)

    assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant'])
    for (const tokens of [first, second, third])
      assert.equal(await readWith(app, tokens.access_token), 401)
    for (const tokens of [first, second, third])
      assert.equal((await refresh(app, each, tokens.refresh_token)).body.error, 'invalid_grant')
    const events = app.logs.filter((line) => line.includes('"token.reused"'))
    assert.equal(events.length, before + 1)
    const event = JSON.parse(events.at(-1) ?? '{}') as Record<string, unknown>
    assert.deepEqual([event['what'], event['subject']], ['code', each.id])
  }
})

test('T24: the code of a living chain is remembered as used long after it could have been redeemed', async () => {
  const minted = await mintCode(app, client)
  const first = (await redeemMinted(app, client, minted)).body
  app.clock.advance(30 * 24 * 3_600_000)
  const later = (await refresh(app, client, first.refresh_token)).body
  assert.equal(await readWith(app, later.access_token), 200)
  assert.equal((await redeemMinted(app, client, minted)).body.error, 'invalid_grant')
  assert.equal(await readWith(app, later.access_token), 401)
})

test('T24: a second use by a stranger, or without the right verifier, leaves the tokens alone', async () => {
  const minted = await mintCode(app, client)
  const tokens = (await redeemMinted(app, client, minted)).body
  for (const [, stranger] of strangers) await redeemMinted(app, stranger, minted)
  await redeemMinted(app, client, { ...minted, verifier: createPkce().verifier })
  await redeem(app, client, minted.code)
  await redeemMinted(app, client, minted, { client_secret: other.clientSecret })
  await redeemMinted(app, client, minted, { redirect_uri: `${callback}?` })
  assert.equal(await readWith(app, tokens.access_token), 200)
})

test('T25: a code in the hands of a foreign client is refused and still works for its owner', async () => {
  for (const owner of [client, other, open])
    for (const stranger of [client, other, open]) {
      if (stranger === owner) continue
      const minted = await mintCode(app, owner)
      const refused = await redeemMinted(app, stranger, minted)
      assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant'])
      assert.equal((await redeemMinted(app, owner, minted)).status, 200)
    }
})

test('T25: a refresh token in the hands of a foreign client is refused and still works for its owner', async () => {
  for (const owner of [client, other, open])
    for (const stranger of [client, other, open]) {
      if (stranger === owner) continue
      const tokens = (await redeemMinted(app, owner, await mintCode(app, owner))).body
      const refused = await refresh(app, stranger, tokens.refresh_token)
      assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant'])
      const rightful = await refresh(app, owner, tokens.refresh_token)
      assert.equal(rightful.status, 200)
      assert.equal(await readWith(app, rightful.body.access_token), 200)
    }
})

test('T27: a verifier for a code that was asked for without a challenge is refused', async () => {
  const minted = await mintCode(app, client, { pkce: false })
  const refused = await redeemMinted(app, client, minted)
  assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant'])
})

test('T27: a code that was asked for with a challenge is refused without a verifier, which an empty one is too', async () => {
  for (const more of [{}, { code_verifier: '' }]) {
    const minted = await mintCode(app, client)
    const refused = await redeem(app, client, minted.code, more)
    assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant'])
  }
})

test('T27: the authorization endpoint takes no other challenge method than S256, and none without a challenge', async () => {
  const { challenge } = createPkce()
  const asked: readonly Record<string, string>[] = [
    { code_challenge: challenge },
    { code_challenge: challenge, code_challenge_method: 'plain' },
    { code_challenge: challenge, code_challenge_method: 's256' },
    { code_challenge: challenge, code_challenge_method: '' },
    { code_challenge: challenge, code_challenge_method: 'S512' },
    { code_challenge_method: 'S256' },
    { code_challenge: '', code_challenge_method: 'S256' },
    { code_challenge: `${challenge}=`, code_challenge_method: 'S256' },
    { code_challenge: challenge.slice(1), code_challenge_method: 'S256' },
  ]
  for (const parameters of asked) {
    const response = await fetch(
      `${app.url}/oauth2/authorize?${new URLSearchParams({ response_type: 'code', client_id: client.clientId, redirect_uri: callback, ...parameters }).toString()}`,
      { redirect: 'manual' },
    )
    const location = new URL(response.headers.get('location') ?? 'about:blank')
    assert.equal(location.searchParams.get('error'), 'invalid_request', JSON.stringify(parameters))
  }
})

test('T27: a public client cannot begin without a challenge, however empty it is', async () => {
  for (const more of ['', '&code_challenge=', '&code_challenge=&code_challenge_method=']) {
    const response = await fetch(
      `${app.url}/oauth2/authorize?response_type=code&client_id=${open.clientId}&redirect_uri=${encodeURIComponent(callback)}${more}`,
      { redirect: 'manual' },
    )
    const location = new URL(response.headers.get('location') ?? 'about:blank')
    assert.equal(location.searchParams.get('error'), 'invalid_request', more)
  }
})

test('T28: what a stranger can get wrong does not consume the code', async () => {
  const minted = await mintCode(app, client)
  const wrong: readonly (readonly [Record<string, string>, string])[] = [
    [{ redirect_uri: `${callback}/` }, 'invalid_grant'],
    [{ redirect_uri: callback.toUpperCase() }, 'invalid_grant'],
    [{ redirect_uri: '' }, 'invalid_request'],
    [{ client_secret: other.clientSecret }, 'invalid_client'],
    [{ client_secret: '' }, 'invalid_client'],
    [{ client_id: 'nobody' }, 'invalid_client'],
    [{ scope: 'more' }, 'invalid_scope'],
    [{ grant_type: 'implicit' }, 'unsupported_grant_type'],
    [{ grant_type: 'password' }, 'unauthorized_client'],
    [{ grant_type: 'client_credentials' }, 'unauthorized_client'],
  ]
  for (const [more, error] of wrong)
    assert.equal((await redeemMinted(app, client, minted, more)).body.error, error)
  assert.equal((await redeemMinted(app, client, minted)).status, 200)
})

test('T28: a wrong verifier from the authenticated client burns the code', async () => {
  for (const each of [client, open])
    for (const verifier of [createPkce().verifier, 'short', 'x'.repeat(43), 'é'.repeat(43)]) {
      const minted = await mintCode(app, each)
      const wrong = await redeemMinted(app, each, { ...minted, verifier })
      assert.equal(wrong.body.error, 'invalid_grant')
      assert.equal((await redeemMinted(app, each, minted)).body.error, 'invalid_grant')
    }
})

test('T28: a code is refused when its 60 seconds are over', async () => {
  const late = await mintCode(app, client)
  app.clock.advance(60_000)
  assert.equal((await redeemMinted(app, client, late)).body.error, 'invalid_grant')
  const inTime = await mintCode(app, client)
  app.clock.advance(50_000)
  assert.equal((await redeemMinted(app, client, inTime)).status, 200)
})

test('T28: the reason of a refusal is not told, so that a guess teaches nothing', async () => {
  const minted = await mintCode(app, client)
  const foreign = await redeemMinted(app, other, minted)
  const unknown = await redeem(app, client, 'hg_ac_unknown', { code_verifier: minted.verifier })
  const redirect = await redeemMinted(app, client, minted, { redirect_uri: 'https://x.example/' })
  assert.deepEqual(foreign.body, unknown.body)
  assert.deepEqual(redirect.body, unknown.body)
  assert.ok(credentials(client)['client_secret'])
})
