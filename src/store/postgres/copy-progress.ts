import { CompiledQuery } from 'kysely'
import type { ClientBase } from 'pg'
import { type Command, first, run } from '../command.ts'
import { SchemaError } from '../migrate.ts'
import type { Schema } from '../schema.ts'
import { hasTable } from './has-table.ts'

/**
 * The table in which a copy from an embedded store keeps which store that is and how far it is: one row, changed in the
 * same transactions as what is copied. It is dropped when the copy is whole and was compared.
 */
const copyTable = 'headgate_copy'

/** How far a copy is: all rows of a table up to a rowid, and all tables before it; undefined when all are there. */
export type CopyPosition = { readonly table: keyof Schema; readonly lastRowid: number } | undefined

/** Below every rowid that there can be. */
export const beforeFirst = Number.MIN_SAFE_INTEGER

/** A server must not run on a part of a store. */
export const refuseHalfCopy = async (client: ClientBase): Promise<void> => {
  if (await hasTable(client, copyTable))
    throw new SchemaError(
      'A copy of an embedded store into this database is not finished; run the same `headgate migrate --to` again, or name another database.',
    )
}

/** An embedded store that is copied. */
export type Copying = {
  /** Tells it from every other. */
  readonly source: string
  /** It is closed already, so that only an unfinished copy of it may be finished. */
  readonly closed: boolean
}

/** Refuses a database that holds anything but an unfinished copy of the same store, before it is changed in any way. */
export const claimForCopy = async (
  client: ClientBase,
  { source, closed }: Copying,
): Promise<void> => {
  if (await hasTable(client, copyTable)) {
    const { rows } = await client.query<{ source: string }>(`select source from ${copyTable}`)
    if (rows[0]?.source === source) return
    throw new SchemaError(
      'The database of --to holds an unfinished copy of another embedded store; nothing was changed. Name an empty database.',
    )
  }
  if (await hasTable(client, 'tenants')) {
    const { rows } = await client.query('select 1 from tenants limit 1')
    if (rows.length > 0)
      throw new SchemaError(
        'The database of --to holds a Headgate store already; nothing was changed. Name an empty database.',
      )
  }
  if (closed)
    throw new SchemaError(
      'The embedded database was moved to PostgreSQL before, and the database of --to holds no unfinished copy of it. To move it as it was then, delete moved-to-postgresql in the data directory first.',
    )
}

/** Notes that a copy has begun, unless it had. */
export const beginCopy = async (client: ClientBase, source: string): Promise<void> => {
  if (await hasTable(client, copyTable)) return
  await client.query(
    `create table ${copyTable} (source text not null, at_table text, last_rowid bigint not null)`,
  )
  await client.query(`insert into ${copyTable} values ($1, 'tenants', $2)`, [source, beforeFirst])
}

/** How far the copy is. */
export function* readPosition(): Command<CopyPosition> {
  const row = yield* first<{ at_table: string | null; last_rowid: number }>(
    CompiledQuery.raw(`select at_table, last_rowid from ${copyTable}`),
  )
  if (row === undefined) throw new Error('the copy has no position')
  if (row.at_table === null) return undefined
  return { table: row.at_table as keyof Schema, lastRowid: row.last_rowid }
}

/**
 * Moves the position on, as the first statement of the transaction that copies what lies between. Answers false when it is
 * not where it was: a transaction of an attempt that was killed has been committed after all.
 */
export function* movePosition(from: NonNullable<CopyPosition>, to: CopyPosition): Command<boolean> {
  const moved = yield* run(
    CompiledQuery.raw(
      `update ${copyTable} set at_table = $1, last_rowid = $2 where at_table = $3 and last_rowid = $4`,
      [to?.table ?? null, to?.lastRowid ?? beforeFirst, from.table, from.lastRowid],
    ),
  )
  return moved === 1
}

/** The copy is whole: from now on it is a store like any other. */
export function* endCopy(): Command<void> {
  yield* run(CompiledQuery.raw(`drop table ${copyTable}`))
}
