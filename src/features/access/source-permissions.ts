import { permission } from './permissions.ts'

/** The permissions that may be set on a data source (management reference 1.4). */
export const sourcePermissions: readonly number[] = [2, 3, 4, 5, 6, 7, 10]

/**
 * Rule 5 (management reference 1.3): what was set on a data source counts alone, be it less or more than what its owner
 * holds; where nothing was set, the owner's effective permissions count.
 * @param set the permissions set on the data source, or undefined
 */
export const holdsOnSource = (
  set: readonly number[] | undefined,
  owner: ReadonlySet<number>,
  permissionId: number,
): boolean =>
  set === undefined
    ? owner.has(permissionId) || owner.has(permission.administrator)
    : set.includes(permissionId)
