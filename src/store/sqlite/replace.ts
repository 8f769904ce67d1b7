import { constants, copyFileSync, existsSync, linkSync, renameSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { isLinkless, syncDirectoryOf, syncFile } from '../durable-file.ts'

/**
 * Makes one file of a database and its log, with nobody beside it. A database that is too damaged for that stays as it
 * is: that may be why it is replaced.
 */
const settle = (file: string): void => {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { timeout: 2000 })
    database.exec('PRAGMA journal_mode = DELETE')
  } catch (error) {
    // Busy or locked: somebody else (the command line) is at it.
    if ([5, 6].includes(((error as { errcode?: number }).errcode ?? 0) & 0xff))
      throw new Error(`Another process uses ${file}; try again when it has ended.`, {
        cause: error,
      })
  } finally {
    database?.close()
  }
}

const keep = (file: string, aside: string): void => {
  try {
    linkSync(file, aside)
  } catch (error) {
    if (!isLinkless(error)) throw error
    copyFileSync(file, aside, constants.COPYFILE_EXCL)
    syncFile(aside)
  }
}

/**
 * Puts a finished database in the place of another one, which is kept under the name `aside`. There is a whole database
 * under the name at every moment, whatever happens meanwhile; the caller holds the data directory's lock.
 * Answers whether there was one to keep.
 */
export const replaceDatabase = (draft: string, file: string, aside: string): boolean => {
  syncFile(draft)
  const there = existsSync(file)
  // A log that belongs to a damaged database must not be taken for one of the new database.
  if (there) settle(file)
  for (const suffix of ['-wal', '-shm', '-journal'])
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix)
  if (there) keep(file, aside)
  renameSync(draft, file)
  syncDirectoryOf(file)
  return there
}
