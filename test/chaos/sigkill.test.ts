import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killUnderLoad } from './sigkill.ts'

test('killed 3 times under load the server comes back with every acknowledged token and redeems no code twice', {
  timeout: 120_000,
}, async () => {
  const checked = await killUnderLoad(3)
  assert.ok(checked >= 3, `only ${checked} acknowledged tokens were checked`)
})
