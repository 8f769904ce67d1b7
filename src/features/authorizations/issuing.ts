import type { Clock } from '#lib/clock.ts'
import type { IssuedTokens } from '#oauth/model.ts'
import type { Issue } from '#oauth/ports.ts'
import { mintToken, type RandomBytes } from '#oauth/token-format.ts'
import { type Command, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Hasher } from '#vault/hashing.ts'
import type { LastUsed } from './last-used.ts'
import type { createRecordQueries } from './records.ts'
import type { Replays } from './replay.ts'

/** What the commands of the token endpoint work with. */
export type TokenDeps = {
  readonly store: Store
  readonly hash: Hasher
  readonly clock: Clock
  readonly random: RandomBytes
  readonly replays: Replays
  readonly lastUsed: LastUsed
  readonly records: ReturnType<typeof createRecordQueries>
  /** Told of what an operator should hear of: a code or refresh token that was used twice (T24). */
  readonly onReuse: (what: 'code' | 'refresh-token', applicationId: number) => void
}

/** Mints an access token, beside the given refresh token. */
export const mintTokens = (
  deps: TokenDeps,
  issue: Issue,
  from: { readonly scope: string; readonly now: number; readonly refreshToken: string | undefined },
): IssuedTokens => ({
  accessToken: mintToken('accessToken', deps.random),
  expiresAt: from.now + issue.accessTokenLifetime,
  refreshToken: from.refreshToken,
  scope: from.scope,
})

export function* insertAccessToken(
  { store, hash }: TokenDeps,
  chainId: number,
  tokens: IssuedTokens,
  now: number,
): Command<void> {
  yield* run(
    store.sql.insertInto('access_tokens').values({
      token_hash: hash('access-token', tokens.accessToken),
      chain_id: chainId,
      created_at: now,
      expires_at: tokens.expiresAt,
    }),
  )
}

/** Stores a refresh token that dies when it is idle for so long, as its chain does. */
export function* insertRefreshToken(
  { store, hash }: TokenDeps,
  token: string,
  of: {
    readonly chainId: number
    readonly generation: number
    readonly now: number
    readonly idle: number
  },
): Command<void> {
  yield* run(
    store.sql.insertInto('refresh_tokens').values({
      token_hash: hash('refresh-token', token),
      chain_id: of.chainId,
      generation: of.generation,
      rotated_at: null,
      replay: null,
      created_at: of.now,
      expires_at: of.now + of.idle,
    }),
  )
}

/**
 * Lets a chain live on until then; false when it has ended meanwhile.
 * @param generation when given, the chain must be at it and goes to the next: this decides who rotates, and
 *   excludes a revocation at the same time (T29, T31)
 */
export function* extendChain(
  { store }: TokenDeps,
  chainId: number,
  expiresAt: number,
  generation?: number,
): Command<boolean> {
  let statement = store.sql
    .updateTable('chains')
    .set({ expires_at: expiresAt })
    .where('id', '=', chainId)
  if (generation !== undefined)
    statement = statement.set({ generation: generation + 1 }).where('generation', '=', generation)
  return (yield* run(statement)) === 1
}
