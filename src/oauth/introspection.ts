import { authenticateClient } from './client-auth/authenticate.ts'
import type { ClientAuthInput } from './client-auth/client-auth.ts'
import { OAuthError } from './errors.ts'
import { requireParameter } from './parameters.ts'
import type { OAuthDeps } from './ports.ts'

/** RFC 7662 section 2.2. Times in seconds since 1970. */
export type Introspection =
  | { readonly active: false }
  | {
      readonly active: true
      readonly scope: string
      readonly client_id: string
      readonly username: string
      readonly token_type?: 'bearer'
      readonly exp: number
      readonly iat: number
      readonly sub: string
      readonly iss: string
    }

const inactive: Introspection = { active: false }

/**
 * RFC 7662: whether a token works, told to the client that it was issued to and to nobody else. What is unknown,
 * expired, ended, rotated or another client's is all the same `{"active":false}` (T46). Public clients cannot prove who
 * they are (section 2.1) and are refused with `invalid_client`.
 */
export const introspectToken = async (
  deps: OAuthDeps,
  input: ClientAuthInput,
  issuer: string,
): Promise<Introspection> => {
  const client = await authenticateClient(deps, input)
  if (client.type === 'public')
    throw new OAuthError('invalid_client', 'A public client cannot ask about tokens.')
  const token = requireParameter(input.parameters, 'token')
  const facts = await deps.tokens.readToken(token, client.applicationId)
  if (facts === undefined || facts.expiresAt <= deps.now()) return inactive
  return {
    active: true,
    scope: facts.scope,
    client_id: facts.clientId,
    username: facts.userName,
    ...(facts.kind === 'access' ? { token_type: 'bearer' } : {}),
    exp: Math.floor(facts.expiresAt / 1000),
    iat: Math.floor(facts.issuedAt / 1000),
    sub: String(facts.userId),
    iss: issuer,
  }
}
