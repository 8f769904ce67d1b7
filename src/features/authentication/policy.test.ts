import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManagementError } from '../refusals.ts'
import {
  brokenTitles,
  defaultPolicy,
  passwordFault,
  type PasswordPolicy,
  shippedPolicy,
  titlesOf,
} from './policy.ts'
import { parsePolicy, type PolicyInput, type RuleInput } from './policy-input.ts'

const broken = (policy: PasswordPolicy | undefined, password: string, current?: string) =>
  brokenTitles(policy, { userName: 'Ann Example', password, current })

test("HDP's default policy wants 8 to 12 characters of four classes", () => {
  assert.deepEqual(broken(defaultPolicy, 'Abcdef1!'), [])
  assert.deepEqual(broken(defaultPolicy, 'Abcdefghij1!'), [])
  assert.deepEqual(broken(defaultPolicy, 'Abcde1!'), ['8 to 12 characters'])
  assert.deepEqual(broken(defaultPolicy, 'Abcdefghijk1!'), ['8 to 12 characters'])
  assert.deepEqual(broken(defaultPolicy, 'Abcdefg1'), ['at least 1 special character'])
  assert.deepEqual(broken(defaultPolicy, 'Abcdef 1'), ['at least 1 special character'])
  assert.deepEqual(broken(defaultPolicy, 'ABCDEF1!'), ['at least 1 lower-case letter'])
  assert.deepEqual(broken(defaultPolicy, 'abcdef1!'), ['at least 1 upper-case letter'])
  assert.deepEqual(broken(defaultPolicy, 'Abcdefg!'), ['at least 1 digit'])
  for (const special of "`~!@#$%^&*()+=_-{}[]|?/:;',<>.")
    assert.deepEqual(broken(defaultPolicy, `Abcdef1${special}`), [], special)
})

test('the policy that ships counts characters, whatever their alphabet, and nothing else', () => {
  assert.deepEqual(broken(shippedPolicy, 'lowercase on'), [])
  assert.deepEqual(broken(shippedPolicy, 'elevenchars'), ['12 to 128 characters'])
  assert.deepEqual(broken(shippedPolicy, '😀'.repeat(11)), ['12 to 128 characters'])
  assert.deepEqual(broken(shippedPolicy, '😀'.repeat(12)), [])
  assert.deepEqual(broken(shippedPolicy, 'x'.repeat(128)), [])
  assert.deepEqual(broken(shippedPolicy, 'x'.repeat(129)), [
    '12 to 128 characters',
    '1 to 128 characters',
  ])
})

test('without a policy, and beyond every one, some passwords are refused', () => {
  assert.deepEqual(broken(undefined, 'x'), [])
  assert.deepEqual(broken(undefined, ''), ['1 to 128 characters'])
  assert.deepEqual(broken(undefined, 'x'.repeat(129)), ['1 to 128 characters'])
  assert.deepEqual(broken(undefined, 'tab\tinside'), ['no control characters'])
  assert.deepEqual(broken(undefined, 'half \ud800'), ['no control characters'])
  assert.deepEqual(broken(undefined, ' ａnn EXAMPLE'), ['not your user name'])
  assert.deepEqual(broken(undefined, 'the same', 'the same'), ['not the current password'])
  assert.match(String(passwordFault('demo', 'short')), /12 to 128 characters/)
  assert.equal(passwordFault('demo', 'long enough for it'), undefined)
})

test('the page shows the rules that are in force', () => {
  assert.deepEqual(titlesOf(shippedPolicy), [
    '12 to 128 characters',
    'not your user name',
    'not the current password',
  ])
  assert.deepEqual(titlesOf(undefined), [
    '1 to 128 characters',
    'not your user name',
    'not the current password',
  ])
  const off = parsePolicy(policyOf([{ ruleName: 'NUMERIC_CLASS_RULE', minChars: 0 }]))
  assert.deepEqual(titlesOf(off), titlesOf(undefined))
})

const policyOf = (rules: readonly RuleInput[]): PolicyInput => ({
  id: 2,
  name: 'Custom Policy',
  description: '',
  rules,
  expirationDays: 0,
})

const length = { ruleName: 'PASSWORD_LENGTH_RULE', minLength: 4, maxLength: 8 }

test('a policy that cannot be, or that no password could meet, is refused', () => {
  for (const [rules, explanation] of [
    [[{ ruleName: 'RULE' }], /ruleName must be one of PASSWORD_LENGTH_RULE, SPECIAL_CLASS_RULE/],
    [[{ ruleName: 'toString', minChars: 1 }], /ruleName must be one of/],
    [[{ ruleName: 'PASSWORD_LENGTH_RULE', minLength: 4 }], /maxLength of PASSWORD_LENGTH_RULE/],
    [[{ ...length, minLength: 0 }], /minLength of PASSWORD_LENGTH_RULE must be from 1 to 128/],
    [[{ ...length, maxLength: 129 }], /maxLength of PASSWORD_LENGTH_RULE must be from 1 to 128/],
    [[{ ...length, minLength: 9 }], /minLength must not be more than maxLength/],
    [[{ ...length, ruleId: 'numericCharacterRule' }], /ruleId of PASSWORD_LENGTH_RULE is/],
    [[{ ruleName: 'NUMERIC_CLASS_RULE' }], /minChars of NUMERIC_CLASS_RULE must be from 0 to 128/],
    [[{ ruleName: 'NUMERIC_CLASS_RULE', minChars: -1 }], /minChars of NUMERIC_CLASS_RULE/],
    [[length, length], /once/],
    [[length, { ruleName: 'LOWER_CLASS_RULE', minChars: 9 }], /more characters than a password/],
  ] as const)
    assert.throws(
      () => parsePolicy(policyOf(rules)),
      (error) => error instanceof ManagementError && explanation.test(error.message),
    )
})

test('a password is accepted exactly when it has what the classes ask for', () => {
  const count = (text: string, from: string) =>
    Array.from(text).filter((c) => from.includes(c)).length
  const [lower, upper, digits, special] = ['abc', 'ABC', '123', '!?.']
  const letters = fc.constantFrom(...Array.from(`${lower}${upper}${digits}${special} `))
  const few = fc.integer({ min: 0, max: 3 })
  fc.assert(
    fc.property(
      fc.array(letters, { minLength: 1, maxLength: 12 }),
      fc.tuple(few, few, few, few),
      (chars, [l, u, d, s]) => {
        const password = chars.join('')
        const policy = parsePolicy(
          policyOf([
            { ruleName: 'LOWER_CLASS_RULE', minChars: l },
            { ruleName: 'UPPER_CLASS_RULE', minChars: u },
            { ruleName: 'NUMERIC_CLASS_RULE', minChars: d },
            { ruleName: 'SPECIAL_CLASS_RULE', minChars: s },
          ]),
        )
        const fits =
          count(password, lower) >= l &&
          count(password, upper) >= u &&
          count(password, digits) >= d &&
          count(password, special) >= s
        assert.equal(broken(policy, password).length === 0, fits)
      },
    ),
  )
})
