import type { Clock } from '#lib/clock.ts'
import type { Store } from '#store/store.ts'
import type { Lockout } from '../authentication/lockout.ts'
import type { PasswordHasher } from '../authentication/passwords.ts'
import type { PasswordPolicies } from '../authentication/policies.ts'
import type { Carrying } from '../data-sources/carrying.ts'
import { createUserAdministration } from './administration.ts'
import { createUserParts } from './parts.ts'
import { createReachedUsers } from './reaching.ts'
import type { UserStore } from './store.ts'

/** What administrators see and change of users; created once. */
export const createUserServices = (deps: {
  readonly store: Store
  readonly clock: Clock
  readonly users: UserStore
  readonly lockout: Lockout
  readonly passwords: PasswordHasher
  readonly policies: PasswordPolicies
  readonly carrying: Carrying
}) => {
  const all = { ...deps, reached: createReachedUsers(deps) }
  return { userAdministration: createUserAdministration(all), userParts: createUserParts(all) }
}
