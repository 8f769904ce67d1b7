import { test } from 'node:test'
import { killFleetUnderLoad } from './fleet.ts'

test('a fleet whose nodes and database are killed under load keeps what it acknowledged, and does nothing twice', {
  timeout: 180_000,
}, async (context) => {
  context.diagnostic(await killFleetUnderLoad({ nodes: 4, databases: 1 }))
})
