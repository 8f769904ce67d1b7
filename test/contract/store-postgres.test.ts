// Alone in its process: it takes long.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { Unavailable } from '#lib/refusal.ts'
import { type Command, first } from '#store/command.ts'
import { locking } from '#store/locking.ts'
import { sweepExpired } from '#store/sweep.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'
import { declareStoreContract } from './store-contract.ts'
import { readPostgresCatalog, readSqliteCatalog } from './store/catalogs.ts'
import { postgresEngine } from './store/postgres-engine.ts'
import { sqliteEngine } from './store/sqlite-engine.ts'
import { counterOf, insert, setCounter, startScript, subjectsOf } from './store/world.ts'

let cluster: Cluster
before(async () => {
  cluster = await startCluster(['deadlock_timeout = 100ms'])
})
after(() => cluster.stop())

const world = declareStoreContract(postgresEngine(() => cluster))

// What is PostgreSQL's own: many connections, on many nodes.

const connected = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** Waits until somebody in the database waits for a lock. */
const untilOneWaits = async (): Promise<void> => {
  for (;;) {
    const found = await world().run(`select 1 from pg_stat_activity
      where datname = current_database() and application_name = 'headgate' and wait_event_type = 'Lock'`)
    if (found.length > 0) return
    await sleep(10)
  }
}

test('a command that others got in the way of is run again, and counts once', async () => {
  const { store, meanwhile } = world()
  await store.write(() => insert(store, 'n'))
  let runs = 0
  const seen = await store.write(function* () {
    runs += 1
    const n = (yield* first(counterOf(store, 'n')))?.failures ?? -1
    yield* meanwhile(`update login_failures set failures = 41`)
    yield* setCounter(store, 'n', n + 1)
    return n
  })
  assert.deepEqual([runs, seen], [2, 41])
  assert.equal((await store.read(() => first(counterOf(store, 'n'))))?.failures, 42)
})

test('a command that others got in the way of for too long is told to come back, with nothing stored', async () => {
  const { store, run } = world()
  await store.write(() => insert(store, 'n'))
  await run(`create function conflict() returns trigger language plpgsql as
    $$ begin raise exception using errcode = 'serialization_failure'; end $$`)
  await run(`create trigger conflict before update on login_failures execute function conflict()`)
  try {
    await assert.rejects(
      store.write(function* () {
        yield* insert(store, 'other')
        yield* setCounter(store, 'n', 1)
      }),
      (error) => error instanceof Unavailable && /same rows/.test(error.detail ?? ''),
    )
  } finally {
    await run('drop function conflict cascade')
  }
  assert.deepEqual(await subjectsOf(world()), ['n'])
})

const alone = { isolation: 'one-statement', forgets: () => false } as const

test('single statements that arrive together share transactions, and each is answered for itself', async () => {
  const { store, run } = world()
  const changed = await Promise.all(
    Array.from({ length: 200 }, (_, i) => store.write(() => insert(store, `s${i}`), alone)),
  )
  assert.deepEqual(new Set(changed), new Set([1]))
  assert.equal((await subjectsOf(world())).length, 200)
  const [found] = await run('select count(distinct xmin::text)::int as n from login_failures')
  assert.ok(Number(found?.['n']) < 100, `${String(found?.['n'])} transactions`)
})

test('of single statements that arrive together the ones that fail do so alone, and the rest is stored', async () => {
  const { store } = world()
  await store.write(() => insert(store, 's7'))
  const results = await Promise.allSettled(
    Array.from({ length: 40 }, (_, i) => store.write(() => insert(store, `s${i}`), alone)),
  )
  for (const [i, { status }] of results.entries())
    assert.equal(status, i === 7 ? 'rejected' : 'fulfilled', String(i))
  assert.equal((await subjectsOf(world())).length, 40)
})

test('single statements wait for a locked row alone, and hold up no others', async () => {
  const { store, url } = world()
  await store.write(() => insert(store, 'locked'))
  const holder = await connected(url)
  await holder.query("begin; select 1 from login_failures where subject = 'locked' for update")
  let freed = false
  const waiting: Promise<void>[] = []
  // One after the other, so that each of them is alone when it meets the lock.
  for (let i = 0; i < 3; i += 1) {
    const set = store.write(() => setCounter(store, 'locked', 7), alone)
    waiting.push(set.then(() => assert.ok(freed)))
    await sleep(5)
  }
  await Promise.all(
    Array.from({ length: 50 }, (_, i) => store.write(() => insert(store, `s${i}`), alone)),
  )
  await Promise.all(
    Array.from({ length: 50 }, (_, i) => store.write(() => insert(store, `t${i}`), alone)),
  )
  freed = true
  await holder.query('rollback')
  await holder.end()
  await Promise.all(waiting)
  assert.equal((await subjectsOf(world())).length, 101)
})

test('a command that was said to be one statement and has two is refused', async () => {
  const { store } = world()
  await assert.rejects(
    store.write(function* () {
      yield* insert(store, 'a')
      yield* insert(store, 'b')
    }, alone),
    /has a second one/,
  )
})

test('two commands that wait for each other both come to their end', async () => {
  const { store } = world()
  await store.write(function* () {
    yield* insert(store, 'a')
    yield* insert(store, 'b')
  })
  let runs = 0
  const both = (one: string, two: string) =>
    store.write(
      function* () {
        runs += 1
        for (const subject of [one, two]) {
          const row = yield* first(locking(store, counterOf(store, subject), ['login_failures']))
          yield { sql: 'select pg_sleep(0.1)', parameters: [] } as never
          yield* setCounter(store, subject, (row?.failures ?? -1) + 1)
        }
      },
      { isolation: 'row-locks' },
    )
  await Promise.all([both('a', 'b'), both('b', 'a')])
  assert.ok(runs > 2, 'they did not meet')
  const rows = await world().run('select failures from login_failures')
  assert.deepEqual(
    rows.map((row) => Number(row['failures'])),
    [2, 2],
  )
})

test('a row that is renewed while the sweep waits for it survives', async () => {
  const { store, url } = world()
  await store.write(() => insert(store, 'renewed', 5))
  const other = await connected(url)
  await other.query('begin; update login_failures set expires_at = 5000')
  const swept = sweepExpired(store, 5)
  await untilOneWaits()
  await other.query('commit')
  await other.end()
  assert.equal(await swept, 0)
  assert.deepEqual(await subjectsOf(world()), ['renewed'])
})

test('a read that was begun before a commit does not answer those who ask after it', async () => {
  const { store } = world()
  const ask = (wait: number) =>
    store.recall('k', function* (): Command<number> {
      const answer = yield {
        sql: 'select (select count(*) from login_failures) as n, pg_sleep($1)',
        parameters: [wait],
      } as never
      return (answer.rows[0] as { n: number }).n
    })
  const early = ask(0.3)
  await sleep(50)
  await store.write(() => insert(store, 'a'))
  assert.equal(await ask(0), 1)
  assert.equal(await early, 0)
  assert.equal(await ask(0), 1)
})

test('work under one key is never done twice at once on two nodes, and a killed holder lets go', async () => {
  const { store, opening } = world()
  const other = await world().open()
  let inside = 0
  let most = 0
  const work = async (): Promise<void> => {
    most = Math.max(most, (inside += 1))
    await sleep(5)
    inside -= 1
  }
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).exclusive('a', work)),
  )
  assert.equal(most, 1)
  const holder = startScript(`${opening}
    const store = await open()
    await store.exclusive('a', async () => {
      process.stdout.write('holds')
      await new Promise((resolve) => setTimeout(resolve, 60_000))
    })`)
  await holder.said('holds')
  let inNow = false
  const next = store.exclusive('a', async () => void (inNow = true))
  await untilOneWaits()
  assert.equal(inNow, false)
  holder.kill()
  await next
  assert.equal(inNow, true)
})

test('work whose claim is lost while it runs is not taken for done, and the node goes on', async () => {
  const { store, run } = world()
  let finished = false
  await assert.rejects(
    store.exclusive('a', async () => {
      await run(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
        and pid in (select pid from pg_stat_activity where application_name = 'headgate')`)
      await sleep(50)
      finished = true
    }),
    Unavailable,
  )
  assert.ok(finished)
  assert.equal(await store.exclusive('a', async () => 'again'), 'again')
})

test('the two engines have the same tables, columns, keys and indexes', async () => {
  const embedded = await sqliteEngine.world()
  const catalog = await readPostgresCatalog(world())
  assert.deepEqual(catalog, await readSqliteCatalog(embedded))
  for (const line of [
    'unique users (user_name_key)',
    'chains.consent_id -> consents.id cascade',
    'user_roles.role_id integer not null key 2',
    "client_applications.data_sources text not null default '[]'",
    'index refresh_tokens (chain_id, generation)',
  ])
    assert.ok(catalog.includes(line), line)
  await embedded.end()
})
