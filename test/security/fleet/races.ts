import assert from 'node:assert/strict'
import fc from 'fast-check'
import { people } from '#test/support/app.ts'
import { type Fleet, withinOneSecond } from '#test/support/fleet.ts'
import {
  manage,
  readWith,
  refresh,
  register,
  type Registered,
  type TokenAnswer,
} from '#test/support/oauth.ts'
import { mintCode, mintTokens, redeemMinted, revoke } from '../tokens/support.ts'

// The races of the token endpoint, over two processes on one database; the counts are the caller's.

/**
 * PostgreSQL would end a deadlock after a second, and the server start over: right, but slow enough to bring a node down. Here
 * nobody ends it, and what waits for five seconds is answered with 503, which no test takes.
 */
export const withoutDeadlocks = ['deadlock_timeout = 60s'] as const

export const isRefused = (answer: TokenAnswer): void =>
  assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant'])

/** Asked of both nodes until both refuse. */
export const isShutOut = (fleet: Fleet, accessToken: string): Promise<number> =>
  withinOneSecond('the token is refused on both nodes', async () => {
    const statuses = await Promise.all(
      [0, 1].map((index) => readWith(fleet.at(index), accessToken)),
    )
    return statuses.every((status) => status === 401)
  })

/** T23: so many redemptions of one code at once, on both nodes. */
export const raceForCode = async (
  fleet: Fleet,
  client: Registered,
  callers: number,
): Promise<void> => {
  const minted = await mintCode(fleet.app, client)
  const answers = await Promise.all(
    Array.from({ length: callers }, (_, i) => redeemMinted(fleet.at(i % 2), client, minted)),
  )
  const [winner, ...others] = answers.filter(({ status }) => status === 200)
  assert.ok(winner)
  assert.deepEqual(others, [], 'a code was redeemed twice')
  for (const answer of answers) if (answer !== winner) isRefused(answer)
  // The second use has ended what the first one gave.
  for (const index of [0, 1])
    isRefused(await refresh(fleet.at(index), client, winner.body.refresh_token))
  await isShutOut(fleet, winner.body.access_token)
}

/** T29: so many rotations of one refresh token at once, on both nodes; answers the child, which goes on. */
export const raceForRotation = async (
  fleet: Fleet,
  client: Registered,
  token: string,
  callers: number,
): Promise<TokenAnswer['body']> => {
  const answers = await Promise.all(
    Array.from({ length: callers }, (_, i) => refresh(fleet.at(i % 2), client, token)),
  )
  for (const { status, body } of answers) assert.equal(status, 200, JSON.stringify(body))
  const pairs = new Set(answers.map(({ body }) => `${body.access_token} ${body.refresh_token}`))
  assert.equal(pairs.size, 1, 'not all callers got the same tokens')
  const child = answers[0]?.body
  assert.ok(child)
  assert.notEqual(child.refresh_token, token)
  for (const index of [0, 1]) assert.equal(await readWith(fleet.at(index), child.access_token), 200)
  return child
}

type Chain = { generation: number; usable: number; generations: number; tokens: number }

/** Chains of an application: how many there are, and how many refresh tokens of each could be rotated. */
const readChains = async (fleet: Fleet, client: Registered): Promise<readonly Chain[]> => {
  const found = await fleet.sql(
    `select h.generation::int, count(*) filter (where r.rotated_at is null)::int as usable,
        count(distinct r.generation)::int as generations, count(*)::int as tokens
      from chains h join consents g on g.id = h.consent_id join refresh_tokens r on r.chain_id = h.id
      where g.application_id = ${client.id} group by h.id`,
  )
  return found as unknown as readonly Chain[]
}

// Each number says which of the tokens known so far is used, and on which node; those of one inner list at once.
const plans = fc.array(fc.array(fc.tuple(fc.nat(9), fc.nat(1)), { minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 4,
})

/** T29 as a property: however old and new refresh tokens are used together, a chain never forks. */
export const neverForks = (fleet: Fleet, runs: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const client = await register(fleet.app, { clientType: 'public' })
      const known = [(await mintTokens(fleet.app, client)).refresh_token]
      for (const together of plan) {
        const answers = await Promise.all(
          together.map(([n, node]) =>
            refresh(fleet.at(node), client, known[n % known.length] ?? ''),
          ),
        )
        for (const answer of answers) {
          if (answer.status !== 200) isRefused(answer)
          else if (!known.includes(answer.body.refresh_token)) known.push(answer.body.refresh_token)
        }
        const chains = await readChains(fleet, client)
        assert.ok(chains.length <= 1)
        for (const chain of chains) {
          assert.equal(chain.usable, 1)
          assert.equal(chain.generations, chain.tokens)
          assert.equal(chain.generation, chain.tokens - 1)
          assert.equal((await refresh(fleet.at(1), client, known.at(-1) ?? '')).status, 200)
          known.push((await refresh(fleet.at(0), client, known.at(-1) ?? '')).body.refresh_token)
        }
      }
    }),
    { numRuns: runs },
  )

type End = 'user' | 'refresh token' | 'reset' | 'disable'

/** Ends what the client has; answers the client as it is from then on. */
const endAt = async (
  fleet: Fleet,
  index: number,
  how: End,
  { client, token }: { readonly client: Registered; readonly token: string },
): Promise<Registered> => {
  const node = fleet.at(index)
  const path = `/api/mgmt/oauth/client/applications/${client.id}`
  if (how === 'user') {
    const access = `/api/mgmt/oauth/client/allowedapplications/${client.id}`
    assert.equal((await manage(node, 'DELETE', access, { person: people.user })).status, 204)
  } else if (how === 'refresh token') {
    assert.equal(await revoke(node, client, token), 200)
  } else if (how === 'disable') {
    assert.equal((await manage(node, 'PUT', path, { body: { enabled: false } })).status, 200)
  } else {
    const { status, body } = await manage(node, 'PUT', `${path}/reset`)
    assert.equal(status, 200)
    return { ...client, clientSecret: String(body['clientSecret']) }
  }
  return client
}

const interleavings = fc.record({
  how: fc.constantFrom<End>('user', 'refresh token', 'reset', 'disable'),
  rotates: fc.boolean(),
  at: fc.nat(7),
  callers: fc.array(fc.record({ node: fc.nat(1), wait: fc.nat(12) }), {
    minLength: 8,
    maxLength: 16,
  }),
})

/** T31 as a property: once an end was answered, nothing that was or will be minted works, on any node. */
export const endWins = (fleet: Fleet, runs: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(interleavings, async ({ how, rotates, at, callers }) => {
      let client = await register(fleet.app, { refreshTokenRotation: rotates })
      const tokens = await mintTokens(fleet.app, client)
      const minted: TokenAnswer[] = []
      let ended = false
      await Promise.all(
        callers.map(async ({ node, wait }, index) => {
          await new Promise((resolve) => setTimeout(resolve, wait))
          if (index === at) {
            client = await endAt(fleet, node, how, { client, token: tokens.refresh_token })
            ended = true
            return
          }
          const startedAfter = ended
          const answer = await refresh(fleet.at(node), client, tokens.refresh_token)
          if (startedAfter) assert.notEqual(answer.status, 200)
          minted.push(answer)
        }),
      )
      for (const { status, body } of [...minted, { status: 200, body: tokens }]) {
        if (status !== 200) continue
        for (const index of [0, 1]) {
          assert.equal(await readWith(fleet.at(index), body.access_token), 401)
          assert.notEqual((await refresh(fleet.at(index), client, body.refresh_token)).status, 200)
        }
      }
    }),
    { numRuns: runs },
  )
