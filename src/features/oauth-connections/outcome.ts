import { upstreamFaults, type UpstreamError, type UpstreamFault } from '#egress/upstream-error.ts'

/** What ends a connection beside the faults of an upstream. */
const ends = [
  /** The user chose Cancel. */
  'cancelled',
  /** The data store sent the user back with an error (RFC 6749 section 4.1.2.1). */
  'store-refused',
  /** Its answer came to the callback of another application (T73). */
  'wrong-callback',
  /** The application was changed, deleted or taken away since the user pressed the button. */
  'application-changed',
  /** The profile that was to be connected again is gone, or belongs to another application by now. */
  'profile-changed',
  'name-taken',
  /** The user was changed, or lost the permission, on the way. */
  'no-longer-allowed',
  'signed-out',
  /** Connected, though without the means to renew the access: it ends when the access token does. */
  'no-refresh-token',
] as const
type End = (typeof ends)[number]

/** How a connection ended, with the error code of the data store where there is one, or what else belongs to it. */
export type Outcome = { readonly reason: End | UpstreamFault; readonly code: string | undefined }

export const ended = (reason: Outcome['reason'], code?: string): Outcome => ({ reason, code })

/** The class of what was wrong with an upstream. */
export const outcomeOf = (error: UpstreamError): Outcome => ended(error.fault, error.upstreamCode)

/** As it is stored, and written down in the flight recorder. */
export const outcomeText = ({ reason, code }: Outcome): string =>
  code === undefined ? reason : `${reason} ${code}`

const isReason = (text: string | undefined): text is Outcome['reason'] =>
  text !== undefined && (ends.some((end) => end === text) || Object.hasOwn(upstreamFaults, text))

export const parseOutcome = (text: string): Outcome | undefined => {
  const [reason, code] = text.split(' ')
  return isReason(reason) ? ended(reason, code) : undefined
}

/** The error code of an authorization response, where it has the shape of one; the rest is the data store's own words. */
export const errorCode = (text: string): string | undefined =>
  /^[A-Za-z0-9_.-]{1,64}$/.test(text) ? text : undefined
