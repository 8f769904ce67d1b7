import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runAtOnce, runInSlices } from './slices.ts'

/** Busy for a millisecond a piece. */
const busy = function* (pieces: number): Generator<number, string> {
  for (let piece = 1; piece <= pieces; piece++) {
    const until = performance.now() + 1
    while (performance.now() < until);
    yield piece / pieces
  }
  return 'done'
}

test('long work lets others have their turn, and tells how far it is', async () => {
  let turns = 0
  let running = true
  const others = (): void => {
    turns += 1
    if (running) setImmediate(others)
  }
  setImmediate(others)
  const shares: number[] = []
  assert.equal(await runInSlices(busy(100), (share) => shares.push(share)), 'done')
  running = false
  assert.ok(turns >= 8, `${turns} turns`)
  assert.ok(shares.length >= 8)
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => a - b),
  )
})

test('work that is given up ends at its next slice', async () => {
  let pieces = 0
  const work = function* (): Generator<number, void> {
    for (const share of busy(1000)) {
      pieces += 1
      yield share
    }
  }
  const giveUp = (): never => {
    throw new Error('given up')
  }
  await assert.rejects(runInSlices(work(), giveUp), /given up/)
  assert.ok(pieces < 100, `${pieces} pieces`)
})

test('the same work in one go has the same outcome', () => assert.equal(runAtOnce(busy(3)), 'done'))
