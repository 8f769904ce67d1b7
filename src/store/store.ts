import type { Kysely } from 'kysely'
import type { Command } from './command.ts'
import type { Schema } from './schema.ts'

/** The system database, whatever its engine. */
export type Store = {
  readonly engine: 'sqlite' | 'postgres'
  /** Builds statements in the engine's dialect; never runs them. */
  readonly sql: Kysely<Schema>
  /** Runs a command on a consistent, read-only view. Throws `Unavailable` when the database cannot be asked. */
  readonly read: <T>(command: () => Command<T>) => Promise<T>
  /**
   * Like `read`, but may give the answer that the same key got before, as long as it is still the truth. On
   * SQLite, this process has committed nothing at all since; what another process commits (the command line
   * beside a server) may be missed for 100 ms. The answer must not be changed by whoever gets it.
   */
  readonly recall: <T>(key: string, command: () => Command<T>) => Promise<T>
  /**
   * Runs a command atomically. Resolves, or rejects with what the command threw, only after the commit
   * is durable. Throws `Unavailable` when the database is locked, full or gone; then nothing is stored.
   */
  readonly write: <T>(command: () => Command<T>) => Promise<T>
  readonly close: () => Promise<void>
}
