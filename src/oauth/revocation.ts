import { authenticateClient } from './client-auth/authenticate.ts'
import type { ClientAuthInput } from './client-auth/client-auth.ts'
import { requireParameter } from './parameters.ts'
import type { OAuthDeps } from './ports.ts'

/**
 * RFC 7009: an access token ends alone, a refresh token with its chain; the consent stays. A token that is
 * unknown or another client's changes nothing and is not told from success (T47). `token_type_hint` is only
 * a hint; the token itself says what it is.
 */
export const revokeToken = async (deps: OAuthDeps, input: ClientAuthInput): Promise<void> => {
  const client = await authenticateClient(deps, input)
  await deps.tokens.revokeToken(requireParameter(input.parameters, 'token'), client.applicationId)
}
