import type { Secret } from '#lib/secret.ts'

/** Whose tokens: of a profile, or of a data source that has its OAuth parameters itself. */
export type TokenOwner =
  | { readonly kind: 'profile'; readonly id: number }
  | { readonly kind: 'data-source'; readonly id: number }

/** What is known of an owner's tokens without opening them. Times are milliseconds since 1970. */
export type UpstreamToken = {
  readonly id: number
  readonly tenantId: number
  readonly owner: TokenOwner
  /** Grows with each change of the tokens; a token is good for one. */
  readonly generation: number
  readonly accessExpiresAt: number | undefined
  readonly issuedAt: number | undefined
  readonly scope: string | undefined
  readonly instanceUrl: string | undefined
  readonly account: string | undefined
  readonly state: 'ready' | 'reconnect'
  readonly stateReason: string | undefined
  readonly stateAt: number
  readonly leaseHolder: string | undefined
  readonly leaseUntil: number | undefined
  readonly failures: number
  readonly retryAt: number | undefined
}

/** The tokens themselves; each may be missing. */
export type TokenPair = {
  readonly accessToken: Secret | undefined
  readonly refreshToken: Secret | undefined
}

/** What is to be stored, all of it: what is undefined is stored as missing. */
export type StoredTokens = TokenPair &
  Pick<UpstreamToken, 'accessExpiresAt' | 'issuedAt' | 'scope' | 'instanceUrl' | 'account'>

/** Why something was done to tokens. */
export type EventCause =
  | 'connected'
  | 'reconnected'
  | 'written'
  | 'expiry'
  | 'rejected'
  | 'first-use'

/** What came of it. */
export type EventOutcome = 'stored' | 'refreshed' | 'failed' | 'reconnect-needed'

/** An entry of the flight recorder (`GET …/history`). */
export type TokenEvent = {
  readonly at: number
  readonly cause: EventCause
  readonly outcome: EventOutcome
  /** A class of fault, with the upstream's error code where there is one; never a token, never the upstream's text. */
  readonly detail: string | undefined
}
