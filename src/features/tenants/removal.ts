import { sql as raw } from 'kysely'
import { type Command, all, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { type Caller, checkPermissions } from '../access/caller.ts'
import { checkMayChangeUser } from '../access/granting.ts'
import { withNamesFor } from '../access/names.ts'
import { permission } from '../access/permissions.ts'
import { removeProfiles } from '../oauth-profiles/store.ts'
import { type Dependent, ManagementError, refusals } from '../refusals.ts'

/** So many are named to whoever is refused; all of them are at `/dependents`. */
const mostNamed = 100

/** What would go with a tenant and is not just a part of it: users first, then OAuth applications, each by id. */
export function* readDependents(
  { sql }: Store,
  tenantId: number,
  most?: number,
): Command<readonly Dependent[]> {
  let ofUsers = sql
    .selectFrom('users')
    .select(['id', 'user_name as name'])
    .where('tenant_id', '=', tenantId)
    .orderBy('id')
  if (most !== undefined) ofUsers = ofUsers.limit(most)
  const users = (yield* all(ofUsers)).map((row) => ({ kind: 'user', ...row }))
  if (users.length === most) return users
  let ofApplications = sql
    .selectFrom('oauth_applications')
    .select(['id', 'name'])
    .where('tenant_id', '=', tenantId)
    .orderBy('id')
  if (most !== undefined) ofApplications = ofApplications.limit(most - users.length)
  const applications = (yield* all(ofApplications)).map((row) => ({
    kind: 'oauthApplication',
    ...row,
  }))
  return [...users, ...applications]
}

/**
 * Throws 403 where a user of the tenant holds a tenant or elevated permission that the caller lacks: what happens to the
 * tenant happens to its users (rule 10). Their administrative access needs no look: it counts on this tenant alone.
 */
export function* checkMayChangeUsersOf(
  { sql }: Store,
  caller: Caller,
  tenantId: number,
): Command<void> {
  const held = yield* all(
    sql
      .selectFrom('user_permissions as p')
      .innerJoin('users as u', 'u.id', 'p.user_id')
      .select('p.permission_id')
      .where('u.tenant_id', '=', tenantId)
      .union(
        sql
          .selectFrom('role_permissions as p')
          .innerJoin('user_roles as ur', 'ur.role_id', 'p.role_id')
          .innerJoin('users as u', 'u.id', 'ur.user_id')
          .select('p.permission_id')
          .where('u.tenant_id', '=', tenantId),
      ),
  )
  checkMayChangeUser(
    caller,
    held.map((row) => row.permission_id).sort((a, b) => a - b),
    'A user of this tenant',
  )
}

/** Users go with all that they own: data sources, client applications with every access to them, consents, sessions. */
function* removeUsers({ sql }: Store, tenantId: number): Command<void> {
  const subjects = sql
    .selectFrom('users')
    .select(raw<string>`'user:' || cast(id as text)`.as('subject'))
    .where('tenant_id', '=', tenantId)
  yield* run(sql.deleteFrom('login_failures').where('subject', 'in', subjects))
  yield* run(sql.deleteFrom('users').where('tenant_id', '=', tenantId))
}

/** A caller may cascade over what it could delete one by one. Throws 403. */
function* checkMayCascade(
  store: Store,
  caller: Caller,
  tenantId: number,
  dependents: readonly Dependent[],
): Command<void> {
  const kinds = new Set(dependents.map(({ kind }) => kind))
  if (kinds.has('user')) checkPermissions(caller, [permission.deleteUsers])
  if (kinds.has('oauthApplication'))
    checkPermissions(caller, [permission.managementApi, permission.oauth])
  yield* checkMayChangeUsersOf(store, caller, tenantId)
}

/**
 * Removes a tenant with its roles, limits, data keys and what gave administrative access on it. Throws 400 with the list
 * where something hangs on it, unless it cascades; and 403 where the caller may not remove that.
 */
export function* removeTenant(
  store: Store,
  caller: Caller,
  tenantId: number,
  cascades: boolean,
): Command<void> {
  const { sql } = store
  const dependents = yield* readDependents(store, tenantId, cascades ? undefined : mostNamed)
  if (dependents.length > 0) {
    if (!cascades)
      throw new ManagementError(
        refusals.tenantNotEmpty,
        'Delete its users and OAuth applications first, or send cascade=true to delete them with it.',
        { dependents: withNamesFor(caller, tenantId, dependents) },
      )
    yield* checkMayCascade(store, caller, tenantId, dependents)
    yield* removeUsers(store, tenantId)
    yield* run(sql.deleteFrom('oauth_applications').where('tenant_id', '=', tenantId))
  }
  // They go with their owners; one whose owner is elsewhere must not keep the tenant.
  yield* removeProfiles(store, 'tenant_id', tenantId)
  yield* run(sql.deleteFrom('client_applications').where('tenant_id', '=', tenantId))
  yield* run(sql.deleteFrom('data_sources').where('tenant_id', '=', tenantId))
  yield* run(sql.deleteFrom('tenants').where('id', '=', tenantId))
}
