import type { TableShape } from '#odata/edm/tables.ts'

/** A usable ordering of a table's rows: all columns plain, all ascending, compared byte by byte. */
export type TableIndex = { readonly columns: readonly string[]; readonly unique: boolean }

export type Table = TableShape & {
  /** Indexes that bound a read, the primary key included; empty when the source does not tell. */
  readonly indexes: readonly TableIndex[]
  /** Whether rows are numbered by the primary key, which is then the first of `indexes`. */
  readonly hasRowId: boolean
  /** False for views and computed columns: reading a single row may then cost anything. */
  readonly isPlain: boolean
}

/** Why something of the data source is no table; for the data owner. */
export type CatalogWarning = { readonly table: string; readonly message: string }

/** Tables, columns, keys and foreign keys of a data source. */
export type Catalog = {
  readonly tables: readonly Table[]
  readonly warnings?: readonly CatalogWarning[]
}
