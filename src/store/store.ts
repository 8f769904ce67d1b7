import type { Kysely } from 'kysely'
import type { Command } from './command.ts'
import type { Schema } from './schema.ts'

export type Engine = 'sqlite' | 'postgres'

export type WriteOptions<T> = {
  /**
   * How a command is kept apart from those beside it. SQLite runs one after the other, whatever is asked.
   *
   * `serializable` (the default): PostgreSQL makes it as if it ran alone, and runs it again when it did not.
   * `row-locks`: it decides by conditional statements and by rows that it has locked (`locking`), and by nothing
   * else that it read. For paths that many use at once, where starting over would cost more than waiting.
   *
   * `one-statement`: it is a single statement, which is atomic by itself.
   */
  readonly isolation?: 'serializable' | 'row-locks' | 'one-statement'
  /** It may take as long as it needs: for what ends so much at once that it must not be told to come back for ever. */
  readonly patient?: boolean
  /**
   * Whether what the command did may have made a recalled answer untrue; taken for true unless told otherwise.
   * A command that only adds what nobody can have asked for (a fresh token) says no.
   */
  readonly forgets?: (value: T) => boolean
}

/** The system database, whatever its engine. */
export type Store = {
  readonly engine: Engine
  /** Builds statements in the engine's dialect; never runs them. */
  readonly sql: Kysely<Schema>
  /** Runs a command on a consistent, read-only view. Throws `Unavailable` when the database cannot be asked. */
  readonly read: <T>(command: () => Command<T>) => Promise<T>
  /**
   * Like `read`, but may give the answer that the same key got before. On SQLite only as long as it is still the
   * truth: this process has committed nothing since that could change it, and what another process commits (the
   * command line beside a server) is missed for 100 ms at most. On PostgreSQL for 500 ms at most (DESIGN invariant
   * 15), unless a `fresh` answer is asked for. The answer must not be changed by whoever gets it.
   */
  readonly recall: <T>(
    key: string,
    command: () => Command<T>,
    options?: { readonly fresh?: boolean },
  ) => Promise<T>
  /**
   * Runs a command atomically. Resolves, or rejects with what the command threw, only after the commit is durable. A
   * statement that fails ends its command. The command may be run more than once before it counts, so it must do
   * nothing but yield statements. Throws `Unavailable` when the database is locked, full or gone; then nothing is
   * stored, unless the connection broke during the commit itself, when nobody can know.
   */
  readonly write: <T>(command: () => Command<T>, options?: WriteOptions<T>) => Promise<T>
  /**
   * Runs work while no other work under the same key runs, on any node. Throws `Unavailable` when too many wait,
   * or when the claim was lost while the work ran.
   */
  readonly exclusive: <T>(key: string, work: () => Promise<T>) => Promise<T>
  /** The database's own clock, in milliseconds since 1970; undefined where it has none of its own. */
  readonly databaseTime: () => Promise<number | undefined>
  readonly close: () => Promise<void>
}
