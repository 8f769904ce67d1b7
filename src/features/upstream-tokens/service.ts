import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { TokenClient } from '#egress/oauth/tokens.ts'
import { type Clock, hours, seconds } from '#lib/clock.ts'
import type { Secret } from '#lib/secret.ts'
import type { Store } from '#store/store.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import { createFinder, type Found } from './finding.ts'
import { createGrantors, type ReadDirectParameters } from './grantor.ts'
import { createTokenHistory } from './history.ts'
import { judge, type Renew, type Verdict } from './judge.ts'
import { createLeases } from './lease.ts'
import { createRefresh, type Renewed } from './refresh.ts'
import { createRenewals } from './renewals.ts'
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

const wait = (signal: AbortSignal | undefined): Promise<void> =>
  pause(randomInt(100, 250), undefined, signal === undefined ? {} : { signal })

/** Nobody's access to this server changes by it. */
const quiet = { isolation: 'row-locks', forgets: () => false } as const

/**
 * Upstream access tokens that are always fresh (DESIGN invariant 19). Who has one that still does gets it at once, and the renewal goes
 * on beside; `close` waits for those.
 */
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
  const refresh = createRefresh({
    ...deps,
    leases,
    client: deps.tokenClient,
    newLease: () => randomBytes(16).toString('hex'),
  })
  const renewals = createRenewals(refresh, clock)
  const read = createFinder({ store, clock, tokens, history, grantors })

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
    const { owner, generation, state } = token
    if (state !== 'ready') return
    if (await store.write(() => leases.giveUp(owner, { generation, reason }), quiet))
      deps.onRenewed({ token, cause: 'expiry', outcome: 'reconnect-needed', detail: reason })
  }

  /** What is done where nobody has to be asked for a token. */
  const conclude = async (found: Found, verdict: Exclude<Verdict, Renew>): Promise<UsableToken> => {
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
    }
  }

  /**
   * An access token that is good now, renewed if need be. Throws `ReconnectNeeded` when only the user can help, `UpstreamError`
   * when there is none for another reason, and `Unavailable` when the system store cannot be asked.
   */
  const get = async (owner: TokenOwner, options: GetOptions = {}): Promise<UsableToken> => {
    const { rejected, signal } = options
    const until = clock.now() + longestWait
    let renewed = false
    for (;;) {
      signal?.throwIfAborted()
      const found = await read(owner, rejected !== undefined)
      const verdict = decide(found, options)
      if (verdict.kind !== 'renew') return conclude(found, verdict)
      // What has just come will not get better, however soon it ends: another one would be as short.
      if (renewed && verdict.cause === 'expiry') return usable(found)
      if (verdict.spare === 'good') {
        renewals.beside(found.token, verdict)
        return usable(found)
      }
      const outcome = await renewals.attempt(found.token, verdict, signal)
      if (outcome === 'spare') return usable(found)
      renewed ||= outcome === 'renewed'
      if (clock.now() > until) throw waitedTooLong()
      if (outcome === 'busy') await wait(signal)
    }
  }

  return { get, settle: renewals.settle, close: renewals.close }
}

export type UpstreamTokens = ReturnType<typeof createUpstreamTokens>
