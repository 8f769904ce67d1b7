import { UpstreamError } from '#egress/upstream-error.ts'

/** Only the user can help: the account has to be connected again. */
export class ReconnectNeeded extends UpstreamError {
  /** A word for programs: a class of fault, or an error code of the upstream (`invalid_grant`). */
  readonly reason: string

  constructor(reason: string, cause?: unknown) {
    super(
      'grant-refused',
      'The account at the data store has to be connected again.',
      cause === undefined ? {} : { cause },
    )
    this.reason = reason
  }
}

/** The OAuth application may not be used here any more, or what is stored cannot be opened. */
export const notUsable = (): UpstreamError =>
  new UpstreamError(
    'client-refused',
    'There are no tokens that may be used: the OAuth application is not available any more, or no tokens are stored.',
  )

/** A fresh token was refused like the one before. */
export const stillRefused = (): UpstreamError =>
  new UpstreamError(
    'unauthorized',
    'The data store does not accept a token that it has just given: the account lacks the right, or the scope is too small.',
  )

/** A token was refused for which there is no other. */
export const notRenewable = (): UpstreamError =>
  new UpstreamError(
    'unauthorized',
    'The data store does not accept the access token, and there is no refresh token that leads to another: check the address that was asked, send a new token, or connect the account again.',
  )

const inSeconds = (milliseconds: number): number => Math.max(1, Math.ceil(milliseconds / 1000))

/** The last refresh failed a moment ago. @param rest milliseconds until the next one is tried */
export const coolingDown = (rest: number): UpstreamError =>
  new UpstreamError(
    'throttled',
    'The data store gave no new token a moment ago; it is asked again after a while.',
    { retryAfterSeconds: inSeconds(rest) },
  )

/** Somebody else refreshes and does not get done. */
export const waitedTooLong = (): UpstreamError =>
  new UpstreamError('throttled', 'The tokens are being refreshed and this takes too long.', {
    retryAfterSeconds: 5,
  })
