import { statSync } from 'node:fs'
import { draftOf, publishFile } from '../durable-file.ts'
import { copyDatabase, removeDatabase } from './copy-file.ts'
import { openLive } from './reading.ts'

/**
 * Writes a checked copy of a database, whether or not a server uses it, into a new file for its owner alone; answers its
 * size in bytes. Throws EEXIST when there is a file of that name. Whatever fails, also
 * when it is interrupted (Ctrl+C), nothing is left.
 */
export const backupDatabase = async (from: string, file: string): Promise<number> => {
  const draft = draftOf(file)
  const leave = (): void => {
    removeDatabase(draft)
    process.exit(130)
  }
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.once(signal, leave)
  try {
    await copyDatabase(from, draft, openLive)
    publishFile(draft, file)
    return statSync(file).size
  } finally {
    removeDatabase(draft)
    for (const signal of signals) process.off(signal, leave)
  }
}
