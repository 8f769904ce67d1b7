import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTurns, type Turn } from './turns.ts'

const never = new AbortController().signal
const limits = { atOnce: 2, waiting: 2 }

/** Whether it has been resolved by now. */
const isThere = async (turn: Promise<Turn | undefined>): Promise<boolean> => {
  let there = false
  void turn.then(() => (there = true))
  await new Promise((resolve) => setImmediate(resolve))
  return there
}

const had = async (turn: Promise<Turn | undefined>): Promise<Turn> => {
  const found = await turn
  assert.ok(found !== undefined)
  return found
}

test('so many have their turn at once, the others wait in order, and who is one too many gets none', async () => {
  const take = createTurns()
  const [a, b] = [await had(take('u', limits, never)), await had(take('u', limits, never))]
  assert.deepEqual([a.waited, b.waited], [false, false])
  const c = take('u', limits, never)
  const d = take('u', limits, never)
  assert.equal(await take('u', limits, never), undefined)
  assert.equal((await take('other', limits, never))?.waited, false)
  assert.deepEqual([await isThere(c), await isThere(d)], [false, false])
  a.release()
  a.release()
  assert.deepEqual([await isThere(c), await isThere(d)], [true, false])
  b.release()
  assert.equal((await had(d)).waited, true)
})

test('who leaves while waiting makes room, and is not waited for', async () => {
  const take = createTurns()
  const one = { atOnce: 1, waiting: 1 }
  const a = await had(take('u', one, never))
  const left = new AbortController()
  const b = take('u', one, left.signal)
  assert.equal(await take('u', one, never), undefined)
  left.abort(new Error('left'))
  await assert.rejects(b, /left/)
  const c = take('u', one, never)
  assert.equal(await isThere(c), false)
  a.release()
  ;(await had(c)).release()
  assert.equal((await had(take('u', one, never))).waited, false)
})

test('without limits nobody waits, and those who run count when there is a limit again', async () => {
  const take = createTurns()
  const none = { atOnce: 0, waiting: 0 }
  const turns = await Promise.all([1, 2, 3].map(() => had(take('u', none, never))))
  const later = take('u', { atOnce: 3, waiting: 0 }, never)
  assert.equal(await isThere(later), false)
  turns[0]?.release()
  assert.equal((await had(later)).waited, true)
})
