import type { Clock } from '#lib/clock.ts'
import { type Command, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Hasher } from '#vault/hashing.ts'
import { type Caller, checkPermissions } from '../access/caller.ts'
import { permission } from '../access/permissions.ts'
import { endAccess, endChainsOfUser } from '../authorizations/ending.ts'
import { securePasswordChange } from '../configurations/configuration.ts'
import type { Configurations } from '../configurations/service.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { UserStore } from '../users/store.ts'
import { userSubject } from './lockout.ts'
import type { PasswordCheck } from './password-check.ts'
import type { PasswordPolicies } from './policies.ts'
import { passwordFault, sameAsCurrent, titlesOf } from './policy.ts'
import type { PasswordHasher } from './passwords.ts'
import { endSessions } from './sessions.ts'

export { passwordFault }

/** What a `passwordInfo` says; `expiresAt` in milliseconds since 1970, null for never. */
export type PasswordInfo = { readonly status: 1 | 2; readonly expiresAt: number | null }

/** What passwords are changed with. */
export type PasswordDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly users: UserStore
  readonly passwords: PasswordHasher
  readonly passwordCheck: PasswordCheck
  readonly policies: PasswordPolicies
  readonly configurations: Configurations
  readonly hash: Hasher
}

const refuse = (explanation?: string): ManagementError =>
  new ManagementError(refusals.passwordPolicy, explanation)

/** What a reset ends (DESIGN invariant 16): the lock, sessions and chains of the user. */
export function* endByReset(store: Store, userId: number): Command<void> {
  yield* run(store.sql.deleteFrom('login_failures').where('subject', '=', userSubject(userId)))
  yield* endSessions(store, userId)
  yield* endChainsOfUser(store, userId)
}

/** Changing one's own password, and the operator's way to reset one, with what each ends (DESIGN invariant 16). */
export const createPasswordChange = (deps: PasswordDeps) => {
  const { store, users, policies } = deps

  function* asksCurrent(): Command<boolean> {
    return (yield* deps.configurations.valueOf(securePasswordChange)) !== 'false'
  }

  /** What the page says of a new password: the rules in force, and whether the current password is wanted, too. */
  const rules = (): Promise<{ readonly titles: readonly string[]; readonly asks: boolean }> =>
    store.read(function* () {
      return { titles: titlesOf(yield* policies.inForce()), asks: yield* asksCurrent() }
    })

  /** Throws 400 unless it is the caller's password; counted like any other presentation (T49). Answers its version. */
  const requireCurrent = async (caller: Caller, current: string | undefined): Promise<number> => {
    const user = await deps.passwordCheck.check(caller.userName, current ?? '')
    if (user === undefined || user.id !== caller.userId)
      throw refuse('The current password is wrong, or the account is locked for a while.')
    return user.passwordVersion
  }

  /** Where the current password is not asked for, its hash tells whether the new one is another. */
  const requireAnother = async (caller: Caller, next: string): Promise<number> => {
    const user = await store.read(() => users.readById(caller.userId))
    if (user?.passwordHash !== undefined && (await deps.passwords.verify(user.passwordHash, next)))
      throw refuse(sameAsCurrent)
    return caller.passwordVersion
  }

  /**
   * Changes the caller's own password (management reference 2.4): other sessions and what was got by password end, and all
   * doors open again. Needs permission 9, unless it must be changed. Throws 403, and 400 for a wrong current password, one that breaks a rule, and one
   * that was changed meanwhile.
   * @param input.current checked unless configuration 2 says otherwise
   * @param input.sessionId the one session that goes on
   */
  const changeOwn = async (
    caller: Caller,
    input: {
      readonly current?: string | undefined
      readonly next: string
      readonly sessionId?: string
      /** Also ends all access that the caller has given. */
      readonly disconnects?: boolean
    },
  ): Promise<PasswordInfo> => {
    // Whoever must change it may: without 9 the account would be shut for good.
    if (!caller.mustChangePassword) checkPermissions(caller, [permission.changePassword])
    const { next, sessionId } = input
    const current = (await store.read(asksCurrent)) ? (input.current ?? '') : undefined
    await policies.check({ userName: caller.userName, password: next, current })
    const version =
      current === undefined
        ? await requireAnother(caller, next)
        : await requireCurrent(caller, current)
    const hash = await deps.passwords.hash(next)
    return store.write(function* () {
      const expiresAt = yield* policies.expiryFrom(deps.clock.now())
      const info = { status: 1, expiresAt } as const
      if (!(yield* users.replacePassword(caller.userId, version, { hash, ...info })))
        throw refuse('The password was changed meanwhile. Sign in again.')
      const kept = sessionId === undefined ? undefined : deps.hash('session', sessionId)
      yield* endSessions(store, caller.userId, kept)
      yield* endChainsOfUser(store, caller.userId, 'password')
      if (input.disconnects === true) yield* endAccess(store, { userId: caller.userId })
      return info
    })
  }

  /**
   * Sets a user's password from the command line, by the rules of an installation, and ends what a reset ends. False when
   * there is no such user. It works at once: whoever runs the server needs a way in.
   */
  const reset = async (userName: string, next: string): Promise<boolean> => {
    const fault = passwordFault(userName, next)
    if (fault !== undefined) throw refuse(fault)
    const hash = await deps.passwords.hash(next)
    return store.write(function* () {
      const user = yield* users.readByName(userName)
      if (user === undefined) return false
      const expiresAt = yield* policies.expiryFrom(deps.clock.now())
      const password = { hash, status: 1, expiresAt } as const
      if (!(yield* users.replacePassword(user.id, user.passwordVersion, password))) return false
      yield* endByReset(store, user.id)
      return true
    })
  }

  return { rules, changeOwn, reset }
}

export type PasswordChange = ReturnType<typeof createPasswordChange>
