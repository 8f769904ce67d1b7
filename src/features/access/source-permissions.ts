import { ManagementError, refusals } from '../refusals.ts'
import { type Caller, checkPermissions, holds } from './caller.ts'
import { checkGrantsToRole } from './granting.ts'
import { permission } from './permissions.ts'

// Rule 5 (management reference 1.3). Rules 6 and 7, on shares and groups, have nothing to apply to yet.

/** The permissions that may be set on a data source (management reference 1.4). */
export const sourcePermissions: readonly number[] = [2, 3, 4, 5, 6, 7, 10]

const isList = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((id) => Number.isSafeInteger(id))

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * What a row says was set on a data source; undefined where nothing was. One that is damaged permits nothing: it must not
 * open more, nor break the list of those beside it (T55).
 */
export const readSourcePermissions = (text: string | null): readonly number[] | undefined => {
  if (text === null) return undefined
  const value = parsed(text)
  return isList(value) ? value : []
}

/** Who asks, and for whom: the same, unless `?user=` named somebody (management reference 6). */
export type ActingFor = { readonly caller: Caller; readonly subject: Caller }

/**
 * What was set on a data source counts alone, be it less or more than what its owner holds, also if that is
 * Administrator; where nothing was set, the owner's effective permissions count.
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

export const isForAnother = ({ caller, subject }: ActingFor): boolean =>
  caller.userId !== subject.userId

/** The owner is bound by what is set; who acts for the owner needs the permission themselves. */
export const mayOnSource = (
  by: ActingFor,
  source: { readonly permissions: readonly number[] | undefined },
  permissionId: number,
): boolean =>
  isForAnother(by)
    ? holds(by.caller, permissionId)
    : holdsOnSource(source.permissions, by.caller.permissions, permissionId)

/**
 * The permissions to be set on a data source, each once, ascending. Throws 400 for others than those of 1.4, and for an
 * owner, who cannot set them alone; 403 for what the caller lacks, ModifyDataSource (3) first: also where they come with a
 * new data source, which itself takes another permission (T65).
 */
export const checkSourcePermissions = (
  by: ActingFor,
  permissions: readonly number[],
): readonly number[] => {
  if (!isForAnother(by))
    throw new ManagementError(
      refusals.invalidInput,
      'permissions are set by an administrator who acts for the owner (?user=).',
    )
  checkPermissions(by.caller, [permission.modifyDataSource])
  const other = permissions.find((id) => !sourcePermissions.includes(id))
  if (other !== undefined)
    throw new ManagementError(
      refusals.unknownPermission,
      `${other} cannot be set on a data source; ${sourcePermissions.join(', ')} can.`,
    )
  checkGrantsToRole(by.caller, permissions)
  return [...new Set(permissions)].sort((a, b) => a - b)
}
