/** A user as signing in needs it. */
export type User = {
  readonly id: number
  readonly userName: string
  readonly tenantId: number
  readonly active: boolean
  readonly passwordHash: string | undefined
  readonly passwordVersion: number
}

/**
 * The form of a user name that is compared: `Ann`, ` ann ` and a full-width `ａnn` are one name, and share
 * one lockout counter (T50).
 */
export const userNameKey = (name: string): string =>
  name.normalize('NFKC').trim().toLowerCase().normalize('NFKC')

/** What is wrong with a user name, or undefined (management reference 2.2). */
export const userNameFault = (name: string): string | undefined => {
  if (name.trim() === '' || name.length > 128) return 'A user name has 1 to 128 characters.'
  if (/[\p{C}:|]/u.test(name)) return 'A user name has no control characters and no : or |.'
  return undefined
}
