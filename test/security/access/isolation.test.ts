import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { endpoints } from '#features/endpoints.ts'
import { startApp } from '#test/support/app.ts'
import { unknownFields } from './foreign.ts'
import { fillBoth, snapshotOf, tryAcross } from './isolation.ts'
import { createWorld, type World } from './world.ts'

// T67: two tenants with the same names, and ids that lie between each other's.

let world: World
let untouched: string
before(async () => {
  world = await createWorld(await startApp({ sources: false }))
  await fillBoth(world, 1)
  untouched = await snapshotOf(world)
})
after(() => world.app.close())

for (const { name } of endpoints)
  test(`T67: ${name} tells what is another tenant's from what does not exist by not a byte`, () =>
    tryAcross(world, name, 6))

test('T67: after all of that nothing of the other tenant has changed', async () => {
  assert.equal(await snapshotOf(world), untouched)
})

test('T67: the log holds no byte of the other tenant', () => {
  const { canary } = world.estates.B
  assert.deepEqual(
    world.app.logs.filter((line) => line.includes(canary)),
    [],
  )
})

test('every whole number in a body is known to be an id of something, or not', () => {
  assert.deepEqual(
    endpoints.flatMap(({ name, body }) =>
      unknownFields((body ?? {}) as Record<string, unknown>).map((field) => `${name}: ${field}`),
    ),
    [],
    'say in test/security/access/foreign.ts what they are',
  )
})
