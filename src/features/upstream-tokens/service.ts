import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { TokenClient } from '#egress/oauth/tokens.ts'
import { UpstreamError } from '#egress/upstream-error.ts'
import { type Clock, hours, seconds } from '#lib/clock.ts'
import type { Secret } from '#lib/secret.ts'
import { createSingleFlight } from '#lib/single-flight.ts'
import type { Store } from '#store/store.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import { createFinder, type Found } from './finding.ts'
import { createGrantors, type ReadDirectParameters } from './grantor.ts'
import { createTokenHistory } from './history.ts'
import { judge, type Verdict } from './judge.ts'
import { createLeases } from './lease.ts'
import { createRefresh, type Renewed } from './refresh.ts'
import { createUpstreamTokenStore } from './store.ts'
import type { TokenOwner } from './token.ts'
import {
  coolingDown,
  notRenewable,
  ReconnectNeeded,
  stillRefused,
  waitedTooLong,
} from './trouble.ts'

/** How long a token lives whose data store does not say (Salesforce names no `expires_in`: data access reference D.2). */
const assumedLife = hours(2)

/** So long somebody waits for a refresh that another one does. */
const longestWait = seconds(20)

/** An access token that is good now. */
export type UsableToken = {
  readonly token: Secret
  /** To be named as `rejected` when the data store answers it with 401. */
  readonly generation: number
  readonly instanceUrl: string | undefined
  readonly scope: string | undefined
}

export type GetOptions = {
  /** The generation of the token that the data store has answered with 401. */
  readonly rejected?: number | undefined
  /** The generation of the token that does not say where the data store's API answers: it is renewed to learn it, if it can be. */
  readonly incomplete?: number | undefined
  /** Ends the waiting, not a refresh that others wait for as well. */
  readonly signal?: AbortSignal | undefined
}

type Deps = {
  readonly store: Store
  readonly sealed: SealedValues
  readonly clock: Clock
  readonly tokenClient: TokenClient
  readonly readDirectParameters: ReadDirectParameters
  readonly onRenewed: (renewed: Renewed) => void
}

/** Nobody's access to this server changes by it. */
const quiet = { isolation: 'row-locks', forgets: () => false } as const

/** Upstream access tokens that are always fresh (DESIGN invariant 19). */
export const createUpstreamTokens = (deps: Deps) => {
  const { store, clock } = deps
  const tokens = createUpstreamTokenStore(store, deps.sealed)
  const grantors = createGrantors(store, deps.sealed, deps.readDirectParameters)
  const history = createTokenHistory(store)
  const leases = createLeases({
    ...deps,
    tokens,
    grantors,
    history,
    random: () => randomInt(1000) / 1000,
  })
  const { renew } = createRefresh({
    ...deps,
    leases,
    client: deps.tokenClient,
    newLease: () => randomBytes(16).toString('hex'),
  })
  const read = createFinder({ store, clock, tokens, history, grantors })
  const together = createSingleFlight<boolean>()

  const usable = ({ token, pair }: Found): UsableToken => {
    if (pair.accessToken === undefined) throw new Error('a token that is good is there')
    const { generation, instanceUrl, scope } = token
    return { token: pair.accessToken, generation, instanceUrl, scope }
  }

  const decide = (
    { token, pair, grantor, lastRejection }: Found,
    { rejected, incomplete }: GetOptions,
  ): Verdict =>
    judge({
      token,
      hasAccessToken: pair.accessToken !== undefined,
      means:
        grantor.means === 'refresh-token' && pair.refreshToken === undefined
          ? 'none'
          : grantor.means,
      rejected,
      incomplete,
      lastRejection,
      assumedLife,
      now: clock.now(),
    })

  const giveUp = async ({ token }: Found, reason: string): Promise<void> => {
    const { owner, generation } = token
    if (await store.write(() => leases.giveUp(owner, { generation, reason }), quiet))
      deps.onRenewed({ token, cause: 'expiry', outcome: 'reconnect-needed', detail: reason })
  }

  /** One attempt to renew: true when it is worth looking again at once. */
  const tryToRenew = async (
    { token }: Found,
    { cause, spare }: Extract<Verdict, { kind: 'renew' }>,
  ): Promise<'renewed' | 'not now' | 'spare'> => {
    try {
      const key = `${token.id}/${token.generation}`
      if (await together(key, () => renew(token, cause))) return 'renewed'
      return spare ? 'spare' : 'not now'
    } catch (error) {
      if (spare && error instanceof UpstreamError && error.fault !== 'grant-refused') return 'spare'
      if (error instanceof UpstreamError && error.fault === 'grant-refused')
        throw new ReconnectNeeded(error.upstreamCode ?? error.fault, error)
      throw error
    }
  }

  /**
   * An access token that is good now, renewed if need be. Throws `ReconnectNeeded` when only the user can help, `UpstreamError`
   * when there is none for another reason, and `Unavailable` when the system store cannot be asked.
   */
  const get = async (owner: TokenOwner, options: GetOptions = {}): Promise<UsableToken> => {
    const { rejected, signal } = options
    const until = clock.now() + longestWait
    for (;;) {
      signal?.throwIfAborted()
      const found = await read(owner, rejected !== undefined)
      const verdict = decide(found, options)
      switch (verdict.kind) {
        case 'use':
          return usable(found)
        case 'refused':
          throw stillRefused()
        case 'not-renewable':
          throw notRenewable()
        case 'cool-down':
          throw coolingDown(verdict.until - clock.now())
        case 'reconnect':
          await giveUp(found, verdict.reason)
          throw new ReconnectNeeded(verdict.reason)
        case 'renew': {
          const outcome = await tryToRenew(found, verdict)
          if (outcome === 'spare') return usable(found)
          if (outcome === 'renewed') continue
          if (clock.now() > until) throw waitedTooLong()
          await pause(randomInt(100, 250), undefined, signal === undefined ? {} : { signal })
        }
      }
    }
  }

  return { get }
}

export type UpstreamTokens = ReturnType<typeof createUpstreamTokens>
