import { sql as raw } from 'kysely'
import { all, type Command, first } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import {
  type DataKey,
  type DataKeyId,
  generationOf,
  openAt,
  type Place,
  sealedPrefix,
  sealFor,
} from '#vault/envelope.ts'
import { placeIn, type SealedColumn } from '../places.ts'
import { readKeysOf } from '../stored-keys.ts'
import type { Unwrap } from '../unwrapping.ts'
import { type Exchange, exchange } from './exchange.ts'
import { isUnderWay, type Rotation } from './record.ts'

/** What could not be opened, and stays as it is. */
export type Unopened = { readonly table: string; readonly column: string; readonly rowId: string }

type Key = number | Uint8Array

/** What a step has done. */
export type Batch = {
  /** The last row that it looked at; undefined after the last one of the column. */
  readonly last: Key | undefined
  /** Values that are under the new key now. */
  readonly changed: number
  /** Whether it must be looked at again: somebody changed a value in between, or its tenant has no key of the rotation yet. */
  readonly again: boolean
  readonly unopened: readonly Unopened[]
}

type Row = {
  readonly key: Key
  readonly text: string
  readonly tenant_id: number
  readonly generation: number
}

/** So many values a step: milliseconds, so that nobody who writes beside it waits. */
const batchSize = 100

/** Where a text begins as one of this generation does; `like` would take the case of letters lightly on one engine. */
const isOf = (column: string, generation: number) => {
  const prefix = sealedPrefix(generation)
  return raw<boolean>`substr(t.${raw.ref(column)}, 1, ${raw.lit(prefix.length)}) = ${raw.lit(prefix)}`
}

const selectRows = (sealed: SealedColumn, rotation: Rotation, after: Key | undefined) => {
  const { table, column, key, tenant, generation } = sealed
  const join =
    tenant === 'own'
      ? raw``
      : raw`join ${raw.table(tenant.table)} as o on o.id = t.${raw.ref(tenant.by)}`
  return raw<Row>`select t.${raw.ref(key)} as key, t.${raw.ref(column)} as text,
      ${raw.ref(tenant === 'own' ? 't.tenant_id' : 'o.tenant_id')} as tenant_id,
      ${generation === undefined ? raw.lit(1) : raw`t.${raw.ref(generation)}`} as generation
    from ${raw.table(table)} as t ${join}
    where t.${raw.ref(column)} is not null and not ${isOf(column, rotation.id)}
    ${after === undefined ? raw`` : raw`and t.${raw.ref(key)} > ${after}`}
    order by t.${raw.ref(key)} limit ${raw.lit(batchSize)}`
}

/** How many values a column has, and how many of them are under the keys of a rotation. */
export function* countValues(
  { sql }: Store,
  { table, column }: SealedColumn,
  rotation: Rotation,
): Command<{ readonly total: number; readonly done: number }> {
  const query = raw<{ total: number; done: number | null }>`select count(*) as total,
      sum(case when ${isOf(column, rotation.id)} then 1 else 0 end) as done
    from ${raw.table(table)} as t where t.${raw.ref(column)} is not null`
  const row = yield* first(query.compile(sql))
  return { total: row?.total ?? 0, done: row?.done ?? 0 }
}

/** A data key that was altered is `unopenable`; undefined where there is none. */
type KeyOf = (tenantId: number, generation: number) => DataKey | 'unopenable' | undefined

/** The data keys of tenants. */
function* openKeys(store: Store, unwrap: Unwrap, tenantIds: readonly number[]): Command<KeyOf> {
  const keys = new Map<string, DataKey | 'unopenable'>()
  for (const key of yield* readKeysOf(store, [...new Set(tenantIds)])) {
    const name = `${key.id.tenantId}/${key.id.generation}`
    try {
      keys.set(name, unwrap(key))
    } catch {
      keys.set(name, 'unopenable')
    }
  }
  return (tenantId, generation) => keys.get(`${tenantId}/${generation}`)
}

/** A data key that does not open, in the words of what is told. */
export const unopenedKey = ({ tenantId, generation }: DataKeyId): Unopened => ({
  table: generation === 0 ? 'data_keys' : 'rotated_data_keys',
  column: 'wrapped',
  rowId: generation === 0 ? `tenant ${tenantId}` : `tenant ${tenantId}, generation ${generation}`,
})

/** The text under the new key; undefined when the one there is does not open. */
const sealAnew = (
  keyOf: KeyOf,
  { place, text, to }: { readonly place: Place; readonly text: string; readonly to: DataKey },
): string | undefined => {
  const old = keyOf(place.tenantId, generationOf(text) ?? -1)
  const opened = old === undefined || old === 'unopenable' ? undefined : openAt(old, place, text)
  return opened === undefined ? undefined : sealFor(to, place, opened)
}

/** What becomes of a row: its text anew, or what does not open, or that it has to be looked at again. */
const judgeRow = (
  keyOf: KeyOf,
  row: { readonly text: string; readonly place: Place },
  generation: number,
): { readonly anew: string } | { readonly unopened: Unopened } | 'again' => {
  const { text, place } = row
  const to = keyOf(place.tenantId, generation)
  // The value may be fine. Who enters it again would not help: nothing can be sealed under this key.
  if (to === 'unopenable')
    return { unopened: unopenedKey({ tenantId: place.tenantId, generation }) }
  // The tenant is younger than this pass, and so is its first key; the next pass finds one of this rotation.
  if (to === undefined && keyOf(place.tenantId, 0) !== undefined) return 'again'
  const anew = to && sealAnew(keyOf, { place, text, to })
  const { table, column, rowId } = place
  return anew === undefined ? { unopened: { table, column, rowId } } : { anew }
}

/**
 * Seals the next values of a column under the data keys of a rotation, in their places; undefined when the rotation has ended.
 * A value that somebody writes meanwhile stays as they wrote it.
 */
export function* resealBatch(
  store: Store,
  { unwrap, rotation }: { readonly unwrap: Unwrap; readonly rotation: Rotation },
  { sealed, after }: { readonly sealed: SealedColumn; readonly after: Key | undefined },
): Command<Batch | undefined> {
  if (!(yield* isUnderWay(store, rotation))) return undefined
  const rows = yield* all(selectRows(sealed, rotation, after).compile(store.sql))
  const keyOf = yield* openKeys(
    store,
    unwrap,
    rows.map((row) => row.tenant_id),
  )
  const texts: Exchange[] = []
  const unopened: Unopened[] = []
  let again = false
  for (const row of rows) {
    const place = placeIn(sealed, { ...row, tenantId: row.tenant_id })
    const verdict = judgeRow(keyOf, { text: row.text, place }, rotation.id)
    if (verdict === 'again') again = true
    else if ('unopened' in verdict) unopened.push(verdict.unopened)
    else texts.push({ key: row.key, old: row.text, new: verdict.anew })
  }
  const changed = yield* exchange(store, sealed, texts)
  return {
    last: rows.length < batchSize ? undefined : rows.at(-1)?.key,
    changed,
    again: again || changed < texts.length,
    unopened,
  }
}
