import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Fleet, startFleet } from '#test/support/fleet.ts'
import { manage, refresh, register } from '#test/support/oauth.ts'
import { mintCode, mintTokens, redeemMinted } from '../tokens/support.ts'
import { createWide, events, hearOf, readWhole } from './ending.ts'

let fleet: Fleet
before(async () => {
  fleet = await startFleet()
  await createWide(fleet)
})
after(() => fleet.close())

test('an open answer of a node that nobody disturbs comes whole', async () => {
  assert.ok(await readWhole(fleet))
})

test('T51, T53: what ends at one node ends within one second at the other, requests and open answers', async (context) => {
  for (const [name, event] of Object.entries(events))
    await context.test(`${name}, and the other node hears of it`, async (each) => {
      const { refused, cut } = await hearOf(fleet, event)
      each.diagnostic(`refused after ${Math.round(refused)} ms, cut after ${Math.round(cut)} ms`)
    })
})

test('T53: a refresh token of a removed grant type is dead at the other node, and stays dead', async () => {
  const client = await register(fleet.at(0))
  const path = `/api/mgmt/oauth/client/applications/${client.id}`
  const setGrants = async (grantTypes: readonly string[]): Promise<void> => {
    const { status } = await manage(fleet.at(0), 'PUT', path, { body: { grantTypes } })
    assert.equal(status, 200)
  }
  const held = await mintTokens(fleet.app, client)
  const minted = await mintCode(fleet.app, client)
  // The other node has just seen the client with the grant type, and remembers it.
  assert.equal((await refresh(fleet.at(1), client, held.refresh_token)).status, 200)

  await setGrants(['authorization_code'])
  const late = await redeemMinted(fleet.at(1), client, minted)
  assert.notEqual((await refresh(fleet.at(1), client, held.refresh_token)).status, 200)
  await setGrants(['authorization_code', 'refresh_token'])

  assert.equal(late.status, 200)
  for (const token of [held.refresh_token, late.body.refresh_token ?? ''])
    assert.notEqual((await refresh(fleet.at(1), client, token)).status, 200)
})
