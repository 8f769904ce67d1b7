import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import {
  askToken,
  manage,
  readWith,
  refresh,
  type Registered,
  register,
  type TokenAnswer,
} from '#test/support/oauth.ts'
import { mintTokens, raw, revoke, rows } from './support.ts'

let app: TestApp
let open: Registered
let rotating: Registered
let keeping: Registered
before(async () => {
  app = await startApp()
  open = await register(app, { name: 'Public', clientType: 'public' })
  rotating = await register(app, { name: 'Rotating', refreshTokenRotation: true })
  keeping = await register(app, { name: 'Keeping' })
})
after(() => app.close())

const isRefused = (answer: TokenAnswer): void =>
  assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant'])

test('T29: of parallel rotations one happens, all answers are its answer, and its child goes on', async () => {
  for (const client of [open, rotating]) {
    const first = await mintTokens(app, client)
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => refresh(app, client, first.refresh_token)),
    )
    const pairs = new Set(
      answers.map(({ status, body }) => {
        assert.equal(status, 200)
        return `${body.access_token} ${body.refresh_token}`
      }),
    )
    assert.equal(pairs.size, 1)
    const child = answers[0]?.body
    assert.ok(child)
    assert.notEqual(child.refresh_token, first.refresh_token)
    assert.equal(await readWith(app, child.access_token), 200)
    assert.equal((await refresh(app, client, child.refresh_token)).status, 200)
  }
})

/** Chains of an application: how many there are, and how many refresh tokens of each could be rotated. */
const readChains = async (client: Registered) =>
  (await rows(
    app,
    raw`select h.id, h.generation,
          sum(case when r.rotated_at is null then 1 else 0 end) as usable,
          count(distinct r.generation) as generations, count(*) as tokens
        from chains h join consents g on g.id = h.consent_id join refresh_tokens r on r.chain_id = h.id
        where g.application_id = ${client.id} group by h.id`,
  )) as readonly {
    generation: number
    usable: number
    generations: number
    tokens: number
  }[]

test('T29: however old and new refresh tokens are used together, a chain never forks', async () => {
  // Each number says which of the tokens known so far is used; those of one inner list are used at once.
  const plans = fc.array(fc.array(fc.nat(9), { minLength: 1, maxLength: 12 }), {
    minLength: 1,
    maxLength: 4,
  })
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const client = await register(app, { clientType: 'public' })
      const known = [(await mintTokens(app, client)).refresh_token]
      for (const together of plan) {
        const answers = await Promise.all(
          together.map((n) => refresh(app, client, known[n % known.length] ?? '')),
        )
        const children = new Set<string>()
        for (const answer of answers) {
          if (answer.status === 200) children.add(answer.body.refresh_token)
          else isRefused(answer)
        }
        for (const child of children) if (!known.includes(child)) known.push(child)
        const chains = await readChains(client)
        assert.ok(chains.length <= 1)
        for (const chain of chains) {
          assert.equal(chain.usable, 1)
          assert.equal(chain.generations, chain.tokens)
          assert.equal(chain.generation, chain.tokens - 1)
          assert.equal((await refresh(app, client, known.at(-1) ?? '')).status, 200)
          known.push((await refresh(app, client, known.at(-1) ?? '')).body.refresh_token)
        }
      }
    }),
    { numRuns: 15 },
  )
})

test('T29: rotations in the same millisecond follow each other, since generations decide and not clocks', async () => {
  const tokens = await mintTokens(app, open)
  const stopped = app.clock.now()
  const { now } = app.clock
  Object.assign(app.clock, { now: () => stopped })
  try {
    let current = tokens.refresh_token
    const passed: string[] = []
    for (let i = 0; i < 20; i += 1) {
      const next = await refresh(app, open, current)
      assert.equal(next.status, 200)
      passed.push(current)
      current = next.body.refresh_token
    }
    assert.equal(new Set([...passed, current]).size, 21)
    isRefused(await refresh(app, open, passed[3] ?? ''))
    isRefused(await refresh(app, open, current))
  } finally {
    Object.assign(app.clock, { now })
  }
})

test('T30: a retry within 30 seconds gets the very same tokens, however often, and no later', async () => {
  for (const client of [open, rotating]) {
    const first = await mintTokens(app, client)
    const child = (await refresh(app, client, first.refresh_token)).body
    for (const step of [10_000, 10_000, 9000]) {
      app.clock.advance(step)
      const again = await refresh(app, client, first.refresh_token)
      assert.equal(again.status, 200)
      assert.deepEqual(
        [again.body.access_token, again.body.refresh_token],
        [child.access_token, child.refresh_token],
      )
      assert.ok(again.body.expires_in < child.expires_in, 'a retry does not prolong the token')
    }
    app.clock.advance(2000)
    isRefused(await refresh(app, client, first.refresh_token))
    assert.equal(await readWith(app, child.access_token), 401)
    isRefused(await refresh(app, client, child.refresh_token))
  }
})

test('T30: the reuse of a rotated refresh token is told to the operator', async () => {
  const first = await mintTokens(app, open)
  await refresh(app, open, first.refresh_token)
  app.clock.advance(31_000)
  const told = () => app.logs.filter((line) => line.includes('"token.reused"')).length
  const before = told()
  isRefused(await refresh(app, open, first.refresh_token))
  assert.equal(told(), before + 1)
})

test('T30: a retry by another client is refused and changes nothing', async () => {
  const first = await mintTokens(app, rotating)
  const child = (await refresh(app, rotating, first.refresh_token)).body
  isRefused(await refresh(app, open, first.refresh_token))
  isRefused(await refresh(app, keeping, first.refresh_token))
  assert.equal(
    (await refresh(app, rotating, first.refresh_token, { client_secret: 'wrong' })).body.error,
    'invalid_client',
  )
  assert.equal((await refresh(app, rotating, first.refresh_token)).status, 200)
  assert.equal(await readWith(app, child.access_token), 200)
})

test('T30: once the successor was used, the rotated token ends the chain, 30 seconds or not', async () => {
  for (const client of [open, rotating]) {
    const first = await mintTokens(app, client)
    const child = (await refresh(app, client, first.refresh_token)).body
    const grandchild = (await refresh(app, client, child.refresh_token)).body
    isRefused(await refresh(app, client, first.refresh_token))
    for (const tokens of [first, child, grandchild]) {
      assert.equal(await readWith(app, tokens.access_token), 401)
      isRefused(await refresh(app, client, tokens.refresh_token))
    }
  }
})

test('T30: a retry with another scope is refused, and after a revocation there is nothing to retry', async () => {
  const first = await mintTokens(app, open)
  const child = (await refresh(app, open, first.refresh_token)).body
  const other = await refresh(app, open, first.refresh_token, { scope: 'api.access.odata more' })
  assert.equal(other.body.error, 'invalid_scope')
  assert.equal(await revoke(app, open, child.refresh_token), 200)
  isRefused(await refresh(app, open, first.refresh_token))
  assert.equal(await readWith(app, child.access_token), 401)
})

test('T30: the kept answer of a rotation cannot be opened without the token that asked for it', async () => {
  const first = await mintTokens(app, open)
  const child = (await refresh(app, open, first.refresh_token)).body
  const kept = (await rows(
    app,
    raw`select replay from refresh_tokens where replay is not null`,
  )) as readonly { replay: string }[]
  assert.ok(kept.length > 0)
  for (const { replay } of kept) {
    const bytes = Buffer.from(replay.slice(3), 'base64url').toString('latin1')
    assert.ok(!bytes.includes(child.access_token) && !replay.includes(child.access_token))
  }
})

type End = 'user' | 'refresh token' | 'reset'
/** Ends what the client has; answers the client as it is from then on. */
const endNow: Readonly<
  Record<End, (client: Registered, tokens: TokenAnswer['body']) => Promise<Registered>>
> = {
  user: async (client) => {
    const path = `/api/mgmt/oauth/client/allowedapplications/${client.id}`
    assert.equal((await manage(app, 'DELETE', path, { person: people.user })).status, 204)
    return client
  },
  // After a rotation this is the old one: it ends the chain all the same.
  'refresh token': async (client, tokens) => {
    assert.equal(await revoke(app, client, tokens.refresh_token), 200)
    return client
  },
  reset: async (client) => {
    const path = `/api/mgmt/oauth/client/applications/${client.id}/reset`
    const answer = await manage(app, 'PUT', path)
    assert.equal(answer.status, 200)
    return { ...client, clientSecret: String(answer.body['clientSecret']) }
  },
}

test('T31: once an end was answered, nothing that was or will be minted works', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<End>('user', 'refresh token', 'reset'),
      fc.boolean(),
      fc.array(fc.nat(4), { minLength: 8, maxLength: 16 }),
      async (how, publicClient, delays) => {
        if (how === 'reset' && publicClient) return
        let client = await register(app, publicClient ? { clientType: 'public' } : {})
        const tokens = await mintTokens(app, client)
        const at = delays.reduce((sum, delay) => sum + delay, 0) % delays.length
        const minted: TokenAnswer[] = []
        let ended = false
        await Promise.all(
          delays.map(async (delay, index) => {
            for (let i = 0; i < delay; i += 1) await new Promise((resolve) => setImmediate(resolve))
            if (index === at) {
              client = await endNow[how](client, tokens)
              ended = true
              return
            }
            const startedAfter = ended
            const answer = await refresh(app, client, tokens.refresh_token)
            if (startedAfter) assert.notEqual(answer.status, 200)
            minted.push(answer)
          }),
        )
        for (const { status, body } of minted)
          if (status === 200) {
            assert.equal(await readWith(app, body.access_token), 401)
            assert.notEqual((await refresh(app, client, body.refresh_token)).status, 200)
          }
        assert.notEqual((await refresh(app, client, tokens.refresh_token)).status, 200)
        assert.equal(await readWith(app, tokens.access_token), 401)
      },
    ),
    { numRuns: 25 },
  )
})

test('T32: a confidential client must prove itself on every refresh', async () => {
  for (const client of [keeping, rotating]) {
    const tokens = await mintTokens(app, client)
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
    const tries: readonly Record<string, string>[] = [
      {},
      { client_id: client.clientId },
      { client_id: client.clientId, client_secret: '' },
      { client_id: client.clientId, client_secret: 'wrong' },
      { client_id: client.clientId, client_secret: open.clientId },
      { client_secret: client.clientSecret },
      { client_id: open.clientId, client_secret: client.clientSecret },
    ]
    for (const more of tries)
      assert.equal((await askToken(app, { ...form, ...more })).body.error, 'invalid_client')
    assert.equal((await refresh(app, client, tokens.refresh_token)).status, 200)
  }
})

test('T32: neither an access token nor a code nor anything empty refreshes', async () => {
  for (const client of [open, keeping]) {
    const tokens = await mintTokens(app, client)
    isRefused(await refresh(app, client, tokens.access_token))
    isRefused(await refresh(app, client, client.clientId))
    assert.equal((await refresh(app, client, '')).body.error, 'invalid_request')
    assert.equal(await readWith(app, tokens.refresh_token), 401)
  }
})

test('T32: only a confidential client may refresh the way an early connector does', async () => {
  const ask = (client: Registered, token: string) =>
    askToken(app, {
      grant_type: 'authorization_code',
      refresh_token: token,
      client_id: client.clientId,
      ...(client.clientSecret === undefined ? {} : { client_secret: client.clientSecret }),
    })
  assert.equal((await ask(keeping, (await mintTokens(app, keeping)).refresh_token)).status, 200)
  const token = (await mintTokens(app, open)).refresh_token
  assert.equal((await ask(open, token)).body.error, 'invalid_request')
  isRefused(await ask(keeping, token))
})

test('T32: an application without the grant type refresh_token gets none and cannot use one', async () => {
  const client = await register(app, { grantTypes: ['authorization_code'] })
  const tokens = await mintTokens(app, client)
  assert.equal(tokens.refresh_token, undefined)
  const foreign = (await mintTokens(app, keeping)).refresh_token
  assert.equal((await refresh(app, client, foreign)).body.error, 'unauthorized_client')
})

test('T32: a chain that nobody used for its idle time refreshes no more', async () => {
  for (const [client, days] of [
    [open, 30],
    [keeping, 180],
  ] as const) {
    const tokens = await mintTokens(app, client)
    app.clock.advance((days - 1) * 86_400_000)
    const child = await refresh(app, client, tokens.refresh_token)
    assert.equal(child.status, 200)
    app.clock.advance((days - 1) * 86_400_000)
    const grandchild = await refresh(app, client, child.body.refresh_token)
    assert.equal(grandchild.status, 200)
    // A token that is kept is not extended at every use, but for an hour more when it is.
    app.clock.advance(days * 86_400_000 + (client === keeping ? 3_600_000 : 0))
    isRefused(await refresh(app, client, grandchild.body.refresh_token))
  }
})
