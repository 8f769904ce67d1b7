import { sql as raw } from 'kysely'
import { createSealedValues } from '#features/sealed/data-keys.ts'
import { placeIn, type SealedColumn, sealedColumns } from '#features/sealed/places.ts'
import { all } from '#store/command.ts'
import { movedTables } from '#store/move/tables.ts'
import type { Store } from '#store/store.ts'
import type { Place } from '#vault/envelope.ts'
import type { TestApp } from './app.ts'

export type Found = { readonly table: string; readonly column: string; readonly text: string }

/** Every text of the database that begins as a sealed one does, wherever it lies. */
export const findSealedTexts = (store: Store): Promise<readonly Found[]> =>
  store.read(function* () {
    const found: Found[] = []
    for (const table of movedTables)
      for (const row of yield* all(store.sql.selectFrom(table).selectAll()))
        for (const [column, text] of Object.entries(row))
          if (typeof text === 'string' && /^v[12]\./.test(text)) found.push({ table, column, text })
    return found
  })

export type Opened = Found & { readonly place: Place; readonly opened: string | undefined }

/** What lies sealed in the columns that the registry names, opened in its place; undefined where it does not open. */
export const openAll = (app: Pick<TestApp, 'core'>): Promise<readonly Opened[]> => {
  const { store, ring, clock } = app.core
  const sealed = createSealedValues(store, ring, clock.now)
  return store.read(function* () {
    const found: Opened[] = []
    for (const column of sealedColumns)
      for (const row of yield* all(rowsOf(column).compile(store.sql))) {
        const place = placeIn(column, row)
        const opened = yield* sealed.open(place, row.text)
        found.push({ table: column.table, column: column.column, text: row.text, place, opened })
      }
    return found
  })
}

type Row = { key: number | Uint8Array; tenantId: number; generation: number; text: string }

/** Written once more beside the code that rotates, so that the two can differ. */
const rowsOf = ({ table, column, key, generation }: SealedColumn) => {
  const tenant =
    table === 'client_secrets'
      ? raw`(select tenant_id from client_applications as a where a.id = t.application_id)`
      : raw`t.tenant_id`
  return raw<Row>`select ${raw.ref(key)} as key, ${tenant} as "tenantId", ${raw.ref(column)} as text,
    ${generation === undefined ? raw`1` : raw.ref(generation)} as generation
    from ${raw.table(table)} as t where ${raw.ref(column)} is not null`
}
