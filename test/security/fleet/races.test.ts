import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people } from '#test/support/app.ts'
import { type Fleet, startFleet } from '#test/support/fleet.ts'
import { manage, readWith, refresh, register, type Registered } from '#test/support/oauth.ts'
import { mintTokens } from '../tokens/support.ts'
import {
  endWins,
  isRefused,
  isShutOut,
  neverForks,
  raceForCode,
  raceForRotation,
  withoutDeadlocks,
} from './races.ts'

let fleet: Fleet
let open: Registered
let rotating: Registered
let keeping: Registered
before(async () => {
  fleet = await startFleet({ clusterSettings: withoutDeadlocks })
  open = await register(fleet.app, { name: 'Public', clientType: 'public' })
  rotating = await register(fleet.app, { name: 'Rotating', refreshTokenRotation: true })
  keeping = await register(fleet.app, { name: 'Keeping' })
})
after(() => fleet.close())

test('T23: of 200 redemptions of one code on two nodes one is answered with tokens, and its tokens end', async () => {
  await raceForCode(fleet, open, 200)
  await raceForCode(fleet, keeping, 20)
})

test('T29: of parallel rotations on two nodes one happens, all answers are its answer, and its child goes on', async () => {
  for (const client of [open, rotating]) {
    let { refresh_token: token } = await mintTokens(fleet.app, client)
    for (let round = 0; round < 3; round += 1)
      token = (await raceForRotation(fleet, client, token, 50)).refresh_token
  }
})

test('T29: however old and new refresh tokens are used together on two nodes, a chain never forks', async () => {
  await neverForks(fleet, 8)
})

/** A rotation at one node: the tokens before and after it. */
const rotateAt = async (index: number, client: Registered) => {
  const first = await mintTokens(fleet.app, client)
  const { status, body: child } = await refresh(fleet.at(index), client, first.refresh_token)
  assert.equal(status, 200)
  return { first, child }
}

/** Lets so many seconds pass for all rotations so far. */
const letPass = (seconds: number) =>
  fleet.sql(`update refresh_tokens set rotated_at = rotated_at - ${seconds * 1000}`)

test('T30: a retry at the other node within 30 seconds gets the very same tokens, and later ends the chain', async () => {
  for (const client of [open, rotating]) {
    const { first, child } = await rotateAt(0, client)
    for (const seconds of [0, 14, 14]) {
      await letPass(seconds)
      const again = await refresh(fleet.at(1), client, first.refresh_token)
      assert.deepEqual(
        [again.body.access_token, again.body.refresh_token],
        [child.access_token, child.refresh_token],
      )
    }
    await letPass(3)
    isRefused(await refresh(fleet.at(1), client, first.refresh_token))
    isRefused(await refresh(fleet.at(0), client, child.refresh_token))
    await isShutOut(fleet, child.access_token)
  }
})

test('T30: a retry at the other node by another client or with another scope is refused and changes nothing', async () => {
  const { first, child } = await rotateAt(0, rotating)
  for (const client of [open, keeping])
    isRefused(await refresh(fleet.at(1), client, first.refresh_token))
  const wrong = { client_secret: 'wrong' }
  const unproven = await refresh(fleet.at(1), rotating, first.refresh_token, wrong)
  assert.equal(unproven.body.error, 'invalid_client')
  const scope = { scope: 'api.access.odata more' }
  const wider = await refresh(fleet.at(1), rotating, first.refresh_token, scope)
  assert.equal(wider.body.error, 'invalid_scope')
  assert.equal((await refresh(fleet.at(1), rotating, first.refresh_token)).status, 200)
  assert.equal(await readWith(fleet.at(1), child.access_token), 200)
})

test('T30: after the child was used or the access was ended at one node, the other has nothing to retry', async () => {
  for (const client of [open, rotating]) {
    const used = await rotateAt(0, client)
    const next = await refresh(fleet.at(0), client, used.child.refresh_token)
    isRefused(await refresh(fleet.at(1), client, used.first.refresh_token))
    await isShutOut(fleet, next.body.access_token)

    const ended = await rotateAt(0, client)
    const path = `/api/mgmt/oauth/client/allowedapplications/${client.id}`
    const { status } = await manage(fleet.at(0), 'DELETE', path, { person: people.user })
    assert.equal(status, 204)
    isRefused(await refresh(fleet.at(1), client, ended.first.refresh_token))
    isRefused(await refresh(fleet.at(1), client, ended.child.refresh_token))
  }
})

test('T31: once an end was answered by one node, nothing that was or will be minted works on either', async () => {
  await endWins(fleet, 12)
})
