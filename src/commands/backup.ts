import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { databaseFile } from '../open-store.ts'
import { refuseMoved } from '../store/moved.ts'
import { backupDatabase } from '../store/sqlite/backup.ts'
import { readKeyIds } from '../store/sqlite/copy-file.ts'
import { type Run, UsageError } from './command.ts'

/** Where the keys of a configuration lie, for whoever must keep them. */
const keyPlaces = (config: Config): string =>
  [
    ...new Set([
      config.masterKeys === undefined
        ? `in ${join(config.dataDir, 'keys')}`
        : 'in HEADGATE_MASTER_KEYS',
      config.pepper === undefined ? `in ${join(config.dataDir, 'keys')}` : 'in HEADGATE_PEPPER',
    ]),
  ].join(' and ')

const checkTarget = (file: string): void => {
  if (existsSync(file))
    throw new Error(`${file} exists already, and a backup is never written over: name a new file.`)
  if (!existsSync(dirname(file)))
    throw new Error(`The directory ${dirname(file)} does not exist; make it first.`)
}

/** A copy of the embedded store, beside a running server or without one. */
export const backup: Run = async ({ args, config, output }) => {
  const [name] = args
  if (name === undefined || name.startsWith('-') || args.length > 1)
    throw new UsageError('Usage: npm run headgate -- backup <file>')
  if (config.database !== undefined)
    throw new Error(
      'The system store is PostgreSQL: back it up with pg_dump or its own tools (docs/operations.md).',
    )
  refuseMoved(config.dataDir)
  const from = databaseFile(config.dataDir)
  if (!existsSync(from))
    throw new Error(`There is no database in ${config.dataDir}; check HEADGATE_DATA_DIR.`)
  const file = resolve(name)
  checkTarget(file)
  const bytes = await backupDatabase(from, file)
  const keys = readKeyIds(file).map(({ kind, id }) => `${kind} ${id}`)
  output.line(`${file} is written and checked (${bytes} bytes).`)
  output.line(
    `It is worth nothing without the keys, which are not in it (${keys.join(', ')}): they are ${keyPlaces(config)}; keep a copy of them elsewhere, not beside this file.`,
  )
}
