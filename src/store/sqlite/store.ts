import { setTimeout } from 'node:timers/promises'
import type { DatabaseSync } from 'node:sqlite'
import { Unavailable } from '#lib/refusal.ts'
import { createGate } from '#lib/gate.ts'
import type { MigrateMode } from '../migrate.ts'
import { migrateSqlite } from './migrate.ts'
import { busyTimeoutMs, Connection, readTogether, translate } from './connection.ts'
import { createRecall } from './recall.ts'
import { createWriter } from './writer.ts'
import { sqliteBuilder } from './dialect.ts'
import type { Store } from '../store.ts'

const startTimeoutMs = 10_000

/**
 * Two processes that turn a new file into one with a write-ahead log would wait for each other for ever, so
 * SQLite tells one of them at once that the file is locked, however long it would wait; that one tries again.
 */
const switchToLog = async (database: DatabaseSync): Promise<void> => {
  for (const deadline = performance.now() + startTimeoutMs; ; await setTimeout(20)) {
    try {
      return database.exec('PRAGMA journal_mode = WAL')
    } catch (error) {
      const isBusy = translate(error) instanceof Unavailable && performance.now() < deadline
      if (!isBusy) throw error
    }
  }
}

/** Durable on power loss: a write-ahead log that is synced at every commit (DESIGN invariant 2). */
const prepareWriter = async (database: DatabaseSync, mode: MigrateMode): Promise<void> => {
  // At the start there is time to wait for another process that opens the same database.
  database.exec(`PRAGMA busy_timeout = ${startTimeoutMs}`)
  await switchToLog(database)
  database.exec('PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY')
  await migrateSqlite(database, mode)
  database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
}

/** So many different passwords may wait for one account; more is an attack, and is told to come back. */
const mostWaiting = 20

/**
 * Opens (and creates, and migrates) the embedded system store.
 * Refuses a file that is no database, or one that a newer release has written in a way that this one cannot read.
 */
export const openSqliteStore = async (file: string, mode: MigrateMode = 'auto'): Promise<Store> => {
  const writer = new Connection(file, false)
  try {
    await prepareWriter(writer.database, mode)
  } catch (error) {
    writer.database.close()
    throw error
  }
  const reader = new Connection(file, true)
  const { recall, forget } = createRecall(reader)
  const { write, drain } = createWriter(writer, forget)
  let open = true
  return {
    engine: 'sqlite',
    sql: sqliteBuilder(),
    read: async (command) => readTogether(reader, command),
    recall: async (key, command) => recall(key, command),
    write,
    // One server per data directory (serve-lock.ts), so this process is the whole fleet.
    exclusive: createGate(mostWaiting),
    databaseTime: async () => undefined,
    close: async () => {
      if (!open) return
      open = false
      drain()
      reader.database.close()
      writer.database.close()
    },
  }
}
