import { type Command, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { systemTenantId } from '../access/permissions.ts'
import type { Carrying } from '../data-sources/carrying.ts'
import { endSessions } from '../authentication/sessions.ts'
import { endAccess } from '../authorizations/ending.ts'
import { removeProfiles } from '../oauth-profiles/store.ts'

/** Nobody keeps access to what a user's applications may read, nor the user to what was given: both belong to a tenant. */
function* endAccessBothWays(store: Store, userId: number): Command<void> {
  const { sql } = store
  yield* endSessions(store, userId)
  yield* endAccess(store, { userId })
  yield* run(
    sql
      .deleteFrom('consents')
      .where(
        'application_id',
        'in',
        sql.selectFrom('client_applications').select('id').where('owner_id', '=', userId),
      ),
  )
}

/**
 * Moves a user to another tenant with data sources and client applications (management reference 2.2): sessions and
 * accesses end, those that were given to the applications as well, and so does administrative access that the new tenant
 * does not allow (3.3). Secrets of data sources, and tokens that they have by parameters of their own, are sealed for the new
 * tenant. OAuth profiles stay behind: they are deleted. Roles are the caller's business. Throws as `Carrying.take`.
 */
export function* moveUser(
  store: Store,
  carrying: Carrying,
  userId: number,
  tenantId: number,
): Command<void> {
  const { sql } = store
  const to = { tenant_id: tenantId }
  yield* endAccessBothWays(store, userId)
  // Application and seal of a profile are the old tenant's; so is a connection that is under way.
  yield* removeProfiles(store, 'owner_id', userId)
  yield* run(sql.deleteFrom('oauth_connections').where('user_id', '=', userId))
  const taken = yield* carrying.take(userId)
  yield* run(sql.updateTable('users').set(to).where('id', '=', userId))
  // Another revision, so that what is open is not used again: its files are those of another tenant now.
  yield* run(
    sql
      .updateTable('data_sources')
      .set((e) => ({ ...to, revision: e('revision', '+', 1) }))
      .where('owner_id', '=', userId),
  )
  yield* carrying.restore(taken)
  // What was sealed for the old tenant opens in no other place; the secrets themselves stay valid.
  yield* run(
    sql
      .updateTable('client_secrets')
      .set({ sealed: null })
      .where(
        'application_id',
        'in',
        sql.selectFrom('client_applications').select('id').where('owner_id', '=', userId),
      ),
  )
  yield* run(
    sql
      .updateTable('client_applications')
      .set({ ...to, available_to_tenants: 0 })
      .where('owner_id', '=', userId),
  )
  if (tenantId !== systemTenantId)
    yield* run(
      sql
        .deleteFrom('tenants_administered')
        .where('user_id', '=', userId)
        .where('tenant_id', '<>', tenantId),
    )
}
