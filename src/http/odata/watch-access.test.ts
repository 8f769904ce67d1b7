import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { Unavailable } from '#lib/refusal.ts'
import { watchAccess } from './watch-access.ts'

beforeEach(() => mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_000_000 }))
afterEach(() => mock.timers.reset())

/** Lets time pass in the steps of the watch, and what was asked be answered. */
const pass = async (milliseconds: number): Promise<void> => {
  for (let passed = 0; passed < milliseconds; passed += 500) {
    mock.timers.tick(500)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** How long an answer lasts whose access is asked for like this; undefined when it was not cut within a minute. */
const lasts = async (stillOpen: (asked: number) => Promise<boolean>) => {
  let asked = 0
  let cuts = 0
  let cutAt: number | undefined
  const began = Date.now()
  const watch = watchAccess(
    () => stillOpen((asked += 1)),
    () => {
      cuts += 1
      cutAt = Date.now() - began
    },
  )
  await pass(60_000)
  watch.stop()
  assert.ok(cuts <= 1)
  return cutAt
}

const unavailable = async (): Promise<boolean> => {
  throw new Unavailable('Not now.')
}
const never = (): Promise<boolean> => new Promise(() => undefined)

test('an answer goes on while its access stands, and is cut at the first no', async () => {
  assert.equal(await lasts(async () => true), undefined)
  assert.equal(await lasts(async (asked) => asked < 3), 1500)
})

test('an answer is cut when nobody could say for five seconds, whether the database refuses or hangs', async () => {
  assert.equal(await lasts(unavailable), 5000)
  assert.equal(await lasts(never), 5000)
  assert.equal(await lasts((asked) => (asked <= 2 ? Promise.resolve(true) : never())), 6000)
})

test('an answer goes on when the database is back before that', async () => {
  assert.equal(
    await lasts((asked) => (asked % 9 === 0 ? Promise.resolve(true) : unavailable())),
    undefined,
  )
})

test('an answer is cut at once when asking fails for another reason, and never after it ended', async () => {
  const broken = async (): Promise<boolean> => {
    throw new Error('a mistake of ours')
  }
  assert.equal(await lasts(broken), 500)
  let cuts = 0
  const watch = watchAccess(unavailable, () => (cuts += 1))
  await pass(2000)
  watch.stop()
  await pass(60_000)
  assert.equal(cuts, 0)
})
