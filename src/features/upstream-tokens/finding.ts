import type { Clock } from '#lib/clock.ts'
import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Grantor, Grantors } from './grantor.ts'
import type { TokenHistory } from './history.ts'
import type { UpstreamTokenStore } from './store.ts'
import type { TokenOwner, TokenPair, UpstreamToken } from './token.ts'
import { notUsable } from './trouble.ts'

/** An owner's tokens as they are, and where new ones come from. */
export type Found = {
  readonly token: UpstreamToken
  readonly pair: TokenPair
  readonly grantor: Grantor
  /** Asked only where a token was refused: when one was last renewed for that. */
  readonly lastRejection: number | undefined
}

const nothing: TokenPair = { accessToken: undefined, refreshToken: undefined }

/**
 * Finds an owner's tokens; a data source's own get their row when they are first used. The function that it answers throws
 * `UpstreamError` where there are none, or they may not be used.
 */
export const createFinder = (deps: {
  readonly store: Store
  readonly clock: Clock
  readonly tokens: UpstreamTokenStore
  readonly history: TokenHistory
  readonly grantors: Grantors
}) => {
  const { store, clock, tokens, history, grantors } = deps

  function* find(owner: TokenOwner, wasRejected: boolean): Command<Found | 'new' | undefined> {
    const grantor = yield* grantors.read(owner)
    if (grantor === undefined) return undefined
    const token = yield* tokens.read(owner)
    if (token === undefined) return grantor.given === undefined ? undefined : 'new'
    const pair = yield* tokens.open(token)
    const lastRejection = wasRejected ? yield* history.lastRejection(token.id) : undefined
    return pair && { token, pair, grantor, lastRejection }
  }

  const begin = (owner: TokenOwner): Promise<void> =>
    store.write(function* () {
      const grantor = yield* grantors.read(owner)
      if (grantor?.given === undefined || (yield* tokens.read(owner)) !== undefined) return
      const rest = { scope: undefined, instanceUrl: undefined, account: undefined }
      const times = { accessExpiresAt: undefined, issuedAt: undefined }
      yield* tokens.put(
        owner,
        grantor.tenantId,
        { ...nothing, ...grantor.given, ...rest, ...times },
        clock.now(),
      )
    })

  const read = async (owner: TokenOwner, wasRejected: boolean): Promise<Found> => {
    const found = await store.read(() => find(owner, wasRejected))
    if (found === 'new') {
      await begin(owner)
      return read(owner, wasRejected)
    }
    if (found === undefined) throw notUsable()
    return found
  }

  return read
}
