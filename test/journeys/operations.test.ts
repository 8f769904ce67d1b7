// Alone in its process: it takes long.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { endAllTokens } from '#features/authorizations/ending.ts'
import { run } from '#store/command.ts'
import { beginSession, createSource, people, startApp } from '#test/support/app.ts'
import {
  type Ended,
  embeddedEnvironment,
  runCommand,
  type ServerProcess,
  startCommand,
  startServer,
} from '#test/support/command.ts'
import {
  askToken,
  authorizeUrl,
  createStoppingBrowser,
  getTokens,
  manage,
  readWith,
  refresh,
  register,
  type Registered,
  type TokenAnswer,
} from '#test/support/oauth.ts'

const person = people.owner
const directories: string[] = []
const newDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-operations-'))
  directories.push(directory)
  return directory
}
after(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

const hashOf = (file: string): string =>
  createHash('sha256').update(readFileSync(file)).digest('hex')

/** A refusal is one line on the error output, nothing else, and exit code 1. */
const assertRefused = (ended: Ended, says: RegExp): void => {
  assert.match(ended.error, says)
  assert.match(ended.error, /^[^\n]+\n$/)
  assert.equal(ended.code, 1)
}

// A store with a server that was used, and its backup: made once.
let dataDir: string
let env: Record<string, string>
let backups: string
let file: string
let client: Registered
let tokens: TokenAnswer['body']
let remembered: TokenAnswer['body']
before(async () => {
  dataDir = newDirectory()
  env = embeddedEnvironment(dataDir)
  backups = newDirectory()
  file = join(backups, 'headgate.backup')
  const server = await startServer(env)
  await createSource(server.app, 'one', 'one.db', person)
  client = await register(server.app)
  tokens = await getTokens(server.app, client, { person })
  remembered = await getTokens(server.app, client, { person })
  // Writes all the time while the copy is made.
  const done = new AbortController()
  const writer = (async () => {
    while (!done.signal.aborted) await refresh(server.app, client, remembered.refresh_token)
  })()
  const ended = await runCommand(['backup', file], env)
  done.abort()
  await writer
  assert.equal(ended.error, '')
  assert.equal(ended.code, 0)
  assert.match(ended.out, /headgate\.backup is written and checked \(\d+ bytes\)\./)
  assert.match(
    ended.out,
    /without the keys, which are not in it \(master g1, pepper g1\): they are in \S+\/keys; keep a copy of them elsewhere/,
  )
  await server.stop()
})

test('a backup beside a busy server is one private file, whole, that holds no key', () => {
  assert.deepEqual(readdirSync(backups), ['headgate.backup'])
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const database = new DatabaseSync(file, { readOnly: true })
  assert.equal(database.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok')
  assert.equal(database.prepare('select count(*) as n from chains').get()?.['n'], 2)
  database.close()
  for (const name of ['master', 'pepper']) {
    const key = readFileSync(join(dataDir, 'keys', name), 'utf8')
      .trim()
      .slice('g1:'.length)
    assert.equal(key.length, 44)
    assert.ok(!readFileSync(file).includes(key))
    assert.ok(!readFileSync(file).includes(Buffer.from(key, 'base64')))
  }
})

test('a backup never overwrites a file, and what fails leaves nothing', async () => {
  const before = hashOf(file)
  assertRefused(await runCommand(['backup', file], env), /exists already/)
  assert.equal(hashOf(file), before)
  assertRefused(
    await runCommand(['backup', join(backups, 'missing', 'x')], env),
    /^The directory \S+missing does not exist; make it first\.\n$/,
  )
  assertRefused(
    await runCommand(['backup', join(backups, 'x')], { HEADGATE_DATA_DIR: newDirectory() }),
    /^There is no database in \S+; check HEADGATE_DATA_DIR\.\n$/,
  )
  const damaged = newDirectory()
  const bytes = readFileSync(file)
  bytes.fill(0x5a, 8192, 20_480)
  writeFileSync(join(damaged, 'headgate.db'), bytes)
  assertRefused(
    await runCommand(['backup', join(backups, 'x')], { HEADGATE_DATA_DIR: damaged }),
    /headgate\.db is damaged/,
  )
  assert.deepEqual(readdirSync(backups), ['headgate.backup'])
  const large = newDirectory()
  copyFileSync(file, join(large, 'headgate.db'))
  const grown = new DatabaseSync(join(large, 'headgate.db'))
  grown.exec(`insert into access_tokens with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
    select randomblob(32), (select min(id) from chains), 1, 4102444800000 from n`)
  grown.close()
  const child = startCommand(['backup', join(backups, 'x')], { HEADGATE_DATA_DIR: large })
  while (readdirSync(backups).length === 1 && child.process.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 1))
  child.process.kill('SIGINT')
  assert.equal((await child.ended).code, 130)
  assert.deepEqual(readdirSync(backups), ['headgate.backup'])
  const usage = await runCommand(['backup'], env)
  assert.deepEqual(usage, {
    code: 2,
    out: '',
    error: 'Usage: npm run headgate -- backup <file>\n',
  })
})

/** Whether the user is asked again when the application comes back. */
const isAsked = async ({ app }: ServerProcess): Promise<boolean> => {
  const browser = createStoppingBrowser()
  let page = await browser.visit(authorizeUrl(app, client))
  page = await browser.submit(page, 'password', {
    username: person.name,
    password: person.password,
  })
  return page.html.includes('name="decision"')
}

test('a restore ends what was issued before the backup, and what was revoked since stays dead', async () => {
  const server = await startServer(env)
  assert.equal(await readWith(server.app, tokens.access_token), 200)
  assert.equal(await isAsked(server), false)
  await manage(server.app, 'DELETE', '/api/mgmt/oauth/client/allowedapplications/1')
  assert.equal(await readWith(server.app, tokens.access_token), 401)
  const beside = await runCommand(['restore', file], env)
  assertRefused(beside, /^Another server is running on \S+\. Stop it first/)
  assert.equal(await readWith(server.app, tokens.access_token), 401)
  await server.stop()

  const restored = await runCommand(['restore', file], env)
  assert.equal(restored.error, '')
  assert.equal(restored.code, 0)
  assert.match(restored.out, /headgate\.db is now what \S+headgate\.backup was\./)
  assert.match(restored.out, /Ended: 2 authorizations with their tokens, 0 tokens of machine/)
  assert.match(restored.out, /1 remembered consents will be asked again/)
  assert.match(restored.out, /must be changed or revoked again/)
  const aside = /kept as (\S+)\.\n/.exec(restored.out)?.[1] ?? ''
  assert.match(aside, /headgate\.db\.before-\d{8}T\d{9}Z$/)
  const old = new DatabaseSync(aside, { readOnly: true })
  assert.equal(old.prepare('select count(*) as n from consents').get()?.['n'], 0)
  old.close()
  assert.ok(!readdirSync(dataDir).some((name) => /restoring|draft/.test(name)))

  const again = await startServer(env)
  try {
    assert.equal(await readWith(again.app, tokens.access_token), 401)
    const refreshed = await refresh(again.app, client, tokens.refresh_token)
    assert.equal(refreshed.body.error, 'invalid_grant')
    assert.equal(await isAsked(again), true)
    assert.equal((await manage(again.app, 'GET', '/api/mgmt/datasources')).status, 200)
    const fresh = await getTokens(again.app, client, { person })
    assert.equal(await readWith(again.app, fresh.access_token), 200)
  } finally {
    await again.stop()
  }
})

test('with --keep-tokens a restore brings the tokens back, and a fresh machine needs only backup and keys', async () => {
  const fresh = newDirectory()
  cpSync(join(dataDir, 'keys'), join(fresh, 'keys'), { recursive: true })
  const freshEnv = embeddedEnvironment(fresh)
  const restored = await runCommand(['restore', '--keep-tokens', file], freshEnv)
  assert.equal(restored.code, 0, restored.error)
  assert.ok(!restored.out.includes('kept as'))
  assert.match(restored.out, /are good again, also those that were revoked after the backup/)
  const server = await startServer(freshEnv)
  try {
    assert.equal(await readWith(server.app, tokens.access_token), 200)
    assert.equal((await refresh(server.app, client, tokens.refresh_token)).status, 200)
  } finally {
    await server.stop()
  }
})

/** A copy of the backup that was changed in some way. */
const changed = (name: string, change: (database: DatabaseSync) => void): string => {
  const copy = join(backups, name)
  copyFileSync(file, copy)
  const database = new DatabaseSync(copy)
  change(database)
  database.close()
  return copy
}

test('a restore refuses what is no good before it replaces anything', async () => {
  const database = join(dataDir, 'headgate.db')
  const [hash, names] = [hashOf(database), readdirSync(dataDir).sort()]
  const text = join(backups, 'text')
  writeFileSync(text, 'not a database at all, but long enough to be looked at '.repeat(20))
  const cut = join(backups, 'cut')
  writeFileSync(cut, readFileSync(file).subarray(0, 40_960))
  const foreign = join(backups, 'foreign')
  new DatabaseSync(foreign).exec('CREATE TABLE t (a)')
  const newer = changed('newer', (d) =>
    d.exec(
      "insert into kysely_migration values ('9999-later', '2030'); update schema_facts set value = '9999-later'",
    ),
  )
  const orphan = changed('orphan', (d) =>
    d.exec(
      "PRAGMA foreign_keys = OFF; insert into access_tokens values (x'00', 999, 1, 4102444800000)",
    ),
  )
  for (const [path, says] of [
    [join(backups, 'nothing'), /^There is no file \S+nothing\.\n$/],
    [text, /text is not a Headgate database\.\n$/],
    [cut, /cut is damaged/],
    [foreign, /foreign is not a Headgate database\.\n$/],
    [newer, /written by a newer release of Headgate \(9999-later\)/],
    [orphan, /orphan is damaged \(a row of access_tokens refers to nothing\)\.\n$/],
  ] as const) {
    assertRefused(await runCommand(['restore', path], env), says)
    assert.equal(hashOf(database), hash)
    assert.deepEqual(readdirSync(dataDir).sort(), names)
  }
})

test('a restore wants the keys of the backup', async () => {
  const other = newDirectory()
  const otherEnv = embeddedEnvironment(other)
  assertRefused(
    await runCommand(['restore', file], otherEnv),
    /^The keys of this backup \(master g1, pepper g1\) are not here/,
  )
  assert.ok(!existsSync(join(other, 'keys')))
  // A store with keys of its own, which have the same names.
  assert.equal((await runCommand(['migrate'], otherEnv)).code, 0)
  const hash = hashOf(join(other, 'headgate.db'))
  assertRefused(
    await runCommand(['restore', file], otherEnv),
    /key g1 is not the one this database was written with/,
  )
  assert.equal(hashOf(join(other, 'headgate.db')), hash)
  const sealed = changed('sealed', (d) =>
    d.exec("insert into data_keys values (null, 1, 'm7', 'v1.x', 1)"),
  )
  assertRefused(
    await runCommand(['restore', sealed], env),
    /^This database has data under the master key m7, which is not there/,
  )
})

test('a restore that is killed leaves the old database or the new one without tokens', async () => {
  const killed = newDirectory()
  cpSync(join(dataDir, 'keys'), join(killed, 'keys'), { recursive: true })
  const killedEnv = embeddedEnvironment(killed)
  const database = join(killed, 'headgate.db')
  const large = changed('large', (d) =>
    d.exec(`insert into access_tokens with recursive n(i) as (select 1 union all select i + 1 from n where i < 12000)
      select randomblob(32), (select min(id) from chains), 1, 4102444800000 from n`),
  )
  const outcomes = new Set<string>()
  for (const delay of [0, 30, 80, 150, 300, 600, 1200, 2400]) {
    for (const name of [database, `${database}.restoring`]) rmSync(name, { force: true })
    copyFileSync(file, database)
    const child = startCommand(['restore', large], killedEnv)
    while (!existsSync(`${database}.restoring`) && child.process.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 2))
    await new Promise((resolve) => setTimeout(resolve, delay))
    child.process.kill('SIGKILL')
    await child.ended
    const opened = new DatabaseSync(database)
    assert.equal(opened.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok')
    const count = (table: string) =>
      Number(opened.prepare(`select count(*) as n from ${table}`).get()?.['n'])
    const [chains, accessTokens] = [count('chains'), count('access_tokens')]
    opened.close()
    // The old one has two chains with some tokens, the new one none.
    if (chains === 0) assert.equal(accessTokens, 0)
    else assert.ok(accessTokens > 0 && accessTokens < 12_000)
    outcomes.add(chains === 0 ? 'new' : 'old')
    if (existsSync(`${database}.restoring`)) outcomes.add('in the middle')
    if (chains === 0) break
  }
  assert.deepEqual([...outcomes].sort(), ['in the middle', 'new', 'old'])
  writeFileSync(`${database}.restoring`, 'left by one that was killed')
  assert.equal((await runCommand(['restore', large], killedEnv)).code, 0)
  assert.ok(!existsSync(`${database}.restoring`))
})

test('ending all tokens leaves the standing authorization of a machine client, and asks everybody else again', async () => {
  const app = await startApp()
  try {
    const { store } = app.core
    const made = await register(app)
    const alive = await getTokens(app, made)
    const session = await beginSession(app, people.user)
    await createStoppingBrowser().visit(authorizeUrl(app, made))
    await store.write(function* () {
      const base = { scope: 'api.access.odata', selection: '{"kind":"listed","ids":[]}' }
      const consent = { ...base, redirect_host: '', application_revision: 1, last_used_at: null }
      yield* run(
        store.sql
          .insertInto('consents')
          .values({ ...consent, id: 901, user_id: 1, application_id: made.id, created_at: 1 }),
      )
      const chain = { ...base, redirect_uri: null, generation: 0, created_at: 1 }
      yield* run(
        store.sql.insertInto('chains').values({
          ...chain,
          id: 901,
          consent_id: 901,
          grant_type: 'client_credentials',
          expires_at: 4_102_444_800_000,
        }),
      )
      yield* run(
        store.sql.insertInto('access_tokens').values({
          token_hash: Buffer.alloc(32, 7),
          chain_id: 901,
          created_at: 1,
          expires_at: 4_102_444_800_000,
        }),
      )
    })
    assert.equal(await readWith(app, alive.access_token), 200)

    assert.deepEqual(await endAllTokens(store), {
      sessions: 2,
      authorizations: 1,
      machineTokens: 1,
      consents: 2,
    })

    assert.equal(await readWith(app, alive.access_token), 401)
    assert.equal((await refresh(app, made, alive.refresh_token)).body.error, 'invalid_grant')
    assert.equal(await app.core.sessions.read(session), undefined)
    const left = await store.read(function* () {
      const rows: unknown[] = []
      for (const table of [
        'chains',
        'access_tokens',
        'refresh_tokens',
        'codes',
        'sessions',
        'authorization_requests',
      ] as const)
        rows.push((yield store.sql.selectFrom(table).selectAll().compile()).rows.length)
      return rows
    })
    assert.deepEqual(left, [1, 0, 0, 0, 0, 0])
    const nothing = { sessions: 0, authorizations: 0, machineTokens: 0, consents: 0 }
    assert.deepEqual(await endAllTokens(store), nothing)
  } finally {
    await app.close()
  }
})

test('admin end-tokens ends them beside a running server', async () => {
  const server = await startServer(env)
  try {
    const fresh = await getTokens(server.app, client, { person })
    assert.equal(await readWith(server.app, fresh.access_token), 200)
    const ended = await runCommand(['admin', 'end-tokens'], env)
    assert.equal(ended.code, 0, ended.error)
    assert.match(
      ended.out,
      /^Ended: \d+ authorizations .* will be asked again\. Machine clients get new tokens by themselves[^\n]+\n$/,
    )
    // What another process commits is seen within 100 ms.
    await new Promise((resolve) => setTimeout(resolve, 150))
    assert.equal(await readWith(server.app, fresh.access_token), 401)
    const form = { grant_type: 'refresh_token', refresh_token: fresh.refresh_token }
    const answer = await askToken(server.app, {
      ...form,
      client_id: client.clientId,
      client_secret: client.clientSecret,
    })
    assert.equal(answer.body.error, 'invalid_grant')
  } finally {
    await server.stop()
  }
})

test('a dry run shows what a migration would do, and touches nothing', async () => {
  const missing = join(newDirectory(), 'missing')
  const first = await runCommand(['migrate', '--dry-run'], { HEADGATE_DATA_DIR: missing })
  assert.equal(first.code, 0, first.error)
  assert.match(first.out, /^-- 0001-initial\ncreate table "tenants"[^\n]+;\n/)
  assert.match(first.out, /\n-- 0002-machine-clients\nalter table "client_applications"/)
  assert.match(first.out, /\n-- 0003-administration\nalter table "roles"/)
  assert.match(first.out, /\n-- 0004-upstream\ncreate table "oauth_profiles"/)
  assert.match(first.out, /\n-- 0005-model-demand\nalter table "data_sources"/)
  assert.ok(!existsSync(missing))

  const directory = newDirectory()
  const old = join(directory, 'headgate.db')
  copyFileSync(file, old)
  cpSync(join(dataDir, 'keys'), join(directory, 'keys'), { recursive: true })
  const database = new DatabaseSync(old)
  database.exec(`delete from kysely_migration where name >= '0004';
    drop table oauth_connections; drop table upstream_events; drop table upstream_tokens; drop table rotated_data_keys;
    drop table key_rotations; drop index data_sources_oauth_profile;
    alter table data_sources drop column oauth_profile_id; alter table data_sources drop column secret_options;
    alter table data_sources drop column model_demand;
    drop table oauth_profiles;
    PRAGMA journal_mode = WAL`)
  database.close()
  const oldEnv = { HEADGATE_DATA_DIR: directory, HEADGATE_MIGRATE: 'check' }
  const [hash, names] = [hashOf(old), readdirSync(directory)]
  const dry = await runCommand(['migrate', '--dry-run'], oldEnv)
  assert.equal(dry.code, 0, dry.error)
  assert.ok(!dry.out.includes('0003-administration'))
  assert.match(dry.out, /alter table "data_sources" add column "secret_options"/)
  const doctor = await runCommand(['doctor'], oldEnv)
  assert.equal(doctor.code, 1)
  assert.match(
    doctor.out,
    /^look {2}The database lacks 0004-upstream, 0005-model-demand: run headgate migrate\.$/m,
  )
  assert.equal(hashOf(old), hash)
  assert.deepEqual(readdirSync(directory), names)

  assertRefused(await runCommand(['serve'], oldEnv), /lacks 0004-upstream/)
  const done = await runCommand(['migrate'], oldEnv)
  assert.equal(done.code, 0, done.error)
  const nothing = await runCommand(['migrate', '--dry-run'], oldEnv)
  assert.equal(nothing.out, 'There is nothing to do.\n')
})

test('doctor does not make keys in the place of lost ones', async () => {
  const directory = newDirectory()
  mkdirSync(join(directory, 'files'))
  copyFileSync(file, join(directory, 'headgate.db'))
  const ended = await runCommand(['doctor'], { HEADGATE_DATA_DIR: directory })
  assert.equal(ended.code, 1)
  assert.match(
    ended.out,
    /^look {2}The keys of the database are not in \S+keys: bring keys\/master/m,
  )
  assert.ok(!existsSync(join(directory, 'keys')))
})
