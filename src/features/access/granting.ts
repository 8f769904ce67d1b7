import { ManagementError, refusals } from '../refusals.ts'
import { type Caller, type Holder, holds, isAdministrator, permissionName } from './caller.ts'
import { permissions } from './permissions.ts'
import { administeredBy, isWithin } from './reach.ts'

// Who may give what to whom (management reference 1.3, rules 9 and 10).

const refuse = (explanation: string): never => {
  throw new ManagementError(refusals.forbidden, explanation)
}

const isOrdinary = (id: number): boolean =>
  permissions.find((p) => p.id === id)?.category === 'user'

/** Rule 10: nobody puts into a role what they lack. Throws 403. */
export const checkGrantsToRole = (caller: Caller, granted: Iterable<number>): void => {
  for (const id of granted)
    if (!holds(caller, id)) refuse(`You cannot give ${permissionName(id)}, which you lack.`)
}

/** Rule 10: without 12, nobody gives a user tenant or elevated permissions that they lack. Throws 403. */
export const checkGrantsToUser = (caller: Caller, granted: Iterable<number>): void => {
  for (const id of granted)
    if (!isOrdinary(id) && !holds(caller, id))
      refuse(`You cannot give ${permissionName(id)}, which you lack.`)
}

/**
 * What rule 10 would be worth nothing without: who lacks a tenant or elevated permission of a user may not change,
 * delete or disable that user, nor set their password. Throws 403.
 * @param held the effective permissions of that user
 */
export const checkMayChangeUser = (
  caller: Caller,
  held: Iterable<number>,
  who = 'This user',
): void => {
  if (isAdministrator(caller)) return
  for (const id of held)
    if (!isOrdinary(id) && !holds(caller, id))
      refuse(`${who} holds ${permissionName(id)}, which you lack.`)
}

/**
 * `checkMayChangeUser`, and what it would be worth nothing without: who can set a user's password or give a user permissions
 * could use the administrative access of that user, so it must be access that the caller has, too. Throws 403.
 */
export const checkMayChange = (caller: Caller, user: Holder): void => {
  checkMayChangeUser(caller, user.permissions)
  const reach = administeredBy(caller)
  const theirs = administeredBy(user)
  if (theirs !== 'everywhere' && ![...theirs].every((id) => isWithin(reach, id)))
    refuse('This user has administrative access that you lack.')
}

/** Rule 9: nobody changes their own roles or permissions; another administrator must. Throws 403. */
export const checkNotOneself = (caller: Caller, userId: number): void => {
  if (caller.userId === userId)
    refuse('Nobody changes their own roles and permissions; another administrator must.')
}
