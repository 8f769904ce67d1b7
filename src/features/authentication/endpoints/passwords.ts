import Type, { type Static } from 'typebox'
import { permission } from '../../access/permissions.ts'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { ManagementError, refusals } from '../../refusals.ts'
import { parseTimestamp, timestamp } from '../../timestamp.ts'
import type { PasswordAdministration } from '../administer-passwords.ts'
import type { PasswordChange, PasswordInfo } from '../change-password.ts'
import { longestPassword } from '../policy.ts'

export type PasswordEndpointDeps = {
  readonly passwordChange: PasswordChange
  readonly passwordAdministration: PasswordAdministration
}

const NewPassword = Type.String({ minLength: 1, maxLength: longestPassword })

const InfoBody = Type.Object({
  passwordStatus: Type.Union([Type.Literal(1), Type.Literal(2)]),
  passwordExpiration: Type.Optional(Type.Union([Type.String(), Type.Null()])),
})

const Info = Type.Object({
  passwordStatus: Type.Integer(),
  passwordExpiration: Type.Union([Type.String(), Type.Null()]),
})

const ResetBody = Type.Object({ newPassword: NewPassword })

const ChangeBody = Type.Object({
  // Not asked for while configuration 2 is "false".
  currentPassword: Type.Optional(Type.String({ maxLength: longestPassword })),
  newPassword: NewPassword,
})

const shown = ({ status, expiresAt }: PasswordInfo): Static<typeof Info> => ({
  passwordStatus: status,
  passwordExpiration: expiresAt === null ? null : timestamp(expiresAt),
})

const parseExpiration = (text: string | null | undefined): number | null => {
  if (text === null || text === undefined) return null
  const at = parseTimestamp(text)
  if (at === undefined)
    throw new ManagementError(
      refusals.invalidInput,
      'passwordExpiration must be null or a time in UTC such as 2030-01-31 12:00:00.',
    )
  return at
}

const common = {
  invalid: refusals.invalidInput,
  unknownId: refusals.userNotFound,
  failed: refusals.userNotChanged,
} as const

const readUserPasswordInfo = endpoint<PasswordEndpointDeps>({
  ...common,
  name: 'read-user-password-info',
  method: 'GET',
  path: '/api/admin/users/:id/passwordinfo',
  summary: "Read the state of a user's password",
  permissions: [permission.viewUsers],
  success: 200,
  failed: refusals.usersNotRead,
  answer: Info,
  handle: async ({ passwordAdministration }, caller, { id }) =>
    shown(await passwordAdministration.readInfo(caller, id)),
})

const updateUserPasswordInfo = endpoint<PasswordEndpointDeps, typeof InfoBody>({
  ...common,
  name: 'update-user-password-info',
  method: 'PUT',
  path: '/api/admin/users/:id/passwordinfo',
  summary: "Change the state of a user's password",
  permissions: [permission.modifyUsers],
  audit: 'user.password-info-changed',
  success: 200,
  body: InfoBody,
  answer: Info,
  handle: async ({ passwordAdministration }, caller, { id, body }) =>
    shown(
      await passwordAdministration.updateInfo(caller, id, {
        status: body.passwordStatus,
        expiresAt: parseExpiration(body.passwordExpiration),
      }),
    ),
})

const resetUserPassword = endpoint<PasswordEndpointDeps, typeof ResetBody>({
  ...common,
  name: 'reset-user-password',
  method: 'PUT',
  path: '/api/admin/users/:id/resetpassword',
  summary: 'Give a user a password to be changed at the first use',
  permissions: [permission.modifyUsers],
  audit: 'user.password-reset',
  success: 204,
  body: ResetBody,
  handle: ({ passwordAdministration }, caller, { id, body }) =>
    passwordAdministration.reset(caller, id, body.newPassword),
})

const changeOwnPassword = endpoint<PasswordEndpointDeps, typeof ChangeBody>({
  ...common,
  name: 'change-own-password',
  method: 'PUT',
  path: '/api/admin/userdetails/changePassword',
  summary: 'Change your own password; needs ChangePassword (9) unless it must be changed',
  permissions: [],
  changesPassword: true,
  audit: 'user.password-changed',
  success: 200,
  body: ChangeBody,
  answer: Info,
  handle: async ({ passwordChange }, caller, { body }) =>
    shown(
      await passwordChange.changeOwn(caller, {
        current: body.currentPassword,
        next: body.newPassword,
      }),
    ),
})

export const passwordEndpoints: readonly Endpoint<PasswordEndpointDeps>[] = [
  readUserPasswordInfo,
  updateUserPasswordInfo,
  resetUserPassword,
  changeOwnPassword,
]
