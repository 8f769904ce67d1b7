import { userNameKey } from '../users/user.ts'

// What a password must be (management reference 2.5), as functions of a policy.

export type LengthRule = {
  readonly ruleName: 'PASSWORD_LENGTH_RULE'
  readonly ruleId: string
  readonly minLength: number
  readonly maxLength: number
  readonly title: string
}

export type ClassRule = {
  readonly ruleName: ClassName
  readonly ruleId: string
  /** 0: the rule asks for nothing. */
  readonly minChars: number
  readonly title: string
}

export type PolicyRule = LengthRule | ClassRule

export type PasswordPolicy = {
  readonly id: number
  readonly name: string
  readonly description: string
  readonly rules: readonly PolicyRule[]
  /** A new password expires after so many days; 0: never. */
  readonly expirationDays: number
}

export const lengthRule = { ruleName: 'PASSWORD_LENGTH_RULE', ruleId: 'pwdLengthRule' } as const

/** The classes of characters; special is whatever prints and is no letter, number or blank. */
export const classRules = {
  SPECIAL_CLASS_RULE: {
    ruleId: 'specialCharacterRule',
    pattern: /[\p{P}\p{S}]/gu,
    noun: 'special character',
  },
  LOWER_CLASS_RULE: {
    ruleId: 'lowerCaseCharacterRule',
    pattern: /\p{Ll}/gu,
    noun: 'lower-case letter',
  },
  UPPER_CLASS_RULE: {
    ruleId: 'upperCaseCharacterRule',
    pattern: /\p{Lu}/gu,
    noun: 'upper-case letter',
  },
  NUMERIC_CLASS_RULE: { ruleId: 'numericCharacterRule', pattern: /\p{Nd}/gu, noun: 'digit' },
} as const

export type ClassName = keyof typeof classRules

/** No password is longer, whatever a policy says: so much is ever verified. */
export const longestPassword = 128

/** The title of a rule that came without one; also said to who breaks it. */
export const lengthTitle = (min: number, max: number): string => `${min} to ${max} characters`
export const classTitle = (name: ClassName, min: number): string =>
  `at least ${min} ${classRules[name].noun}${min === 1 ? '' : 's'}`

const lengthOf = (minLength: number, maxLength: number): LengthRule => ({
  ...lengthRule,
  minLength,
  maxLength,
  title: lengthTitle(minLength, maxLength),
})

const oneOf = (ruleName: ClassName): ClassRule => ({
  ruleName,
  ruleId: classRules[ruleName].ruleId,
  minChars: 1,
  title: classTitle(ruleName, 1),
})

export const defaultPolicyId = 1
export const customPolicyId = 2

/** HDP's default policy; fixed. */
export const defaultPolicy: PasswordPolicy = {
  id: defaultPolicyId,
  name: 'Default Policy',
  description: 'Default Password Policy',
  rules: [
    lengthOf(8, 12),
    oneOf('SPECIAL_CLASS_RULE'),
    oneOf('LOWER_CLASS_RULE'),
    oneOf('UPPER_CLASS_RULE'),
    oneOf('NUMERIC_CLASS_RULE'),
  ],
  expirationDays: 0,
}

/** The custom policy until it is changed. NIST SP 800-63B: length counts, composition and expiry do not. */
export const shippedPolicy: PasswordPolicy = {
  id: customPolicyId,
  name: 'Custom Policy',
  description: 'Custom Password Policy',
  rules: [lengthOf(12, longestPassword)],
  expirationDays: 0,
}

const isInForce = (rule: PolicyRule): boolean => !('minChars' in rule) || rule.minChars > 0

const breaks = (rule: PolicyRule, password: string): boolean => {
  if (!('minChars' in rule)) {
    const { length } = Array.from(password)
    return length < rule.minLength || length > rule.maxLength
  }
  return (password.match(classRules[rule.ruleName].pattern)?.length ?? 0) < rule.minChars
}

const notTheName = 'not your user name'
const notTheCurrent = 'not the current password'

/** Titles of what a new password must be, for the page; without a policy what always holds remains. */
export const titlesOf = (policy: PasswordPolicy | undefined): readonly string[] => [
  ...(policy?.rules ?? []).filter(isInForce).map((rule) => rule.title),
  ...(policy?.rules.some((rule) => rule.ruleName === lengthRule.ruleName)
    ? []
    : [lengthTitle(1, longestPassword)]),
  notTheName,
  notTheCurrent,
]

export type NewPasswordInput = {
  readonly userName: string
  readonly password: string
  /** The password in force, as far as it was given. */
  readonly current?: string | undefined
}

/** Titles of the rules that a new password breaks; beyond every policy it has bounds and is neither name nor current one. */
export const brokenTitles = (
  policy: PasswordPolicy | undefined,
  { userName, password, current }: NewPasswordInput,
): readonly string[] => {
  const broken = (policy?.rules ?? []).filter((rule) => breaks(rule, password)).map((r) => r.title)
  if (password === '' || password.length > longestPassword)
    broken.push(lengthTitle(1, longestPassword))
  // RFC 7617 section 2: Basic credentials could not carry it.
  if (/[\p{Cc}\p{Cs}]/u.test(password)) broken.push('no control characters')
  if (userNameKey(password) === userNameKey(userName)) broken.push(notTheName)
  if (password === current) broken.push(notTheCurrent)
  return [...new Set(broken)]
}

/** What is said of them. */
export const faultOf = (broken: readonly string[]): string | undefined =>
  broken.length === 0 ? undefined : `It breaks these rules: ${broken.join('; ')}.`

/** That the new password is the current one, found out by its hash. */
export const sameAsCurrent = faultOf([notTheCurrent])

/** What is wrong with a password of an installation, whatever policy is chosen later; or undefined. */
export const passwordFault = (userName: string, password: string): string | undefined =>
  faultOf(brokenTitles(shippedPolicy, { userName, password }))
