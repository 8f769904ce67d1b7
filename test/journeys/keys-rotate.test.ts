// Alone in its process: it takes long.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, test } from 'node:test'
import { readKeysOf } from '#features/sealed/stored-keys.ts'
import { first, run } from '#store/command.ts'
import { generationOf, openDataKey, sealFor } from '#vault/envelope.ts'
import {
  onPostgres,
  people,
  postgresEnvironment,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import { endCommands, type Ended, runCommand, startCommand } from '#test/support/command.ts'
import { manage } from '#test/support/oauth.ts'
import { createOAuthApplication, oauthApps } from '#test/support/oauth-applications.ts'
import { createOAuthProfile, oauthProfiles } from '#test/support/oauth-profiles.ts'
import { openAll } from '#test/support/sealed.ts'

// `headgate keys rotate` beside a server that reads and writes secrets all the while: killed again and again, on keys that the
// embedded store makes for itself and on those of the environment.

const person = people.user
const endings: (() => unknown)[] = [endCommands]
after(async () => {
  for (const end of endings.toReversed()) await end()
})

const newDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-keys-'))
  endings.push(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

type Env = Readonly<Record<string, string>>

const start = async (dataDir: string, env: Env): Promise<TestApp> => {
  const app = await startApp({
    dataDir,
    sources: false,
    env: { HEADGATE_HDP: 'show-secrets', ...env },
  })
  endings.push(app.close)
  return app
}

/** What the command line needs to find the same database. */
const commandEnv = (dataDir: string, env: Env): Env => ({
  HEADGATE_DATA_DIR: dataDir,
  ...(onPostgres ? postgresEnvironment(readFileSync(join(dataDir, 'test-database'), 'utf8')) : {}),
  ...env,
})

/** Values that lie there already, so that a rotation takes its time. */
const many = 1200
const firstOfMany = 1_000_000
const secretOf = (id: number): string => `the secret of ${id}`

const fill = async ({ core }: TestApp): Promise<void> => {
  const { store, ring } = core
  await store.write(function* () {
    const [stored] = yield* readKeysOf(store, [1])
    assert.ok(stored)
    const key = openDataKey(ring.masters, stored.id, stored.stored)
    for (let from = firstOfMany; from < firstOfMany + many; from += 300) {
      const ids = Array.from({ length: 300 }, (_, index) => from + index)
      yield* run(
        store.sql.insertInto('oauth_applications').values(
          ids.map((id) => {
            const place = { tenantId: 1, table: 'oauth_applications', rowId: String(id) }
            return {
              id,
              tenant_id: 1,
              data_store: 54,
              name: `Many ${id}`,
              name_key: `many ${id}`,
              description: '',
              client_id: 'c',
              client_secret: sealFor(
                key,
                { ...place, column: 'client_secret', generation: 1 },
                secretOf(id),
              ),
              authorize_uri: 'https://a.example/',
              token_uri: 'https://a.example/',
              scope: '',
              available_to_tenants: 0,
              revision: 1,
              created_at: 0,
            }
          }),
        ),
      )
    }
  })
}

type Profile = { readonly id: number; readonly oauthAppId: number }

const prepare = async (app: TestApp): Promise<Profile> => {
  const oauthAppId = Number(await createOAuthApplication(app, people.admin))
  const id = await createOAuthProfile(app, person, { oauthAppId })
  await fill(app)
  return { id, oauthAppId }
}

/** Writes and reads secrets over HTTP until told to stop; answers how often. Each read must tell what was written last. */
const keepBusy = (app: TestApp, { id, oauthAppId }: Profile) => {
  const done = new AbortController()
  const work = async (): Promise<number> => {
    let rounds = 0
    for (; !done.signal.aborted; rounds += 1) {
      const accessToken = `access-token-${rounds}`
      const path = `${oauthProfiles}/${id}`
      const body = { name: 'User_1', oauthAppId, accessToken, refreshToken: 'r' }
      const put = await manage(app, 'PUT', path, { person, body })
      assert.equal(put.status, 200, JSON.stringify(put.body))
      const got = await manage(app, 'GET', path, { person })
      assert.equal(got.body['accessToken'], accessToken)
      const other = firstOfMany + ((rounds * 37) % many)
      const application = await manage(app, 'GET', `${oauthApps}/${other}`, {
        person: people.admin,
      })
      assert.equal(application.body['clientSecret'], secretOf(other))
    }
    return rounds
  }
  const working = work()
  // What went wrong is told when it is stopped.
  working.catch(() => undefined)
  return {
    stop: async (): Promise<number> => {
      done.abort()
      return working
    },
  }
}

/** How many of the many are under the keys of a rotation that goes on; undefined while none has begun. */
const doneOf = ({ core }: TestApp): Promise<number | undefined> =>
  core.store.read(function* () {
    const { sql } = core.store
    const rotation = yield* first(
      sql.selectFrom('key_rotations').select('id').where('finished_at', 'is', null),
    )
    if (rotation === undefined) return undefined
    const row = yield* first(
      sql
        .selectFrom('oauth_applications')
        .select((e) => e.fn.countAll<number>().as('n'))
        .where('client_secret', 'like', `v2.${rotation.id}.%`),
    )
    return row?.n
  })

/** Starts the command and sends it a signal when so many are done. */
const interrupt = async (app: TestApp, env: Env, { signal, at }: Point): Promise<Ended> => {
  const child = startCommand(['keys', 'rotate'], env)
  while (((await doneOf(app)) ?? -1) < at && child.process.exitCode === null) await sleep(1)
  child.process.kill(signal)
  return child.ended
}

const points = [
  { signal: 'SIGKILL', at: 0 },
  { signal: 'SIGKILL', at: 300 },
  { signal: 'SIGTERM', at: 700 },
] as const

/** When the command is sent what. */
type Point = { readonly signal: NodeJS.Signals; readonly at: number }

/** A refusal is one line on the error output, nothing else, and exit code 1. */
const assertRefused = (ended: Ended, says: RegExp): void => {
  assert.match(ended.error, says)
  assert.match(ended.error, /^[^\n]+\n$/)
  assert.equal(ended.code, 1)
}

/** Interrupts a rotation at every point, looks at it in between, and brings it to its end. */
const rotateThrough = async (
  app: TestApp,
  env: Env,
  { at, between }: { readonly at: readonly Point[]; readonly between: () => Promise<void> },
) => {
  for (const point of at) {
    const ended = await interrupt(app, env, point)
    if (point.signal === 'SIGTERM')
      assertRefused(
        ended,
        /^Stopped with [\d,]+ of 1,20\d values under the new keys\. Run headgate keys rotate again to go on\.$/m,
      )
    else assert.equal(ended.code, null, ended.error)
    const done = await doneOf(app)
    assert.ok(done !== undefined && done >= point.at && done < many, `${done} at ${point.at}`)
    for (const { table, opened } of await openAll(app)) assert.notEqual(opened, undefined, table)
  }
  await between()
  const ended = await runCommand(['keys', 'rotate'], env)
  assert.equal(ended.code, 0, ended.error)
  assert.match(
    ended.out,
    /^Going on with the rotation to the master key \S+ that began at .+ UTC\.$/m,
  )
  assert.match(
    ended.out,
    /^1,20(\d) of 1,20\1 values under the new keys\. The rotation is finished\.$/m,
  )
  return ended
}

/** Nothing is under an old key, everything opens, and no key lies in the database. */
const assertRotated = async (app: TestApp, masterKeyId: string): Promise<void> => {
  const { store, ring } = app.core
  const keys = await store.read(() => readKeysOf(store, [1]))
  const newest = Math.max(...keys.map(({ id }) => id.generation))
  assert.ok(newest > 0)
  const values = await openAll(app)
  assert.ok(values.length > many)
  for (const { text, opened } of values) {
    assert.equal(generationOf(text), newest)
    assert.notEqual(opened, undefined)
  }
  for (const { stored } of keys) assert.equal(stored.masterKeyId, masterKeyId)
  const secrets = keys.map((key) => openDataKey(ring.masters, key.id, key.stored).object)
  for (const key of [...secrets, ...ring.masters.list().map(({ object }) => object)])
    for (const file of readdirSync(app.dataDir).filter((name) => name.startsWith('headgate.db')))
      for (const text of [key.export(), key.export().toString('base64').slice(0, 42)])
        assert.ok(!readFileSync(join(app.dataDir, file)).includes(text), file)
}

const list = async (env: Env): Promise<string> => {
  const ended = await runCommand(['keys'], env)
  assert.equal(ended.code, 0, ended.error)
  return ended.out
}

test('keys that the store made are rotated beside a busy server, through every interruption, and the server needs no restart', {
  skip: onPostgres,
}, async () => {
  const dataDir = newDirectory()
  const app = await start(dataDir, {})
  const profile = await prepare(app)
  const env = commandEnv(dataDir, {})
  assert.equal(
    await list(env),
    'master key g1: wraps 1 data key, wraps new ones\nNo rotation is unfinished.\n',
  )
  const busy = keepBusy(app, profile)
  const between = async (): Promise<void> => {
    const doctor = await runCommand(['doctor'], env)
    assert.equal(doctor.code, 1)
    assert.match(
      doctor.out,
      /^look {2}The rotation to the master key g2 that began at .+ UTC is not finished: unless it is running, run headgate keys rotate/m,
    )
    assert.match(await list(env), /^The rotation to the master key g2 that began at/m)
  }
  const ended = await rotateThrough(app, env, { at: points, between })
  assert.ok((await busy.stop()) > 20)
  assert.match(ended.out, /^Keep a copy of \S+keys\/master elsewhere, in place of the one before/m)
  await assertRotated(app, 'g2')
  assert.equal(
    await list(env),
    'master key g2: wraps 2 data keys, wraps new ones\nmaster key g1: wraps 0 data keys\nNo rotation is unfinished.\n',
  )
  const file = join(dataDir, 'keys', 'master')
  assert.deepEqual(
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':')[0]),
    ['g2', 'g1', ''],
  )
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(join(dataDir, 'keys')).toSorted(), ['master', 'pepper'])

  // A backup of before wants g1, one of now g2; the file has both.
  const backup = join(newDirectory(), 'after')
  assert.equal((await runCommand(['backup', backup], env)).code, 0)
  await app.close()
  const restored = await runCommand(['restore', backup], env)
  assert.equal(restored.code, 0, restored.error)
  const again = await start(dataDir, {})
  await assertRotated(again, 'g2')
  await again.close()
})

const key = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`

test('keys of the environment are rotated to the first of them, and then the older one is not needed', async () => {
  const dataDir = newDirectory()
  const pepper = { HEADGATE_PEPPER: key('p1') }
  const [older, newer] = [key('m1'), key('m2')]
  const envOf = (...keys: readonly string[]): Env => ({
    ...pepper,
    HEADGATE_MASTER_KEYS: keys.join(','),
  })
  const before = await start(dataDir, envOf(older))
  const profile = await prepare(before)
  await before.close()

  const app = await start(dataDir, envOf(newer, older))
  const env = commandEnv(dataDir, envOf(newer, older))
  const busy = keepBusy(app, profile)
  const between = async (): Promise<void> => {
    assertRefused(
      await runCommand(['keys', 'rotate'], commandEnv(dataDir, envOf(older, newer))),
      /^The rotation that began at .+ UTC is to the master key m2, but the first of HEADGATE_MASTER_KEYS is m1\. Put m2 first/,
    )
    // What is under m1 still would be out of reach.
    assertRefused(
      await runCommand(['keys', 'rotate'], commandEnv(dataDir, envOf(newer))),
      /^This database has data under the master key m1, which is not there: add it to HEADGATE_MASTER_KEYS/,
    )
  }
  const at = onPostgres ? points : points.slice(1, 2)
  const ended = await rotateThrough(app, env, { at, between })
  assert.ok((await busy.stop()) > 20)
  assert.match(ended.out, /may be removed from HEADGATE_MASTER_KEYS on every node: m1\. Keep them/)
  await assertRotated(app, 'm2')
  await app.close()

  assertRefused(
    await runCommand(['serve'], commandEnv(dataDir, envOf(older))),
    /^This database has data under the master key m2, which is not there/,
  )
  const alone = await start(dataDir, envOf(newer))
  const got = await manage(alone, 'GET', `${oauthProfiles}/${profile.id}`, { person })
  assert.match(String(got.body['accessToken']), /^access-token-\d+$/)
  await assertRotated(alone, 'm2')
  await alone.close()
})

test('the keys command refuses words that it does not know, and to make a database', async () => {
  const env = { HEADGATE_DATA_DIR: newDirectory() }
  const word = await runCommand(['keys', 'turn'], env)
  assert.equal(word.error, 'Usage: npm run headgate -- keys [list | rotate]\n')
  assert.equal(word.code, 2)
  assertRefused(
    await runCommand(['keys', 'rotate'], env),
    /^There is no database in \S+; check HEADGATE_DATA_DIR\.$/m,
  )
  assert.deepEqual(readdirSync(env.HEADGATE_DATA_DIR), [])
})
