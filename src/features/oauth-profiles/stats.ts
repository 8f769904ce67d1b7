import { type Command, all } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { permission } from '../access/permissions.ts'
import { type ActingFor, mayOnSource, readSourcePermissions } from '../access/source-permissions.ts'
import type { OAuthProfile } from './profile.ts'

/** A data source that uses a profile, as its statistics name it. */
export type LinkedSource = {
  readonly id: number
  readonly name: string
  readonly description: string
}

/** The data sources that use a profile and may be seen by who asks, by id (OAuth reference C.5). */
export function* readLinkedSources(
  { sql }: Store,
  by: ActingFor,
  profile: OAuthProfile,
): Command<readonly LinkedSource[]> {
  const rows = yield* all(
    sql
      .selectFrom('data_sources')
      .select(['id', 'name', 'description', 'permissions'])
      .where('oauth_profile_id', '=', profile.id)
      .where('owner_id', '=', profile.ownerId)
      .orderBy('id'),
  )
  return rows
    .map((row) => ({
      id: row.id,
      name: row.name,
      description: row.description ?? '',
      permissions: readSourcePermissions(row.permissions),
    }))
    .filter((source) => mayOnSource(by, source, permission.viewDataSource))
    .map(({ id, name, description }) => ({ id, name, description }))
}
