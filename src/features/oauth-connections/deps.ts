import type { TokenClient } from '#egress/oauth/tokens.ts'
import type { Clock } from '#lib/clock.ts'
import type { RandomBytes } from '#oauth/token-format.ts'
import type { Store } from '#store/store.ts'
import type { Hasher } from '#vault/hashing.ts'
import type { Sessions } from '../authentication/sessions.ts'
import type { Caller } from '../access/caller.ts'
import type { RedirectUris } from '../oauth-applications/redirect-uri.ts'
import type { SealedValues } from '../sealed/data-keys.ts'

/** What connecting an account needs. */
export type ConnectionDeps = {
  readonly store: Store
  readonly sealed: SealedValues
  readonly hash: Hasher
  readonly random: RandomBytes
  readonly clock: Clock
  readonly sessions: Sessions
  readonly tokenClient: TokenClient
  readonly redirectUris: RedirectUris
  readonly publicUrl: string
}

/** Who is at the browser. */
export type Visitor = { readonly caller: Caller; readonly sessionId: string }
