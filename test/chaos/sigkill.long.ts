import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killUnderLoad } from './sigkill.ts'

test('killed 20 times under load the server comes back with every acknowledged token and redeems no code twice', {
  timeout: 600_000,
}, async (context) => {
  const checked = await killUnderLoad(20)
  context.diagnostic(`${checked} acknowledged tokens held`)
  assert.ok(checked >= 20, `only ${checked} acknowledged tokens were checked`)
})
