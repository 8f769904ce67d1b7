import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg, { type PoolClient } from 'pg'
import { Unavailable } from '#lib/refusal.ts'
import type { Answer, Command, NamedQuery } from '../command.ts'
import type { MigrateMode, MigrationPlan } from '../migrate.ts'
import type { Store, WriteOptions } from '../store.ts'
import type { Copying } from './copy-progress.ts'
import { createPool, forDriver } from './connect.ts'
import { postgresBuilder } from './dialect.ts'
import { createDoor } from './door.ts'
import { breaksConnection, isConflict, isDangling, translate } from './errors.ts'
import { createExclusive } from './exclusive.ts'
import { migratePostgres, planPostgres } from './migrate.ts'
import { createRecall } from './recall.ts'
import { ask, inTransaction } from './session.ts'
import { createSingleStatements } from './together.ts'
import { checkSettings, explainFailure, explainRefusedConnection } from './usable.ts'

/** So often a write is tried that others got in the way of; then its sender is told to come back. */
const mostTries = 30
/** Milliseconds. */
const longestPause = 100

const begins = {
  serializable: 'begin isolation level serializable',
  'row-locks': 'begin isolation level read committed',
} as const

/** Milliseconds; also the driver waits so long. */
const longPatience = 600_000
const patiently = `; set local statement_timeout = ${longPatience}`

/** Nodes that were stopped by each other must not meet again at the same moment. */
const pause = (tries: number): Promise<void> =>
  sleep(randomInt(1, Math.min(longestPause, 2 ** tries) + 1))

/** A command of one statement, on whatever runs single statements. */
const runSingle = async <T>(
  single: (query: NamedQuery) => Promise<Answer>,
  command: () => Command<T>,
): Promise<T> => {
  const steps = command()
  const begun = steps.next()
  if (begun.done === true) return begun.value
  const next = steps.next(await single(begun.value))
  if (next.done !== true) throw new Error('a command of one statement has a second one')
  return next.value
}

const createWrite = (connect: () => Promise<PoolClient>, forget: () => void) => {
  const single = createSingleStatements(connect)
  return async <T>(command: () => Command<T>, options: WriteOptions<T> = {}): Promise<T> => {
    const { isolation = 'serializable', patient = false } = options
    const runOnce = (): Promise<T> =>
      isolation === 'one-statement'
        ? runSingle(single, command)
        : inTransaction(
            connect,
            begins[isolation] + (patient ? patiently : ''),
            command,
            patient ? { query_timeout: longPatience } : {},
          )
    // What was just read may be gone when a foreign key is checked, which even a serializable transaction is told as an error
    // of the key; the next look says what is there.
    const mayTryAgain = (error: unknown): boolean =>
      isConflict(error) || (isolation !== 'row-locks' && isDangling(error))
    for (let tries = 1; ; tries += 1) {
      try {
        const value = await runOnce()
        if (options.forgets?.(value) ?? true) forget()
        return value
      } catch (error) {
        // Whether a commit happened may be unknown.
        if (translate(error) instanceof Unavailable) forget()
        if (!mayTryAgain(error) || tries >= mostTries) throw translate(error)
        await pause(tries)
      }
    }
  }
}

/**
 * A read of one statement needs no transaction. Which reads those are is learned: a statement that another one followed is
 * begun in a snapshot the next time.
 */
const createRead = (connect: () => Promise<PoolClient>) => {
  const followed = new Set<string>()
  const alone = async <T>(
    command: () => Command<T>,
  ): Promise<{ readonly value: T } | undefined> => {
    const steps = command()
    const begun = steps.next()
    if (begun.done === true) return { value: begun.value }
    if (followed.has(begun.value.sql)) return undefined
    const client = await connect()
    try {
      const next = steps.next(await ask(client, begun.value))
      client.release()
      if (next.done === true) return { value: next.value }
      if (followed.size < 1000) followed.add(begun.value.sql)
      return undefined
    } catch (error) {
      client.release(breaksConnection(error))
      throw error
    }
  }
  return async <T>(command: () => Command<T>): Promise<T> => {
    try {
      const single = await alone(command)
      if (single !== undefined) return single.value
      return await inTransaction(
        connect,
        'begin isolation level repeatable read read only',
        command,
      )
    } catch (error) {
      throw translate(error)
    }
  }
}

export type PostgresOptions = {
  readonly url: string
  /** The most connections that this node opens for statements; a few more guard passwords. */
  readonly poolSize: number
  readonly mode: MigrateMode
  /** The embedded store that `migrate --to` copies here; nobody else opens a copy that is not whole. */
  readonly copying?: Copying
  /** Asked before a database that has no users yet is written; what it throws leaves the database as it was. */
  readonly onFirstStart?: () => void
}

const connectOnce = async (url: string): Promise<pg.Client> => {
  try {
    const client = new pg.Client({
      connectionString: forDriver(url),
      connectionTimeoutMillis: 10_000,
    })
    // The error that matters is the one of the statement that fails.
    client.on('error', () => undefined)
    await client.connect()
    return client
  } catch (error) {
    throw explainRefusedConnection(error, url)
  }
}

/** Does something on a connection of its own. Throws `DatabaseUnusable` when there is no using the database. */
const onConnection = async <T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> => {
  const client = await connectOnce(url)
  try {
    await checkSettings(client)
    return await work(client)
  } catch (error) {
    throw explainFailure(error, url) ?? error
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** What opening a database with `auto` would do to it; nothing is changed. */
export const planPostgresDatabase = (url: string): Promise<MigrationPlan> =>
  onConnection(url, async (client) => {
    await client.query('begin read only')
    return planPostgres(client)
  })

/**
 * Opens (and migrates) a system store on PostgreSQL. Throws `DatabaseUnusable` or `SchemaError`, whose message says what
 * to do, when it cannot be used.
 */
export const openPostgresStore = async (options: PostgresOptions): Promise<Store> => {
  await onConnection(options.url, (client) => migratePostgres(client, options))
  const { pool, connect } = createPool(options.url, options.poolSize)
  const guards = createPool(options.url, 4)
  const door = createDoor()
  const readNow = createRead(connect)
  const writeNow = createWrite(connect, () => forget())
  const exclusiveNow = createExclusive(guards.connect)
  const read: Store['read'] = (command) => door.enter(() => readNow(command))
  const { recall, forget } = createRecall(read)
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await door.close()
    await Promise.all([pool.end(), guards.pool.end()])
  }
  return {
    engine: 'postgres',
    sql: postgresBuilder(),
    read,
    recall: (key, command, { fresh = false } = {}) => recall(key, command, fresh),
    write: (command, options) => door.enter(() => writeNow(command, options)),
    exclusive: (key, work) => door.enter(() => exclusiveNow(key, work)),
    databaseTime: () =>
      read(function* () {
        const answer = yield {
          sql: 'select (extract(epoch from clock_timestamp()) * 1000)::float8 as now',
          parameters: [],
        } as never
        return (answer.rows[0] as { now: number }).now
      }),
    close: () => (closed ??= close()),
  }
}
