import { Unavailable } from '#lib/refusal.ts'
import type { Command } from '../command.ts'
import type { WriteOptions } from '../store.ts'
import { type Connection, translate } from './connection.ts'

/** What became of one command: whom to tell after the commit, and whether recalled answers may be untrue now. */
type Outcome = { readonly tell: () => void; readonly forgets: boolean }

type Waiting = {
  readonly run: (how: (command: () => Command<unknown>) => unknown) => Outcome
  readonly refuse: (error: unknown) => void
}

/** True when the failure concerns the whole transaction (disk full, input/output), not one command. */
const isFatal = (writer: Connection, error: unknown): boolean =>
  // A command may say `Unavailable` by itself; only what the engine says concerns its mates.
  !writer.database.isTransaction || translate(error) !== error

/** Runs a command so that its failure leaves what others did in the same transaction. */
const inSavepoint = <T>(writer: Connection, command: () => Command<T>): T => {
  writer.control('SAVEPOINT command')
  try {
    const value = writer.drive(command)
    writer.control('RELEASE command')
    return value
  } catch (error) {
    if (isFatal(writer, error)) throw error
    writer.control('ROLLBACK TO command')
    writer.control('RELEASE command')
    throw error
  }
}

/** Thrown inside a transaction that was begun without savepoints: it begins anew with them. */
class NeedsSavepoints extends Error {}

const runTogether = (
  writer: Connection,
  batch: readonly Waiting[],
  savepoints: boolean,
): readonly Outcome[] => {
  const drive = (command: () => Command<unknown>): unknown => {
    if (savepoints) return inSavepoint(writer, command)
    try {
      return writer.drive(command)
    } catch (error) {
      if (isFatal(writer, error)) throw error
      throw new NeedsSavepoints()
    }
  }
  writer.control('BEGIN IMMEDIATE')
  const outcomes = batch.map((waiting) => waiting.run(drive))
  writer.control('COMMIT')
  return outcomes
}

/**
 * Runs what waits as one transaction. Commands rarely fail, so it goes without savepoints first; when one does, all is
 * undone and done again, each command in a savepoint of its own. Nobody hears anything before the commit is on disk;
 * when the commit fails, nothing happened and everybody hears that.
 */
const commitTogether = (
  writer: Connection,
  batch: readonly Waiting[],
  forget: () => void,
): void => {
  let outcomes: readonly Outcome[] | undefined
  try {
    for (const savepoints of [false, true]) {
      try {
        outcomes = runTogether(writer, batch, savepoints)
        break
      } catch (error) {
        if (writer.database.isTransaction) writer.control('ROLLBACK')
        if (!(error instanceof NeedsSavepoints)) throw error
      }
    }
  } catch (error) {
    for (const waiting of batch) waiting.refuse(translate(error))
  } finally {
    if (outcomes === undefined || outcomes.some(({ forgets }) => forgets)) forget()
  }
  for (const { tell } of outcomes ?? []) tell()
}

/** The one writer: commands that arrive in the same turn share a commit (DESIGN invariant 2). */
export const createWriter = (writer: Connection, forget: () => void) => {
  let queue: Waiting[] = []
  const flush = (): void => {
    const batch = queue
    queue = []
    // Closing may have been faster.
    if (batch.length > 0) commitTogether(writer, batch, forget)
  }
  const write = <T>(command: () => Command<T>, options: WriteOptions<T> = {}): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (!writer.database.isOpen) {
        reject(new Unavailable('The server is stopping. Try again.', 2))
        return
      }
      queue.push({
        run: (how) => {
          try {
            const value = how(command) as T
            return { tell: () => resolve(value), forgets: options.forgets?.(value) ?? true }
          } catch (error) {
            if (error instanceof NeedsSavepoints || isFatal(writer, error)) throw error
            return { tell: () => reject(error), forgets: false }
          }
        },
        refuse: reject,
      })
      if (queue.length === 1) setImmediate(flush)
    })
  return { write, drain: flush }
}
