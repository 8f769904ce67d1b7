/**
 * Which data sources a consent reaches, by id: a list, or (with *also those I add later*) all but those
 * that were left unticked.
 */
export type DataSourceSelection =
  | { readonly kind: 'only'; readonly ids: readonly number[] }
  | { readonly kind: 'all-but'; readonly ids: readonly number[] }

/** True when the selection lets this data source through. */
export const reaches = (selection: DataSourceSelection, dataSourceId: number): boolean =>
  selection.ids.includes(dataSourceId) === (selection.kind === 'only')

/**
 * The selection that a consent form means.
 * @param offered ids of the data sources that the page showed
 * @param ticked ids that came back; those that were not offered are dropped, so that nobody can add one
 */
export const selectionOf = (
  offered: readonly number[],
  ticked: readonly number[],
  later: boolean,
): DataSourceSelection => {
  const chosen = new Set(ticked)
  return later
    ? { kind: 'all-but', ids: offered.filter((id) => !chosen.has(id)) }
    : { kind: 'only', ids: offered.filter((id) => chosen.has(id)) }
}

const isSelection = (value: unknown): value is DataSourceSelection => {
  if (typeof value !== 'object' || value === null) return false
  const { kind, ids } = value as { kind?: unknown; ids?: unknown }
  return (
    (kind === 'only' || kind === 'all-but') &&
    Array.isArray(ids) &&
    ids.every((id) => Number.isSafeInteger(id))
  )
}

/** Reads a stored selection. Throws when it is damaged: a token must not reach more because a row is broken. */
export const parseSelection = (text: string): DataSourceSelection => {
  const value: unknown = JSON.parse(text)
  if (!isSelection(value)) throw new Error('a stored data source selection is damaged')
  return value
}
