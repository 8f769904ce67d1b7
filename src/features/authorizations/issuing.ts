import type { Clock } from '#lib/clock.ts'
import type { IssuedTokens } from '#oauth/model.ts'
import { mintToken, type RandomBytes } from '#oauth/token-format.ts'
import { type Command, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Hasher } from '#vault/hashing.ts'
import type { LastUsed } from './last-used.ts'
import type { createRecordQueries } from './records.ts'
import type { Replays } from './replay.ts'
import type { ApplicationStanding } from './standing.ts'
import type { TokenStatements } from './statements.ts'

/** What the commands of the token endpoint work with. */
export type TokenDeps = {
  readonly store: Store
  readonly hash: Hasher
  readonly clock: Clock
  readonly random: RandomBytes
  readonly replays: Replays
  readonly lastUsed: LastUsed
  readonly records: ReturnType<typeof createRecordQueries>
  readonly statements: TokenStatements
  /** Whether an application, as it is at this moment, may present a user's password. */
  readonly grantsPassword: (application: ApplicationStanding) => boolean
}

/** What an operator should hear of: a code or refresh token that was used twice, which ended its chain (T24). */
export type Reuse = { readonly what: 'code' | 'refresh-token'; readonly applicationId: number }

/** What came of presenting a code or refresh token. */
export type Outcome = { readonly tokens?: IssuedTokens; readonly reuse?: Reuse }

export const nothing: Outcome = {}

/** Mints an access token, beside the given refresh token. */
export const mintTokens = (
  deps: TokenDeps,
  from: {
    readonly scope: string
    readonly now: number
    /** Of the access token (limit OAuthAccessTokenTimeout). */
    readonly lifetime: number
    readonly refreshToken: string | undefined
  },
): IssuedTokens => ({
  accessToken: mintToken('accessToken', deps.random),
  expiresAt: from.now + from.lifetime,
  refreshToken: from.refreshToken,
  scope: from.scope,
})

export function* insertAccessToken(
  { statements, hash }: TokenDeps,
  chain: number,
  tokens: IssuedTokens,
  now: number,
): Command<void> {
  const token = hash('access-token', tokens.accessToken)
  yield* run(statements.insertAccessToken({ hash: token, chain, now, until: tokens.expiresAt }))
}

/** Stores a refresh token that dies when it is idle for so long, as its chain does. */
export function* insertRefreshToken(
  { statements, hash }: TokenDeps,
  token: string,
  of: {
    readonly chainId: number
    readonly generation: number
    readonly now: number
    readonly idle: number
  },
): Command<void> {
  const { chainId: chain, generation, now } = of
  const stored = {
    hash: hash('refresh-token', token),
    chain,
    generation,
    now,
    until: now + of.idle,
  }
  yield* run(statements.insertRefreshToken(stored))
}

/**
 * Lets a chain live on until then; false when it has ended meanwhile.
 * @param generation when given, the chain must be at it and goes to the next: this decides who rotates, and
 *   excludes a revocation at the same time (T29, T31)
 */
export function* extendChain(
  { statements }: TokenDeps,
  chain: number,
  until: number,
  generation?: number,
): Command<boolean> {
  const statement =
    generation === undefined
      ? statements.extendChain({ chain, until })
      : statements.advanceChain({ chain, until, generation, next: generation + 1 })
  return (yield* run(statement)) === 1
}
