// A start on a PostgreSQL that cannot be used stops with one line that says what to do, and leaves everything as it was.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openPostgresStore } from '#store/postgres/store.ts'
import { freePort, people } from '#test/support/app.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'

const root = new URL('../../', import.meta.url).pathname
const newKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`

let cluster: Cluster
let directory: string
/** A database that nobody has written, and one that a server has. */
let empty: string
let written: string
let environment: Record<string, string>

type Ended = { readonly code: number | string | null; readonly out: string; readonly error: string }

/** `node headgate.mjs …` with nothing of this environment but the path. */
const run = (env: Record<string, string | undefined>, word = 'serve'): Promise<Ended> =>
  new Promise((resolve) => {
    const set = Object.entries({ ...environment, ...env }).filter(
      ([, value]) => value !== undefined,
    )
    const options = {
      cwd: root,
      env: { PATH: process.env['PATH'], ...Object.fromEntries(set) },
      timeout: 30_000,
    }
    execFile(process.execPath, [join(root, 'headgate.mjs'), word], options, (failed, out, error) =>
      resolve({ code: failed === null ? 0 : (failed.code ?? failed.signal ?? null), out, error }),
    )
  })

before(async () => {
  cluster = await startCluster()
  directory = mkdtempSync(join(tmpdir(), 'headgate-start-'))
  empty = await cluster.createDatabase()
  written = await cluster.createDatabase()
  environment = {
    HEADGATE_PORT: String(await freePort()),
    HEADGATE_DATA_DIR: directory,
    HEADGATE_ADMIN_PASSWORD: people.admin.password,
    HEADGATE_MASTER_KEYS: newKey('m1'),
    HEADGATE_PEPPER: newKey('p1'),
  }
  assert.equal((await run({ HEADGATE_DATABASE_URL: written }, 'migrate')).code, 0)
})
after(async () => {
  rmSync(directory, { recursive: true, force: true })
  await cluster.stop()
})

const changed = (url: string, change: (url: URL) => void): string => {
  const copy = new URL(url)
  change(copy)
  return copy.href
}

/** Everything that a start could have left in a database. */
const contents = async (url: string): Promise<unknown> => {
  const tables = await cluster.run(
    `select table_schema, table_name from information_schema.tables
      where table_schema not in ('pg_catalog', 'information_schema') order by 1, 2`,
    url,
  )
  const counted = tables.map(async ({ table_name: name }) => [
    name,
    (await cluster.run(`select count(*) from ${String(name)}`, url))[0]?.['count'],
  ])
  return Promise.all(counted)
}

type Case = {
  readonly what: string
  readonly env: () => Record<string, string | undefined>
  readonly says: RegExp
  /** Whose contents must not change; the empty database unless told otherwise. */
  readonly database?: () => string
  readonly prepare?: () => Promise<unknown>
}

const refuses = ({ what, env, says, database = () => empty, prepare }: Case): void => {
  test(`a start is refused with one line: ${what}`, async () => {
    await prepare?.()
    const earlier = await contents(database())
    const set = env()
    const ended = await run({ HEADGATE_DATABASE_URL: database(), ...set })
    assert.equal(ended.code, 1, ended.error)
    assert.equal(ended.out, '')
    assert.match(ended.error, /^[^\n]+\n$/)
    assert.match(ended.error, says)
    const secrets = [
      new URL(cluster.url).password,
      new URL(set['HEADGATE_DATABASE_URL'] ?? cluster.url).password,
      people.admin.password,
      ...[environment, set].flatMap((values) =>
        ['HEADGATE_MASTER_KEYS', 'HEADGATE_PEPPER'].flatMap((n) => values[n]?.split(':')[1] ?? []),
      ),
    ]
    for (const secret of secrets) assert.ok(!ended.error.includes(secret), 'a secret is shown')
    assert.deepEqual(await contents(database()), earlier)
  })
}

const wrongUrl = (what: string, change: (url: URL) => void, says: RegExp): void =>
  refuses({ what, env: () => ({ HEADGATE_DATABASE_URL: changed(empty, change) }), says })

/** The faults of the URL end with an example of a right one. */
const example = ' Example: HEADGATE_DATABASE_URL=postgres://headgate:password@'
const url = (fault: string): RegExp =>
  new RegExp(`^HEADGATE_DATABASE_URL ${fault}\\.${example.replaceAll('.', '\\.')}`)

describe('a start on PostgreSQL', { concurrency: 2 }, () => {
  wrongUrl(
    'a host that does not exist',
    (u) => void (u.hostname = 'nowhere.invalid'),
    /^HEADGATE_DATABASE_URL leads to nowhere\.invalid:\d+\/t_\w+, a host that (?:does not exist|cannot be looked up right now)\. Example: /,
  )
  wrongUrl(
    'a port where nobody listens',
    (u) => void (u.port = '1'),
    url('leads to [^ ]+:1/\\w+, where nothing answers; start PostgreSQL, or correct host and port'),
  )
  wrongUrl(
    'a wrong password',
    (u) => void (u.password = 'not-the-password'),
    url('is refused by [^ ]+: user or password is wrong'),
  )
  wrongUrl(
    'a user who does not exist',
    (u) => void (u.username = 'stranger'),
    url('is refused by [^ ]+: user or password is wrong'),
  )
  wrongUrl(
    'a database that does not exist',
    (u) => void (u.pathname = '/nowhere'),
    url('names a database that does not exist at [^ ]+/nowhere; create it'),
  )
  wrongUrl(
    'a certificate that is not there',
    (u) => void (u.search = '?sslmode=verify-full&sslrootcert=/nowhere/ca.pem'),
    url('names the file /nowhere/ca\\.pem, which cannot be read \\(ENOENT\\)'),
  )
  refuses({
    what: 'a user who may not create tables',
    prepare: () => cluster.run(`create user weak password 'the-weak-one'`),
    env: () => ({
      HEADGATE_DATABASE_URL: changed(empty, (u) => {
        u.username = 'weak'
        u.password = 'the-weak-one'
      }),
    }),
    says: /^HEADGATE_DATABASE_URL leads to [^ ]+, where this user lacks a permission; make it the owner of the database, or GRANT CREATE ON SCHEMA public\.\n$/,
  })
  refuses({
    what: 'no password for the first administrator',
    env: () => ({ HEADGATE_ADMIN_PASSWORD: undefined }),
    says: /^HEADGATE_ADMIN_PASSWORD is missing: on PostgreSQL the first password of d2cadmin is not generated\. Example: HEADGATE_ADMIN_PASSWORD=/,
  })
  refuses({
    what: 'no password for the user of the demo',
    env: () => ({ HEADGATE_DEMO: 'true' }),
    says: /^HEADGATE_DEMO_PASSWORD is missing: on PostgreSQL the first password of demo is not generated\. Example: HEADGATE_DEMO_PASSWORD=/,
  })
  refuses({
    what: 'a database that may not be changed and is empty',
    env: () => ({ HEADGATE_MIGRATE: 'check' }),
    says: /^HEADGATE_DATABASE_URL: The database lacks 0001-initial, .*HEADGATE_MIGRATE=check forbids to change it\. Run: headgate migrate\n$/,
  })

  const other = (name: string, database: () => string, one: Omit<Case, 'what' | 'database'>) =>
    refuses({ what: name, database, ...one })

  other('another pepper of the same name', () => written, {
    env: () => ({ HEADGATE_PEPPER: newKey('p1') }),
    says: /^The pepper key p1 is not the one this database was written with\. .*HEADGATE_PEPPER/,
  })
  other('a pepper of another name', () => written, {
    env: () => ({ HEADGATE_PEPPER: newKey('p2') }),
    says: /^HEADGATE_PEPPER is the key p2, but this database was written with the pepper p1\. Use that one\.\n$/,
  })
  other('another master key of the same name', () => written, {
    env: () => ({ HEADGATE_MASTER_KEYS: newKey('m1') }),
    says: /^The master key m1 is not the one this database was written with\. .*HEADGATE_MASTER_KEYS/,
  })
  other('no first password where only the tables are there', () => written, {
    env: () => ({ HEADGATE_ADMIN_PASSWORD: undefined }),
    says: /^HEADGATE_ADMIN_PASSWORD is missing/,
  })

  let latin: string
  other('a database that does not hold every text', () => latin, {
    prepare: async () => {
      await cluster.run(`create database plain encoding 'SQL_ASCII' template template0`)
      latin = cluster.urlOf('plain')
    },
    env: () => ({ HEADGATE_DATABASE_URL: latin }),
    says: /^HEADGATE_DATABASE_URL leads to a database in SQL_ASCII; create it with ENCODING 'UTF8'\.\n$/,
  })
  let careless: string
  other('a database that forgets what it acknowledged', () => careless, {
    prepare: async () => {
      careless = await cluster.createDatabase()
      const name = new URL(careless).pathname.slice(1)
      await cluster.run(`alter database ${name} set synchronous_commit = off`)
    },
    env: () => ({ HEADGATE_DATABASE_URL: careless }),
    says: /^HEADGATE_DATABASE_URL leads to a server with synchronous_commit=off, which loses acknowledged writes in a crash; set it to on\.\n$/,
  })
  let halfCopied: string
  other('a copy that was not finished', () => halfCopied, {
    prepare: async () => {
      halfCopied = await cluster.createDatabase()
      await cluster.run('create table headgate_copy (part text)', halfCopied)
    },
    env: () => ({ HEADGATE_DATABASE_URL: halfCopied }),
    says: /^HEADGATE_DATABASE_URL: A copy of an embedded store into this database is not finished; run the same `headgate migrate --to` again, or name another database\.\n$/,
  })
  let newer: string
  other('a database of a newer release', () => newer, {
    prepare: async () => {
      newer = await cluster.createDatabase()
      const store = await openPostgresStore({ url: newer, poolSize: 1, mode: 'auto' })
      await store.close()
      await cluster.run(
        `insert into kysely_migration values ('9999-future', now());
          update schema_facts set value = '9999-future'`,
        newer,
      )
    },
    env: () => ({ HEADGATE_DATABASE_URL: newer }),
    says: /^HEADGATE_DATABASE_URL: The database was written by a newer release of Headgate \(9999-future\); start that release, or restore a backup\.\n$/,
  })

  test('a start is refused with one line: a server that does not sync', async () => {
    const careless = await startCluster(['fsync = off'])
    try {
      const ended = await run({ HEADGATE_DATABASE_URL: careless.url })
      assert.equal(ended.code, 1)
      assert.match(
        ended.error,
        /^HEADGATE_DATABASE_URL leads to a server with fsync=off, which loses data in a crash; set it to on\.\n$/,
      )
    } finally {
      await careless.stop()
    }
  })

  test('the command line says the same as the server', async () => {
    const ended = await run(
      { HEADGATE_DATABASE_URL: changed(empty, (u) => void (u.password = 'not-the-password')) },
      'migrate',
    )
    assert.equal(ended.code, 1)
    assert.match(ended.error, url('is refused by [^ ]+: user or password is wrong'))
  })
})
