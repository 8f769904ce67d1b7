import type {
  AuthenticatedClient,
  Client,
  CodeRecord,
  IssuedTokens,
  RefreshRecord,
  ResourceOwner,
  TokenFacts,
} from './model.ts'

/** What the core asks of storage. Each member is atomic, and has happened durably once it resolves. */

export type ClientReader = {
  /**
   * The application with this client id, enabled or not; undefined when there is none. Unless a `fresh` answer is asked for it
   * may be half a second old, when another node has changed the application.
   */
  readonly readClient: (
    clientId: string,
    options?: { readonly fresh?: boolean },
  ) => Promise<Client | undefined>
}

/**
 * What a grant wants to hand out, before there are tokens. Lifetimes in milliseconds. How long the access token lasts is known
 * where the tokens are made: it depends on whose data it reads, and `IssuedTokens.expiresAt` tells it.
 */
export type Issue = {
  readonly withRefreshToken: boolean
  /** The chain ends when it has not been used for so long. */
  readonly idleLifetime: number
}

/**
 * What the core says of a code or refresh token that is presented.
 * issue: hand out tokens · refuse: change nothing · end: end the chain and refuse
 */
export type Verdict = { readonly kind: 'issue' | 'refuse' | 'end'; readonly reason: string }
export type RefreshVerdict =
  | Verdict
  | { readonly kind: 'replay' | 'rotate'; readonly reason: string }

export type TokenStore = {
  /**
   * Redeems a code. `judge` is called once, inside the transaction, with what the code is bound to; it is
   * not called for an unknown code. Of several redemptions at once only one can be issued (T23).
   * Answers the tokens, or undefined when there are none to be had.
   */
  readonly redeemCode: (
    code: string,
    judge: (record: CodeRecord, now: number) => Verdict,
    issue: Issue,
  ) => Promise<IssuedTokens | undefined>
  /**
   * Uses a refresh token. `issue` keeps it valid; `rotate` replaces it; `replay` gives the answer of its
   * rotation again. Rotation and the end of a chain exclude each other (T29, T31).
   */
  readonly useRefreshToken: (
    token: string,
    judge: (record: RefreshRecord, now: number) => RefreshVerdict,
    issue: Issue,
  ) => Promise<IssuedTokens | undefined>
  /**
   * An access token for a client that acts by itself, on the standing authorization that its owner gave it. One statement
   * decides: the authorization stands, the secret that proved the client still counts, and nobody concerned is disabled.
   * Answers undefined when any of that is not so.
   */
  readonly issueForClient: (client: AuthenticatedClient) => Promise<IssuedTokens | undefined>
  /**
   * Begins a chain for a user who gave the client a password. Answers undefined when this user may not authorize this
   * client (DESIGN invariant 13), or the password or the application's grant types have changed meanwhile.
   */
  readonly issueForUser: (
    owner: ResourceOwner,
    client: AuthenticatedClient,
    issue: Issue & { readonly scope: string },
  ) => Promise<IssuedTokens | undefined>
  /** What there is to know of a token of this application that works; undefined for any other (RFC 7662). */
  readonly readToken: (token: string, applicationId: number) => Promise<TokenFacts | undefined>
  /** Ends an access token, or a refresh token with its chain, if it belongs to the application (RFC 7009). */
  readonly revokeToken: (token: string, applicationId: number) => Promise<void>
}

/** What the operator's settings say of a token. Milliseconds. */
export type Lifetimes = {
  readonly idleConfidential: number
  readonly idlePublic: number
}

export type OAuthDeps = {
  readonly clients: ClientReader
  readonly tokens: TokenStore
  /**
   * The active user of this name and password; undefined when there is none, whatever the reason. Counts failures. A right
   * password that opens nothing before it is changed is told from a wrong one. Throws `Unavailable` when too many wait.
   */
  readonly authenticateUser: (
    name: string,
    password: string,
  ) => Promise<ResourceOwner | 'must change password' | undefined>
  readonly hashSecret: (secret: string) => Uint8Array
  readonly now: () => number
  readonly lifetimes: Lifetimes
}
