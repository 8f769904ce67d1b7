import type { DataSourceSelection } from './selection.ts'

/** RFC 6749 section 2.1. */
export type ClientType = 'confidential' | 'public'

/** The grant types that an application may be registered for. */
export const grantTypes = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'password',
] as const
export type GrantType = (typeof grantTypes)[number]

/** A secret as the store knows it. */
export type StoredSecret = { readonly hash: Uint8Array; readonly expiresAt: number | undefined }

/** A client application, as the protocol sees it. */
export type Client = {
  readonly applicationId: number
  readonly clientId: string
  readonly type: ClientType
  readonly name: string
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly GrantType[]
  readonly rotatesRefreshTokens: boolean
  readonly enabled: boolean
  readonly secrets: readonly StoredSecret[]
}

/** A client that has said who it is; a confidential one with the secret that proved it. */
export type AuthenticatedClient = Client & { readonly secretHash: Uint8Array | undefined }

/** A user who gave the right password, in the version that it had then. */
export type ResourceOwner = { readonly userId: number; readonly passwordVersion: number }

/** A request at the authorization endpoint that has passed every check. */
export type AuthorizationRequest = {
  readonly clientId: string
  readonly redirectUri: string
  readonly scope: string
  readonly state: string | undefined
  readonly codeChallenge: string | undefined
}

/** A redeemable code with what it is bound to. Times are milliseconds since 1970. */
export type CodeRecord = {
  readonly applicationId: number
  readonly redirectUri: string
  readonly codeChallenge: string | undefined
  readonly validUntil: number
  readonly redeemed: boolean
  readonly userActive: boolean
}

/** A refresh token with the state of its chain. */
export type RefreshRecord = {
  readonly applicationId: number
  /** How the chain began. */
  readonly grantType: GrantType
  readonly scope: string
  readonly expiresAt: number
  readonly generation: number
  readonly chainGeneration: number
  readonly rotatedAt: number | undefined
  readonly userActive: boolean
}

/** What the token endpoint hands out. `expiresAt` in milliseconds since 1970. */
export type IssuedTokens = {
  readonly accessToken: string
  readonly expiresAt: number
  readonly refreshToken: string | undefined
  readonly scope: string
}

/** What the user decided on the consent page. */
export type Decision = { readonly scope: string; readonly selection: DataSourceSelection }

/** What there is to know of a token that works (RFC 7662 section 2.2). Times are milliseconds since 1970. */
export type TokenFacts = {
  readonly kind: 'access' | 'refresh'
  readonly clientId: string
  readonly scope: string
  readonly userId: number
  readonly userName: string
  readonly issuedAt: number
  readonly expiresAt: number
}
