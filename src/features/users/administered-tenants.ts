import { type Command, all, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { type Caller, isAdministrator } from '../access/caller.ts'
import { systemTenantId } from '../access/permissions.ts'
import { isWithin, type Reach, requireWithin } from '../access/reach.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { Account } from './account.ts'

/**
 * The tenants on which a user has administrative access (management reference 3.3), ascending; of those, the ones within a
 * reach. A row that counts for nothing, of somebody who resides elsewhere by now, is not told.
 */
export function* readAdministered(
  { sql }: Store,
  user: Pick<Account, 'id' | 'tenantId'>,
  reach: Reach,
): Command<readonly number[]> {
  const rows = yield* all(
    sql
      .selectFrom('tenants_administered')
      .select('tenant_id')
      .where('user_id', '=', user.id)
      .orderBy('tenant_id'),
  )
  return rows
    .map((row) => row.tenant_id)
    .filter((id) => user.tenantId === systemTenantId || id === user.tenantId)
    .filter((id) => isWithin(reach, id))
}

function* requireTenants({ sql }: Store, ids: readonly number[]): Command<void> {
  if (ids.length === 0) return
  const found = yield* all(sql.selectFrom('tenants').select('id').where('id', 'in', ids))
  const known = new Set(found.map((row) => row.id))
  const missing = ids.find((id) => !known.has(id))
  if (missing !== undefined) throw new ManagementError(refusals.noSuchTenant, `It was ${missing}.`)
}

/**
 * Gives a user administrative access on these tenants and no others. Throws 403 for a tenant outside of the reach that is
 * added or removed, 400 for what this user cannot administer, and for losing access that the caller itself needs.
 * @param reach where the caller may give it
 */
export function* replaceAdministered(
  store: Store,
  caller: Caller,
  of: { readonly user: Account; readonly reach: Reach; readonly tenantIds: readonly number[] },
): Command<void> {
  const { sql } = store
  const { user } = of
  const present = yield* readAdministered(store, user, 'everywhere')
  const wanted = [...new Set(of.tenantIds)]
  const added = wanted.filter((id) => !present.includes(id))
  const removed = present.filter((id) => !wanted.includes(id))
  for (const id of [...added, ...removed]) requireWithin(of.reach, id)
  yield* requireTenants(store, added)
  if (user.tenantId !== systemTenantId && added.some((id) => id !== user.tenantId))
    throw new ManagementError(refusals.administersElsewhere)
  if (caller.userId === user.id && removed.length > 0 && !isAdministrator(caller))
    throw new ManagementError(refusals.ownAccount)
  if (removed.length > 0)
    yield* run(
      sql
        .deleteFrom('tenants_administered')
        .where('user_id', '=', user.id)
        .where('tenant_id', 'in', removed),
    )
  if (added.length > 0)
    yield* run(
      sql
        .insertInto('tenants_administered')
        .values(added.map((id) => ({ user_id: user.id, tenant_id: id })))
        .onConflict((conflict) => conflict.columns(['user_id', 'tenant_id']).doNothing()),
    )
}
