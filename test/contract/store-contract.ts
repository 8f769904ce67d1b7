import { afterEach, beforeEach } from 'node:test'
import { declareOpening } from './store/opening.ts'
import { declareExclusive, declareReads } from './store/reads.ts'
import { declareSweeping } from './store/sweeping.ts'
import type { Engine, World } from './store/world.ts'
import { declareConcurrency, declareIdentities, declareWrites } from './store/writes.ts'

/**
 * Declares what every engine of the system store must do (DESIGN invariant 5), each test on a database of its own.
 * Answers the world of the test that runs, for the tests that an engine has beside these.
 */
export const declareStoreContract = <W extends World>(engine: Engine<W>): (() => W) => {
  let current: W | undefined
  const world = (): W => {
    if (current === undefined) throw new Error('No test is running.')
    return current
  }
  beforeEach(async () => {
    current = await engine.world()
  })
  afterEach(async () => {
    await current?.end()
    current = undefined
  })
  declareWrites(world)
  declareConcurrency(world)
  declareIdentities(world)
  declareReads(engine, world)
  declareExclusive(world)
  declareSweeping(engine, world)
  declareOpening(engine, world)
  return world
}
