import type { Registration, TokenGrant } from '#egress/oauth/tokens.ts'
import type { Secret } from '#lib/secret.ts'
import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { createOAuthSecrets } from '../oauth-applications/secrets.ts'
import { createUsableApplications } from '../oauth-applications/usable.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import type { Means } from './judge.ts'
import type { TokenOwner, TokenPair } from './token.ts'

/** What a data source says itself of its OAuth (OAuth reference D.3, D.4). */
export type DirectParameters = TokenPair & {
  readonly tenantId: number
  readonly dataStore: number
  /** Undefined where only an access token is given. */
  readonly tokenUri: string | undefined
  readonly clientId: string
  readonly clientSecret: Secret | undefined
  readonly scope: string
}

/** Reads them; undefined for a data source that has none, or is gone. */
export type ReadDirectParameters = (dataSourceId: number) => Command<DirectParameters | undefined>

/** Where an owner's tokens come from. */
export type Grantor = {
  readonly tenantId: number
  readonly dataStore: number
  readonly means: Means
  /** What a data source was given: the tokens to begin with. Undefined for a profile, whose tokens are stored. */
  readonly given: TokenPair | undefined
  /** Undefined where nothing can be asked for (an access token alone), or the client secret cannot be read. */
  readonly registration: Registration | undefined
  readonly scope: string
}

/** Salesforce takes the refresh token where both are given (data access reference B.0). */
const salesforce = 1

/** The requests of a tenant to one token server share their number at once, and its wish to wait. */
export const laneOf = (tenantId: number, tokenUri: string): string => {
  const uri = tokenUri.replace(/^POST +/, '')
  return `${tenantId}/${URL.canParse(uri) ? new URL(uri).origin : uri}`
}

const fromParameters = (direct: DirectParameters): Grantor => {
  const { tenantId, dataStore, tokenUri, clientId, clientSecret, scope } = direct
  const { accessToken, refreshToken } = direct
  const canAsk = tokenUri !== undefined && clientId !== ''
  const renews: Means = refreshToken === undefined ? 'client-credentials' : 'refresh-token'
  const means: Means =
    !canAsk || (refreshToken === undefined && accessToken !== undefined) ? 'none' : renews
  const dropped = dataStore === salesforce && means === 'refresh-token'
  return {
    tenantId,
    dataStore,
    means,
    given: { accessToken: dropped ? undefined : accessToken, refreshToken },
    registration: canAsk
      ? { clientId, clientSecret, tokenUri, lane: laneOf(tenantId, tokenUri) }
      : undefined,
    scope,
  }
}

/**
 * Where the tokens of an owner come from, read anew each time: an OAuth application that may not be used any more in the
 * owner's tenant, or is gone, gives nothing (DESIGN invariant 20).
 */
export const createGrantors = (
  store: Store,
  sealed: SealedValues,
  readDirectParameters: ReadDirectParameters,
) => {
  const applications = createUsableApplications(store)
  const secrets = createOAuthSecrets(store, sealed)

  function* ofProfile(id: number): Command<Grantor | undefined> {
    const found = yield* applications.readWithSecretOfProfile(id)
    if (found === undefined) return undefined
    const { application, sealedSecret, profileTenantId: tenantId } = found
    const clientSecret = yield* secrets.openText(application, sealedSecret)
    const { clientId, tokenUri, dataStore, scope } = application
    return {
      tenantId,
      dataStore,
      means: 'refresh-token',
      given: undefined,
      registration: clientSecret && {
        clientId,
        clientSecret,
        tokenUri,
        // Of the profile's tenant: tenants that share an application do not make one another wait.
        lane: laneOf(tenantId, tokenUri),
      },
      scope,
    }
  }

  return {
    /** Undefined where the owner is gone or may not be used. */
    read: function* (owner: TokenOwner): Command<Grantor | undefined> {
      if (owner.kind === 'profile') return yield* ofProfile(owner.id)
      const direct = yield* readDirectParameters(owner.id)
      return direct && fromParameters(direct)
    },
  }
}

export type Grantors = ReturnType<typeof createGrantors>

/** The grant by which a token is had anew; undefined where there is none. */
export const grantOf = (
  { means, scope }: Pick<Grantor, 'means' | 'scope'>,
  { refreshToken }: TokenPair,
): TokenGrant | undefined => {
  if (means === 'client-credentials') return { type: 'client_credentials', scope }
  return means === 'refresh-token' && refreshToken !== undefined
    ? { type: 'refresh_token', refreshToken }
    : undefined
}
