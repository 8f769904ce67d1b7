import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { migrations } from '#store/migrations/index.ts'
import { basicOf, createSource, people } from '#test/support/app.ts'
import {
  type Ended,
  embeddedEnvironment,
  runCommand,
  startCommand,
  startServer,
} from '#test/support/command.ts'
import {
  createPkce,
  getCode,
  getTokens,
  manage,
  readWith,
  redeem,
  refresh,
  register,
  type Registered,
  type TokenAnswer,
} from '#test/support/oauth.ts'
import {
  createOAuthApplication,
  oauthApps,
  sampleApplication,
} from '#test/support/oauth-applications.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'

const person = people.owner
const directories: string[] = []
const newDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-move-'))
  directories.push(directory)
  return directory
}

const assertRefused = (ended: Ended, says: RegExp): void => {
  assert.match(ended.error, says)
  assert.match(ended.error, /^[^\n]+\n$/)
  assert.equal(ended.code, 1)
}

/** Rows beyond those that were made over HTTP, so that a copy takes a while. */
const many = 30_000

let cluster: Cluster
let dataDir: string
let env: Record<string, string>
let client: Registered
let rotating: Registered
let tokens: TokenAnswer['body']
/** A refresh token that was rotated, and the one that came of it. */
let rotated: { readonly old: string; readonly current: string }
let usedCode: string
let highestApplication: number
let oauthApplication: string

before(async () => {
  cluster = await startCluster()
  dataDir = newDirectory()
  env = embeddedEnvironment(dataDir)
  const server = await startServer(env)
  const { app } = server
  await createSource(app, 'one', 'one.db', person)
  client = await register(app)
  rotating = await register(app, { refreshTokenRotation: true })
  tokens = await getTokens(app, client, { person })
  const first = await getTokens(app, rotating, { person })
  const second = await refresh(app, rotating, first.refresh_token)
  assert.notEqual(second.body.refresh_token, first.refresh_token)
  const third = await refresh(app, rotating, second.body.refresh_token)
  rotated = { old: first.refresh_token, current: third.body.refresh_token }
  const pkce = createPkce()
  usedCode = await getCode(app, client, { person, challenge: pkce.challenge })
  const redeemed = await redeem(app, client, usedCode, { code_verifier: pkce.verifier })
  assert.equal(redeemed.status, 200)
  const gone = await register(app, { name: 'To be deleted' })
  highestApplication = gone.id
  const deleted = await fetch(`${app.url}/api/mgmt/oauth/client/applications/${gone.id}`, {
    method: 'DELETE',
    headers: basicOf(person),
  })
  assert.ok(deleted.ok)
  oauthApplication = await createOAuthApplication(app, people.admin)
  await server.stop()
  // The keys of a store that has been rotated move like others.
  const keysRotated = await runCommand(['keys', 'rotate'], env)
  assert.equal(keysRotated.code, 0, keysRotated.error)
  const database = new DatabaseSync(join(dataDir, 'headgate.db'))
  database.exec(`insert into access_tokens with recursive n(i) as (select 1 union all select i + 1 from n where i < ${many})
    select randomblob(32), (select min(id) from chains), i, 4102444800000 from n`)
  database.close()
})
after(async () => {
  await cluster.stop()
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

const position = async (url: string): Promise<string> => {
  const [table] = await cluster.run("select to_regclass('headgate_copy') as found", url)
  if (table?.['found'] === null) return 'none'
  const [row] = await cluster.run('select at_table, last_rowid from headgate_copy', url)
  return `${String(row?.['at_table'])} ${String(row?.['last_rowid'])}`
}

/** Begins (or goes on with) a copy and kills it in the middle of the large table, further on than it was. */
const killInTheMiddle = async (url: string): Promise<string> => {
  const begun = await position(url)
  const child = startCommand(['migrate', '--to', url], env)
  let now = begun
  while (child.process.exitCode === null && (now === begun || !now.startsWith('access_tokens ')))
    now = await position(url)
  assert.equal(child.process.exitCode, null, 'the copy was over too early to be killed')
  child.process.kill('SIGKILL')
  await child.ended
  return now
}

const count = async (table: string, url: string): Promise<number> => {
  const [row] = await cluster.run(`select count(*)::int as n from ${table}`, url)
  return Number(row?.['n'])
}

test('a row that was changed while it was copied makes the comparison fail, and no server opens the copy', async () => {
  const url = await cluster.createDatabase()
  await killInTheMiddle(url)
  await cluster.run("update users set password_version = 2 where user_name = 'd2cuser'", url)

  const ended = await runCommand(['migrate', '--to', url], env)

  assertRefused(
    ended,
    /^The copy of the table users is not what it was copied from .* Begin again with an empty database\.\n$/,
  )
  assert.ok(!existsSync(join(dataDir, 'moved-to-postgresql')))
  assert.ok(!existsSync(join(dataDir, 'keys', 'environment')))
  await cluster.run("update users set password_version = 1 where user_name = 'd2cuser'", url)
  await cluster.run('delete from access_tokens where created_at = 17', url)
  assertRefused(
    await runCommand(['migrate', '--to', url], env),
    new RegExp(`table access_tokens .*\\(\\d+ rows of \\d+\\)`),
  )
})

test('a copy into what is not empty, or is a copy of another store, is refused and changes nothing', async () => {
  const url = await cluster.createDatabase()
  await killInTheMiddle(url)
  const other = newDirectory()
  const otherEnv = { HEADGATE_DATA_DIR: other }
  assert.equal((await runCommand(['migrate'], otherEnv)).code, 0)
  const [at, rows] = [await position(url), await count('access_tokens', url)]
  assertRefused(
    await runCommand(['migrate', '--to', url], otherEnv),
    /^The database of --to holds an unfinished copy of another embedded store; nothing was changed/,
  )
  assert.deepEqual([await position(url), await count('access_tokens', url)], [at, rows])

  const taken = await cluster.createDatabase()
  // The password need not be on the command line.
  const { password } = new URL(taken)
  const bare = taken.replace(`:${password}@`, '@')
  assert.notEqual(bare, taken)
  const copied = await runCommand(['migrate', '--to', bare], { ...otherEnv, PGPASSWORD: password })
  assert.equal(copied.code, 0, copied.error)
  assertRefused(
    await runCommand(['migrate', '--to', taken], env),
    /^The database of --to holds a Headgate store already; nothing was changed/,
  )
  assert.equal(await count('users', taken), 0)
})

test('wrong words, places and passwords are one line each', async () => {
  const url = new URL(await cluster.createDatabase())
  const named = (change: (u: URL) => void): string => {
    const changed = new URL(url)
    change(changed)
    return changed.href
  }
  for (const [target, says] of [
    [
      named((u) => (u.password = 'wrong')),
      /^--to is refused by \S+: user or password is wrong\.\n$/,
    ],
    [named((u) => (u.pathname = '/nowhere')), /^--to names a database that does not exist/],
    [named((u) => (u.port = '1')), /^--to leads to 127\.0\.0\.1:1\/\S+, where nothing answers/],
  ] as const) {
    const ended = await runCommand(['migrate', '--to', target], env)
    assertRefused(ended, says)
    assert.ok(!ended.error.includes(url.password))
  }
  const usage = await runCommand(['migrate', '--to', 'mysql://x/y'], env)
  assert.equal(usage.code, 2)
  assert.match(usage.error, /^--to must be a URL like postgres:/)
  assertRefused(
    await runCommand(['migrate', '--to', url.href], { HEADGATE_DATA_DIR: join(dataDir, 'none') }),
    /^There is no database in \S+none; check HEADGATE_DATA_DIR\.\n$/,
  )
  const server = await startServer(env)
  assertRefused(
    await runCommand(['migrate', '--to', url.href], env),
    /^Another server is running on \S+\. Stop it first/,
  )
  await server.stop()
})

test('a move that was prevented from its very last step leaves neither side open, and is finished by running it again', async () => {
  const directory = newDirectory()
  cpSync(dataDir, directory, { recursive: true })
  const ownEnv = { ...env, HEADGATE_DATA_DIR: directory }
  const url = await cluster.createDatabase()
  await killInTheMiddle(url)
  const reader = new pg.Client({ connectionString: url })
  await reader.connect()
  // Whoever reads the table keeps it from being dropped, and nothing else.
  await reader.query('begin; lock table headgate_copy in access share mode')

  const prevented = await runCommand(['migrate', '--to', url], ownEnv)

  assertRefused(
    prevented,
    /^This cannot go on: rows of the system database were locked for too long/,
  )
  assert.notEqual(await position(url), 'none')
  assertRefused(await runCommand(['serve'], ownEnv), /was moved to PostgreSQL at/)
  await reader.end()
  const elsewhere = await cluster.createDatabase()
  assertRefused(
    await runCommand(['migrate', '--to', elsewhere], ownEnv),
    /^The embedded database was moved to PostgreSQL before/,
  )
  const ended = await runCommand(['migrate', '--to', url], ownEnv)
  assert.equal(ended.code, 0, ended.error)
  assert.equal(await position(url), 'none')
})

test('a copy that is killed again and again goes on, is compared, and takes everything along', async () => {
  const url = await cluster.createDatabase()
  const seen = new Set<string>()
  for (let i = 0; i < 4; i += 1) seen.add(await killInTheMiddle(url))
  assert.equal(seen.size, 4)
  assert.ok((await count('access_tokens', url)) < many)
  // Neither a server nor anything else opens the half of a store.
  const nodeEnv = (lines: string): Record<string, string> => ({
    ...env,
    HEADGATE_DATABASE_URL: url,
    HEADGATE_HDP: 'show-secrets',
    ...Object.fromEntries(
      lines
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    ),
  })
  const key = (name: string): string => readFileSync(join(dataDir, 'keys', name), 'utf8').trim()
  const given = `HEADGATE_MASTER_KEYS=${key('master').replaceAll('\n', ',')}\nHEADGATE_PEPPER=${key('pepper')}\n`
  assertRefused(await runCommand(['serve'], nodeEnv(given)), /embedded store .* is not finished/)

  const ended = await runCommand(['migrate', '--to', url], env)

  assert.equal(ended.error, '')
  assert.equal(ended.code, 0)
  assert.match(ended.out, /^\d+ rows are in 127\.0\.0\.1:\d+\/t_\w+, compared with the embedded/m)
  assert.ok(!ended.out.includes(new URL(url).password))
  const keyFile = join(dataDir, 'keys', 'environment')
  assert.ok(ended.out.includes(`The keys are in ${keyFile}, as the variables`))
  assert.ok(!ended.out.includes(key('pepper').slice(3)))
  assert.equal(readFileSync(keyFile, 'utf8'), given)
  assert.equal(statSync(keyFile).mode & 0o777, 0o600)
  assert.equal(await position(url), 'none')

  const node = await startServer(nodeEnv(readFileSync(keyFile, 'utf8')))
  try {
    const { app } = node
    // Access token, refresh token, password, and what was used up.
    assert.equal(await readWith(app, tokens.access_token), 200)
    assert.equal((await refresh(app, client, tokens.refresh_token)).status, 200)
    assert.equal((await refresh(app, rotating, rotated.current)).status, 200)
    const again = await refresh(app, rotating, rotated.old)
    assert.equal(again.body.error, 'invalid_grant')
    const replayed = await redeem(app, client, usedCode)
    assert.equal(replayed.body.error, 'invalid_grant')
    const shown = await manage(app, 'GET', `${oauthApps}/${oauthApplication}`, {
      person: people.admin,
    })
    assert.equal(shown.body['clientSecret'], sampleApplication.clientSecret)
    // An id is never given out twice, not even that of the application that was deleted.
    assert.equal((await register(app)).id, highestApplication + 1)
    const fresh = await getTokens(app, client, { person })
    assert.equal(await readWith(app, fresh.access_token), 200)
  } finally {
    await node.stop()
  }
  // The embedded store is closed: two that live would disagree.
  const moved =
    /^The database in \S+ was moved to PostgreSQL at 127\.0\.0\.1\S+ on 20\S+Z: set HEADGATE_DATABASE_URL, or delete \S+moved-to-postgresql/
  for (const command of [['serve'], ['backup', join(newDirectory(), 'b')], ['admin', 'end-tokens']])
    assertRefused(await runCommand(command, env), moved)
  assertRefused(
    await runCommand(['migrate', '--to', await cluster.createDatabase()], env),
    /^The embedded database was moved to PostgreSQL before/,
  )
  rmSync(join(dataDir, 'moved-to-postgresql'))
  const back = await startServer(env)
  assert.equal(await readWith(back.app, tokens.access_token), 200)
  await back.stop()
})

const nodeKeys = {
  HEADGATE_MASTER_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
  HEADGATE_PEPPER: `k1:${Buffer.alloc(32, 2).toString('base64')}`,
}

test('on PostgreSQL a dry run changes nothing, doctor says what is wrong, and a backup is left to its tools', async () => {
  const url = await cluster.createDatabase()
  const directory = join(newDirectory(), 'unused')
  const nodeEnv = { ...nodeKeys, HEADGATE_DATABASE_URL: url, HEADGATE_DATA_DIR: directory }
  const tables = () =>
    cluster.run(
      "select table_name from information_schema.tables where table_schema = 'public'",
      url,
    )
  const dry = await runCommand(['migrate', '--dry-run'], nodeEnv)
  assert.equal(dry.code, 0, dry.error)
  assert.match(dry.out, /^-- 0001-initial\ncreate table "tenants" \("id" bigint/)
  const pending = await runCommand(['doctor'], nodeEnv)
  assert.equal(pending.code, 1)
  const names = Object.keys(
    migrations({ integer: 'bigint', bytes: 'bytea', engine: 'postgres' }),
  ).join(', ')
  assert.ok(pending.out.includes(`look  The database lacks ${names}: run headgate migrate`))
  assert.deepEqual(await tables(), [])

  const migrated = await runCommand(['migrate'], { ...nodeEnv, HEADGATE_MIGRATE: 'check' })
  assert.equal(migrated.out, 'The database of HEADGATE_DATABASE_URL is up to date.\n')
  assert.equal(
    (await runCommand(['migrate', '--dry-run'], nodeEnv)).out,
    'There is nothing to do.\n',
  )
  const checked = await runCommand(['doctor'], nodeEnv)
  assert.match(checked.out, /^ok {4}PostgreSQL \d+\S* with synchronous_commit=on keeps/m)
  assert.match(checked.out, /^ok {4}This node's clock and the database's differ by 0 s\.$/m)
  assert.match(checked.out, /^look {2}There is no active administrator\.$/m)
  assert.ok(!checked.out.includes('unused'))

  await cluster.run(`alter database ${new URL(url).pathname.slice(1)} set synchronous_commit = off`)
  const lossy = await runCommand(['doctor'], nodeEnv)
  assert.match(
    lossy.out,
    /^look {2}HEADGATE_DATABASE_URL leads to a server with synchronous_commit=off/m,
  )
  await cluster.run(`alter database ${new URL(url).pathname.slice(1)} reset synchronous_commit`)

  assertRefused(
    await runCommand(['backup', join(newDirectory(), 'b')], nodeEnv),
    /^The system store is PostgreSQL: back it up with pg_dump .*docs\/operations\.md/,
  )
  assertRefused(await runCommand(['restore', 'b'], nodeEnv), /then run `headgate admin end-tokens`/)
  const none = await runCommand(['admin', 'end-tokens'], nodeEnv)
  assert.match(none.out, /^Ended: 0 authorizations/)
})

test('whichever command opens a wrong database says so in one line', async () => {
  const url = new URL(await cluster.createDatabase())
  const wrong = (change: (u: URL) => void): Record<string, string> => {
    const changed = new URL(url)
    change(changed)
    return {
      ...nodeKeys,
      HEADGATE_DATABASE_URL: changed.href,
      HEADGATE_DATA_DIR: join(newDirectory(), 'd'),
    }
  }
  for (const [environment, says] of [
    [
      wrong((u) => (u.password = 'wrong')),
      /HEADGATE_DATABASE_URL is refused by .*password is wrong/,
    ],
    [wrong((u) => (u.port = '1')), /HEADGATE_DATABASE_URL leads to .*where nothing answers/],
  ] as const) {
    for (const command of [
      ['migrate'],
      ['migrate', '--dry-run'],
      ['admin', 'unlock', 'x'],
      ['admin', 'end-tokens'],
    ])
      assertRefused(await runCommand(command, environment), says)
    const doctor = await runCommand(['doctor'], environment)
    assert.equal(doctor.code, 1)
    assert.match(doctor.out, new RegExp(`^look {2}${says.source}`, 'm'))
  }
})
