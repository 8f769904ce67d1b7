/** A user as signing in needs it. */
export type User = {
  readonly id: number
  readonly userName: string
  readonly tenantId: number
  readonly active: boolean
  readonly passwordHash: string | undefined
  readonly passwordVersion: number
  /** It was given by an administrator or has expired: it opens nothing but the change of password. */
  readonly mustChangePassword: boolean
}

/**
 * The form of a user name that is compared: `Ann`, ` ann ` and a full-width `ａnn` are one name, and share
 * one lockout counter (T50).
 */
export const userNameKey = (name: string): string =>
  name.normalize('NFKC').trim().toLowerCase().normalize('NFKC')
