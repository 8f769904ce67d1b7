import { days } from '#lib/clock.ts'
import { type Command, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Caller } from '../access/caller.ts'
import { requireStill } from '../access/still.ts'
import { passwordPolicyInForce } from '../configurations/configuration.ts'
import type { Configurations } from '../configurations/service.ts'
import { ManagementError, refusals } from '../refusals.ts'
import {
  brokenTitles,
  customPolicyId,
  defaultPolicy,
  defaultPolicyId,
  faultOf,
  type NewPasswordInput,
  type PasswordPolicy,
  type PolicyRule,
  shippedPolicy,
} from './policy.ts'
import { parsePolicy, type PolicyInput } from './policy-input.ts'

/** The password policies: which there are, and which one is in force (management reference 2.5; 5.4, id 6). */
export const createPasswordPolicies = (store: Store, configurations: Configurations) => {
  const { sql } = store

  function* readCustom(): Command<PasswordPolicy> {
    const row = yield* first(
      sql.selectFrom('password_policies').selectAll().where('id', '=', customPolicyId),
    )
    if (row === undefined) return shippedPolicy
    return {
      id: row.id,
      name: row.name,
      description: row.description,
      rules: JSON.parse(row.rules) as readonly PolicyRule[],
      expirationDays: row.expiration_days,
    }
  }

  /** The policy in force; undefined for none. What no setting of ours says does not switch it off (T55). */
  function* inForce(): Command<PasswordPolicy | undefined> {
    const chosen = yield* configurations.valueOf(passwordPolicyInForce)
    if (chosen === '-1') return undefined
    return chosen === String(defaultPolicyId) ? defaultPolicy : yield* readCustom()
  }

  /** When a password that is set now expires; null for never. Milliseconds since 1970. */
  function* expiryFrom(now: number): Command<number | null> {
    const expirationDays = (yield* inForce())?.expirationDays ?? 0
    return expirationDays === 0 ? null : now + days(expirationDays)
  }

  /** Throws 400 naming the rules that a new password breaks. */
  const check = async (input: NewPasswordInput): Promise<void> => {
    const fault = faultOf(brokenTitles(await store.read(inForce), input))
    if (fault !== undefined) throw new ManagementError(refusals.passwordPolicy, fault)
  }

  /** Throws 404. */
  const read = async (id: number): Promise<PasswordPolicy> => {
    if (id === defaultPolicyId) return defaultPolicy
    if (id !== customPolicyId) throw new ManagementError(refusals.policyNotFound)
    return store.read(readCustom)
  }

  /** Replaces the custom policy; passwords that there are stay good. Throws 404, and 400 for the fixed one. */
  const replace = async (
    caller: Caller,
    id: number,
    input: PolicyInput,
  ): Promise<PasswordPolicy> => {
    if (id === defaultPolicyId) throw new ManagementError(refusals.fixedPolicy)
    if (id !== customPolicyId) throw new ManagementError(refusals.policyNotFound)
    const policy = parsePolicy(input)
    const values = {
      name: policy.name,
      description: policy.description,
      rules: JSON.stringify(policy.rules),
      expiration_days: policy.expirationDays,
    }
    await store.write(function* () {
      yield* requireStill(store, caller)
      yield* run(
        sql
          .insertInto('password_policies')
          .values({ id, ...values })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(values)),
      )
    })
    return policy
  }

  return { inForce, expiryFrom, check, read, replace }
}

export type PasswordPolicies = ReturnType<typeof createPasswordPolicies>
