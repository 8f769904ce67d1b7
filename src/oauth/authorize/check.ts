import type { Client } from '../model.ts'
import type { Parameters } from '../parameters.ts'

/** What the checks after client and redirect URI may look at. */
export type CheckInput = {
  readonly client: Client
  readonly parameters: Parameters
  readonly repeated: ReadonlySet<string>
}

/** Returns nothing; throws `OAuthError`, which travels to the redirect URI. */
export type Check = (input: CheckInput) => void
