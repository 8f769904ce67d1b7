import { permission } from '../../access/permissions.ts'
import { refusals } from '../../refusals.ts'

export const path = '/api/admin/users'

const common = { invalid: refusals.invalidInput, unknownId: refusals.userNotFound } as const

/** What the endpoints that look at users have in common, and those that change them (management reference 2.1). */
export const reading = {
  ...common,
  method: 'GET',
  permissions: [permission.viewUsers],
  success: 200,
  failed: refusals.usersNotRead,
} as const

export const changing = {
  ...common,
  permissions: [permission.modifyUsers],
  failed: refusals.userNotChanged,
} as const

/** What one may ask about oneself. */
export const asking = {
  ...reading,
  permissions: [permission.managementApi],
} as const
