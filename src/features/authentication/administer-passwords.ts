import { type Command, first, run } from '#store/command.ts'
import { requireStill } from '../access/still.ts'
import type { Caller } from '../access/caller.ts'
import { checkMayChange } from '../access/granting.ts'
import { permission } from '../access/permissions.ts'
import { isWithin, type Reach, reachOf } from '../access/reach.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { User } from '../users/user.ts'
import { endByReset, type PasswordDeps, type PasswordInfo } from './change-password.ts'

/** What administrators do with the passwords of others (management reference 2.3, 2.5). */
export const createPasswordAdministration = (deps: PasswordDeps) => {
  const { store, users, policies } = deps
  const { sql } = store

  /** Throws 404 for a user out of reach, who is not told from one that does not exist. */
  function* requireReached(reach: Reach, id: number): Command<User> {
    const user = yield* users.readById(id)
    if (user === undefined || !isWithin(reach, user.tenantId))
      throw new ManagementError(refusals.userNotFound)
    return user
  }

  /** Throws 404 likewise, and 403 for a user who holds or administers what the caller does not. */
  function* requireChangeable(caller: Caller, id: number): Command<User> {
    const user = yield* requireReached(reachOf(caller, permission.modifyUsers), id)
    checkMayChange(caller, yield* users.readGrants(user))
    return user
  }

  function* readStored(id: number): Command<PasswordInfo> {
    const row = yield* first(
      sql
        .selectFrom('users')
        .select(['password_status', 'password_expires_at'])
        .where('id', '=', id),
    )
    if (row === undefined) throw new ManagementError(refusals.userNotFound)
    return { status: row.password_status === 1 ? 1 : 2, expiresAt: row.password_expires_at }
  }

  /** Needs 14. Throws 404. */
  const readInfo = (caller: Caller, id: number): Promise<PasswordInfo> =>
    store.read(function* () {
      yield* requireReached(reachOf(caller, permission.viewUsers), id)
      return yield* readStored(id)
    })

  /**
   * Says of a password that it must be changed, or not, and when it expires; the password stays. What was begun with it goes
   * on, but a session opens nothing more before the change. Needs 15. Throws 404, 403.
   */
  const updateInfo = (caller: Caller, id: number, info: PasswordInfo): Promise<PasswordInfo> =>
    store.write(function* () {
      yield* requireStill(store, caller)
      yield* requireChangeable(caller, id)
      yield* run(
        sql
          .updateTable('users')
          .set({ password_status: info.status, password_expires_at: info.expiresAt })
          .where('id', '=', id),
      )
      return yield* readStored(id)
    })

  /**
   * Gives another user a password that must be changed at the first use. Needs 15. Throws 404, 403, 400 for one that breaks a
   * rule and for the own account.
   */
  const reset = async (caller: Caller, id: number, next: string): Promise<void> => {
    const { userName } = await store.read(() => requireChangeable(caller, id))
    if (caller.userId === id) throw new ManagementError(refusals.resetOfOwnPassword)
    await policies.check({ userName, password: next })
    const hash = await deps.passwords.hash(next)
    await store.write(function* () {
      yield* requireStill(store, caller)
      // Who may change whom can have changed while the password was hashed.
      const user = yield* requireChangeable(caller, id)
      const expiresAt = yield* policies.expiryFrom(deps.clock.now())
      yield* users.replacePassword(id, user.passwordVersion, { hash, status: 2, expiresAt })
      yield* endByReset(store, id)
    })
  }

  /** Makes everybody but the caller change the password at the next use; what was begun goes on, as `updateInfo` says. */
  const resetAll = async (caller: Caller): Promise<void> => {
    await store.write(
      function* () {
        yield* requireStill(store, caller)
        yield* run(
          sql
            .updateTable('users')
            .set({ password_status: 2 })
            .where('id', '<>', caller.userId)
            .where('password_hash', 'is not', null)
            .where('password_status', '<>', 2),
        )
      },
      { patient: true },
    )
  }

  return { readInfo, updateInfo, reset, resetAll }
}

export type PasswordAdministration = ReturnType<typeof createPasswordAdministration>
