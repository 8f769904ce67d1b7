import { OAuthError } from '../errors.ts'
import { parseScope } from '../scope.ts'
import type { Grant } from './grant.ts'

/**
 * RFC 6749 section 4.4: a confidential client acts by itself, on the data sources that its owner has listed (DESIGN
 * invariant 12). There is no refresh token (section 4.4.3): the client asks again.
 */
const handle: Grant['handle'] = async (deps, client, parameters) => {
  parseScope(parameters.get('scope'))
  const tokens = await deps.tokens.issueForClient(client)
  if (tokens === undefined)
    throw new OAuthError(
      'unauthorized_client',
      'The owner of this application has ended its access. The owner renews it by setting dataSources of the application again.',
      { detail: 'no standing authorization, or it ended at this moment' },
    )
  return tokens
}

export const clientCredentials: Grant = { type: 'client_credentials', handle }
