import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './config.ts'
import { checkKeys } from './features/setup/key-check.ts'
import { seedAccess } from './features/setup/seed.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { explainDatabaseError } from './start-errors.ts'
import type { MigrateMode, MigrationPlan } from './store/migrate.ts'
import { refuseMoved } from './store/moved.ts'
import { openPostgresStore, planPostgresDatabase } from './store/postgres/store.ts'
import { planSqlite } from './store/sqlite/migrate.ts'
import { openSqliteStore } from './store/sqlite/store.ts'
import type { Store } from './store/store.ts'
import { hasKeyFile, readKeyFile, readOrCreateKeyFile } from './vault/key-files.ts'
import { createMasterKeys, keyFromBase64, type KeyRing, type KeyText } from './vault/keys.ts'

// The system store of a configuration and its keys: all that most commands need of a server.

/** The text of the keys: from the environment, else from the data directory, where a first start makes them. */
export const readSecretKeys = (
  config: Config,
): { readonly masters: readonly KeyText[]; readonly pepper: KeyText } => {
  const masters =
    config.masterKeys?.map((key) => ({ id: key.id, base64: key.key.reveal() })) ??
    readOrCreateKeyFile(config.dataDir, 'master')
  const [pepper] = config.pepper
    ? [{ id: config.pepper.id, base64: config.pepper.key.reveal() }]
    : readOrCreateKeyFile(config.dataDir, 'pepper')
  if (pepper === undefined) throw new Error('There is no pepper.')
  return { masters, pepper }
}

/** The keys of this server; generated master keys are read again when one is missing (vault/keys.ts). */
export const readKeyRing = (config: Config): KeyRing => {
  const { masters, pepper } = readSecretKeys(config)
  const generated = config.masterKeys === undefined
  return {
    masters: createMasterKeys(() => (generated ? readKeyFile(config.dataDir, 'master') : masters)),
    pepper: keyFromBase64(pepper.id, pepper.base64),
  }
}

/** Whether the keys of a configuration are there already, so that reading them makes none. */
export const hasKeys = (config: Config): boolean =>
  (config.masterKeys !== undefined || hasKeyFile(config.dataDir, 'master')) &&
  (config.pepper !== undefined || hasKeyFile(config.dataDir, 'pepper'))

/** The system store with the keys that belong to it. */
export type OpenedStore = { readonly store: Store; readonly ring: KeyRing }

/** The file of the embedded store. */
export const databaseFile = (dataDir: string): string => join(dataDir, 'headgate.db')

export type OpenOptions = {
  readonly clock?: Clock
  readonly mode?: MigrateMode
  /** Asked before a PostgreSQL without users is written; what it throws leaves the database as it was. */
  readonly onFirstStart?: () => void
  /** Also an embedded store that was moved to PostgreSQL. */
  readonly evenMoved?: boolean
}

const openSystemDatabase = async (config: Config, options: OpenOptions): Promise<Store> => {
  const { mode = config.migrate, onFirstStart } = options
  if (config.database === undefined) {
    if (options.evenMoved !== true) refuseMoved(config.dataDir)
    return openSqliteStore(databaseFile(config.dataDir), mode)
  }
  try {
    return await openPostgresStore({
      url: config.database.url.reveal(),
      poolSize: config.database.poolSize,
      mode,
      ...(onFirstStart === undefined ? {} : { onFirstStart }),
    })
  } catch (error) {
    throw explainDatabaseError(error)
  }
}

/** What opening the system store of a configuration with `auto` would do to it; nothing is changed. */
export const planMigration = async (config: Config): Promise<MigrationPlan> => {
  if (config.database !== undefined) {
    try {
      return await planPostgresDatabase(config.database.url.reveal())
    } catch (error) {
      throw explainDatabaseError(error)
    }
  }
  refuseMoved(config.dataDir)
  return planSqlite(databaseFile(config.dataDir))
}

/** Opens the system store of a configuration and checks that it belongs to these keys. */
export const openStore = async (
  config: Config,
  options: OpenOptions = {},
): Promise<OpenedStore> => {
  const { clock = systemClock } = options
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const store = await openSystemDatabase(config, options)
  try {
    const ring = readKeyRing(config)
    // Nodes that start at once on an empty database do this one after the other.
    await store.exclusive('start', async () => {
      await checkKeys(store, ring)
      await seedAccess(store, clock)
    })
    return { store, ring }
  } catch (error) {
    await store.close()
    throw error
  }
}
