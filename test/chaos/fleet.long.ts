import { test } from 'node:test'
import { times } from '#test/support/times.ts'
import { killFleetUnderLoad } from './fleet.ts'

const kills = { nodes: times(100), databases: times(10) }

test(`after ${kills.nodes} kills of nodes and ${kills.databases} of PostgreSQL under load all that was acknowledged holds, and nothing happened twice`, {
  timeout: times(900_000),
}, async (context) => {
  context.diagnostic(await killFleetUnderLoad(kills))
})
