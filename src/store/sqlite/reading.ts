import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'

/** Opens a database for reading that a server uses, or may begin to use at any moment: with all locks. */
export const openLive = (file: string): DatabaseSync =>
  new DatabaseSync(file, { readOnly: true, timeout: 5000 })

/**
 * Opens a database file for reading and leaves nothing beside it. A file with a log or journal beside it is in use, or
 * was not closed: then that counts, too, and SQLite's own files are there anyway.
 */
export const openForReading = (file: string): DatabaseSync => {
  if (['-wal', '-journal'].some((suffix) => existsSync(file + suffix))) return openLive(file)
  const url = pathToFileURL(file)
  // Without this SQLite would make the files of a log to read a database that may have one.
  url.searchParams.set('immutable', '1')
  return new DatabaseSync(url, { readOnly: true })
}
