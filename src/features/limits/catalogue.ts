/** Where a limit can be set (management reference 5.1). */
export type LimitLevel = 'system' | 'tenant' | 'user' | 'data-source'

/** The bits of `validForLimits`. */
export const levelBits: Readonly<Record<LimitLevel, number>> = {
  system: 1,
  user: 2,
  'data-source': 4,
  tenant: 8,
}

export type Limit = {
  readonly id: number
  readonly name: string
  readonly description: string
  readonly minValue: bigint
  readonly maxValue: bigint
  readonly defaultValue: bigint
  readonly validForLimits: number
}

const everywhere = 15
const systemAndTenant = 9
const notPerDataSource = 11
const systemOnly = 1

/** The ids that the server asks for. HDP's numbers, and our own from 101 on. */
export const limitId = {
  maxFetchRows: 1,
  lockoutInterval: 2,
  lockoutFailures: 3,
  lockoutPeriod: 4,
  accessTokenTimeout: 8,
  concurrentRequests: 24,
  waitingRequests: 25,
  sessionTimeout: 101,
  pageSize: 102,
} as const

/** Every limit that this server holds anybody to (management reference 5.1); any other id is none. */
export const limits: readonly Limit[] = [
  {
    id: limitId.maxFetchRows,
    name: 'MaxFetchRows',
    description:
      'Rows that one query is given, all of its pages together; it ends there without an error.',
    minValue: 1n,
    maxValue: 9_000_000_000_000_000_000n,
    defaultValue: 9_000_000_000_000_000_000n,
    validForLimits: everywhere,
  },
  {
    id: limitId.lockoutInterval,
    name: 'PasswordLockoutInterval',
    description: 'Seconds within which wrong passwords are counted together.',
    minValue: 1n,
    maxValue: 1_000_000_000n,
    defaultValue: 900n,
    validForLimits: systemOnly,
  },
  {
    id: limitId.lockoutFailures,
    name: 'PasswordLockoutLimit',
    description: 'Wrong passwords in a row that lock an account; 0 locks none.',
    minValue: 0n,
    maxValue: 1_000_000n,
    defaultValue: 3n,
    validForLimits: systemOnly,
  },
  {
    id: limitId.lockoutPeriod,
    name: 'PasswordLockoutPeriod',
    description: 'Seconds that an account stays locked.',
    minValue: 1n,
    maxValue: 221_000_000_000n,
    defaultValue: 1800n,
    validForLimits: systemOnly,
  },
  {
    id: limitId.accessTokenTimeout,
    name: 'OAuthAccessTokenTimeout',
    description:
      'Minutes that an access token lasts, by the tenant of the user whose data it reads. Tokens that were issued keep theirs.',
    minValue: 1n,
    maxValue: 1440n,
    defaultValue: 60n,
    validForLimits: systemAndTenant,
  },
  {
    id: limitId.concurrentRequests,
    name: 'ODataMaxConcurrentRequests',
    description:
      'OData requests of a user that are answered at once, counted by each node for itself; others wait. 0 for any number.',
    minValue: 0n,
    maxValue: 1_000_000_000n,
    defaultValue: 0n,
    validForLimits: notPerDataSource,
  },
  {
    id: limitId.waitingRequests,
    name: 'ODataMaxWaitingRequests',
    description:
      'OData requests of a user that wait, counted by each node for itself; one more is refused with 429. 0 for any number.',
    minValue: 0n,
    maxValue: 1_000_000_000n,
    defaultValue: 0n,
    validForLimits: notPerDataSource,
  },
  {
    id: limitId.sessionTimeout,
    name: 'WebUISessionTimeout',
    description: 'Minutes without a request after which a sign-in session of the pages ends.',
    minValue: 1n,
    maxValue: 720n,
    defaultValue: 30n,
    validForLimits: systemAndTenant,
  },
  {
    id: limitId.pageSize,
    name: 'ODataPageSize',
    description:
      'Rows of a page of an OData collection at most; a data source may have an option for fewer.',
    minValue: 1n,
    maxValue: 10_000n,
    defaultValue: 2000n,
    validForLimits: everywhere,
  },
]

const byId = new Map(limits.map((limit) => [limit.id, limit]))

export const findLimit = (id: number): Limit | undefined => byId.get(id)

/** The built-in default of a limit that the server itself asks for. */
export const defaultOf = (id: number): bigint => {
  const limit = byId.get(id)
  if (limit === undefined) throw new Error(`there is no limit ${id}`)
  return limit.defaultValue
}

export const canBeSetAt = ({ validForLimits }: Limit, level: LimitLevel): boolean =>
  (validForLimits & levelBits[level]) !== 0

/**
 * The whole number that a body gave: a number of any size (the parser hands over large ones as big integers) or decimal
 * digits (management reference 0.2). Undefined for anything else.
 */
export const parseLimitValue = (given: unknown): bigint | undefined => {
  if (typeof given === 'bigint') return given
  // A large number that came with a point or an exponent may not be the one that was meant, unless it is too large anyway.
  if (typeof given === 'number') {
    const isExact = Number.isSafeInteger(given) || Math.abs(given) > 1e19
    return isExact && Number.isInteger(given) ? BigInt(given) : undefined
  }
  return typeof given === 'string' && /^-?\d{1,30}$/.test(given) ? BigInt(given) : undefined
}
