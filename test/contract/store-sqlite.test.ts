import assert from 'node:assert/strict'
import { type SQLInputValue, StatementSync } from 'node:sqlite'
import { afterEach, beforeEach, test } from 'node:test'
import { Unavailable } from '#lib/refusal.ts'
import { createLastUsed } from '#features/authorizations/last-used.ts'
import type { Command } from '#store/command.ts'
import { declareStoreContract } from './store-contract.ts'
import { sqliteEngine } from './store/sqlite-engine.ts'
import { committed, countRows, insert, subjectsOf } from './store/world.ts'

const world = declareStoreContract(sqliteEngine)

// What is the embedded engine's own: one writer, commits that are shared, a disk that it can see.

const executed: string[] = []
// Only ever called with a statement as `this`.
// oxlint-disable-next-line typescript/unbound-method
const original = StatementSync.prototype.run
beforeEach(() => {
  const spy = function runStatement(this: StatementSync, ...values: SQLInputValue[]): unknown {
    executed.push(this.sourceSQL)
    return Reflect.apply(original, this, values)
  }
  StatementSync.prototype.run = spy as typeof original
  executed.length = 0
})
afterEach(() => {
  StatementSync.prototype.run = original
})
/** Commits of the writer. */
const commits = (): number => executed.filter((sql) => sql === 'COMMIT').length

const pragma = (text: string) =>
  world().store.write(function* (): Command<unknown> {
    const answer = yield {
      sql: `PRAGMA ${text}`,
      parameters: [],
      query: {},
      queryId: {},
    } as never
    return Object.values(answer.rows[0] ?? {})[0]
  })

test('the store syncs its log at every commit, writes ahead, and keeps foreign keys', async () => {
  assert.equal(await pragma('journal_mode'), 'wal')
  assert.equal(await pragma('synchronous'), 2)
  assert.equal(await pragma('foreign_keys'), 1)
})

test('writes that arrive together share one commit, also when one of them fails, and nobody hears before it', async () => {
  const { store } = world()
  const before = commits()
  const heard: number[] = []
  const results = await Promise.allSettled(
    Array.from({ length: 100 }, (_, i) =>
      store
        .write(function* () {
          yield* insert(store, `s${i}`)
          if (i === 50) throw new Error('changed its mind')
        })
        .finally(() => heard.push(commits())),
    ),
  )
  assert.equal(results.filter(({ status }) => status === 'rejected').length, 1)
  assert.equal(await committed(world()), 99)
  assert.deepEqual(new Set(heard), new Set([before + 1]))
})

test('each command sees what the ones before it in the same commit have done', async () => {
  const { store } = world()
  const seen = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      store.write(function* () {
        yield* insert(store, `s${i}`)
        return yield* countRows(store)
      }),
    ),
  )
  assert.deepEqual(
    seen,
    Array.from({ length: 20 }, (_, i) => i + 1),
  )
})

test('while another process holds the database a write is told to come back, and nothing of it is stored', async () => {
  const { store, run } = world()
  await run('BEGIN IMMEDIATE')
  const results = await Promise.allSettled([
    store.write(() => insert(store, 'a')),
    store.write(() => insert(store, 'b')),
  ])
  for (const result of results) {
    assert.ok(result.status === 'rejected' && result.reason instanceof Unavailable)
    assert.ok(result.reason.retryAfterSeconds > 0)
  }
  assert.deepEqual(await subjectsOf(world()), [])
  await run('ROLLBACK')
  await store.write(() => insert(store, 'c'))
  assert.deepEqual(await subjectsOf(world()), ['c'])
})

test('on a full disk writes are told to come back with nothing half done, and go on when there is room', async () => {
  const { store, run } = world()
  const [pages] = await run('PRAGMA page_count')
  await pragma(`max_page_count = ${Number(pages?.['page_count'])}`)
  const big = (name: string) => `${name}${'x'.repeat(100_000)}`
  const results = await Promise.allSettled([
    store.write(() => insert(store, 'small')),
    store.write(function* () {
      yield* insert(store, 'first')
      yield* insert(store, big('a'))
    }),
    store.write(() => insert(store, 'after')),
  ])
  for (const result of results)
    assert.ok(result.status === 'rejected' && result.reason instanceof Unavailable)
  assert.deepEqual(await subjectsOf(world()), [])
  await pragma('max_page_count = 100000')
  await store.write(() => insert(store, big('a')))
  assert.equal(await committed(world()), 1)
})

test('times of use are written when they are asked to be, and with nothing noted nothing is', async () => {
  const lastUsed = createLastUsed(world().store, { now: () => 77 })
  const before = commits()
  for (let i = 0; i < 1000; i += 1) lastUsed.note(1, 1)
  assert.equal(commits(), before)
  await lastUsed.flush()
  const after = commits()
  assert.ok(after > before)
  await lastUsed.flush()
  assert.equal(commits(), after)
})
