import type { Static } from 'typebox'
import { ManagementError, refusals } from '../../refusals.ts'
import { parseTimestamp } from '../../timestamp.ts'
import type { AccountFields, AuthUser, Grants, PasswordFields, StatusChange } from '../account.ts'
import { checkAuthUsers } from '../parts.ts'
import type { AuthUsersBody, CreateBody, GrantsBody, ReplaceBody, StatusBody } from './shapes.ts'

// Bodies as the rules want them. Each throws 400 for what does not fit.

const refuse = (explanation: string): never => {
  throw new ManagementError(refusals.invalidInput, explanation)
}

const timeOf = (name: string, text: string | null | undefined): number | undefined =>
  text === undefined || text === null
    ? undefined
    : (parseTimestamp(text) ?? refuse(`${name} must be a time in UTC, YYYY-MM-DD HH:mm:ss.`))

export const statusOf = (body: Static<typeof StatusBody>): StatusChange => {
  timeOf('accountLockedAt', body.accountLockedAt)
  return {
    active: body.status === 1,
    locked: body.accountLocked,
    lockedUntil: timeOf('accountLockedUntil', body.accountLockedUntil),
  }
}

export const grantsOf = (body: Static<typeof GrantsBody>): Grants => ({
  roles: body.roles.map(Number),
  permissions: (body.permissions ?? []).map(Number),
})

export const authUsersOf = (body: Static<typeof AuthUsersBody>): readonly AuthUser[] =>
  body.authUsers.map(({ authUserName, authServiceId }) => ({
    authUserName,
    authServiceId: Number(authServiceId),
  }))

type Body = Static<typeof CreateBody> | Static<typeof ReplaceBody>

/** A status that is left out on create is 2: the password is temporary (management reference 2.3). */
const passwordOf = ({ passwordInfo: body }: Body): PasswordFields | undefined =>
  body && {
    password: body.password,
    status: body.passwordStatus ?? 2,
    expiresAt:
      body.passwordExpiration === null
        ? null
        : timeOf('passwordExpiration', body.passwordExpiration),
  }

export const fieldsOf = (body: Body): AccountFields => {
  if (body.authenticationInfo !== undefined)
    checkAuthUsers(body.userName, authUsersOf(body.authenticationInfo))
  return {
    userName: body.userName,
    tenantId: body.tenantId === undefined ? undefined : Number(body.tenantId),
    status: statusOf(body.statusInfo),
    password: passwordOf(body),
    grants: grantsOf(body.permissions),
  }
}

/** An id in the body must be the one of the path (management reference 2.2). */
export const checkSameId = (body: Static<typeof ReplaceBody>, id: number): void => {
  if (body.id !== undefined && Number(body.id) !== id)
    refuse('id is not the one of the address; leave it out.')
}
