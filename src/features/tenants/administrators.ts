import { sql as raw } from 'kysely'
import { type Command, all, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { type Caller, isAdministrator } from '../access/caller.ts'
import { checkMayChange } from '../access/granting.ts'
import { readHolders } from '../access/held.ts'
import { systemTenantId } from '../access/permissions.ts'
import { administeredBy, isWithin } from '../access/reach.ts'
import { ManagementError, refusals } from '../refusals.ts'

// Who has administrative access on a tenant (management reference 3.3): users of the system tenant and of the tenant itself.

/** The ids, ascending. A row of somebody who resides elsewhere by now counts for nothing and is not told. */
export function* readAdministrators({ sql }: Store, tenantId: number): Command<readonly number[]> {
  const rows = yield* all(
    sql
      .selectFrom('tenants_administered as ta')
      .innerJoin('users as u', 'u.id', 'ta.user_id')
      .select('u.id')
      .where('ta.tenant_id', '=', tenantId)
      .where('u.tenant_id', 'in', [systemTenantId, tenantId])
      .orderBy('u.id'),
  )
  return rows.map((row) => row.id)
}

/**
 * Checks that all of these users may administer the tenant. Who lacks 12 may only name users of tenants that it administers,
 * itself, and who has the access already. Throws 400, the same for a user who does not exist and for one out of reach.
 */
function* requireNameable(
  { sql }: Store,
  caller: Caller,
  tenantId: number,
  of: { readonly named: readonly number[]; readonly present: readonly number[] },
): Command<void> {
  const present = new Set(of.present)
  const added = of.named.filter((id) => !present.has(id))
  if (added.length === 0) return
  const found = yield* all(
    sql
      .selectFrom('users')
      .select(['id', 'tenant_id'])
      .where('id', 'in', added)
      .where('tenant_id', 'in', [systemTenantId, tenantId]),
  )
  const reach = administeredBy(caller)
  const nameable = new Set(
    found
      .filter((user) => user.id === caller.userId || isWithin(reach, user.tenant_id))
      .map((user) => user.id),
  )
  const missing = added.find((id) => !nameable.has(id))
  if (missing !== undefined)
    throw new ManagementError(
      refusals.administratorUnknown,
      `There is no user ${missing} of the system tenant or of this tenant that you may name.`,
    )
}

/** Gives the access on a tenant; who has it keeps it, and a user who is gone meanwhile gets none. */
export function* giveAccess(
  { sql }: Store,
  tenantId: number,
  userIds: readonly number[],
): Command<void> {
  if (userIds.length === 0) return
  yield* run(
    sql
      .insertInto('tenants_administered')
      .columns(['user_id', 'tenant_id'])
      .expression(
        sql
          .selectFrom('users')
          .select(['id as user_id', raw<number>`cast(${tenantId} as bigint)`.as('tenant_id')])
          .where('id', 'in', userIds),
      )
      .onConflict((conflict) => conflict.columns(['user_id', 'tenant_id']).doNothing()),
  )
}

/**
 * Makes these users, and nobody else, those with administrative access on a tenant. Throws 400 for who cannot be named, and
 * where a caller without 12 would lose its own access; 403 where somebody added or removed has what the caller lacks.
 */
export function* replaceAdministrators(
  store: Store,
  caller: Caller,
  tenantId: number,
  userIds: readonly number[],
): Command<void> {
  const named = [...new Set(userIds)]
  const present = yield* readAdministrators(store, tenantId)
  if (!isAdministrator(caller) && !named.includes(caller.userId))
    throw new ManagementError(refusals.ownAccount, 'Keep yourself in admins.')
  yield* requireNameable(store, caller, tenantId, { named, present })
  const touched = [
    ...named.filter((id) => !present.includes(id)),
    ...present.filter((id) => !named.includes(id)),
  ].filter((id) => id !== caller.userId)
  for (const holder of yield* readHolders(store, touched)) checkMayChange(caller, holder)
  let others = store.sql.deleteFrom('tenants_administered').where('tenant_id', '=', tenantId)
  if (named.length > 0) others = others.where('user_id', 'not in', named)
  yield* run(others)
  yield* giveAccess(store, tenantId, named)
}

/** Gives the first access on a new tenant: to who was named, and to its maker, who does not need it with 12. */
export function* appointAdministrators(
  store: Store,
  caller: Caller,
  tenantId: number,
  userIds: readonly number[],
): Command<void> {
  const named = [...new Set(userIds)]
  yield* requireNameable(store, caller, tenantId, { named, present: [] })
  const maker = isAdministrator(caller) ? [] : [caller.userId]
  yield* giveAccess(store, tenantId, [...new Set([...named, ...maker])])
}
