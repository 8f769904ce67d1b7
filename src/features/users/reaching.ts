import type { Clock } from '#lib/clock.ts'
import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Caller } from '../access/caller.ts'
import { checkMayChange } from '../access/granting.ts'
import { permission } from '../access/permissions.ts'
import { type Reach, reachOf } from '../access/reach.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { Account } from './account.ts'
import { createAccountStore } from './account-store.ts'
import type { UserStore } from './store.ts'

/** A user with what it holds and administers at this moment. */
export type Changeable = { readonly account: Account; readonly holder: Caller }

/** Where a caller may see users, and where it may change them (management reference 2.1). */
export const viewable = (caller: Caller): Reach => reachOf(caller, permission.viewUsers)
export const modifiable = (caller: Caller): Reach => reachOf(caller, permission.modifyUsers)

/** Users as far as a caller reaches them; each function is a command. */
export const createReachedUsers = (deps: {
  readonly store: Store
  readonly clock: Clock
  readonly users: UserStore
}) => {
  const accounts = createAccountStore(deps.store)

  /** Throws 404 for a user out of reach, who is not told from one that does not exist. */
  function* require(reach: Reach, id: number): Command<Account> {
    const account = yield* accounts.read(reach, id, deps.clock.now())
    if (account === undefined) throw new ManagementError(refusals.userNotFound)
    return account
  }

  /** Throws 404 likewise, and 403 for a user who holds or administers what the caller does not. */
  function* requireChangeable(caller: Caller, reach: Reach, id: number): Command<Changeable> {
    const account = yield* require(reach, id)
    const user = yield* deps.users.readById(id)
    if (user === undefined) throw new ManagementError(refusals.userNotFound)
    const holder = yield* deps.users.readGrants(user)
    checkMayChange(caller, holder)
    return { account, holder }
  }

  return { accounts, require, requireChangeable }
}

export type ReachedUsers = ReturnType<typeof createReachedUsers>
