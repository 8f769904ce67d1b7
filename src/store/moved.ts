import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writePrivateFile } from './durable-file.ts'

/** Lies in the data directory of an embedded store that lives on in PostgreSQL. */
export const movedFile = (dataDir: string): string => join(dataDir, 'moved-to-postgresql')

/** Notes where and when the store of a data directory was moved; from then on it is not opened any more. */
export const markMoved = (dataDir: string, place: string, now: Date): void =>
  writePrivateFile(movedFile(dataDir), `${now.toISOString()} ${place}\n`)

/** When and where the store of a data directory was moved; undefined when it was not. */
export const readMoved = (
  dataDir: string,
): { readonly at: string; readonly place: string } | undefined => {
  const file = movedFile(dataDir)
  if (!existsSync(file)) return undefined
  const [at = '', place = ''] = readFileSync(file, 'utf8').trim().split(' ')
  return { at, place }
}

/** Two live copies of one token store would disagree on revocations, so the one that was left is refused. */
export const refuseMoved = (dataDir: string): void => {
  const moved = readMoved(dataDir)
  if (moved !== undefined)
    throw new Error(
      `The database in ${dataDir} was moved to PostgreSQL at ${moved.place} on ${moved.at}: set HEADGATE_DATABASE_URL, or delete ${movedFile(dataDir)} to go back to what it was then.`,
    )
}
