import { type Command, all } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import {
  holdsOnSource,
  readSourcePermissions,
  sourcePermissions,
} from '../access/source-permissions.ts'
import type { Page } from './account-store.ts'

/** A data source as a list of a user's shows it (management reference 2.3): without its options. */
export type SourceOfUser = {
  readonly id: number
  readonly name: string
  readonly dataStore: number
  readonly description: string
  /** What counts on it, of the permissions that may be set on a data source (rule 5). */
  readonly permissions: readonly number[]
}

/**
 * The data sources of a user; with a limit one more than that, where there is one.
 * @param held the effective permissions of the user
 */
export function* readSourcesOf(
  { sql }: Store,
  of: { readonly userId: number; readonly held: ReadonlySet<number> },
  page: Page,
): Command<readonly SourceOfUser[]> {
  const found = sql
    .selectFrom('data_sources')
    .select(['id', 'name', 'data_store', 'description', 'permissions'])
    .where('owner_id', '=', of.userId)
    .where('id', '>', page.after ?? 0)
    .orderBy('id')
  const rows = yield* all(page.limit === undefined ? found : found.limit(page.limit + 1))
  return rows.map((row) => {
    const set = readSourcePermissions(row.permissions)
    return {
      id: row.id,
      name: row.name,
      dataStore: row.data_store,
      description: row.description ?? '',
      permissions: sourcePermissions.filter((id) => holdsOnSource(set, of.held, id)),
    }
  })
}
