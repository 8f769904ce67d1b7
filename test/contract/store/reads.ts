import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { Unavailable } from '#lib/refusal.ts'
import type { Command } from '#store/command.ts'
import { committed, countRows, type Engine, insert, type World } from './world.ts'

const row = (subject: string): string =>
  `insert into login_failures values ('${subject}', 0, 1, null, null, 1)`

/** What holds of reads, and of answers that are recalled. */
export const declareReads = (engine: Engine, world: () => World): void => {
  test('a read of several statements sees one moment, whatever is committed in between', async () => {
    const { store } = world()
    await store.write(() => insert(store, 'a'))
    const seen = await store.read(function* () {
      const before = yield* countRows(store)
      yield* world().meanwhile(row('b'))
      return [before, yield* countRows(store)]
    })
    assert.deepEqual(seen, [1, 1])
    assert.equal(await committed(world()), 2)
  })

  test('a read cannot write', async () => {
    const { store } = world()
    await assert.rejects(
      store.read(function* () {
        yield* countRows(store)
        yield* insert(store, 'a')
      }),
    )
    assert.equal(await committed(world()), 0)
  })

  test('a read that throws harms nobody, and says what was thrown', async () => {
    const { store } = world()
    for (let i = 0; i < 20; i += 1)
      await assert.rejects(
        store.read(function* (): Command<void> {
          yield* countRows(store)
          throw new Error(`no ${i}`)
        }),
        new RegExp(`no ${i}$`),
      )
    assert.equal(await store.read(() => countRows(store)), 0)
  })

  test('what is recalled is forgotten at once by a write of this Store', async () => {
    const { store } = world()
    const recalled = () => store.recall('count', () => countRows(store))
    for (let i = 0; i < 5; i += 1) {
      assert.equal(await recalled(), i)
      await store.write(() => insert(store, `s${i}`))
    }
  })

  test('what is recalled is not asked for again, also after a write that says it changes none of it', async () => {
    const { store } = world()
    let asked = 0
    const ask = (key: string) =>
      store.recall(key, function* (): Command<number> {
        yield* countRows(store)
        return (asked += 1)
      })
    const [one] = await Promise.all([ask('k'), ask('k'), ask('k')])
    await store.write(() => insert(store, 'a'), { forgets: () => false })
    assert.equal(await ask('k'), one)
    assert.equal(asked, one)
    assert.notEqual(await ask('other'), one)
    await store.write(() => insert(store, 'b'), { forgets: (changes) => changes === 1 })
    assert.notEqual(await ask('k'), one)
  })

  test('what is recalled is true again soon after a commit of somebody else, and at once when asked afresh', async () => {
    const { store } = world()
    const recalled = (fresh = false) => store.recall('count', () => countRows(store), { fresh })
    assert.equal(await recalled(), 0)
    await world().run(row('a'))
    // SQLite's answers are never older than the promise anyway; there `fresh` has nothing to do.
    if (engine.name === 'postgres') assert.equal(await recalled(true), 1)
    await world().run(row('b'))
    await sleep(engine.promise + 50)
    assert.equal(await recalled(), 2)
  })

  test('a read that fails is not remembered', async () => {
    const { store } = world()
    let fails = true
    const ask = () =>
      store.recall('k', function* (): Command<number> {
        const count = yield* countRows(store)
        if (fails) throw new Unavailable('Not now.')
        return count
      })
    await assert.rejects(ask(), Unavailable)
    fails = false
    assert.equal(await ask(), 0)
  })
}

/** Work under a key. */
export const declareExclusive = (world: () => World): void => {
  test('work under one key is never done twice at once, and under different keys it is', async () => {
    const { store } = world()
    let inside = 0
    let most = 0
    const work = async (): Promise<void> => {
      most = Math.max(most, (inside += 1))
      await sleep(5)
      inside -= 1
    }
    await Promise.all(Array.from({ length: 10 }, () => store.exclusive('a', work)))
    assert.equal(most, 1)
    let together: (() => void) | undefined
    const met = new Promise<void>((resolve) => (together = resolve))
    await Promise.all([
      store.exclusive('b', () => met),
      store.exclusive('c', async () => together?.()),
    ])
  })

  test('work that fails lets go and says why; too many who wait are told to come back', async () => {
    const { store } = world()
    await assert.rejects(
      store.exclusive('a', async () => {
        throw new Error('mine')
      }),
      /^Error: mine$/,
    )
    assert.equal(await store.exclusive('a', async () => 'again'), 'again')
    let done: (() => void) | undefined
    const until = new Promise<void>((resolve) => (done = resolve))
    const results = Promise.allSettled(
      Array.from({ length: 30 }, () => store.exclusive('a', () => until)),
    )
    await sleep(20)
    done?.()
    const refused = (await results).filter((result) => result.status === 'rejected')
    assert.equal(refused.length, 10)
    for (const { reason } of refused) assert.ok(reason instanceof Unavailable)
  })
}
