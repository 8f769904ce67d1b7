import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Writable } from 'node:stream'
import { parseConfig } from '#config.ts'
import type { GoogleApis } from '#connectors/upstream/index.ts'
import type { PasswordCost } from '#features/authentication/passwords.ts'
import { createLogger } from '#http/log.ts'
import type { Clock } from '#lib/clock.ts'
import { type Running, serve } from '../../src/serve.ts'
import { createDatabase, migrated } from './database.ts'
import { freePort } from './free-port.ts'

export { freePort }

/** A clock that runs, and can be set forward (milliseconds). */
export type TestClock = Clock & { advance: (milliseconds: number) => void }

export const createTestClock = (): TestClock => {
  let ahead = 0
  return { now: () => Date.now() + ahead, advance: (milliseconds) => void (ahead += milliseconds) }
}

/** The people of every test server, with their passwords. */
export const people = {
  admin: { name: 'd2cadmin', password: 'the-administrators-password' },
  owner: { name: 'd2cuser', password: 'the-developers-password' },
  user: { name: 'demo', password: 'the-users-own-password' },
} as const
export type Person = { readonly name: string; readonly password: string }

/** Two small files, so that a data source is opened in a millisecond: `one.db` and `two.db`. */
const createFiles = (directory: string): void => {
  mkdirSync(directory, { recursive: true })
  for (const name of ['one', 'two']) {
    if (existsSync(join(directory, `${name}.db`))) continue
    const database = new DatabaseSync(join(directory, `${name}.db`))
    // Nobody minds when a crash takes it, so nothing waits for the disk.
    database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
      CREATE TABLE Item (id INTEGER PRIMARY KEY, name VARCHAR(50), amount DOUBLE);
      INSERT INTO Item WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
        SELECT i, '${name} ' || i, i * 1.5 FROM n`)
    database.close()
  }
}

export type TestApp = Running & {
  readonly url: string
  readonly clock: TestClock
  readonly dataDir: string
  /** Every line that the server has logged. */
  readonly logs: string[]
  readonly close: () => Promise<void>
}

export type StartOptions = {
  readonly env?: Readonly<Record<string, string>>
  readonly dataDir?: string
  readonly level?: 'trace' | 'debug' | 'info'
  /** A clock that is off from the start. */
  readonly clock?: TestClock
  /** Data sources `one` and `two` of the user `demo`; true unless told otherwise. */
  readonly sources?: boolean
  /** Where Google's APIs answer. */
  readonly googleApis?: GoogleApis
  /** Passwords cost what they cost in earnest: for a test of what happens while they are checked. */
  readonly fullPasswordCost?: boolean
}

/** A test signs people in all the time; hashes at full cost would be a good part of its time. */
const cheapest: PasswordCost = { memory: 8, passes: 1, parallelism: 1 }

export const basicOf = (person: Person): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${person.name}:${person.password}`).toString('base64')}`,
})

/** Keys of this test run, for the engine that does not make its own. */
const testKeys = {
  HEADGATE_MASTER_KEYS: `t1:${randomBytes(32).toString('base64')}`,
  HEADGATE_PEPPER: `t1:${randomBytes(32).toString('base64')}`,
}

/** The environment of a server on a PostgreSQL database. */
export const postgresEnvironment = (url: string): Record<string, string> => ({
  ...testKeys,
  HEADGATE_DATABASE_URL: url,
  HEADGATE_DATABASE_POOL: '5',
})

/**
 * The engine that the suites run on: the embedded one, or (`npm run postgres`) a database of its own for each server on
 * the cluster that HEADGATE_TEST_POSTGRES names.
 */
const engineEnvironment = async (dataDir: string): Promise<Record<string, string>> => {
  const admin = process.env['HEADGATE_TEST_POSTGRES']
  if (admin === undefined) return {}
  const file = join(dataDir, 'test-database')
  // A test that starts a server twice over one data directory means one database.
  if (existsSync(file)) return postgresEnvironment(readFileSync(file, 'utf8'))
  const url = await createDatabase(admin, migrated)
  writeFileSync(file, url)
  return postgresEnvironment(url)
}

export const onPostgres = process.env['HEADGATE_TEST_POSTGRES'] !== undefined

/** A real server on a port of its own, with a database of its own, in this process. */
export const startApp = async (options: StartOptions = {}): Promise<TestApp> => {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'headgate-test-'))
  const port = await freePort()
  const config = parseConfig(
    {
      HEADGATE_PORT: String(port),
      HEADGATE_DATA_DIR: dataDir,
      HEADGATE_ADMIN_PASSWORD: people.admin.password,
      HEADGATE_USER_PASSWORD: people.owner.password,
      HEADGATE_DEMO_PASSWORD: people.user.password,
      ...(await engineEnvironment(dataDir)),
      ...options.env,
    },
    dataDir,
  )
  createFiles(join(config.filesDir, '1'))
  const logs: string[] = []
  const destination = new Writable({
    write: (chunk, _encoding, done) => (logs.push(String(chunk)), done()),
  })
  const { clock = createTestClock() } = options
  const running = await serve(config, {
    logger: createLogger(options.level ?? 'debug', destination),
    clock,
    demoUser: true,
    ...(options.fullPasswordCost === true ? {} : { passwordCost: cheapest }),
    ...(options.googleApis === undefined ? {} : { googleApis: options.googleApis }),
  })
  const app: TestApp = {
    ...running,
    clock,
    dataDir,
    logs,
    close: async () => {
      await running.stop()
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true })
    },
  }
  if (options.sources !== false) for (const name of ['one', 'two']) await createSource(app, name)
  return app
}

/** A session of a person, as signing in would begin it. */
export const beginSession = async (app: TestApp, person: Person): Promise<string> => {
  const user = await app.core.store.read(() => app.core.users.readByName(person.name))
  const session = user && (await app.core.sessions.begin(user))
  if (session === undefined) throw new Error(`no session for ${person.name}`)
  return session
}

export type Json = Record<string, unknown>

/** Creates the data source `name` over `<name>.db` for the user `demo`; answers its id. */
export const createSource = async (
  app: TestApp,
  name: string,
  file = `${name}.db`,
  person: Person = people.user,
): Promise<number> => {
  const response = await fetch(`${app.url}/api/mgmt/datasources`, {
    method: 'POST',
    headers: { ...basicOf(person), 'content-type': 'application/json' },
    body: JSON.stringify({
      name,
      dataStore: 5001,
      connectionType: 'Cloud',
      options: { Database: file },
    }),
  })
  const body = (await response.json()) as { id: string }
  if (response.status !== 201)
    throw new Error(`creating ${name}: ${response.status} ${JSON.stringify(body)}`)
  return Number(body.id)
}
