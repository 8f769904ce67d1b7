import { after, before, test } from 'node:test'
import { type Fleet, startFleet } from '#test/support/fleet.ts'
import { register } from '#test/support/oauth.ts'
import { times } from '#test/support/times.ts'
import { mintTokens } from '../tokens/support.ts'
import { endWins, neverForks, raceForCode, raceForRotation, withoutDeadlocks } from './races.ts'

const [codes, rotations, plans, interleavings] = [times(25), times(40), times(25), times(40)]

let fleet: Fleet
before(async () => {
  fleet = await startFleet({ clusterSettings: withoutDeadlocks })
})
after(() => fleet.close())

test(`T23: in ${codes} rounds of 200 redemptions on two nodes, one is answered with tokens each time`, async () => {
  const client = await register(fleet.app, { clientType: 'public' })
  for (let round = 0; round < codes; round += 1) await raceForCode(fleet, client, 200)
})

test(`T29: in ${rotations} rounds of 50 rotations on two nodes, there is one child each time, and it goes on`, async () => {
  const client = await register(fleet.app, { clientType: 'public' })
  let { refresh_token: token } = await mintTokens(fleet.app, client)
  for (let round = 0; round < rotations; round += 1)
    token = (await raceForRotation(fleet, client, token, 50)).refresh_token
})

test(`T29: a chain never forks, in ${plans} random plans over two nodes`, async () => {
  await neverForks(fleet, plans)
})

test(`T31: an end wins over every refresh, in ${interleavings} random interleavings over two nodes`, async () => {
  await endWins(fleet, interleavings)
})
