import { type Caller, type Holder, holds, isAdministrator } from './caller.ts'
import { systemTenantId } from './permissions.ts'
import { ManagementError, refusals } from '../refusals.ts'

// In which tenants a caller may use a permission (management reference 1.3, rules 3 and 4; 3.3).

/** Tenants by id; `everywhere` for an administrator (12). */
export type Reach = 'everywhere' | ReadonlySet<number>

export const isSystemCaller = (caller: Pick<Caller, 'tenantId'>): boolean =>
  caller.tenantId === systemTenantId

/**
 * Where a caller administers: the tenants on which it has administrative access, its own not implied. Someone of a
 * child tenant can have it on that tenant alone, whatever a table says.
 */
export const administeredBy = (caller: Holder): Reach => {
  if (isAdministrator(caller)) return 'everywhere'
  if (isSystemCaller(caller)) return caller.administers
  return new Set([...caller.administers].filter((id) => id === caller.tenantId))
}

/** Where a permission of the categories `tenant` and `elevated` counts: nowhere for who lacks it. */
export const reachOf = (caller: Caller, ...permissionIds: readonly number[]): Reach =>
  permissionIds.every((id) => holds(caller, id)) ? administeredBy(caller) : new Set()

export const isWithin = (reach: Reach, tenantId: number): boolean =>
  reach === 'everywhere' || reach.has(tenantId)

/** What both reach. */
export const intersect = (one: Reach, other: Reach): Reach => {
  if (one === 'everywhere') return other
  if (other === 'everywhere') return one
  return new Set([...one].filter((id) => other.has(id)))
}

/** Throws 403 for a tenant outside of a reach; one that does not exist is outside of every reach but an administrator's. */
export const requireWithin = (reach: Reach, tenantId: number): void => {
  if (!isWithin(reach, tenantId))
    throw new ManagementError(
      refusals.forbidden,
      'You have no administrative access to this tenant.',
    )
}

/** The ids of a reach for `where … in`, or undefined where nothing limits it. */
export const idsOf = (reach: Reach): readonly number[] | undefined =>
  reach === 'everywhere' ? undefined : [...reach]
