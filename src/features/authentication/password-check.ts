import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { type Clock, minutes } from '#lib/clock.ts'
import { createExpiringCache } from '#lib/expiring-cache.ts'
import { createSingleFlight } from '#lib/single-flight.ts'
import type { Store } from '#store/store.ts'
import type { Hasher } from '#vault/hashing.ts'
import type { UserStore } from '../users/store.ts'
import { type User, userNameKey } from '../users/user.ts'
import { type Lockout, userSubject } from './lockout.ts'
import type { PasswordHasher } from './passwords.ts'

const maxPasswordLength = 128
const maxNameLength = 256
export type PasswordCheck = {
  /**
   * The active user of this name and password, or undefined: wrong, unknown, disabled and locked are not
   * told apart and cost the same work (T56). Throws `Unavailable` when too many passwords wait.
   */
  readonly check: (name: string, password: string) => Promise<User | undefined>
  /** How many real verifications were made; for the metrics and for the tests of the work done. */
  readonly verifications: () => { readonly real: number; readonly dummy: number }
}

export type SignInFailure = { readonly userId: number | undefined; readonly locked: boolean }

type Deps = {
  readonly store: Store
  readonly users: UserStore
  readonly lockout: Lockout
  readonly passwords: PasswordHasher
  readonly hash: Hasher
  readonly clock: Clock
  /** Told of every wrong password and of every attempt on a locked account; the id is missing for unknown names. */
  readonly onFailure: (failure: SignInFailure) => void
}

/**
 * The one place where a password is presented, whether on a page, by Basic or by a grant, so that the
 * lockout holds on every path (T49). Different passwords for one account are tried one after the other,
 * each seeing what the last one counted (T48); the same password in flight is verified once.
 */
export const createPasswordCheck = (deps: Deps): PasswordCheck => {
  const { store, users, lockout, passwords } = deps
  // Remembered under a key of this process alone (DESIGN invariant 18).
  const key = createSecretKey(randomBytes(32))
  const remembered = createExpiringCache<true>(deps.clock, { entries: 10_000, age: minutes(5) })
  const shared = createSingleFlight<User | undefined>()
  const work = { real: 0, dummy: 0 }

  const digest = (...parts: readonly (string | number)[]): string =>
    createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64')

  const readState = (name: string) =>
    store.read(function* () {
      const user = yield* users.readByName(name)
      const subject =
        user === undefined
          ? `name:${Buffer.from(deps.hash('login-subject', userNameKey(name))).toString('base64url')}`
          : userSubject(user.id)
      return { user, subject, failures: yield* lockout.read(subject) }
    })

  /** Whether this failure has locked the account. */
  const countFailure = async (subject: string): Promise<boolean> => {
    const { lockedUntil } = await store.write(
      function* () {
        yield* lockout.addFailure(subject)
        return yield* lockout.read(subject)
      },
      { isolation: 'row-locks', forgets: () => false },
    )
    return lockedUntil !== undefined
  }

  const decide = async (
    user: User | undefined,
    subject: string,
    locked: boolean,
    password: string,
  ) => {
    const usable = user !== undefined && user.active && !locked ? user.passwordHash : undefined
    work[usable === undefined ? 'dummy' : 'real'] += 1
    const right = await passwords.verify(usable, password)
    if (locked) deps.onFailure({ userId: user?.id, locked })
    else if (!right) deps.onFailure({ userId: user?.id, locked: await countFailure(subject) })
    return right && !locked
  }

  const verify = async (name: string, password: string): Promise<User | undefined> => {
    const { user, subject, failures } = await readState(name)
    const right = await decide(user, subject, failures.lockedUntil !== undefined, password)
    if (!right || user === undefined) return undefined
    // Verifying takes a while; who was disabled or locked meanwhile, or has another password by now, is refused.
    const { current, locked } = await store.read(function* () {
      const { lockedUntil } = yield* lockout.read(subject)
      return { current: yield* users.readById(user.id), locked: lockedUntil !== undefined }
    })
    if (locked || !current?.active || current.passwordVersion !== user.passwordVersion)
      return undefined
    if (failures.count > 0 && !(await store.write(() => lockout.clear(subject)))) return undefined
    remembered.set(digest(user.id, user.passwordVersion, password), true)
    return user
  }

  const check = async (name: string, password: string): Promise<User | undefined> => {
    if (name.length > maxNameLength || password.length > maxPasswordLength) return undefined
    const { user, subject, failures } = await readState(name)
    if (
      user?.active &&
      failures.lockedUntil === undefined &&
      remembered.get(digest(user.id, user.passwordVersion, password))
    ) {
      // A right password ends a row of wrong ones, remembered or not.
      if (failures.count > 0) await store.write(() => lockout.clear(subject))
      return user
    }
    return shared(digest(subject, password), () =>
      store.exclusive(subject, () => verify(name, password)),
    )
  }

  return { check, verifications: () => ({ ...work }) }
}
