import { type Command, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { PasswordHasher } from '../authentication/passwords.ts'
import type { PasswordPolicies } from '../authentication/policies.ts'
import { endSessions } from '../authentication/sessions.ts'
import { endChainsOfUser } from '../authorizations/ending.ts'
import type { PasswordFields } from './account.ts'

/** The hash of a password that an administrator gives. Throws 400 for one that breaks the policy in force. */
export const hashGiven = async (
  deps: { readonly passwords: PasswordHasher; readonly policies: PasswordPolicies },
  userName: string,
  password: string,
): Promise<string> => {
  await deps.policies.check({ userName, password })
  return deps.passwords.hash(password)
}

/** When a password that is given at this time expires: what was sent, else what the policy says. */
export function* expiryOf(
  policies: PasswordPolicies,
  { expiresAt }: PasswordFields,
  now: number,
): Command<number | null> {
  return expiresAt === undefined ? yield* policies.expiryFrom(now) : expiresAt
}

/**
 * Stores what a `passwordInfo` says. With a new password it is an administrator's reset: sessions and chains of the user end
 * (DESIGN invariant 16).
 * @param hash of the new password; undefined where the one there is stays
 */
export function* applyPassword(
  store: Store,
  userId: number,
  fields: PasswordFields,
  hash: string | undefined,
): Command<void> {
  yield* run(
    store.sql
      .updateTable('users')
      .set({
        password_status: fields.status,
        password_expires_at: fields.expiresAt ?? null,
      })
      .where('id', '=', userId),
  )
  if (hash === undefined) return
  yield* run(
    store.sql
      .updateTable('users')
      .set((e) => ({ password_hash: hash, password_version: e('password_version', '+', 1) }))
      .where('id', '=', userId),
  )
  yield* endSessions(store, userId)
  yield* endChainsOfUser(store, userId)
}
