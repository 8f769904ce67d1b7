import type { Secret } from '#lib/secret.ts'

/** How this server is registered at an upstream, as far as a token request needs it. */
export type Registration = {
  readonly clientId: string
  /** Undefined where a store needs none. */
  readonly clientSecret: Secret | undefined
  readonly tokenUri: string
  /** See `OutboundRequest.lane`. */
  readonly lane: string
}

/** The grants by which tokens are asked for (OAuth reference D.4; an access token that is given needs none). */
export type TokenGrant =
  | {
      readonly type: 'authorization_code'
      readonly code: Secret
      readonly redirectUri: string
      readonly codeVerifier: Secret
    }
  | { readonly type: 'refresh_token'; readonly refreshToken: Secret }
  | { readonly type: 'client_credentials'; readonly scope: string }

/** What an upstream answered to a token request. */
export type Tokens = {
  readonly accessToken: Secret
  /** Undefined where it sent none: then the one that there is stays. */
  readonly refreshToken: Secret | undefined
  /** Seconds; undefined where it does not say (Salesforce). */
  readonly expiresIn: number | undefined
  readonly scope: string | undefined
  /** Salesforce: where its API answers for this account, the origin of a URL that may be called; undefined where it does not say. */
  readonly instanceUrl: string | undefined
  /** Whose tokens they are: Salesforce's `id`, or issuer and subject of an ID token; undefined where it does not say. */
  readonly account: string | undefined
}

/** The token endpoint of upstreams. */
export type TokenClient = {
  /** Sends the credentials to `registration.tokenUri` and nowhere else; once, whatever happens. Throws `UpstreamError`. */
  readonly request: (registration: Registration, grant: TokenGrant) => Promise<Tokens>
}
