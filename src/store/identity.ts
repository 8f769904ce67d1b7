import { sql as raw } from 'kysely'
import { type Command, run } from './command.ts'
import type { Schema } from './schema.ts'
import type { Store } from './store.ts'

/** Tables whose ids are made by the database. */
export const identityTables = [
  'tenants',
  'roles',
  'users',
  'client_applications',
  'client_secrets',
  'consents',
  'chains',
  'data_sources',
  'oauth_applications',
  'oauth_profiles',
  'upstream_tokens',
  'upstream_events',
  'data_keys',
  'key_rotations',
] as const satisfies readonly (keyof Schema)[]
export type IdentityTable = (typeof identityTables)[number]

/**
 * Lets the next id of a table come after those that were given explicitly, and after `least`: an id is never given out
 * twice. SQLite's AUTOINCREMENT does the first by itself.
 */
export function* advanceIdentity(store: Store, table: IdentityTable, least = 0): Command<void> {
  if (store.engine === 'sqlite') return
  const statement = raw`select setval(pg_get_serial_sequence(${table}, 'id'),
    greatest(${least}::bigint, (select coalesce(max(id), 0) from ${raw.table(table)}), 1))`
  yield* run(statement.compile(store.sql))
}
