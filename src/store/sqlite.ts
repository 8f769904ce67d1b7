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
const commitTogether = (writer: Connection, batch: readonly Waiting[]): void => {
  const settle: (() => void)[] = []
  try {
    writer.database.exec('BEGIN IMMEDIATE')
    for (const waiting of batch) settle.push(waiting.run(writer))
    writer.database.exec('COMMIT')
  } catch (error) {
    if (writer.database.isTransaction) writer.database.exec('ROLLBACK')
    for (const waiting of batch) waiting.fail(translate(error))
    return
  }
  for (const done of settle) done()
}

/** True when the failure concerns the whole transaction (disk full, input/output), not one command. */
const isFatal = (writer: Connection, error: unknown): boolean =>
  !writer.database.isTransaction || translate(error) instanceof Unavailable

const inSavepoint = <T>(
  writer: Connection,
  command: () => Command<T>,
): { readonly value: T } | { readonly error: unknown } => {
  writer.database.exec('SAVEPOINT command')
  try {
    const value = writer.drive(command)
    writer.database.exec('RELEASE command')
    return { value }
  } catch (error) {
    if (isFatal(writer, error)) throw error
    writer.database.exec('ROLLBACK TO command')
    writer.database.exec('RELEASE command')
    return { error }
  }
}

const createWriter = (writer: Connection) => {
  let queue: Waiting[] = []
  const flush = (): void => {
    const batch = queue
    queue = []
    commitTogether(writer, batch)
  }
  const write = <T>(command: () => Command<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      queue.push({
        run: (connection) => {
          const outcome = inSavepoint(connection, command)
          return 'value' in outcome
            ? () => resolve(outcome.value)
            : () => reject(outcome.error as Error)
        },
        fail: reject,
      })
      if (queue.length === 1) setImmediate(flush)
    })
  return { write, drain: () => (queue.length > 0 ? flush() : undefined) }
}

/**
 * Opens (and creates, and migrates) the embedded system store.
 * Refuses a file that is no database, or one that a newer release has written.
 */
export const openSqliteStore = async (file: string): Promise<Store> => {
  const writer = new Connection(file, false)
  // Durable on power loss: a write-ahead log that is synced at every commit (DESIGN invariant 2).
  writer.database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY',
  )
  await migrateSqlite(writer.database)
  const reader = new Connection(file, true)
  const { write, drain } = createWriter(writer)
  const sql: Kysely<Schema> = sqliteBuilder()
  let open = true
  return {
    engine: 'sqlite',
    sql,
    read: async (command) => {
      try {
        return reader.drive(command)
      } catch (error) {
        throw translate(error)
      }
    },
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
