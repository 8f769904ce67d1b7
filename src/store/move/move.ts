import { advanceIdentity, identityTables } from '../identity.ts'
import { SchemaError } from '../migrate.ts'
import { beforeFirst, endCopy, movePosition, readPosition } from '../postgres/copy-progress.ts'
import type { Store } from '../store.ts'
import type { MoveSource } from './source.ts'
import { digestTarget, insertRows, targetColumns } from './target.ts'
import { type MovedTable, movedTables, tableAfter } from './tables.ts'

/** Rows per transaction. With 16 columns PostgreSQL would take four times as many in one statement. */
const batchSize = 1000

/** The copy is not what it was copied from. */
export class MoveError extends Error {}

const sameColumns = async (source: MoveSource, target: Store): Promise<void> => {
  for (const table of movedTables) {
    const there = new Set(await target.read(() => targetColumns(table)))
    const here = source.columns(table)
    if (here.length !== there.size || here.some((name) => !there.has(name)))
      throw new SchemaError(
        `The table ${table} has other columns in the database of --to; use the release of Headgate that has been at it.`,
      )
  }
}

const unstorable = (table: MovedTable, error: unknown): unknown => {
  const { code } = error as { code?: unknown }
  if (code !== '22021') return error
  return new MoveError(
    `A text in the table ${table} has a NUL character, which PostgreSQL cannot store; change it, and begin again.`,
    { cause: error },
  )
}

/** Copies the next rows; answers false when there are none. */
const copyNext = async (
  source: MoveSource,
  target: Store,
  tell: (table: MovedTable, rows: number) => void,
): Promise<boolean> => {
  // Asked anew each time: what PostgreSQL has committed is the only truth, whatever was killed before.
  const at = await target.read(readPosition)
  if (at === undefined) return false
  const table = at.table as MovedTable
  const { rows, lastRowid } = source.batch(table, at.lastRowid, batchSize)
  const following = tableAfter(table)
  const next =
    rows.length === batchSize
      ? { table, lastRowid }
      : following && { table: following, lastRowid: beforeFirst }
  try {
    await target.write(
      function* () {
        if (yield* movePosition({ table, lastRowid: at.lastRowid }, next))
          yield* insertRows(table, source.columns(table), rows)
      },
      { isolation: 'row-locks' },
    )
  } catch (error) {
    throw unstorable(table, error)
  }
  tell(table, rows.length)
  return true
}

/** No id may be given out twice, not even one whose row is gone. */
const advanceIdentities = async (source: MoveSource, target: Store): Promise<void> => {
  for (const table of identityTables)
    await target.write(() => advanceIdentity(target, table, source.highestId(table)))
}

/** Compares both sides, table by table and row by row; answers the number of rows. */
const verify = async (source: MoveSource, target: Store): Promise<number> => {
  let total = 0
  for (const table of movedTables) {
    const here = source.digest(table)
    const there = await target.read(() => digestTarget(table, source.columns(table)))
    if (here.rows !== there.rows || here.sum !== there.sum)
      throw new MoveError(
        `The copy of the table ${table} is not what it was copied from (${there.rows} rows of ${here.rows}): one of them was changed meanwhile. The embedded store is as it was. Begin again with an empty database.`,
      )
    total += here.rows
  }
  return total
}

/**
 * Copies an embedded store into a database that was opened for that (`PostgresOptions.copying`), goes on where an attempt
 * before was ended, and compares both. Answers the number of rows. Throws `MoveError` when they differ. The target is a
 * store only after `finishMove`.
 */
export const moveStore = async (
  source: MoveSource,
  target: Store,
  tell: (table: MovedTable, rows: number) => void,
): Promise<number> => {
  await sameColumns(source, target)
  while (await copyNext(source, target, tell));
  await advanceIdentities(source, target)
  return verify(source, target)
}

/** Lets servers open the target. */
export const finishMove = (target: Store): Promise<void> =>
  target.write(endCopy, { isolation: 'row-locks' })
