import assert from 'node:assert/strict'
import { test } from 'node:test'
import { times } from '#test/support/times.ts'
import { killUnderLoad } from './sigkill.ts'

const kills = times(20)

test(`killed ${kills} times under load the server comes back with every acknowledged token and redeems no code twice`, {
  timeout: times(600_000),
}, async (context) => {
  const checked = await killUnderLoad(kills)
  context.diagnostic(`${checked} acknowledged tokens held`)
  assert.ok(checked >= kills, `only ${checked} acknowledged tokens were checked`)
})
