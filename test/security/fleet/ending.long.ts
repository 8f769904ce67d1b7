import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Fleet, startFleet } from '#test/support/fleet.ts'
import { times } from '#test/support/times.ts'
import { createWide, events, hearOf } from './ending.ts'

const rounds = times(5)

let fleet: Fleet
before(async () => {
  fleet = await startFleet()
  await createWide(fleet)
})
after(() => fleet.close())

test(`T51, T53: ${rounds} times each, what ends at one node ends within one second at the other`, async (context) => {
  const refused: number[] = []
  const cut: number[] = []
  for (let round = 0; round < rounds; round += 1)
    for (const event of Object.values(events)) {
      const heard = await hearOf(fleet, event)
      refused.push(heard.refused)
      cut.push(heard.cut)
    }
  const largest = (of: readonly number[]): number => Math.round(Math.max(...of))
  context.diagnostic(
    `${refused.length} ends: refused after at most ${largest(refused)} ms, cut after at most ${largest(cut)} ms`,
  )
  assert.equal(refused.length, rounds * Object.keys(events).length)
})
