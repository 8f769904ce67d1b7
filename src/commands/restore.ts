import { existsSync, mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../config.ts'
import { databaseFile, hasKeys, readKeyRing } from '../open-store.ts'
import { type EndedTokens, endAllTokens } from '../features/authorizations/ending.ts'
import { checkKeys } from '../features/setup/key-check.ts'
import { refuseMoved } from '../store/moved.ts'
import { lockDataDirectory } from '../store/serve-lock.ts'
import { copyDatabase, readKeyIds, removeDatabase } from '../store/sqlite/copy-file.ts'
import { readSqliteState } from '../store/sqlite/migrate.ts'
import { replaceDatabase } from '../store/sqlite/replace.ts'
import { openSqliteStore } from '../store/sqlite/store.ts'
import { type Run, UsageError } from './command.ts'
import { describeEnded } from './end-tokens.ts'

const parseWords = (args: readonly string[]): { file: string; keepTokens: boolean } => {
  const [name, ...others] = args.filter((word) => word !== '--keep-tokens')
  if (name === undefined || name.startsWith('-') || others.length > 0)
    throw new UsageError('Usage: npm run headgate -- restore <file> [--keep-tokens]')
  return { file: resolve(name), keepTokens: args.includes('--keep-tokens') }
}

/** Generated keys would never be the ones of a backup, so none are made here. */
const requireKeys = (config: Config, draft: string): void => {
  if (hasKeys(config)) return
  const ids = readKeyIds(draft).map(({ kind, id }) => `${kind} ${id}`)
  throw new Error(
    `The keys of this backup (${ids.join(', ')}) are not here, and without them it is worth nothing: bring keys/master and keys/pepper into ${config.dataDir}, or set HEADGATE_MASTER_KEYS and HEADGATE_PEPPER.`,
  )
}

type Prepared = { readonly migrated: readonly string[]; readonly ended: EndedTokens | undefined }

/** Everything that could be refused, and the end of the tokens, before anything is replaced. */
const prepare = async (config: Config, draft: string, keepTokens: boolean): Promise<Prepared> => {
  requireKeys(config, draft)
  const { pending } = await readSqliteState(draft)
  const store = await openSqliteStore(draft, 'auto')
  try {
    await checkKeys(store, readKeyRing(config))
    return { migrated: pending, ended: keepTokens ? undefined : await endAllTokens(store) }
  } finally {
    // Without a log beside it the draft is one file again.
    await store.close()
  }
}

/** UTC to the millisecond, so that two restores in one second keep both databases. */
const stamp = (now: Date): string => now.toISOString().replaceAll(/[-:.]/g, '')

/** Puts a backup in the place of the embedded store; the old one is kept. */
export const restore: Run = async ({ args, config, output }) => {
  const { file, keepTokens } = parseWords(args)
  if (config.database !== undefined)
    throw new Error(
      'The system store is PostgreSQL: restore it with its own tools, then run `headgate admin end-tokens` (docs/operations.md).',
    )
  refuseMoved(config.dataDir)
  if (!existsSync(file)) throw new Error(`There is no file ${file}.`)
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const unlock = lockDataDirectory(config.dataDir, 'Stop it first, and start it afterwards.')
  const database = databaseFile(config.dataDir)
  const [draft, aside] = [`${database}.restoring`, `${database}.before-${stamp(new Date())}`]
  try {
    // One that was interrupted may have left its own.
    removeDatabase(draft)
    await copyDatabase(file, draft)
    const { migrated, ended } = await prepare(config, draft, keepTokens)
    const kept = replaceDatabase(draft, database, aside)
    if (migrated.length > 0) output.line(`Brought to this release: ${migrated.join(', ')}.`)
    output.line(`${database} is now what ${file} was.`)
    if (kept) output.line(`The database before is kept as ${aside}.`)
    output.line(
      ended === undefined
        ? 'Its tokens and sessions are good again, also those that were revoked after the backup.'
        : describeEnded(ended),
    )
    output.line(
      'Passwords, client secrets and consents are as they were at the backup: what was changed or revoked since must be changed or revoked again.',
    )
  } finally {
    removeDatabase(draft)
    unlock()
  }
}
