import { setTimeout } from 'node:timers/promises'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { CompiledQuery, Kysely } from 'kysely'
import { Unavailable } from '#lib/refusal.ts'
import type { Answer, Command } from './command.ts'
import { migrateSqlite } from './migrate.ts'
import type { Schema } from './schema.ts'
import { sqliteBuilder } from './sqlite-dialect.ts'
import type { Store } from './store.ts'

/** How long a statement waits for another process (the command line beside a server). It blocks the thread, so it is short. */
const busyTimeoutMs = 250
const startTimeoutMs = 10_000
const statementCacheSize = 500

/** SQLite's primary result codes that mean "not now" rather than "never". */
const passing: Readonly<Record<number, string>> = {
  5: 'the system database is locked by another process',
  6: 'the system database is locked',
  8: 'the system database cannot be written',
  10: 'the disk of the system database fails',
  13: 'the disk of the system database is full',
  14: 'the system database cannot be opened',
}

const translate = (error: unknown): unknown => {
  const code = (error as { errcode?: unknown }).errcode
  if (typeof code !== 'number') return error
  const reason = passing[code & 0xff]
  return reason === undefined
    ? error
    : new Unavailable('The server cannot reach its database right now. Try again.', 2, {
        detail: reason,
        cause: error,
      })
}

type Prepared = { readonly statement: StatementSync; readonly returnsRows: boolean }

/** One connection with its prepared statements. */
class Connection {
  readonly database: DatabaseSync
  readonly #statements = new Map<string, Prepared>()
  readonly #words = new Map<string, StatementSync>()

  constructor(file: string, readOnly: boolean) {
    this.database = new DatabaseSync(file, {
      readOnly,
      timeout: busyTimeoutMs,
      enableForeignKeyConstraints: true,
    })
  }

  #prepare(sql: string): Prepared {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    if (this.#statements.size >= statementCacheSize) this.#statements.clear()
    const statement = this.database.prepare(sql)
    const prepared = { statement, returnsRows: statement.columns().length > 0 }
    this.#statements.set(sql, prepared)
    return prepared
  }

  /** Runs a word of transaction control, prepared once. */
  control(word: string): void {
    let statement = this.#words.get(word)
    if (statement === undefined) this.#words.set(word, (statement = this.database.prepare(word)))
    statement.run()
  }

  #answer(query: CompiledQuery): Answer {
    const { statement, returnsRows } = this.#prepare(query.sql)
    const parameters = query.parameters as SQLInputValue[]
    if (!returnsRows) return { rows: [], changes: Number(statement.run(...parameters).changes) }
    const rows = statement.all(...parameters)
    return { rows, changes: rows.length }
  }

  /** Drives a command to its end without giving up the thread: nothing can come in between. */
  drive<T>(command: () => Command<T>): T {
    const steps = command()
    let step = steps.next()
    while (step.done !== true) {
      let answer: Answer
      try {
        answer = this.#answer(step.value)
      } catch (error) {
        step = steps.throw(error)
        continue
      }
      step = steps.next(answer)
    }
    return step.value
  }
}

type Waiting = {
  readonly run: (writer: Connection) => () => void
  readonly fail: (error: unknown) => void
}

/**
 * Runs what waits as one transaction, each command in its own savepoint. Nobody hears anything before
 * the commit is on disk; when the commit fails, nothing happened and everybody hears that.
 */
const commitTogether = (
  writer: Connection,
  batch: readonly Waiting[],
  committed: () => void,
): void => {
  const settle: (() => void)[] = []
  try {
    writer.control('BEGIN IMMEDIATE')
    for (const waiting of batch) settle.push(waiting.run(writer))
    writer.control('COMMIT')
  } catch (error) {
    if (writer.database.isTransaction) writer.control('ROLLBACK')
    for (const waiting of batch) waiting.fail(translate(error))
    return
  } finally {
    committed()
  }
  for (const done of settle) done()
}

/** True when the failure concerns the whole transaction (disk full, input/output), not one command. */
const isFatal = (writer: Connection, error: unknown): boolean =>
  // A command may say `Unavailable` by itself; only what the engine says concerns its mates.
  !writer.database.isTransaction || translate(error) !== error

const inSavepoint = <T>(
  writer: Connection,
  command: () => Command<T>,
): { readonly value: T } | { readonly error: unknown } => {
  writer.control('SAVEPOINT command')
  try {
    const value = writer.drive(command)
    writer.control('RELEASE command')
    return { value }
  } catch (error) {
    if (isFatal(writer, error)) throw error
    writer.control('ROLLBACK TO command')
    writer.control('RELEASE command')
    return { error }
  }
}

const createWriter = (writer: Connection, committed: () => void) => {
  let queue: Waiting[] = []
  const flush = (): void => {
    const batch = queue
    queue = []
    // Closing may have been faster.
    if (batch.length > 0) commitTogether(writer, batch, committed)
  }
  const write = <T>(command: () => Command<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (!writer.database.isOpen) {
        reject(new Unavailable('The server is stopping. Try again.', 2))
        return
      }
      queue.push({
        run: (connection) => {
          const outcome = inSavepoint(connection, command)
          return 'value' in outcome ? () => resolve(outcome.value) : () => reject(outcome.error)
        },
        fail: reject,
      })
      if (queue.length === 1) setImmediate(flush)
    })
  return { write, drain: flush }
}

/** Runs a command on one snapshot: what another process commits in between is not half seen. */
const readTogether = <T>(reader: Connection, command: () => Command<T>): T => {
  try {
    reader.control('BEGIN')
    const value = reader.drive(command)
    reader.control('COMMIT')
    return value
  } catch (error) {
    if (reader.database.isTransaction) reader.control('ROLLBACK')
    throw translate(error)
  }
}

const mostRecalled = 10_000

/** What another process commits is seen at most so much later, in milliseconds. */
const askOthersEvery = 100

/**
 * Remembers answers as long as they are the truth. What this process commits makes it forget everything before
 * anybody hears of the commit; for other processes (the command line beside a server) it asks for SQLite's
 * `data_version`, which changes with every commit of another connection, but not at every call: the question
 * takes a lock and costs more than the answer.
 */
const createRecall = (reader: Connection) => {
  const version = reader.database.prepare('PRAGMA data_version')
  version.setReturnArrays(true)
  let seen: unknown
  let asked = Number.NEGATIVE_INFINITY
  const answers = new Map<string, unknown>()
  const askOthers = (): void => {
    const time = performance.now()
    if (time - asked < askOthersEvery) return
    try {
      const [now] = version.get() as unknown as readonly unknown[]
      if (now !== seen) answers.clear()
      seen = now
      asked = time
    } catch (error) {
      throw translate(error)
    }
  }
  const recall = <T>(key: string, command: () => Command<T>): T => {
    askOthers()
    if (answers.has(key)) return answers.get(key) as T
    const answer = readTogether(reader, command)
    if (answers.size >= mostRecalled) answers.clear()
    answers.set(key, answer)
    return answer
  }
  return { recall, forget: () => answers.clear() }
}

/**
 * Two processes that turn a new file into one with a write-ahead log would wait for each other for ever, so
 * SQLite tells one of them at once that the file is locked, however long it would wait; that one tries again.
 */
const switchToLog = async (database: DatabaseSync): Promise<void> => {
  for (const deadline = performance.now() + startTimeoutMs; ; await setTimeout(20)) {
    try {
      return database.exec('PRAGMA journal_mode = WAL')
    } catch (error) {
      const isBusy = translate(error) instanceof Unavailable && performance.now() < deadline
      if (!isBusy) throw error
    }
  }
}

/** Durable on power loss: a write-ahead log that is synced at every commit (DESIGN invariant 2). */
const prepareWriter = async (database: DatabaseSync): Promise<void> => {
  // At the start there is time to wait for another process that opens the same database.
  database.exec(`PRAGMA busy_timeout = ${startTimeoutMs}`)
  await switchToLog(database)
  database.exec('PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY')
  await migrateSqlite(database)
  database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
}

/**
 * Opens (and creates, and migrates) the embedded system store.
 * Refuses a file that is no database, or one that a newer release has written.
 */
export const openSqliteStore = async (file: string): Promise<Store> => {
  const writer = new Connection(file, false)
  // Durable on power loss: a write-ahead log that is synced at every commit (DESIGN invariant 2).
  await prepareWriter(writer.database)
  const reader = new Connection(file, true)
  const { recall, forget } = createRecall(reader)
  const { write, drain } = createWriter(writer, forget)
  const sql: Kysely<Schema> = sqliteBuilder()
  let open = true
  return {
    engine: 'sqlite',
    sql,
    read: async (command) => readTogether(reader, command),
    recall: async (key, command) => recall(key, command),
    write,
    close: async () => {
      if (!open) return
      open = false
      drain()
      reader.database.close()
      writer.database.close()
    },
  }
}
