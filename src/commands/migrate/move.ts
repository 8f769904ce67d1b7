import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, databaseExample, parseDatabaseUrl } from '../../config.ts'
import { databaseFile, openStore, readSecretKeys } from '../../open-store.ts'
import type { Secret } from '../../lib/secret.ts'
import { writePrivateFile } from '../../store/durable-file.ts'
import { markMoved, readMoved } from '../../store/moved.ts'
import { finishMove, moveStore } from '../../store/move/move.ts'
import { type MoveSource, openMoveSource } from '../../store/move/source.ts'
import type { Copying } from '../../store/postgres/copy-progress.ts'
import { openPostgresStore } from '../../store/postgres/store.ts'
import { DatabaseUnusable } from '../../store/postgres/usable.ts'
import { lockDataDirectory } from '../../store/serve-lock.ts'
import type { Store } from '../../store/store.ts'
import { type Output, UsageError } from '../command.ts'

const placeOf = (url: Secret): string => {
  const { host, pathname } = new URL(url.reveal())
  return `${host}${pathname}`
}

const checkBeginning = (config: Config, text: string): Secret => {
  const url = parseDatabaseUrl(text)
  if (url === undefined) throw new UsageError(`--to must be a URL like ${databaseExample}`)
  if (config.database !== undefined)
    throw new Error(
      'migrate --to moves the embedded database of HEADGATE_DATA_DIR: unset HEADGATE_DATABASE_URL for it.',
    )
  if (!existsSync(databaseFile(config.dataDir)))
    throw new Error(`There is no database in ${config.dataDir}; check HEADGATE_DATA_DIR.`)
  return url
}

/** The store of this release, with its own keys: what `migrate` and a start would make sure of. */
const openSource = async (config: Config): Promise<MoveSource> => {
  // It is marked before the last step, which may have been prevented.
  const { store } = await openStore(config, { mode: 'auto', evenMoved: true })
  await store.close()
  return openMoveSource(databaseFile(config.dataDir))
}

const openTarget = async (url: Secret, copying: Copying): Promise<Store> => {
  try {
    return await openPostgresStore({ url: url.reveal(), poolSize: 2, mode: 'auto', copying })
  } catch (error) {
    throw error instanceof DatabaseUnusable
      ? new Error(`--to ${error.message}.`, { cause: error })
      : error
  }
}

/** Writes generated keys as the variables that every node on PostgreSQL needs; answers a sentence about where keys are. */
const handOverKeys = (config: Config): string => {
  if (config.masterKeys !== undefined && config.pepper !== undefined)
    return 'The keys stay those of HEADGATE_MASTER_KEYS and HEADGATE_PEPPER.'
  const { masters, pepper } = readSecretKeys(config)
  const lines = [
    `HEADGATE_MASTER_KEYS=${masters.map(({ id, base64 }) => `${id}:${base64}`).join(',')}`,
    `HEADGATE_PEPPER=${pepper.id}:${pepper.base64}`,
  ]
  const file = join(config.dataDir, 'keys', 'environment')
  writePrivateFile(file, `${lines.join('\n')}\n`)
  return `The keys are in ${file}, as the variables that every node needs.`
}

/** Says now and then how far it is. */
const createTeller = (output: Output) => {
  let copied = 0
  let told = performance.now()
  return (table: string, rows: number): void => {
    copied += rows
    if (performance.now() - told < 5000) return
    told = performance.now()
    output.line(`${copied} rows copied, now ${table} …`)
  }
}

/**
 * Copies the embedded database of a configuration into an empty PostgreSQL database, compares both, and closes the
 * embedded one for good. May be ended at any moment and run again.
 */
export const moveToPostgres = async (
  config: Config,
  text: string,
  output: Output,
): Promise<void> => {
  const url = checkBeginning(config, text)
  const unlock = lockDataDirectory(
    config.dataDir,
    'Stop it first: what it wrote meanwhile would be lost.',
  )
  const endings: (() => Promise<void> | void)[] = [unlock]
  try {
    const closed = readMoved(config.dataDir) !== undefined
    const source = await openSource(config)
    endings.push(source.close)
    const target = await openTarget(url, { source: source.id, closed })
    endings.push(target.close)
    const rows = await moveStore(source, target, createTeller(output))
    const keys = handOverKeys(config)
    // Before the target becomes a store: at no moment could a server run on both.
    if (!closed) markMoved(config.dataDir, placeOf(url), new Date())
    await finishMove(target)
    output.line(
      `${rows} rows are in ${placeOf(url)}, compared with the embedded database one by one.`,
    )
    output.line(keys)
    output.line(
      'Start every node with HEADGATE_DATABASE_URL and these keys; the embedded database is not opened any more (docs/operations.md).',
    )
  } finally {
    for (const end of endings.toReversed()) await end()
  }
}
