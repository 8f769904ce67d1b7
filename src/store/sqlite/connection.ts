import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { CompiledQuery } from 'kysely'
import { Unavailable } from '#lib/refusal.ts'
import type { Answer, Command } from '../command.ts'

/** How long a statement waits for another process (the command line beside a server). It blocks the thread, so it is short. */
export const busyTimeoutMs = 250
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

export const translate = (error: unknown): unknown => {
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
export class Connection {
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
    while (step.done !== true) step = steps.next(this.#answer(step.value))
    return step.value
  }
}

/** Runs a command on one snapshot: what another process commits in between is not half seen. */
export const readTogether = <T>(reader: Connection, command: () => Command<T>): T => {
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
