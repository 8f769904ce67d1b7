import assert from 'node:assert/strict'
import { people } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { type Client, read, redeem, refresh } from './client.ts'
import type { Load } from './load.ts'

/** Runs a check for each of many things, eight at once. */
const forEach = async <T>(
  many: readonly T[],
  check: (one: T, at: string) => Promise<void>,
  urls: readonly string[],
) => {
  const queue = [...many.entries()]
  const work = async (): Promise<void> => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop())
      await check(next[1], urls[next[0] % urls.length] ?? '')
  }
  await Promise.all(Array.from({ length: 8 }, work))
}

const checkTokens = async ({ fleet, ledger }: Load, keeping: Client): Promise<void> => {
  const urls = fleet.nodes.map(({ url }) => url)
  const reads = async (token: string, url: string): Promise<void> =>
    assert.equal(await read(url, token), 200, 'an acknowledged access token does not read')
  await forEach(
    [...ledger.redeemed.map(({ accessToken }) => accessToken), ...ledger.refreshed],
    reads,
    urls,
  )
  // A code that was redeemed is refused, and was still known: its chain ends.
  const sample = ledger.redeemed.slice(-50)
  await forEach(
    sample,
    async ({ code, accessToken }, url) => {
      assert.equal((await redeem(url, keeping, code)).body['error'], 'invalid_grant')
      assert.equal(await read(url, accessToken), 401)
    },
    urls,
  )
}

type ChainRow = { generation: number; usable: number; tokens: number }

/** Each rotating chain is there once, and was rotated as often as its client has heard. */
const checkChains = async ({ fleet, ledger }: Load, rotating: Client): Promise<void> => {
  const rows = (await fleet.sql(
    `select h.generation::int, count(*) filter (where r.rotated_at is null)::int as usable, count(*)::int as tokens
      from client_applications a join consents g on g.application_id = a.id join chains h on h.consent_id = g.id
        join refresh_tokens r on r.chain_id = h.id
      where a.client_id = '${rotating.id}' group by h.id order by h.generation`,
  )) as unknown as readonly ChainRow[]
  const heard = [...ledger.rotations].sort((a, b) => a - b)
  assert.deepEqual(
    rows,
    heard.map((generation) => ({ generation, usable: 1, tokens: generation + 1 })),
  )
}

type Listed = { name: string }

const checkRegistrations = async ({ fleet, ledger }: Load): Promise<void> => {
  const path = '/api/mgmt/oauth/client/applications'
  const { status, body } = await manage(fleet.at(1), 'GET', path, { person: people.owner })
  assert.equal(status, 200)
  const names = (body['applications'] as Listed[]).map(({ name }) => name)
  const countOf = (name: string): number => names.filter((found) => found === name).length
  for (const [name, { client }] of ledger.registered) {
    assert.equal(countOf(name), 1, `${name} was acknowledged and is there ${countOf(name)} times`)
    const { body: answer } = await refresh(fleet.nodes[2]?.url ?? '', client, 'hg_rt_x')
    assert.equal(answer['error'], 'invalid_grant', `the secret of ${name} does not work`)
  }
  for (const name of ledger.deleted) assert.equal(countOf(name), 0, `${name} is back`)
  for (const name of ledger.unsure) assert.ok(countOf(name) <= 1, `${name} is there twice`)
}

/** Asks for all that was acknowledged; throws where it does not hold. */
export const checkEverything = async (
  load: Load,
  keeping: Client,
  rotating: Client,
): Promise<void> => {
  await checkChains(load, rotating)
  await checkRegistrations(load)
  await checkTokens(load, keeping)
}
