// Alone in its process: it takes long.
// A PostgreSQL that dies, hangs, or refuses, under a Store that is open and stays open.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { Unavailable } from '#lib/refusal.ts'
import { type Command, run } from '#store/command.ts'
import { openPostgresStore } from '#store/postgres/store.ts'
import type { Store } from '#store/store.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'
import { countRows, insert } from './store/world.ts'

let cluster: Cluster
let url: string
const opened: Store[] = []
before(async () => {
  cluster = await startCluster()
  url = await cluster.createDatabase()
})
after(() => cluster.stop())
beforeEach(async () => {
  const store = await open()
  await store.write(() => run(store.sql.deleteFrom('login_failures')))
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
})

/** A Store whose bounds are shorter than an operator would have them, as the URL may say. */
const open = async (parameters = '', poolSize = 4): Promise<Store> => {
  const store = await openPostgresStore({ url: `${url}${parameters}`, poolSize, mode: 'auto' })
  opened.push(store)
  return store
}

const statement = (sql: string): Command<unknown> =>
  (function* () {
    yield { sql, parameters: [] } as never
  })()

const isUnavailable = (error: unknown): boolean => error instanceof Unavailable
const because =
  (reason: RegExp) =>
  (error: unknown): boolean =>
    error instanceof Unavailable && reason.test(error.detail ?? '')

const subjects = async (): Promise<readonly string[]> => {
  const rows = await cluster.run('select subject from login_failures', url)
  return rows.map((row) => String(row['subject']))
}

const backends = async (): Promise<readonly number[]> => {
  const rows = await cluster.run(
    `select pid from pg_stat_activity where application_name = 'headgate'`,
  )
  return rows.map((row) => Number(row['pid']))
}

/** Writes pairs of rows until told to stop; which were acknowledged, and what else was heard. */
const writePairs = (store: Store) => {
  const acknowledged: string[] = []
  const refused: unknown[] = []
  const stopping = new AbortController()
  const writer = async (name: number): Promise<void> => {
    for (let i = 0; !stopping.signal.aborted; i += 1)
      try {
        await store.write(function* () {
          yield* insert(store, `a-${name}-${i}`)
          yield* insert(store, `b-${name}-${i}`)
        })
        acknowledged.push(`${name}-${i}`)
      } catch (error) {
        refused.push(error)
        await sleep(20)
      }
  }
  const ended = Promise.all(Array.from({ length: 8 }, (_, name) => writer(name)))
  const stop = async (): Promise<void> => {
    stopping.abort()
    await ended
  }
  const until = async (reached: () => boolean): Promise<void> => {
    while (!reached()) await sleep(5)
  }
  return { acknowledged, refused, stop, until }
}

const checkPairs = async (acknowledged: readonly string[]): Promise<void> => {
  const there = new Set(await subjects())
  for (const pair of acknowledged)
    for (const half of ['a', 'b'])
      assert.ok(there.has(`${half}-${pair}`), `${half}-${pair} is lost`)
  for (const subject of there)
    assert.ok(there.has(subject.replace(/^./, subject.startsWith('a') ? 'b' : 'a')), subject)
}

test('a database that is killed in the middle of writes loses nothing it acknowledged, does nothing by half, and is used again when it is back', async () => {
  const store = await open()
  const writing = writePairs(store)
  await writing.until(() => writing.acknowledged.length >= 50)
  await cluster.kill()
  await writing.until(() => writing.refused.length >= 20)
  await assert.rejects(
    store.read(() => countRows(store)),
    isUnavailable,
  )
  await assert.rejects(
    store.recall('k', () => countRows(store)),
    isUnavailable,
  )
  await assert.rejects(
    store.exclusive('k', async () => 1),
    isUnavailable,
  )
  await assert.rejects(store.databaseTime(), isUnavailable)
  await cluster.start()
  const before = writing.acknowledged.length
  await writing.until(() => writing.acknowledged.length >= before + 50)
  await writing.stop()
  for (const error of writing.refused) assert.ok(error instanceof Unavailable, String(error))
  await checkPairs(writing.acknowledged)
  assert.equal(await store.recall('k', () => countRows(store)), (await subjects()).length)
  assert.equal(await store.exclusive('k', async () => 1), 1)
})

test('connections that are ended in the middle of commands take nobody else with them', async () => {
  const store = await open()
  const asleep = store.write(function* () {
    yield* insert(store, 'half')
    yield* statement('select pg_sleep(5)')
  })
  const refused = assert.rejects(asleep, because(/stopping or was restarted|broke/))
  await sleep(100)
  await cluster.run(
    `select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(5)%' and pid <> pg_backend_pid()`,
  )
  await refused
  const writing = writePairs(store)
  for (let i = 1; i <= 10; i += 1) {
    await writing.until(() => writing.acknowledged.length >= i * 10)
    await cluster.run(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'headgate'`,
    )
  }
  await writing.until(() => writing.acknowledged.length >= 120)
  await writing.stop()
  for (const error of writing.refused) assert.ok(error instanceof Unavailable, String(error))
  assert.equal((await subjects()).includes('half'), false)
  await checkPairs(writing.acknowledged)
  assert.ok((await backends()).length <= 4 + 4 + 8)
})

test('a statement that takes too long, or waits too long for a row, is told to come back and its connection is used again', async () => {
  const store = await open('?statement_timeout=300&lock_timeout=150', 1)
  await store.write(() => insert(store, 'row'))
  const [pid] = await store.write(function* () {
    const answer = yield { sql: 'select pg_backend_pid() as pid', parameters: [] } as never
    return [(answer.rows[0] as { pid: number }).pid]
  })
  await assert.rejects(
    store.write(function* () {
      yield* insert(store, 'slow')
      yield* statement('select pg_sleep(5)')
    }),
    because(/took too long/),
  )
  await assert.rejects(
    store.read(() => statement('select pg_sleep(5)')),
    because(/took too long/),
  )
  const holder = await open()
  const held = holder.write(function* () {
    yield* run(holder.sql.updateTable('login_failures').set({ failures: 1 }))
    yield* statement('select pg_sleep(0.8)')
  })
  await sleep(100)
  await assert.rejects(
    store.write(function* () {
      yield* insert(store, 'waits')
      yield* run(store.sql.updateTable('login_failures').set({ failures: 2 }))
    }),
    because(/locked for too long/),
  )
  await held
  assert.deepEqual(await subjects(), ['row'])
  const again = await store.write(function* () {
    yield* insert(store, 'after')
    const answer = yield { sql: 'select pg_backend_pid() as pid', parameters: [] } as never
    return (answer.rows[0] as { pid: number }).pid
  })
  assert.equal(again, pid, 'the connection was thrown away')
})

test('when no connection is free one waits for a while, and when too many wait the rest is told at once', async () => {
  const store = await open('', 1)
  const held = store.write(() => statement('select pg_sleep(6)'))
  await sleep(50)
  const begun = performance.now()
  const times: number[] = []
  const results = await Promise.allSettled(
    Array.from({ length: 100 }, () =>
      store
        .write(() => insert(store, 'never'))
        .finally(() => times.push(performance.now() - begun)),
    ),
  )
  for (const result of results)
    assert.ok(result.status === 'rejected' && result.reason instanceof Unavailable)
  assert.equal(times.filter((time) => time < 2000).length, 100 - 64)
  assert.ok(Math.max(...times) < 15_000)
  await held
  await store.write(() => insert(store, 'after'))
  assert.deepEqual(await subjects(), ['after'])
})

test('a database that became read-only takes reads, and a write is told to come back', async () => {
  const store = await open()
  const name = new URL(url).pathname.slice(1)
  await cluster.run(`alter database ${name} set default_transaction_read_only = on`)
  await cluster.run(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'headgate'`,
  )
  await sleep(50)
  try {
    assert.equal(await store.read(() => countRows(store)), 0)
    await assert.rejects(
      store.write(() => insert(store, 'a')),
      because(/read-only/),
    )
  } finally {
    await cluster.run(`alter database ${name} reset default_transaction_read_only`)
  }
  await store.write(() => insert(store, 'b'))
  assert.deepEqual(await subjects(), ['b'])
})

test('a database that lets nobody in any more is unavailable, not wrong', async () => {
  const store = await open()
  const name = new URL(url).pathname.slice(1)
  await cluster.run(`alter database ${name} allow_connections false`)
  try {
    await cluster.run(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'headgate'`,
    )
    await sleep(50)
    await assert.rejects(
      store.read(() => countRows(store)),
      isUnavailable,
    )
    await assert.rejects(
      store.exclusive('k', async () => 1),
      isUnavailable,
    )
  } finally {
    await cluster.run(`alter database ${name} allow_connections true`)
  }
  assert.equal(await store.read(() => countRows(store)), 0)
})

test('a database that hangs does not hold anybody for ever, neither those who ask nor the close', async () => {
  const store = await open('?query_timeout=400')
  await Promise.all([1, 2, 3, 4].map(() => store.read(() => countRows(store))))
  const stopped = await backends()
  assert.ok(stopped.length > 0)
  for (const pid of stopped) process.kill(pid, 'SIGSTOP')
  try {
    await assert.rejects(
      store.write(() => insert(store, 'a')),
      isUnavailable,
    )
    const last = assert.rejects(
      store.write(() => insert(store, 'b')),
      isUnavailable,
    )
    await store.close()
    await last
  } finally {
    for (const pid of stopped) process.kill(pid, 'SIGCONT')
  }
})

test('a store whose database is gone can be closed', async () => {
  const store = await open()
  const asked = assert.rejects(
    store.write(() => statement('select pg_sleep(5)')),
    isUnavailable,
  )
  await sleep(50)
  await cluster.kill()
  await store.close()
  await asked
  await cluster.start()
})
