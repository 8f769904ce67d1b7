import type { AuthenticatedClient, Client, GrantType, IssuedTokens } from '../model.ts'
import type { Parameters } from '../parameters.ts'
import type { OAuthDeps } from '../ports.ts'

/** A way to get tokens at the token endpoint. To add one: a file and a line in `index.ts`. */
export type Grant = {
  /** The value of `grant_type`, which is also what an application registers for. */
  readonly type: GrantType
  /** Trades what the authenticated client presents for tokens. Throws `OAuthError`. */
  readonly handle: (
    deps: OAuthDeps,
    client: AuthenticatedClient,
    parameters: Parameters,
  ) => Promise<IssuedTokens>
}

/** How long a chain of this client lives unused (DESIGN invariant 11). */
export const idleLifetime = (deps: OAuthDeps, client: Client): number =>
  client.type === 'public' ? deps.lifetimes.idlePublic : deps.lifetimes.idleConfidential
