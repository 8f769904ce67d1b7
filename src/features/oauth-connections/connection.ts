import { days, minutes } from '#lib/clock.ts'
import { permission } from '../access/permissions.ts'
import type { OAuthApplication } from '../oauth-applications/application.ts'
import type { Outcome } from './outcome.ts'

/** Milliseconds. */
export const lifetimes = {
  /** A link may be used for so long. */
  link: minutes(10),
  /** Who went to the data store may take so long to sign in and allow it there. */
  away: minutes(20),
  /** The exchange of a code takes less; one that is older was cut off. */
  exchange: minutes(2),
  /** So long it can be said what became of it. */
  record: days(1),
} as const

/** The permission that connecting needs: when the link is asked for, when it is used, and on the way back. */
export const connecting = [permission.createDataSource] as const

/** Of one user; the oldest is forgotten. */
export const mostConnections = 20

/** A user's way to a data store's consent page and back, as it is stored. */
export type Connection = {
  readonly linkHash: Uint8Array
  readonly userId: number
  readonly tenantId: number
  readonly applicationId: number
  /** The profile that is connected again; undefined for a new one. */
  readonly profileId: number | undefined
  readonly name: string
  readonly description: string
  /** The browser session that went there, and alone may come back (T80, T81). */
  readonly sessionHash: Uint8Array | undefined
  readonly status: 'open' | 'begun' | 'exchanging' | 'connected' | 'failed'
  readonly outcome: Outcome | undefined
  readonly changedAt: number
}

/** What has become of a connection at a moment. */
export type ConnectionState =
  | 'open'
  /** Its link was not used in time. */
  | 'expired'
  /** At the data store. */
  | 'away'
  /** Did not come back from there in time. */
  | 'overdue'
  | 'exchanging'
  /** The server stopped between the data store's answer and its own. */
  | 'interrupted'
  | 'connected'
  | 'failed'

const inTime = {
  open: ['open', 'expired', lifetimes.link],
  begun: ['away', 'overdue', lifetimes.away],
  exchanging: ['exchanging', 'interrupted', lifetimes.exchange],
} as const

export const stateOf = (
  { status, changedAt }: Pick<Connection, 'status' | 'changedAt'>,
  now: number,
): ConnectionState => {
  if (status === 'connected' || status === 'failed') return status
  const [before, after, lifetime] = inTime[status]
  return now < changedAt + lifetime ? before : after
}

/** A connection as its user sees it. */
export type ConnectionView = {
  /** Names it in addresses; opens nothing. */
  readonly reference: string
  readonly userId: number
  readonly state: ConnectionState
  readonly outcome: Outcome | undefined
  readonly name: string
  readonly description: string
  /** An account that was connected before is connected again. */
  readonly again: boolean
  /** As long as the user may use it. */
  readonly application: OAuthApplication | undefined
}

const referenceShape = /^[A-Za-z0-9_-]{43}$/

/** What names a connection in an address: the hash of its link, from which nobody finds the link. */
export const referenceOf = ({ linkHash }: Pick<Connection, 'linkHash'>): string =>
  Buffer.from(linkHash).toString('base64url')

/** The hash that a reference is of; undefined for what is none. */
export const readReference = (reference: string): Uint8Array | undefined =>
  referenceShape.test(reference) ? Buffer.from(reference, 'base64url') : undefined
