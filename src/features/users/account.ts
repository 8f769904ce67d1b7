// A user as administrators see and change it (management reference 2.2, 2.3). Times in milliseconds since 1970.

export type Lock = { readonly since: number | undefined; readonly until: number }

/** Ids of roles, and of the permissions given beside them. */
export type Grants = { readonly roles: readonly number[]; readonly permissions: readonly number[] }

export type Account = {
  readonly id: number
  readonly userName: string
  readonly tenantId: number
  readonly tenantName: string
  readonly active: boolean
  /** Undefined when it is not locked at this moment. */
  readonly lock: Lock | undefined
  /** 1 active, 2 must be changed. */
  readonly passwordStatus: number
  readonly passwordExpiresAt: number | undefined
  readonly grants: Grants
}

/** What a `statusInfo` says; a lock that it does not mention stays as it is. */
export type StatusChange = {
  readonly active: boolean
  readonly locked: boolean | undefined
  readonly lockedUntil: number | undefined
}

/** What a `passwordInfo` says; without a password the one there is stays. */
export type PasswordFields = {
  readonly password: string | undefined
  readonly status: number
  /** Milliseconds since 1970; null: never; undefined: not said. */
  readonly expiresAt: number | null | undefined
}

export type AccountFields = {
  readonly userName: string
  /** Undefined: the caller's for a new user, else the one it is in. */
  readonly tenantId: number | undefined
  readonly status: StatusChange
  readonly password: PasswordFields | undefined
  readonly grants: Grants
}

/** How a user proves who it is: here always by the password that this server keeps (service 1). */
export type AuthUser = { readonly authUserName: string; readonly authServiceId: number }

export const internalService = 1

/** A user with what is only shown of one alone. */
export type AccountDetails = {
  readonly account: Account
  /** Of the tenants that the user administers, those that the caller may know of. */
  readonly administers: readonly number[]
}

export const longestName = 128

/** What is wrong with a user name, or undefined. `:` ends the name in Basic credentials (RFC 7617 section 2). */
export const userNameFault = (name: string): string | undefined => {
  if (name.length < 1 || name.length > longestName)
    return `userName must have 1 to ${longestName} characters.`
  if (name !== name.trim()) return 'userName must not begin or end with a blank.'
  if (name.includes(':')) return 'userName must not contain a colon.'
  // No control and format characters, no half characters, and no blanks but the ordinary one.
  if (/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(name))
    return 'userName must consist of printable characters.'
  return undefined
}

/** Whether two lists of ids name the same. */
export const sameIds = (one: readonly number[], other: readonly number[]): boolean => {
  const [a, b] = [new Set(one), new Set(other)]
  return a.size === b.size && [...a].every((id) => b.has(id))
}

export const sameGrants = (one: Grants, other: Grants): boolean =>
  sameIds(one.roles, other.roles) && sameIds(one.permissions, other.permissions)
