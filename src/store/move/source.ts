import { createHash } from 'node:crypto'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { IdentityTable } from '../identity.ts'
import { createDigest, type Digest, type Value } from './digest.ts'
import type { MovedTable } from './tables.ts'

type Batch = { readonly rows: readonly (readonly Value[])[]; readonly lastRowid: number }

/** An embedded store that is being moved: read as of one moment, and changed by nobody meanwhile. */
export type MoveSource = {
  /** Tells this store from every other: from its pepper, and when its first tenant was made. */
  readonly id: string
  readonly columns: (table: MovedTable) => readonly string[]
  /** The next rows of a table after a rowid, at most so many. */
  readonly batch: (table: MovedTable, after: number, most: number) => Batch
  readonly digest: (table: MovedTable) => Digest
  /** The highest id that a table has ever given out. */
  readonly highestId: (table: IdentityTable) => number
  readonly close: () => void
}

const identify = (database: DatabaseSync): string => {
  const pepper = database.prepare("select fingerprint from key_checks where kind = 'pepper'").get()
  const tenant = database.prepare('select created_at from tenants where id = 1').get()
  const facts = JSON.stringify([pepper?.['fingerprint'], tenant?.['created_at']])
  return createHash('sha256').update(facts).digest('hex')
}

const rowsOf = (statement: StatementSync): StatementSync => {
  statement.setReturnArrays(true)
  return statement
}

/**
 * Opens an embedded store (of this release) to be moved, and keeps everybody else from writing to it until it is closed.
 * Throws when somebody is writing right now.
 */
export const openMoveSource = (file: string): MoveSource => {
  const database = new DatabaseSync(file, { timeout: 5000 })
  try {
    database.exec('BEGIN IMMEDIATE')
  } catch (error) {
    database.close()
    throw error
  }
  const known = new Map<string, readonly string[]>()
  const columns = (table: MovedTable): readonly string[] => {
    const names =
      known.get(table) ??
      database
        .prepare(`select name from pragma_table_info('${table}') order by cid`)
        .all()
        .map((row) => String(row['name']))
    known.set(table, names)
    return names
  }
  const list = (table: MovedTable): string => columns(table).join(', ')
  return {
    id: identify(database),
    columns,
    batch: (table, after, most) => {
      const statement = rowsOf(
        database.prepare(
          `select rowid, ${list(table)} from ${table} where rowid > ? order by rowid limit ?`,
        ),
      )
      const found = statement.all(after, most) as unknown as [number, ...Value[]][]
      return {
        rows: found.map(([, ...row]) => row),
        lastRowid: found.at(-1)?.[0] ?? after,
      }
    },
    digest: (table) => {
      const digest = createDigest()
      const statement = rowsOf(database.prepare(`select ${list(table)} from ${table}`))
      for (const row of statement.iterate()) digest.add(row as unknown as Value[])
      return digest.result()
    },
    highestId: (table) =>
      Number(
        database.prepare('select seq from sqlite_sequence where name = ?').get(table)?.['seq'] ?? 0,
      ),
    close: () => database.close(),
  }
}
