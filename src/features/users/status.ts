import type { Clock } from '#lib/clock.ts'
import type { Command } from '#store/command.ts'
import type { Caller } from '../access/caller.ts'
import { type Lockout, userSubject } from '../authentication/lockout.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { StatusChange } from './account.ts'
import type { AccountStore } from './account-store.ts'

/** Throws 400 for a lock that would have ended before it began. */
export const checkLock = (status: StatusChange, clock: Clock): void => {
  const { locked, lockedUntil } = status
  if (locked === true && lockedUntil !== undefined && lockedUntil <= clock.now())
    throw new ManagementError(refusals.invalidInput, 'accountLockedUntil lies in the past.')
}

/** Throws 400 where somebody would disable or lock the own account. */
export const checkNotShuttingOneselfOut = (
  caller: Caller,
  userId: number,
  status: StatusChange,
): void => {
  if (caller.userId === userId && (!status.active || status.locked === true))
    throw new ManagementError(refusals.ownAccount)
}

/**
 * Enables or disables a user, and locks or unlocks it where that is said: being locked is a state that comes and goes by
 * itself, so leaving it out of a body does not end it (management reference 2.3). A disabled user is refused everywhere while
 * it lasts (DESIGN invariant 16).
 */
export function* applyStatus(
  deps: { readonly accounts: AccountStore; readonly lockout: Lockout },
  userId: number,
  { active, locked, lockedUntil }: StatusChange,
): Command<void> {
  yield* deps.accounts.setActive(userId, active)
  if (locked === true) yield* deps.lockout.lock(userSubject(userId), lockedUntil)
  if (locked === false) yield* deps.lockout.unlock(userSubject(userId))
}
