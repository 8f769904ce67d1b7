import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { stampForms, type Row, type Value } from '#query/plan.ts'
import { stampAs } from '#query/stamps.ts'
import { matchesPattern } from './pattern.ts'

const textFunction =
  (change: (text: string) => string) =>
  (value: SQLInputValue): SQLInputValue =>
    typeof value === 'string' ? change(value) : value

/**
 * Opens a file that somebody else may have crafted: read-only, without extensions, and with a schema that
 * may not call what its author has no business to call. `wait` is how long a lock is waited for, in ms; `most` the bytes of
 * a value or a row, beyond which a statement fails: SQLite makes a row whole before anybody can measure it.
 */
export const openReadOnly = (file: string, wait: number, most?: number): DatabaseSync => {
  const db = new DatabaseSync(file, { readOnly: true, allowExtension: false, timeout: wait })
  if (most !== undefined) db.limits.length = most
  db.enableDefensive(true)
  db.exec('PRAGMA query_only = 1; PRAGMA trusted_schema = 0; PRAGMA mmap_size = 0')
  const only = { deterministic: true, directOnly: true }
  db.function(
    'unicode_lower',
    only,
    textFunction((text) => text.toLowerCase()),
  )
  db.function(
    'unicode_upper',
    only,
    textFunction((text) => text.toUpperCase()),
  )
  db.function(
    'unicode_trim',
    only,
    textFunction((text) => text.trim()),
  )
  db.function('pattern_matches', only, matchesPattern)
  for (const as of stampForms)
    db.function(`stamp_${as}`, only, (value, zone) => bindable(stampAs(as, value, zone)))
  return db
}

/** SQLite has no Boolean. */
export const bindable = (value: Value): SQLInputValue =>
  typeof value === 'boolean' ? Number(value) : value

/** A statement whose rows are arrays; `exact` reads integers as bigint. */
export const prepareRows = (db: DatabaseSync, text: string, exact: boolean) => {
  const statement = db.prepare(text)
  statement.setReturnArrays(true)
  if (exact) statement.setReadBigInts(true)
  return {
    get: (values: readonly SQLInputValue[]): Row | undefined =>
      statement.get(...values) as unknown as Row | undefined,
    all: (values: readonly SQLInputValue[]): readonly Row[] =>
      statement.all(...values) as unknown as readonly Row[],
    iterate: (values: readonly SQLInputValue[]): IterableIterator<Row> =>
      statement.iterate(...values) as unknown as IterableIterator<Row>,
  }
}
