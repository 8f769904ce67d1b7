import { run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Hasher } from '#vault/hashing.ts'
import { type Caller, checkPermissions } from '../access/caller.ts'
import { permission } from '../access/permissions.ts'
import { endChainsOfUser } from '../authorizations/ending.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { UserStore } from '../users/store.ts'
import type { PasswordCheck } from './password-check.ts'
import type { PasswordHasher } from './passwords.ts'
import { endSessions } from './sessions.ts'

/** What a new password must be; also shown beside the form. NIST SP 800-63B: length counts, composition does not. */
export const passwordRules = [
  '12 to 128 characters',
  'not your user name',
  'not the current password',
] as const

/** What is wrong with a new password, or undefined. */
export const passwordFault = (
  userName: string,
  password: string,
  current?: string,
): string | undefined => {
  if (password.length < 12) return 'The new password needs at least 12 characters.'
  if (password.length > 128) return 'The new password has more than 128 characters.'
  if (/\p{Cc}/u.test(password)) return 'The new password must not contain control characters.'
  if (password.toLowerCase() === userName.toLowerCase())
    return 'The new password must not be your user name.'
  if (password === current) return 'The new password is the current one.'
  return undefined
}

/** Changing one's own password and resetting another's, with what each ends (DESIGN invariant 16). */
export const createPasswordChange = (deps: {
  readonly store: Store
  readonly users: UserStore
  readonly passwords: PasswordHasher
  readonly passwordCheck: PasswordCheck
  readonly hash: Hasher
}) => {
  const { store, users } = deps

  const changeOwn = async (
    caller: Caller,
    input: { readonly current: string; readonly next: string; readonly sessionId: string },
  ): Promise<void> => {
    checkPermissions(caller, [permission.changePassword])
    const fault = passwordFault(caller.userName, input.next, input.current)
    if (fault !== undefined) throw new ManagementError(refusals.passwordPolicy, fault)
    const user = await deps.passwordCheck.check(caller.userName, input.current)
    if (user === undefined || user.id !== caller.userId)
      throw new ManagementError(
        refusals.passwordPolicy,
        'The current password is wrong, or the account is locked for a while.',
      )
    const passwordHash = await deps.passwords.hash(input.next)
    await store.write(function* () {
      if (!(yield* users.replacePassword(user.id, user.passwordVersion, passwordHash)))
        throw new ManagementError(
          refusals.passwordPolicy,
          'The password was changed meanwhile. Sign in again.',
        )
      yield* endSessions(store, user.id, deps.hash('session', input.sessionId))
      yield* endChainsOfUser(store, user.id, 'password')
    })
  }

  /** Sets a user's password, ends lock, sessions and chains. False when there is no such user. */
  const reset = async (userName: string, next: string): Promise<boolean> => {
    const fault = passwordFault(userName, next)
    if (fault !== undefined) throw new ManagementError(refusals.passwordPolicy, fault)
    const passwordHash = await deps.passwords.hash(next)
    return store.write(function* () {
      const user = yield* users.readByName(userName)
      if (
        user === undefined ||
        !(yield* users.replacePassword(user.id, user.passwordVersion, passwordHash))
      )
        return false
      yield* run(store.sql.deleteFrom('login_failures').where('subject', '=', `user:${user.id}`))
      yield* endSessions(store, user.id)
      yield* endChainsOfUser(store, user.id)
      return true
    })
  }

  return { changeOwn, reset }
}

export type PasswordChange = ReturnType<typeof createPasswordChange>
