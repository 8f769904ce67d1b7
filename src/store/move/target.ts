import { CompiledQuery } from 'kysely'
import { all, type Command, run } from '../command.ts'
import { createDigest, type Digest, type Value } from './digest.ts'
import type { MovedTable } from './tables.ts'

/** The columns of a table in PostgreSQL. */
export function* targetColumns(table: MovedTable): Command<readonly string[]> {
  const rows = yield* all<{ name: string }>(
    CompiledQuery.raw(
      'select column_name as name from information_schema.columns where table_schema = current_schema() and table_name = $1',
      [table],
    ),
  )
  return rows.map(({ name }) => name)
}

/** Inserts rows as one statement. */
export function* insertRows(
  table: MovedTable,
  columns: readonly string[],
  rows: readonly (readonly Value[])[],
): Command<void> {
  if (rows.length === 0) return
  const width = columns.length
  const places = rows.map(
    (_row, i) => `(${columns.map((_column, j) => `$${i * width + j + 1}`).join(',')})`,
  )
  yield* run(
    CompiledQuery.raw(
      `insert into ${table} (${columns.join(', ')}) values ${places.join(',')}`,
      rows.flat(),
    ),
  )
}

/** Rows that are held in memory at once. */
const fetched = 2000

/** The digest of a table, read as a stream in one snapshot. */
export function* digestTarget(table: MovedTable, columns: readonly string[]): Command<Digest> {
  const digest = createDigest()
  // A cursor lives in a transaction, and a read begins one as soon as it has a second statement.
  yield* all(CompiledQuery.raw(`select 1 from ${table} limit 1`))
  yield* run(
    CompiledQuery.raw(
      `declare moved no scroll cursor for select ${columns.join(', ')} from ${table}`,
    ),
  )
  for (;;) {
    const rows = yield* all<Record<string, Value>>(CompiledQuery.raw(`fetch ${fetched} from moved`))
    for (const row of rows) digest.add(columns.map((column) => row[column] ?? null))
    if (rows.length < fetched) return digest.result()
  }
}
