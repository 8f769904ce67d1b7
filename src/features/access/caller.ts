import { ManagementError, refusals } from '../refusals.ts'
import { permission, permissions } from './permissions.ts'

/** Who makes this request: a user of a tenant with the permissions of this moment. */
export type Caller = {
  readonly userId: number
  readonly userName: string
  readonly tenantId: number
  readonly permissions: ReadonlySet<number>
  /** Ids of the tenants on which the user has administrative access (management reference 3.3). */
  readonly administers: ReadonlySet<number>
  /** Of the password that is in force; a new one ends what was begun with the old. */
  readonly passwordVersion: number
  /** The password opens nothing but its own change (management reference 2.3). */
  readonly mustChangePassword: boolean
}

/** What somebody holds and administers, as far as rules of access ask. */
export type Holder = Pick<Caller, 'tenantId' | 'permissions' | 'administers'>

/** Says which permission is missing, in the words of the reference. */
export const permissionName = (id: number): string => {
  const name = permissions.find((p) => p.id === id)?.name ?? 'an unknown permission'
  return `${name} (${id})`
}

/** Administrator (12) implies everything (management reference 1.3, rule 3). */
export const isAdministrator = (caller: Pick<Caller, 'permissions'>): boolean =>
  caller.permissions.has(permission.administrator)

export const holds = (caller: Pick<Caller, 'permissions'>, permissionId: number): boolean =>
  isAdministrator(caller) || caller.permissions.has(permissionId)

/** Throws 403 naming the first permission that the caller lacks. */
export const checkPermissions = (caller: Caller, needed: readonly number[]): void => {
  const missing = needed.find((id) => !holds(caller, id))
  if (missing === undefined) return
  throw new ManagementError(refusals.forbidden, `It needs ${permissionName(missing)}.`)
}
