import { createConfigurations } from '../configurations/service.ts'
import { createPasswordAdministration } from './administer-passwords.ts'
import { createPasswordChange, type PasswordDeps } from './change-password.ts'
import { createPasswordPolicies } from './policies.ts'

/** What passwords are changed by, with the settings that say how. */
export const createPasswordServices = (base: Omit<PasswordDeps, 'configurations' | 'policies'>) => {
  const configurations = createConfigurations(base.store)
  const policies = createPasswordPolicies(base.store, configurations)
  const deps = { ...base, configurations, policies }
  return {
    configurations,
    policies,
    passwordChange: createPasswordChange(deps),
    passwordAdministration: createPasswordAdministration(deps),
  }
}
