import { setTimeout } from 'node:timers/promises'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, StatementSync } from 'node:sqlite'
import { afterEach, beforeEach, test } from 'node:test'
import { promisify } from 'node:util'
import { Unavailable } from '#lib/refusal.ts'
import { all, type Command, first, run } from '#store/command.ts'
import { expiringTables } from '#store/schema.ts'
import { openSqliteStore } from '#store/sqlite/store.ts'
import type { Store } from '#store/store.ts'
import { sweepExpired } from '#store/sweep.ts'
import { createLastUsed } from '#features/authorizations/last-used.ts'

let directory: string
let file: string
let store: Store
let other: DatabaseSync
const executed: string[] = []
// Only ever called with a statement as `this`.
// oxlint-disable-next-line typescript/unbound-method
const original = StatementSync.prototype.run
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'headgate-store-'))
  file = join(directory, 'headgate.db')
  const spy = function runStatement(this: StatementSync, ...values: SQLInputValue[]): unknown {
    executed.push(this.sourceSQL)
    return Reflect.apply(original, this, values)
  }
  StatementSync.prototype.run = spy as typeof original
  executed.length = 0
  store = await openSqliteStore(file)
  other = new DatabaseSync(file)
})
afterEach(async () => {
  StatementSync.prototype.run = original
  other.close()
  await store.close()
  rmSync(directory, { recursive: true, force: true })
})

const insert = (subject: string, expiresAt = 1): Command<number> =>
  run(
    store.sql.insertInto('login_failures').values({
      subject,
      failures: 1,
      window_ends_at: 1,
      locked_at: null,
      locked_until: null,
      expires_at: expiresAt,
    }),
  )
const subjects = async (): Promise<readonly string[]> => {
  const found = await store.read(() =>
    all(store.sql.selectFrom('login_failures').select('subject')),
  )
  return found.map((row) => row.subject).sort()
}
/** What another process sees, so what is committed. */
const committed = (): number =>
  Number(other.prepare('select count(*) as n from login_failures').get()?.['n'])
/** Commits of the writer. */
const commits = (): number => executed.filter((sql) => sql === 'COMMIT').length

test('the store syncs its log at every commit, writes ahead, and keeps foreign keys', async () => {
  const pragma = (name: string) =>
    store.write(function* (): Command<unknown> {
      const answer = yield {
        sql: `PRAGMA ${name}`,
        parameters: [],
        query: {},
        queryId: {},
      } as never
      return Object.values(answer.rows[0] as object)[0]
    })
  assert.equal(await pragma('journal_mode'), 'wal')
  assert.equal(await pragma('synchronous'), 2)
  assert.equal(await pragma('foreign_keys'), 1)
  await assert.rejects(
    store.write(() => run(store.sql.insertInto('user_roles').values({ user_id: 99, role_id: 99 }))),
    /FOREIGN KEY/,
  )
})

test('nobody hears of a write, and nobody of its refusal, before it is committed', async () => {
  const heard: string[] = []
  const good = store
    .write(() => insert('a'))
    .then(() => heard.push(`good ${committed()} ${commits()}`))
  const bad = store
    .write(function* () {
      yield* insert('b')
      throw new Error('no')
    })
    .catch(() => heard.push(`bad ${committed()} ${commits()}`))
  const before = commits()
  await Promise.all([good, bad])
  assert.deepEqual(heard, [`good 1 ${before + 1}`, `bad 1 ${before + 1}`])
})

test('a command that throws is rolled back alone, and its mates in the same commit stay', async () => {
  const before = commits()
  const results = await Promise.allSettled([
    store.write(() => insert('a')),
    store.write(function* () {
      yield* insert('b')
      yield* insert('b')
    }),
    store.write(function* () {
      yield* insert('c')
      throw new Error('changed its mind')
    }),
    store.write(() => insert('d')),
  ])
  assert.deepEqual(
    results.map((result) => result.status),
    ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
  )
  assert.equal(commits(), before + 1)
  assert.deepEqual(await subjects(), ['a', 'd'])
})

test('a statement that fails ends its command, whatever the command makes of it', async () => {
  await store.write(() => insert('a'))
  await assert.rejects(
    store.write(function* (): Command<string> {
      yield* insert('b')
      try {
        yield* insert('a')
      } catch {
        yield* insert('c')
      }
      return 'went on'
    }),
    /UNIQUE/,
  )
  assert.deepEqual(await subjects(), ['a'])
})

test('a command that says by itself that it cannot go on fails alone', async () => {
  const results = await Promise.allSettled([
    store.write(() => insert('a')),
    store.write(function* (): Command<void> {
      yield* insert('b')
      throw new Unavailable('Not now.')
    }),
  ])
  assert.deepEqual(
    results.map((result) => result.status),
    ['fulfilled', 'rejected'],
  )
  assert.deepEqual(await subjects(), ['a'])
})

test('writes that arrive together share one commit', async () => {
  const before = commits()
  await Promise.all(Array.from({ length: 100 }, (_, i) => store.write(() => insert(`s${i}`))))
  assert.equal(commits(), before + 1)
  assert.equal(committed(), 100)
})

test('each command sees what the ones before it in the same commit have done', async () => {
  const seen = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      store.write(function* () {
        yield* insert(`s${i}`)
        return (yield* all(store.sql.selectFrom('login_failures').select('subject'))).length
      }),
    ),
  )
  assert.deepEqual(
    seen,
    Array.from({ length: 20 }, (_, i) => i + 1),
  )
})

test('while another process holds the database a write is told to come back, and nothing of it is stored', async () => {
  other.exec('BEGIN IMMEDIATE')
  const results = await Promise.allSettled([
    store.write(() => insert('a')),
    store.write(() => insert('b')),
  ])
  for (const result of results) {
    assert.ok(result.status === 'rejected' && result.reason instanceof Unavailable)
    assert.ok(result.reason.retryAfterSeconds > 0)
  }
  assert.deepEqual(await subjects(), [])
  other.exec('ROLLBACK')
  await store.write(() => insert('c'))
  assert.deepEqual(await subjects(), ['c'])
})

test('on a full disk writes are told to come back with nothing half done, and go on when there is room', async () => {
  const pragma = (text: string) =>
    store.write(function* (): Command<unknown> {
      return yield { sql: `PRAGMA ${text}`, parameters: [], query: {}, queryId: {} } as never
    })
  const pages = Number(other.prepare('PRAGMA page_count').get()?.['page_count'])
  await pragma(`max_page_count = ${pages}`)
  const big = (name: string) => `${name}${'x'.repeat(100_000)}`
  const results = await Promise.allSettled([
    store.write(() => insert('small')),
    store.write(function* () {
      yield* insert('first')
      yield* insert(big('a'))
    }),
    store.write(() => insert('after')),
  ])
  for (const result of results)
    assert.ok(result.status === 'rejected' && result.reason instanceof Unavailable)
  assert.deepEqual(await subjects(), [])
  await pragma('max_page_count = 100000')
  await store.write(() => insert(big('a')))
  assert.equal(committed(), 1)
})

test('what was asked before the store is closed is stored, and what is asked after it is refused', async () => {
  const last = store.write(() => insert('last'))
  await store.close()
  assert.equal(await last, 1)
  assert.equal(committed(), 1)
  await assert.rejects(store.write(() => insert('late')))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(committed(), 1)
})

test('opening again changes nothing, and two processes that open a new database at once both come up', async () => {
  const schema = () => other.prepare('select sql from sqlite_master order by name').all()
  const before = schema()
  const again = await openSqliteStore(file)
  await again.close()
  assert.deepEqual(schema(), before)
  const fresh = join(directory, 'fresh.db')
  const script = `import { openSqliteStore } from '${join(import.meta.dirname, '../../src/store/sqlite/store.ts')}'
    const store = await openSqliteStore(process.argv[1]); await store.close(); process.stdout.write('up')`
  const both = await Promise.all(
    [1, 2].map(() =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, fresh]),
    ),
  )
  assert.deepEqual(
    both.map(({ stdout }) => stdout),
    ['up', 'up'],
  )
})

test('a database of a newer release is opened while that one allows it; else the start stops with a sentence', async () => {
  await store.close()
  other
    .prepare('insert into kysely_migration (name, timestamp) values (?, ?)')
    .run('9999-from-the-future', new Date(0).toISOString())
  // Its changes are such that this release can go on.
  await (await openSqliteStore(file)).close()
  other.exec("update schema_facts set value = '9999-from-the-future'")
  await assert.rejects(openSqliteStore(file), /written by a newer release of Headgate/)
  assert.equal(committed(), 0)
})

/** One row in every expiring table that ends at the given time, with what it hangs on. */
const fill = (name: string, at: number): void => {
  const key = Buffer.from(name.padEnd(32))
  const exec = (sql: string, ...values: (string | number | Uint8Array)[]) =>
    Number(other.prepare(sql).run(...values).lastInsertRowid)
  other.exec(
    `insert into tenants (id, name, name_key, description, status, created_at) values (1, 't', 't', '', 1, 0) on conflict do nothing`,
  )
  const user = exec(
    `insert into users (tenant_id, user_name, user_name_key, status, password_version, password_status, created_at) values (1, ?, ?, 1, 1, 1, 0)`,
    name,
    name,
  )
  const application = exec(
    `insert into client_applications (owner_id, tenant_id, client_id, client_type, name, description, redirect_uris, grant_types, rotate_refresh_tokens, enabled, available_to_tenants, revision, created_at) values (?, 1, ?, 'public', '', '', '[]', '[]', 0, 1, 0, 1, 0)`,
    user,
    name,
  )
  exec(
    'insert into client_secrets (application_id, secret_hash, created_at, expires_at) values (?, ?, 0, ?)',
    application,
    key,
    at,
  )
  exec('insert into authorization_requests values (?, ?, ?, ?, ?)', key, key, application, '{}', at)
  exec('insert into sessions values (?, ?, 0, 0, ?, ?)', key, user, at, at)
  exec('insert into login_failures values (?, 1, 0, null, null, ?)', name, at)
  const consent = exec(
    `insert into consents (user_id, application_id, scope, selection, redirect_host, application_revision, created_at) values (?, ?, '', '{}', '', 1, 0)`,
    user,
    application,
  )
  const chain = exec(
    `insert into chains (consent_id, grant_type, scope, selection, generation, created_at, expires_at) values (?, 'authorization_code', '', '{}', 0, 0, ?)`,
    consent,
    at,
  )
  exec(`insert into codes values (?, ?, '', null, null, ?)`, key, chain, at)
  exec('insert into access_tokens values (?, ?, 0, ?)', key, chain, at)
  exec('insert into refresh_tokens values (?, ?, 0, null, null, 0, ?)', key, chain, at)
}
const count = (table: string): number =>
  Number(other.prepare(`select count(*) as n from ${table}`).get()?.['n'])

test('the sweeper drains every table that expires, and leaves what has not expired', async () => {
  for (let i = 0; i < 5; i += 1) fill(`dead ${i}`, 1000)
  fill('alive', 1001)
  assert.ok((await sweepExpired(store, 1000)) >= 5 * expiringTables.length - 10)
  for (const table of [...expiringTables, 'codes']) assert.equal(count(table), 1, table)
  await sweepExpired(store, 1001)
  for (const table of [...expiringTables, 'codes']) assert.equal(count(table), 0, table)
  assert.equal(await sweepExpired(store, 1001), 0)
})

test('every table with a column expires_at is swept', () => {
  const tables = other
    .prepare(
      `select m.name from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' and c.name = 'expires_at' order by 1`,
    )
    .all()
    .map((row) => row['name'])
  assert.deepEqual(tables, [...expiringTables].sort())
})

test('a sweep of more rows than one batch ends with none', async () => {
  await store.write(function* () {
    for (let i = 0; i < 1201; i += 1) yield* insert(`s${i}`, 5)
  })
  assert.equal(await sweepExpired(store, 5), 1201)
  assert.equal(committed(), 0)
})

test('last-used times are noted without a write, and written together in one', async () => {
  fill('used', 1000)
  const lastUsed = createLastUsed(store, { now: () => 77 })
  const before = commits()
  for (let i = 0; i < 1000; i += 1) lastUsed.note(1, 1)
  assert.equal(commits(), before)
  await lastUsed.flush()
  const after = commits()
  await lastUsed.flush()
  assert.equal(commits(), after, 'with nothing noted nothing is written')
  const row = await store.read(() =>
    first(store.sql.selectFrom('consents').select('last_used_at').where('id', '=', 1)),
  )
  assert.equal(row?.last_used_at, 77)
})

test('what is recalled is forgotten at once by a write of this store, and soon after one by another process', async () => {
  const count = () =>
    store.recall('count', function* (): Command<number> {
      return (yield* all(store.sql.selectFrom('login_failures').select('subject'))).length
    })
  assert.equal(await count(), 0)
  await store.write(() => insert('a'))
  assert.equal(await count(), 1)
  other.exec(`insert into login_failures values ('b', 1, 1, null, null, 1)`)
  await setTimeout(250)
  assert.equal(await count(), 2)
})

test('what is recalled is not asked for again while nothing is committed', async () => {
  let asked = 0
  const ask = () =>
    store.recall('asked', function* (): Command<number> {
      asked += 1
      yield* all(store.sql.selectFrom('tenants').select('id'))
      return asked
    })
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [1, 1, 1])
  await store.write(() => insert('a'))
  assert.equal(await ask(), 2)
})
