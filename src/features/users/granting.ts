import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Caller } from '../access/caller.ts'
import { checkGrantsToUser } from '../access/granting.ts'
import { permission, permissions, systemTenantId } from '../access/permissions.ts'
import { requireRolesOf } from '../access/roles.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { Grants } from './account.ts'

const checkKnown = (ids: readonly number[]): void => {
  const unknown = ids.find((id) => !permissions.some((p) => p.id === id))
  if (unknown !== undefined)
    throw new ManagementError(refusals.unknownPermission, `It was ${unknown}.`)
}

/**
 * Checks what a user shall hold: permissions that exist, roles of the user's tenant (rule 2), nothing new that the caller
 * may not give (rule 10), and Administrator (12) in the system tenant alone, as it counts in every tenant. Throws 400, 403.
 * @param held the effective permissions that the user has already
 */
export function* requireGrants(
  store: Store,
  caller: Caller,
  of: { readonly tenantId: number; readonly grants: Grants; readonly held: ReadonlySet<number> },
): Command<void> {
  checkKnown(of.grants.permissions)
  const fromRoles = yield* requireRolesOf(store, of.tenantId, of.grants.roles)
  const effective = [...fromRoles, ...of.grants.permissions]
  checkGrantsToUser(
    caller,
    effective.filter((id) => !of.held.has(id)),
  )
  if (of.tenantId !== systemTenantId && effective.includes(permission.administrator))
    throw new ManagementError(refusals.administratorOfChild)
}
