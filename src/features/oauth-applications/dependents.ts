import { type Command, all } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { readBeyond } from '../access/beyond.ts'
import { type Caller, holds, isAdministrator } from '../access/caller.ts'
import { permission } from '../access/permissions.ts'
import { isWithin, reachOf } from '../access/reach.ts'
import { holdsOnSource, readSourcePermissions } from '../access/source-permissions.ts'
import type { Dependent } from '../refusals.ts'

/** What goes, or loses its reference, with an OAuth application. The owner's name is the one that `?user=` takes. */
export type ApplicationDependent = Dependent & { readonly owner?: string }

type Found = {
  readonly kind: 'oauthProfile' | 'dataSource'
  readonly id: number
  readonly name: string
  readonly ownerId: number
  readonly owner: string
  readonly tenantId: number
  /** What is set on a data source; undefined for a profile. */
  readonly set: readonly number[] | undefined
}

function* readFound({ sql }: Store, applicationId: number): Command<readonly Found[]> {
  const profiles = yield* all(
    sql
      .selectFrom('oauth_profiles as p')
      .innerJoin('users as u', 'u.id', 'p.owner_id')
      .select(['p.id', 'p.name', 'p.tenant_id as tenantId'])
      .select(['u.id as ownerId', 'u.user_name as owner'])
      .where('p.application_id', '=', applicationId)
      .orderBy('p.id'),
  )
  const sources = yield* all(
    sql
      .selectFrom('data_sources as s')
      .innerJoin('oauth_profiles as p', 'p.id', 's.oauth_profile_id')
      .innerJoin('users as u', 'u.id', 's.owner_id')
      .select(['s.id', 's.name', 's.tenant_id as tenantId', 's.permissions'])
      .select(['u.id as ownerId', 'u.user_name as owner'])
      .where('p.application_id', '=', applicationId)
      .orderBy('s.id'),
  )
  return [
    ...profiles.map((row) => ({ kind: 'oauthProfile' as const, ...row, set: undefined })),
    ...sources.map(({ permissions, ...row }) => ({
      kind: 'dataSource' as const,
      ...row,
      set: readSourcePermissions(permissions),
    })),
  ]
}

/**
 * The profiles of an application, and the data sources that use them, each by id. Names are given of what the caller could
 * read, as the owner or acting for the owner (management reference 6), and owners where the caller may view users; kind and
 * id stay.
 */
export function* readDependents(
  store: Store,
  caller: Caller,
  applicationId: number,
): Command<readonly ApplicationDependent[]> {
  const found = yield* readFound(store, applicationId)
  const owners = found.map(({ ownerId }) => ownerId)
  const beyond = yield* readBeyond(store, caller, owners)
  const acts = reachOf(caller, permission.managementApi, permission.onBehalfOf)
  const views = reachOf(caller, permission.viewUsers)
  const mayName = ({ ownerId, tenantId, set }: Found): boolean =>
    isAdministrator(caller) ||
    (ownerId === caller.userId
      ? holdsOnSource(set, caller.permissions, permission.viewDataSource)
      : holds(caller, permission.viewDataSource) &&
        isWithin(acts, tenantId) &&
        !beyond.has(ownerId))
  return found.map((dependent) => {
    const { kind, id, name, owner, ownerId, tenantId } = dependent
    return {
      kind,
      id,
      ...(mayName(dependent) ? { name } : {}),
      ...(ownerId === caller.userId || isWithin(views, tenantId) ? { owner } : {}),
    }
  })
}
