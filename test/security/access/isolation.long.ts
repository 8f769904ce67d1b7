import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpoints } from '#features/endpoints.ts'
import { startApp } from '#test/support/app.ts'
import { fillBoth, snapshotOf, tryAcross } from './isolation.ts'
import { createWorld } from './world.ts'

for (const seed of [1, 2, 3])
  test(`T67: 40 tries of each endpoint, with the random things of seed ${seed}, tell nothing of another tenant and change nothing`, async () => {
    const app = await startApp({ sources: false })
    try {
      const world = await createWorld(app)
      await fillBoth(world, seed)
      const untouched = await snapshotOf(world)
      for (const { name } of endpoints) await tryAcross(world, name, 40)
      assert.equal(await snapshotOf(world), untouched)
      const { canary } = world.estates.B
      assert.deepEqual(
        app.logs.filter((line) => line.includes(canary)),
        [],
      )
    } finally {
      await app.close()
    }
  })
