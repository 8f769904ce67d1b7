import { authenticateClient } from './client-auth/authenticate.ts'
import type { ClientAuthInput } from './client-auth/client-auth.ts'
import { OAuthError } from './errors.ts'
import type { Grant } from './grants/grant.ts'
import { grants } from './grants/index.ts'
import type { Client, IssuedTokens } from './model.ts'
import { type Parameters, requireParameter } from './parameters.ts'
import type { OAuthDeps } from './ports.ts'

/**
 * Progress's Power BI connector refreshes with `grant_type=authorization_code` and a `refresh_token`; an
 * older build puts the refresh token into `code` as well (reference B.3). Taken for a refresh only where
 * nothing else could be meant.
 */
const isConnectorRefresh = (parameters: Parameters, client: Client): boolean => {
  const code = parameters.get('code')
  const refresh = parameters.get('refresh_token')
  return (
    client.type === 'confidential' &&
    parameters.get('grant_type') === 'authorization_code' &&
    refresh !== undefined &&
    (code === undefined || code === refresh)
  )
}

const findGrant = (type: string): Grant => {
  const grant = grants.find((g) => g.type === type)
  if (grant === undefined)
    throw new OAuthError(
      'unsupported_grant_type',
      `grant_type must be one of ${grants.map((g) => g.type).join(', ')}.`,
    )
  return grant
}

/** The answer of the token endpoint (RFC 6749 section 5.1). `expires_in` in seconds. */
export type TokenResponse = {
  readonly access_token: string
  readonly token_type: 'bearer'
  readonly expires_in: number
  readonly refresh_token?: string
  readonly scope: string
}

const render = (tokens: IssuedTokens, now: number): TokenResponse => ({
  access_token: tokens.accessToken,
  token_type: 'bearer',
  expires_in: Math.max(0, Math.ceil((tokens.expiresAt - now) / 1000)),
  ...(tokens.refreshToken === undefined ? {} : { refresh_token: tokens.refreshToken }),
  scope: tokens.scope,
})

/**
 * The token endpoint (RFC 6749 section 3.2): authenticates the client, then lets the grant trade.
 * Throws `OAuthError`.
 */
export const answerTokenRequest = async (
  deps: OAuthDeps,
  input: ClientAuthInput,
): Promise<TokenResponse> => {
  const { parameters } = input
  const asked = findGrant(requireParameter(parameters, 'grant_type'))
  const grantOf = (client: Client): Grant =>
    isConnectorRefresh(parameters, client) ? findGrant('refresh_token') : asked
  const client = await authenticateClient(deps, input, (known) => {
    const { type } = grantOf(known)
    if (!known.grantTypes.includes(type))
      throw new OAuthError(
        'unauthorized_client',
        `This application is not registered for the grant type ${type}.`,
      )
  })
  return render(await grantOf(client).handle(deps, client, parameters), deps.now())
}
