import type { Schema } from '#store/schema.ts'
import type { Place } from '#vault/envelope.ts'

/** A column whose texts are sealed under the data keys of tenants, and how the place of each comes from its row. */
export type SealedColumn = {
  readonly table: keyof Schema
  readonly column: string
  /** The primary key: a number, or a hash that is written in hex. */
  readonly key: 'id' | 'link_hash'
  /** Where the tenant stands: in the row itself, or in another one that it refers to. */
  readonly tenant: 'own' | { readonly table: keyof Schema; readonly by: string }
  /** The column that counts the changes which the text is bound to; undefined where a text never changes in its row. */
  readonly generation: string | undefined
}

/**
 * Every one of them, for what must walk them all. A feature that seals a new column names it here, or `keys rotate` would leave
 * it under keys that it deletes; a test compares this list with what lies in the database.
 */
export const sealedColumns = [
  {
    table: 'client_secrets',
    column: 'sealed',
    key: 'id',
    tenant: { table: 'client_applications', by: 'application_id' },
    generation: undefined,
  },
  {
    table: 'oauth_applications',
    column: 'client_secret',
    key: 'id',
    tenant: 'own',
    generation: 'revision',
  },
  {
    table: 'upstream_tokens',
    column: 'access_token',
    key: 'id',
    tenant: 'own',
    generation: 'generation',
  },
  {
    table: 'upstream_tokens',
    column: 'refresh_token',
    key: 'id',
    tenant: 'own',
    generation: 'generation',
  },
  {
    table: 'data_sources',
    column: 'secret_options',
    key: 'id',
    tenant: 'own',
    generation: 'revision',
  },
  {
    table: 'oauth_connections',
    column: 'code_verifier',
    key: 'link_hash',
    tenant: 'own',
    generation: undefined,
  },
] as const satisfies readonly SealedColumn[]

/** Sealed texts of other keys, which a rotation leaves alone, and why. */
export const otherSealedColumns = [
  {
    table: 'refresh_tokens',
    column: 'replay',
    why: 'sealed under a key that only its presenter can derive; it is gone with its token',
  },
  { table: 'data_keys', column: 'wrapped', why: 'a data key, under a master key' },
  { table: 'rotated_data_keys', column: 'wrapped', why: 'a data key, under a master key' },
] as const

/** The key of a row as it stands in a `Place`. */
export const rowIdOf = (key: number | Uint8Array): string =>
  typeof key === 'number' ? String(key) : Buffer.from(key).toString('hex')

/** The place of a text in a sealed column. */
export const placeIn = (
  { table, column }: SealedColumn,
  row: {
    readonly key: number | Uint8Array
    readonly tenantId: number
    readonly generation: number
  },
): Place => ({
  tenantId: row.tenantId,
  table,
  rowId: rowIdOf(row.key),
  column,
  generation: row.generation,
})
