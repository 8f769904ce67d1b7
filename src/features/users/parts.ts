import type { Command } from '#store/command.ts'
import { requireStill } from '../access/still.ts'
import { requireAnAdministrator } from '../access/administrators.ts'
import type { Caller } from '../access/caller.ts'
import { checkNotOneself } from '../access/granting.ts'
import { permission } from '../access/permissions.ts'
import { administeredBy, reachOf } from '../access/reach.ts'
import { pieceOf } from '../parameters.ts'
import { ManagementError, refusals } from '../refusals.ts'
import {
  type Account,
  type AuthUser,
  type Grants,
  internalService,
  sameGrants,
  type StatusChange,
} from './account.ts'
import type { Page } from './account-store.ts'
import { readAdministered, replaceAdministered } from './administered-tenants.ts'
import type { UserAdministrationDeps } from './administration.ts'
import { requireGrants } from './granting.ts'
import { modifiable, viewable } from './reaching.ts'
import { readSourcesOf } from './sources-of-user.ts'
import { applyStatus, checkLock, checkNotShuttingOneselfOut } from './status.ts'
import type { UserStore } from './store.ts'
import { userNameKey } from './user.ts'

/**
 * How users prove who they are: by their name at the internal service, and by nothing else. What is sent must say just that.
 * Throws 400.
 */
export const checkAuthUsers = (userName: string, authUsers: readonly AuthUser[]): void => {
  const [only, ...more] = authUsers
  if (only === undefined || more.length > 0 || only.authServiceId !== internalService)
    throw new ManagementError(
      refusals.externalService,
      'authUsers must name the user once, with authServiceId 1.',
    )
  if (userNameKey(only.authUserName) !== userNameKey(userName))
    throw new ManagementError(
      refusals.externalService,
      'At the internal service (1) authUserName is the userName.',
    )
}

/** The parts of a user that have addresses of their own (management reference 2.3). */
export const createUserParts = (deps: UserAdministrationDeps & { readonly users: UserStore }) => {
  const { store, clock, lockout } = deps
  const { accounts, require, requireChangeable } = deps.reached

  /** Throws 404. */
  const read = (caller: Caller, id: number): Promise<Account> =>
    store.read(() => require(viewable(caller), id))

  /** Enables, disables, locks, unlocks. Throws 404, 403, and 400 for the own account and the last administrator. */
  const setStatus = async (caller: Caller, id: number, status: StatusChange): Promise<Account> => {
    checkLock(status, clock)
    return store.write(function* () {
      yield* requireStill(store, caller)
      yield* requireChangeable(caller, modifiable(caller), id)
      checkNotShuttingOneselfOut(caller, id, status)
      yield* applyStatus({ accounts, lockout }, id, status)
      yield* requireAnAdministrator(store)
      return yield* require('everywhere', id)
    })
  }

  /** Replaces roles and permissions. Throws 404, 403 (rules 9, 10), 400 for what does not fit. */
  const setGrants = (caller: Caller, id: number, grants: Grants): Promise<Account> =>
    store.write(function* () {
      yield* requireStill(store, caller)
      const { account, holder } = yield* requireChangeable(caller, modifiable(caller), id)
      if (!sameGrants(account.grants, grants)) checkNotOneself(caller, id)
      const { tenantId } = account
      yield* requireGrants(store, caller, { tenantId, grants, held: holder.permissions })
      yield* accounts.setGrants(id, grants)
      yield* requireAnAdministrator(store)
      return yield* require('everywhere', id)
    })

  /** There is nothing to store: only what holds already is taken. Throws 404, 403, 400. */
  const setAuthUsers = (
    caller: Caller,
    id: number,
    authUsers: readonly AuthUser[],
  ): Promise<Account> =>
    store.read(function* () {
      const { account } = yield* requireChangeable(caller, modifiable(caller), id)
      checkAuthUsers(account.userName, authUsers)
      return account
    })

  /** Throws 404. */
  const tenantsOf = (caller: Caller, id: number): Promise<readonly number[]> =>
    store.read(function* () {
      const account = yield* require(viewable(caller), id)
      return yield* readAdministered(store, account, administeredBy(caller))
    })

  /** Throws 404, 403 for a tenant that the caller does not administer, 400 for what does not fit. */
  const setTenants = (
    caller: Caller,
    id: number,
    tenantIds: readonly number[],
  ): Promise<readonly number[]> =>
    store.write(function* () {
      yield* requireStill(store, caller)
      const reach = reachOf(caller, permission.tenantApi, permission.modifyUsers)
      const { account } = yield* requireChangeable(caller, reach, id)
      yield* replaceAdministered(store, caller, { user: account, reach, tenantIds })
      return yield* readAdministered(store, account, reach)
    })

  function* heldBy(id: number): Command<ReadonlySet<number>> {
    const user = yield* deps.users.readById(id)
    return user === undefined ? new Set() : (yield* deps.users.readGrants(user)).permissions
  }

  /** Throws 404. */
  const sourcesOf = (caller: Caller, id: number, page: Page) =>
    store.read(function* () {
      yield* require(viewable(caller), id)
      const held = yield* heldBy(id)
      return pieceOf(yield* readSourcesOf(store, { userId: id, held }, page), page.limit)
    })

  /** The caller's own account, whatever it may see of others. */
  const own = (caller: Caller): Promise<Account> =>
    store.read(() => require('everywhere', caller.userId))

  return { read, setStatus, setGrants, setAuthUsers, tenantsOf, setTenants, sourcesOf, own }
}

export type UserParts = ReturnType<typeof createUserParts>
