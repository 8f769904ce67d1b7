import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

export type DemoTable = {
  readonly create: string
  readonly insert: string
  readonly rows: readonly (readonly SQLInputValue[])[]
}

/** Writes a new database file with the given tables; fails when a foreign key leads nowhere. */
export const createDemoDatabase = (file: string, tables: readonly DemoTable[]): void => {
  const db = new DatabaseSync(file, { enableForeignKeyConstraints: true })
  try {
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN')
    for (const { create, insert, rows } of tables) {
      db.exec(create)
      const statement = db.prepare(insert)
      for (const row of rows) statement.run(...row)
    }
    db.exec('COMMIT; ANALYZE')
  } finally {
    db.close()
  }
}
