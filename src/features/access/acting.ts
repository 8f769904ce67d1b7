import type { Command } from '#store/command.ts'
import type { UserStore } from '../users/store.ts'
import { userNameKey } from '../users/user.ts'
import { ManagementError, refusals } from '../refusals.ts'
import { type Caller, holds, isAdministrator } from './caller.ts'
import { permission } from './permissions.ts'
import { isWithin, reachOf } from './reach.ts'
import { type ActingFor, isForAnother } from './source-permissions.ts'

const refuse = (explanation?: string): never => {
  throw new ManagementError(refusals.forbidden, explanation)
}

/**
 * For whom `?user=` lets a caller act (management reference 6): the named user as a caller, disabled or not. Naming
 * oneself is acting for oneself. An administrator (12) may act for anybody and gets 404 for an unknown name. Others need
 * MgmtAPI, OnBehalfOf and administrative access on the user's tenant, and may not act for someone who holds what they
 * lack; whatever is missing, and an unknown name, is one and the same 403.
 */
export function* actFor(users: UserStore, caller: Caller, userName: string): Command<Caller> {
  if (userNameKey(userName) === userNameKey(caller.userName)) return caller
  const named = yield* users.readByName(userName)
  const subject = named && (yield* users.readGrants(named))
  if (isAdministrator(caller)) {
    if (subject === undefined)
      throw new ManagementError(refusals.userNotFound, 'Nobody has this name.')
    return subject
  }
  const reach = reachOf(caller, permission.managementApi, permission.onBehalfOf)
  if (
    subject === undefined ||
    !isWithin(reach, subject.tenantId) ||
    ![...subject.permissions].every((id) => holds(caller, id))
  )
    return refuse('You may not act for this user.')
  return subject
}

/**
 * Checks once more, in the command that relies on it, for whom something is done: a subject that was deleted, renamed or
 * moved to another tenant meanwhile gets nothing. Throws as `actFor`.
 */
export function* requireStillFor(users: UserStore, by: ActingFor): Command<void> {
  const now = isForAnother(by)
    ? yield* actFor(users, by.caller, by.subject.userName)
    : yield* users.readCaller(by.caller.userId)
  if (now?.userId !== by.subject.userId || now.tenantId !== by.subject.tenantId)
    refuse('The account was changed at this moment; try again.')
}
