import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Fleet, startFleet } from '#test/support/fleet.ts'
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
