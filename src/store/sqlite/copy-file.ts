import { rmSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { createPrivateFile } from '../durable-file.ts'
import { openForReading } from './reading.ts'
import { hasTable } from './migrate.ts'

/** The file is not what it should be; the message is a sentence that begins with its name. */
export class DatabaseFileError extends Error {}

/** SQLite's primary result codes for a file that was never a database or lost its beginning, and for one that lost a part. */
const [notADatabase, corrupt] = [26, 11]

const explain = (error: unknown, file: string): unknown => {
  const { errcode, message } = error as { errcode?: number; message?: string }
  if (errcode === undefined) return error
  const code = errcode & 0xff
  const text =
    code === notADatabase
      ? `${file} is not a Headgate database.`
      : code === corrupt
        ? `${file} is damaged (${message}).`
        : // The disk may be full, or somebody may lock it.
          `${file} cannot be copied (${message}).`
  return new DatabaseFileError(text, { cause: error })
}

/** Removes a database file and whatever SQLite keeps beside it. */
export const removeDatabase = (file: string): void => {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true })
}

const checkIntegrity = (database: DatabaseSync, name: string): void => {
  const integrity = database.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check']
  if (integrity !== 'ok') {
    const oneLine = String(integrity).replaceAll(/\s+/g, ' ')
    throw new DatabaseFileError(`${name} is damaged (${oneLine}).`)
  }
  const orphan = database.prepare('PRAGMA foreign_key_check').get()
  if (orphan !== undefined)
    throw new DatabaseFileError(
      `${name} is damaged (a row of ${String(orphan['table'])} refers to nothing).`,
    )
}

type Open = (file: string) => DatabaseSync

/** All pages of one moment, also while a server writes: the copy reads in one transaction. */
const copyPages = async (from: string, to: string, open: Open): Promise<void> => {
  const source = open(from)
  try {
    source.exec('BEGIN')
    if (!hasTable(source, 'kysely_migration') || !hasTable(source, 'key_checks'))
      throw new DatabaseFileError(`${from} is not a Headgate database.`)
    await backup(source, to, { rate: 5000 })
  } finally {
    source.close()
  }
}

/**
 * Copies a Headgate database into a new file for its owner alone, and checks the copy.
 * The copy is one file, with no log beside it. Throws `DatabaseFileError` when the original is no such database or is
 * damaged, and EEXIST when there is a file already; then no copy is left.
 * @param open how the original is opened: `openLive` for one that a server may use
 */
export const copyDatabase = async (
  from: string,
  to: string,
  open: Open = openForReading,
): Promise<void> => {
  createPrivateFile(to)
  try {
    await copyPages(from, to, open)
    const copy = new DatabaseSync(to)
    try {
      copy.exec('PRAGMA journal_mode = DELETE')
      checkIntegrity(copy, from)
    } finally {
      copy.close()
    }
  } catch (error) {
    removeDatabase(to)
    throw explain(error, from)
  }
}

/** Which keys a database was written with, by kind and id. */
export const readKeyIds = (
  file: string,
): readonly { readonly kind: string; readonly id: string }[] => {
  const database = openForReading(file)
  try {
    const rows = database.prepare('select kind, key_id from key_checks order by kind, key_id').all()
    return rows.map((row) => ({ kind: String(row['kind']), id: String(row['key_id']) }))
  } finally {
    database.close()
  }
}
