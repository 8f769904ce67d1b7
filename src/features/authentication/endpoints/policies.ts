import Type, { type Static } from 'typebox'
import { permission } from '../../access/permissions.ts'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { refusals } from '../../refusals.ts'
import type { PasswordAdministration } from '../administer-passwords.ts'
import type { PasswordPolicies } from '../policies.ts'
import type { PasswordPolicy } from '../policy.ts'

export type PolicyDeps = {
  readonly policies: PasswordPolicies
  readonly passwordAdministration: PasswordAdministration
}

/** No control characters: it is shown on a page, and no database takes a zero. */
const text = (minLength: number, maxLength: number) =>
  Type.String({ minLength, maxLength, pattern: '^[^\\p{Cc}]*$' })

const RuleBody = Type.Object({
  ruleName: Type.String({ maxLength: 64 }),
  ruleId: Type.Optional(Type.String({ maxLength: 64 })),
  minLength: Type.Optional(Type.Integer()),
  maxLength: Type.Optional(Type.Integer()),
  minChars: Type.Optional(Type.Integer()),
  title: Type.Optional(text(1, 256)),
})

const Body = Type.Object({
  id: Type.Union([Type.Integer(), Type.String({ pattern: '^[1-9][0-9]{0,8}$' })]),
  name: text(1, 128),
  description: Type.Optional(text(0, 256)),
  rules: Type.Array(RuleBody, { maxItems: 5 }),
  // Ten years: who wants longer wants 0, which is never.
  expirationDays: Type.Integer({ minimum: 0, maximum: 3650 }),
})

const Shown = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  description: Type.Optional(Type.String()),
  rules: Type.Array(
    Type.Object({
      ruleName: Type.String(),
      ruleId: Type.String(),
      minLength: Type.Optional(Type.Integer()),
      maxLength: Type.Optional(Type.Integer()),
      minChars: Type.Optional(Type.Integer()),
      title: Type.String(),
    }),
  ),
  expirationDays: Type.Integer(),
})

const shown = ({ description, rules, ...policy }: PasswordPolicy): Static<typeof Shown> => ({
  ...policy,
  ...(description === '' ? {} : { description }),
  rules: rules.map((rule) => ({ ...rule })),
})

const common = {
  permissions: [permission.administrator],
  invalid: refusals.invalidInput,
  unknownId: refusals.policyNotFound,
  failed: refusals.settingsNotProcessed,
} as const

const path = '/api/admin/passwordpolicy'

const readPasswordPolicy = endpoint<PolicyDeps>({
  ...common,
  name: 'read-password-policy',
  method: 'GET',
  path: `${path}/:id`,
  summary: 'Read a password policy',
  success: 200,
  answer: Shown,
  handle: async ({ policies }, _caller, { id }) => shown(await policies.read(id)),
})

const updatePasswordPolicy = endpoint<PolicyDeps, typeof Body>({
  ...common,
  name: 'update-password-policy',
  method: 'PUT',
  path: `${path}/:id`,
  summary: 'Replace the custom password policy',
  audit: 'password-policy.changed',
  success: 200,
  body: Body,
  answer: Shown,
  handle: async ({ policies }, caller, { id, body }) =>
    shown(
      await policies.replace(caller, id, {
        ...body,
        id: Number(body.id),
        description: body.description ?? '',
      }),
    ),
})

const resetAllPasswords = endpoint<PolicyDeps>({
  ...common,
  name: 'reset-all-passwords',
  method: 'POST',
  path: `${path}/resetall`,
  summary: 'Make everybody but yourself change the password at the next use',
  audit: 'password.reset-all',
  success: 204,
  failed: refusals.userNotChanged,
  handle: ({ passwordAdministration }, caller) => passwordAdministration.resetAll(caller),
})

export const policyEndpoints: readonly Endpoint<PolicyDeps>[] = [
  readPasswordPolicy,
  updatePasswordPolicy,
  resetAllPasswords,
]
