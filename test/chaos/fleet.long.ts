import { test } from 'node:test'
import { killFleetUnderLoad } from './fleet.ts'

test('after 200 kills of nodes and 20 of PostgreSQL under load all that was acknowledged holds, and nothing happened twice', {
  timeout: 1_200_000,
}, async (context) => {
  context.diagnostic(await killFleetUnderLoad({ nodes: 200, databases: 20 }))
})
