import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSqliteStore } from '#store/sqlite/store.ts'
import type { Store } from '#store/store.ts'
import { type Database, type Engine, storePath } from './world.ts'

export const fileOf = (directory: string): string => join(directory, 'headgate.db')

const inDirectory = (directory: string): Database => {
  const file = fileOf(directory)
  const opened: Store[] = []
  let other: DatabaseSync | undefined
  const run = (statement: string) =>
    (other ??= new DatabaseSync(file)).prepare(statement).all() as Record<string, unknown>[]
  return {
    open: async (mode) => {
      const store = await openSqliteStore(file, mode)
      opened.push(store)
      return store
    },
    run: async (statement) => run(statement),
    // Nothing can come in between but what is done right here.
    // oxlint-disable-next-line require-yield
    meanwhile: function* (statement) {
      run(statement)
    },
    opening: `import { openSqliteStore } from ${storePath('sqlite/store.ts')}
      const open = () => openSqliteStore(${JSON.stringify(file)})`,
    end: async () => {
      for (const store of opened) await store.close()
      other?.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const empty = async (): Promise<Database> =>
  inDirectory(mkdtempSync(join(tmpdir(), 'headgate-store-')))

/** The embedded engine, each database in a directory of its own. */
export const sqliteEngine: Engine = {
  name: 'sqlite',
  promise: 100,
  empty,
  world: async () => {
    const database = await empty()
    return { ...database, store: await database.open() }
  },
  tables: `select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name`,
  tablesWith: (column) =>
    `select m.name from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' and c.name = '${column}'`,
}
