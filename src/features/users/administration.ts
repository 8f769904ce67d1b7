import type { Clock } from '#lib/clock.ts'
import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { requireStill } from '../access/still.ts'
import { requireTenant } from '../access/tenants.ts'
import { requireAnAdministrator } from '../access/administrators.ts'
import type { Caller } from '../access/caller.ts'
import { checkNotOneself } from '../access/granting.ts'
import { permission } from '../access/permissions.ts'
import { administeredBy, reachOf, requireWithin } from '../access/reach.ts'
import { filterReach, type TenantFilter } from '../access/tenant-filter.ts'
import { type Lockout, userSubject } from '../authentication/lockout.ts'
import type { PasswordHasher } from '../authentication/passwords.ts'
import type { PasswordPolicies } from '../authentication/policies.ts'
import type { Carrying } from '../data-sources/carrying.ts'
import { pieceOf } from '../parameters.ts'
import { ManagementError, refusals } from '../refusals.ts'
import {
  type Account,
  type AccountDetails,
  type AccountFields,
  sameGrants,
  userNameFault,
} from './account.ts'
import type { Page } from './account-store.ts'
import { readAdministered } from './administered-tenants.ts'
import { requireGrants } from './granting.ts'
import { moveUser } from './moving.ts'
import { applyPassword, expiryOf, hashGiven } from './password.ts'
import { type Changeable, modifiable, type ReachedUsers, viewable } from './reaching.ts'
import { readDependents, removeUser } from './removing.ts'
import { applyStatus, checkLock, checkNotShuttingOneselfOut } from './status.ts'

// Names are unique over the whole system (management reference 2.2), so a taken one tells that the name exists somewhere: who
// may create users can find out names of other tenants, and nothing else of them. docs/hdp-compatibility.md says so, too.
const nameTaken = (): ManagementError =>
  new ManagementError(refusals.duplicateName, 'There is a user of this name; case does not count.')

export type UserAdministrationDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly reached: ReachedUsers
  readonly lockout: Lockout
  readonly policies: PasswordPolicies
  readonly passwords: PasswordHasher
  readonly carrying: Carrying
}

const checkFields = (fields: AccountFields, clock: Clock): void => {
  const fault = userNameFault(fields.userName)
  if (fault !== undefined) throw new ManagementError(refusals.invalidInput, fault)
  checkLock(fields.status, clock)
}

/** What administrators do with users (management reference 2.1, 2.2): who may do it to whom, and what it ends. */
export const createUserAdministration = (deps: UserAdministrationDeps) => {
  const { store, clock, lockout } = deps
  const { accounts, require, requireChangeable } = deps.reached

  /** The users of the tenants that the caller administers, or of what the filter leaves of them. Throws 403. */
  const list = (caller: Caller, page: Page, filter: TenantFilter) =>
    store.read(function* () {
      const reach = yield* filterReach(store, viewable(caller), filter)
      return pieceOf(yield* accounts.list(reach, page, clock.now()), page.limit)
    })

  /** Throws 404. */
  const read = (caller: Caller, id: number): Promise<AccountDetails> =>
    store.read(function* () {
      const account = yield* require(viewable(caller), id)
      return {
        account,
        administers: yield* readAdministered(store, account, administeredBy(caller)),
      }
    })

  const findByName = (caller: Caller, name: string): Promise<Account | undefined> =>
    store.read(() => accounts.readByName(viewable(caller), name, clock.now()))

  /**
   * Creates a user, in the caller's tenant unless another is named. Throws 403 for a tenant or permissions that the caller
   * cannot give, 400 for what does not fit, a name that is taken among it.
   */
  const create = async (caller: Caller, fields: AccountFields): Promise<Account> => {
    checkFields(fields, clock)
    const { userName, status, grants, password: given } = fields
    const tenantId = fields.tenantId ?? caller.tenantId
    requireWithin(reachOf(caller, permission.createUsers), tenantId)
    if (given?.password === undefined)
      throw new ManagementError(refusals.invalidInput, 'passwordInfo needs a password.')
    const passwordHash = await hashGiven(deps, userName, given.password)
    return store.write(function* () {
      yield* requireStill(store, caller)
      yield* requireTenant(store, tenantId)
      yield* requireGrants(store, caller, { tenantId, grants, held: new Set() })
      const passwordExpiresAt = yield* expiryOf(deps.policies, given, clock.now())
      const passwordFields = { passwordStatus: given.status, passwordExpiresAt }
      const user = { tenantId, userName, active: status.active, passwordHash, ...passwordFields }
      const id = yield* accounts.insert(user, clock.now())
      if (id === undefined) throw nameTaken()
      yield* accounts.setGrants(id, grants)
      yield* applyStatus({ accounts, lockout }, id, status)
      return yield* require('everywhere', id)
    })
  }

  /** Rule 9 and its siblings: what nobody does to the own account. Throws 403, 400. */
  const checkOwn = (caller: Caller, { account }: Changeable, fields: AccountFields): void => {
    if (caller.userId !== account.id) return
    const moves = fields.tenantId !== undefined && fields.tenantId !== account.tenantId
    if (moves || !sameGrants(account.grants, fields.grants)) checkNotOneself(caller, account.id)
    checkNotShuttingOneselfOut(caller, account.id, fields.status)
    if (fields.password?.password !== undefined) throw new ManagementError(refusals.ownPassword)
  }

  function* moveIfAsked(caller: Caller, account: Account, tenantId: number): Command<void> {
    if (tenantId === account.tenantId) return
    requireWithin(modifiable(caller), tenantId)
    yield* requireTenant(store, tenantId)
    yield* moveUser(store, deps.carrying, account.id, tenantId)
  }

  /**
   * Replaces a user; without a `tenantId` it stays where it is, without a `password` that stays. Throws 404 for one out of
   * reach, 403 for what the caller may not give or touch, 400 for what does not fit.
   */
  const replace = async (caller: Caller, id: number, fields: AccountFields): Promise<Account> => {
    checkFields(fields, clock)
    const { userName, status, grants, password: given } = fields
    // Nobody's password is hashed for who may not set it: hashes have a queue, which sign-ins share.
    await store.read(() => requireChangeable(caller, modifiable(caller), id))
    const hash =
      given?.password === undefined ? undefined : await hashGiven(deps, userName, given.password)
    return store.write(function* () {
      yield* requireStill(store, caller)
      const user = yield* requireChangeable(caller, modifiable(caller), id)
      const tenantId = fields.tenantId ?? user.account.tenantId
      checkOwn(caller, user, fields)
      yield* moveIfAsked(caller, user.account, tenantId)
      yield* requireGrants(store, caller, { tenantId, grants, held: user.holder.permissions })
      if (!(yield* accounts.rename(id, userName))) throw nameTaken()
      if (!sameGrants(user.account.grants, grants)) yield* accounts.setGrants(id, grants)
      if (given !== undefined) {
        const expiresAt =
          hash === undefined ? given.expiresAt : yield* expiryOf(deps.policies, given, clock.now())
        yield* applyPassword(store, id, { ...given, expiresAt }, hash)
      }
      // A new password ends a lock, as every reset does, unless this very request locks.
      if (hash !== undefined) yield* lockout.unlock(userSubject(id))
      yield* applyStatus({ accounts, lockout }, id, status)
      yield* requireAnAdministrator(store)
      return yield* require('everywhere', id)
    })
  }

  /** Deletes a user with everything it owns. Throws 404, 403, and 400 for oneself and where others hang on it. */
  const remove = (caller: Caller, id: number, cascades: boolean): Promise<void> =>
    store.write(
      function* () {
        yield* requireStill(store, caller)
        yield* requireChangeable(caller, reachOf(caller, permission.deleteUsers), id)
        if (caller.userId === id) throw new ManagementError(refusals.ownAccount)
        yield* removeUser(store, id, cascades)
        yield* requireAnAdministrator(store)
      },
      { patient: true },
    )

  /** What deleting the user would be refused for. Throws 404. */
  const dependents = (caller: Caller, id: number) =>
    store.read(function* () {
      yield* require(viewable(caller), id)
      return yield* readDependents(store, id)
    })

  return { list, read, findByName, create, replace, remove, dependents }
}

export type UserAdministration = ReturnType<typeof createUserAdministration>
