import { run } from '#store/command.ts'
import { sharedPassword } from '#test/support/tenants.ts'
import type { Case, Row } from '../table.ts'
import type { World } from '../world.ts'
import { changed, changing, viewed, viewing } from './users.ts'

// Passwords, their policy, and the configurations of the system (management reference 2.3 to 2.5, 5.4).

const words = {
  rule: { status: 400, code: 222208400 },
  own: { status: 400, code: 222208439 },
  fixed: { status: 400, code: 222208436 },
} as const

const newPassword = 'another password of fixtures'

/** Nobody was counted, and nobody's password must be changed. */
const forget = async ({ app }: World): Promise<void> => {
  const { sql, write } = app.core.store
  await write(function* () {
    yield* run(sql.deleteFrom('login_failures'))
    yield* run(sql.updateTable('users').set({ password_status: 1 }))
  })
}

const ofUsers: readonly Row[] = [
  {
    endpoint: 'read-user-password-info',
    by: 'management reference 2.1, 2.3',
    cases: viewed,
    expect: viewing,
  },
  {
    endpoint: 'update-user-password-info',
    by: 'management reference 2.1, 2.3; rule 10 of 1.3',
    cases: changed(() => ({ passwordStatus: 2, passwordExpiration: null })),
    expect: changing,
  },
  {
    endpoint: 'reset-user-password',
    by: 'management reference 2.1, 2.3; rule 10 of 1.3',
    cases: changed(() => ({ newPassword })),
    expect: changing,
  },
  {
    endpoint: 'reset-user-password',
    about: 'of oneself',
    by: 'management reference 2.3, 2.4',
    words,
    cases: { own: (_, caller) => ({ id: caller.id, body: { newPassword } }) },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        own  ?    ?    -    own  ?    -    -    -    -    401  own`,
  },
  {
    endpoint: 'change-own-password',
    by: 'management reference 2.4: ChangePassword (9)',
    words,
    restore: forget,
    // What succeeds is shown elsewhere: here everybody keeps the password of the fixtures.
    cases: {
      wrong: () => ({ body: { currentPassword: 'not the right one', newPassword } }),
      short: () => ({ body: { currentPassword: sharedPassword, newPassword: 'short' } }),
    },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  wrong      rule rule rule -    rule rule -    -    -    -    401  rule
  short      rule rule rule -    rule rule -    -    -    -    401  rule`,
  },
]

const custom = {
  id: 2,
  name: 'Custom Policy',
  rules: [
    {
      ruleName: 'PASSWORD_LENGTH_RULE',
      ruleId: 'pwdLengthRule',
      minLength: 12,
      maxLength: 128,
      title: 'Length',
    },
  ],
  expirationDays: 0,
}

const numbered = (body?: (id: number) => unknown): Readonly<Record<string, Case>> =>
  Object.fromEntries(
    [1, 2, 9].map((id): [string, Case] => [
      String(id),
      () => ({ id, ...(body && { body: body(id) }) }),
    ]),
  )

const policies: readonly Row[] = [
  {
    endpoint: 'read-password-policy',
    by: 'management reference 2.5: Administrator (12)',
    cases: numbered(),
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  1          ok   -    -    -    -    -    -    -    -    -    401  -
  2          ok   -    -    -    -    -    -    -    -    -    401  -
  9          ?    -    -    -    -    -    -    -    -    -    401  -`,
  },
  {
    endpoint: 'update-password-policy',
    by: 'management reference 2.5: Administrator (12)',
    words,
    cases: numbered((id) => ({ ...custom, id })),
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  1          fixed -   -    -    -    -    -    -    -    -    401  -
  2          ok   -    -    -    -    -    -    -    -    -    401  -
  9          ?    -    -    -    -    -    -    -    -    -    401  -`,
  },
  {
    endpoint: 'reset-all-passwords',
    by: 'management reference 2.5: Administrator (12)',
    restore: forget,
    cases: { all: () => ({}) },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  all        ok   -    -    -    -    -    -    -    -    -    401  -`,
  },
]

// Configurations (22), which kid+, kid0 and B+ hold: who resides in a child tenant reads what holds for the whole system,
// and does not change it.
const by = 'management reference 5.4'
const configurations: readonly Row[] = [
  {
    endpoint: 'list-configurations',
    by,
    cases: { all: () => ({}) },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  all        ok   -    -    -    ok   ok   -    -    -    -    401  ok`,
  },
  {
    endpoint: 'read-configuration',
    by,
    cases: { secure: () => ({ id: 2 }), policy: () => ({ id: 6 }), absent: () => ({ id: 99 }) },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  secure     ok   -    -    -    ok   ok   -    -    -    -    401  ok
  policy     ok   -    -    -    ok   ok   -    -    -    -    401  ok
  absent     ?    -    -    -    ?    ?    -    -    -    -    401  ?`,
  },
  {
    endpoint: 'update-configuration',
    by,
    cases: {
      secure: () => ({ id: 2, body: { value: 'true' } }),
      policy: () => ({ id: 6, body: { value: '2' } }),
      wrong: () => ({ id: 6, body: { value: 'none of them' } }),
      absent: () => ({ id: 99, body: { value: 'true' } }),
    },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  secure     ok   -    -    -    -    -    -    -    -    -    401  -
  policy     ok   -    -    -    -    -    -    -    -    -    401  -
  wrong      bad  -    -    -    -    -    -    -    -    -    401  -
  absent     ?    -    -    -    -    -    -    -    -    -    401  -`,
  },
]

export const passwordRows: readonly Row[] = [...ofUsers, ...policies, ...configurations]
