import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createLanes } from './lanes.ts'
import { UpstreamError } from './upstream-error.ts'

const createClock = () => {
  let now = 1_000_000
  return { now: () => now, advance: (milliseconds: number) => void (now += milliseconds) }
}

const never = new AbortController().signal

const faultOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof UpstreamError ? error.fault : String(error)),
  )

test('places are given in order of arrival', async () => {
  const lanes = createLanes(createClock(), { atOnce: 2 })
  const began: number[] = []
  const work = async (n: number): Promise<void> => {
    began.push(n)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(Array.from({ length: 10 }, (_, n) => lanes.run('a', never, () => work(n))))
  assert.deepEqual(
    began,
    Array.from({ length: 10 }, (_, n) => n),
  )
  assert.equal(lanes.size(), 0)
})

test('a lane that is closed refuses those that wait and those that come, until its time is over', async () => {
  const clock = createClock()
  const lanes = createLanes(clock, { atOnce: 1 })
  const { promise, resolve } = Promise.withResolvers<void>()
  const first = lanes.run('a', never, () => promise)
  const waiting = faultOf(lanes.run('a', never, async () => undefined))
  lanes.close('a', 10)
  assert.equal(await waiting, 'throttled')
  clock.advance(9999)
  assert.equal(await faultOf(lanes.run('a', never, async () => undefined)), 'throttled')
  lanes.close('a', 1)
  clock.advance(1)
  assert.equal(await faultOf(lanes.run('a', never, async () => undefined)), 'throttled')
  resolve()
  await first
  clock.advance(1000)
  assert.equal(await lanes.run('a', never, async () => 'open'), 'open')
  assert.equal(lanes.size(), 0)
})

test('work that fails gives its place back', async () => {
  const lanes = createLanes(createClock(), { atOnce: 1 })
  for (let i = 0; i < 3; i += 1)
    await assert.rejects(
      lanes.run('a', never, () => Promise.reject(new Error('x'))),
      /x/,
    )
  assert.equal(await lanes.run('a', never, async () => 1), 1)
})

test('who was refused and says so late does not make the next lane of that name forget its work', async () => {
  const lanes = createLanes(createClock(), { atOnce: 1 })
  const controller = new AbortController()
  const held = Promise.withResolvers<void>()
  const first = lanes.run('a', never, () => held.promise)
  const refused = faultOf(lanes.run('a', controller.signal, async () => undefined))
  await new Promise((resolve) => setImmediate(resolve))
  controller.abort(new Error('gone'))
  held.resolve()
  // The first has left, and the lane with it; what the second has to say is still on its way.
  await Promise.resolve()
  let active = 0
  let most = 0
  const work = async (): Promise<void> => {
    active += 1
    most = Math.max(most, active)
    await new Promise((resolve) => setImmediate(resolve))
    active -= 1
  }
  const next = lanes.run('a', never, work)
  assert.equal(await refused, 'Error: gone')
  await Promise.all([first, next, lanes.run('a', never, work)])
  assert.equal(most, 1)
  assert.equal(lanes.size(), 0)
})

test('closed lanes are remembered up to a number', async () => {
  const clock = createClock()
  const lanes = createLanes(clock, { mostClosed: 10 })
  for (let i = 0; i < 100; i += 1) lanes.close(`a${i}`, 300)
  assert.equal(lanes.size(), 10)
  assert.equal(await faultOf(lanes.run('a99', never, async () => 1)), 'throttled')
})

/** What may happen to a lane. */
type Step = {
  readonly kind: 'run' | 'end' | 'fail' | 'abort' | 'close' | 'tick'
  readonly n: number
  /** Turns until the next one: within one turn, those that leave and those that come meet. */
  readonly turns: number
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('run', 'run', 'run', 'end', 'fail', 'abort', 'close', 'tick'),
  n: fc.nat(20),
  turns: fc.nat(12),
})

test('whatever happens, places and waiting stay within bounds, nobody is forgotten, and no place is lost', async () => {
  const limits = { atOnce: 2, mostWaiting: 3 }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const clock = createClock()
      const lanes = createLanes(clock, limits)
      const active: { resolve: () => void; reject: (error: Error) => void }[] = []
      const sent: { controller: AbortController; outcome: Promise<string> }[] = []
      for (const { kind, n, turns } of steps) {
        if (kind === 'run') {
          const controller = new AbortController()
          const work = (): Promise<void> =>
            new Promise((resolve, reject) => {
              const entry = { resolve, reject }
              active.push(entry)
            })
          const outcome = faultOf(lanes.run('a', controller.signal, work))
          sent.push({ controller, outcome })
        } else if (kind === 'end') active.splice(n % (active.length || 1), 1)[0]?.resolve()
        else if (kind === 'fail')
          active.splice(n % (active.length || 1), 1)[0]?.reject(new Error('x'))
        else if (kind === 'abort') sent[n % (sent.length || 1)]?.controller.abort(new Error('gone'))
        else if (kind === 'close') lanes.close('a', 1)
        else clock.advance(n * 100)
        for (let i = 0; i < turns; i += 1) await Promise.resolve()
        assert.ok(active.length <= limits.atOnce)
      }
      let idle = 0
      while (idle < 2) {
        idle = active.length === 0 ? idle + 1 : 0
        for (const { resolve } of active.splice(0)) resolve()
        await new Promise((resolve) => setImmediate(resolve))
      }
      for (const { outcome } of sent)
        assert.match(await outcome, /^(?:done|throttled|Error: (?:x|gone))$/)
      clock.advance(1000)
      const more = Promise.all([1, 2].map(() => lanes.run('a', never, async () => 1)))
      assert.deepEqual(await more, [1, 1])
      assert.equal(lanes.size(), 0)
    }),
    { numRuns: 400 },
  )
})
