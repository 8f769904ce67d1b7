import { sql as raw } from 'kysely'
import { type Command, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'

/** A text that is to take the place of another one. */
export type Exchange = {
  /** The value of the key column in its row. */
  readonly key: number | Uint8Array
  readonly old: string
  readonly new: string
}

/**
 * Exchanges texts in a column with one statement, each only where the old one still stands: what somebody wrote meanwhile stays.
 * Answers how many were exchanged. No two texts of a column are alike, so that the old one alone tells the new one.
 */
export function* exchange(
  { sql }: Store,
  { table, column, key }: { readonly table: string; readonly column: string; readonly key: string },
  texts: readonly Exchange[],
): Command<number> {
  if (texts.length === 0) return 0
  const cases = texts.map((text) => raw`when ${text.old} then ${text.new}`)
  const statement = raw`update ${raw.table(table)}
    set ${raw.ref(column)} = case ${raw.ref(column)} ${raw.join(cases, raw` `)} end
    where ${raw.ref(key)} in (${raw.join(texts.map((text) => text.key))})
    and ${raw.ref(column)} in (${raw.join(texts.map((text) => text.old))})`
  return yield* run(statement.compile(sql))
}
