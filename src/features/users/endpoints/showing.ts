import type { Static } from 'typebox'
import { type Caller, isAdministrator } from '../../access/caller.ts'
import { permissions } from '../../access/permissions.ts'
import { timestamp } from '../../timestamp.ts'
import { type Account, type Grants, internalService } from '../account.ts'
import type { SourceOfUser } from '../sources-of-user.ts'
import type { AuthUsersShape, GrantsShape, StatusShape, UserShape } from './shapes.ts'

// Users as the API shows them (management reference 2.2, 2.3); a password never.

export const shownStatus = ({ active, lock }: Account): Static<typeof StatusShape> => ({
  status: active ? 1 : 0,
  accountLocked: lock !== undefined,
  ...(lock === undefined
    ? {}
    : {
        ...(lock.since === undefined ? {} : { accountLockedAt: timestamp(lock.since) }),
        accountLockedUntil: timestamp(lock.until),
      }),
})

export const shownGrants = ({ roles, permissions: given }: Grants): Static<typeof GrantsShape> => ({
  roles: [...roles],
  permissions: [...given],
})

export const shownAuthUsers = ({ userName }: Account): Static<typeof AuthUsersShape> => ({
  authUsers: [{ authUserName: userName, authServiceId: internalService }],
})

const expiration = ({ passwordExpiresAt: at }: Account): string | null =>
  at === undefined ? null : timestamp(at)

const named = (account: Account, details: boolean) => ({
  id: account.id,
  userName: account.userName,
  tenantId: account.tenantId,
  ...(details ? { tenantName: account.tenantName } : {}),
})

export const shownListed = (account: Account, details: boolean) => ({
  ...named(account, details),
  statusInfo: shownStatus(account),
  passwordInfo: {
    passwordStatus: account.passwordStatus,
    passwordExpiration: expiration(account),
  },
  permissions: shownGrants(account.grants),
})

/** @param administers with the details, the tenants that the user administers */
export const shownUser = (
  account: Account,
  administers?: readonly number[],
): Static<typeof UserShape> => ({
  ...shownListed(account, administers !== undefined),
  authenticationInfo: shownAuthUsers(account),
  ...(administers === undefined ? {} : { tenantsAdministered: [...administers] }),
})

/** `authUsername` is spelled so here, and only here (management reference 2.3). */
export const shownFound = (account: Account, details: boolean) => ({
  ...named(account, details),
  authUsername: account.userName,
  authServiceIds: [internalService],
  statusInfo: shownStatus(account),
  permissions: shownGrants(account.grants),
})

export const shownSource = ({ id, permissions: given, ...source }: SourceOfUser) => ({
  id: String(id),
  ...source,
  isGroup: false,
  permissions: [...given],
})

/** Ascending; Administrator (12) implies them all (management reference 1.3, rule 3). */
export const ownPermissions = (caller: Caller): number[] =>
  isAdministrator(caller)
    ? permissions.map(({ id }) => id)
    : [...caller.permissions].sort((a, b) => a - b)

/** With a fraction of a second, as HDP shows it in this one answer (management reference 2.3). */
export const shownOwn = (caller: Caller, account: Account) => ({
  userId: caller.userId,
  passwordExpiration:
    account.passwordExpiresAt === undefined ? null : `${timestamp(account.passwordExpiresAt)}.0`,
  permissions: ownPermissions(caller),
})
