import { ManagementError, refusals } from '../refusals.ts'
import {
  type ClassName,
  classRules,
  classTitle,
  customPolicyId,
  lengthRule,
  lengthTitle,
  longestPassword,
  type PasswordPolicy,
  type PolicyRule,
} from './policy.ts'

/** A rule as it is sent: which fields it needs depends on its name. */
export type RuleInput = {
  readonly ruleName: string
  readonly ruleId?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minChars?: number
  readonly title?: string
}

export type PolicyInput = {
  /** Must be that of the custom policy. */
  readonly id: number
  readonly name: string
  readonly description: string
  readonly rules: readonly RuleInput[]
  readonly expirationDays: number
}

const refuse = (explanation: string): never => {
  throw new ManagementError(refusals.invalidInput, explanation)
}

const isClassName = (name: string): name is ClassName => Object.hasOwn(classRules, name)

/** A number of characters; throws 400 for what no password has. */
const checkCount = (rule: RuleInput, field: 'minLength' | 'maxLength' | 'minChars'): number => {
  const value = rule[field]
  const least = field === 'minChars' ? 0 : 1
  if (value === undefined || value < least || value > longestPassword)
    return refuse(`${field} of ${rule.ruleName} must be from ${least} to ${longestPassword}.`)
  return value
}

const checkRuleId = (rule: RuleInput, ruleId: string): void => {
  if (rule.ruleId !== undefined && rule.ruleId !== ruleId)
    refuse(`ruleId of ${rule.ruleName} is ${ruleId}.`)
}

const parseRule = (rule: RuleInput): PolicyRule => {
  if (rule.ruleName === lengthRule.ruleName) {
    checkRuleId(rule, lengthRule.ruleId)
    const [minLength, maxLength] = [checkCount(rule, 'minLength'), checkCount(rule, 'maxLength')]
    if (minLength > maxLength) refuse('minLength must not be more than maxLength.')
    const title = rule.title ?? lengthTitle(minLength, maxLength)
    return { ...lengthRule, minLength, maxLength, title }
  }
  if (!isClassName(rule.ruleName))
    return refuse(
      `ruleName must be one of ${[lengthRule.ruleName, ...Object.keys(classRules)].join(', ')}.`,
    )
  const { ruleName } = rule
  const { ruleId } = classRules[ruleName]
  checkRuleId(rule, ruleId)
  const minChars = checkCount(rule, 'minChars')
  return { ruleName, ruleId, minChars, title: rule.title ?? classTitle(ruleName, minChars) }
}

/** The custom policy that a body describes. Throws 400 for one that is none, and for one that no password could meet. */
export const parsePolicy = (input: PolicyInput): PasswordPolicy => {
  if (input.id !== customPolicyId) refuse('id must be that of the address.')
  const rules = input.rules.map(parseRule)
  if (new Set(rules.map((rule) => rule.ruleName)).size < rules.length)
    refuse('Each rule can be there once.')
  const longest = rules.find((rule) => rule.ruleName === lengthRule.ruleName)?.maxLength
  const needed = rules.reduce((sum, rule) => sum + ('minChars' in rule ? rule.minChars : 0), 0)
  if (needed > (longest ?? longestPassword))
    refuse('The classes ask for more characters than a password may have.')
  const { name, description, expirationDays } = input
  return { id: customPolicyId, name, description, rules, expirationDays }
}
