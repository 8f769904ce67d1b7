import { setTimeout as pause } from 'node:timers/promises'
import { UpstreamError } from '#egress/upstream-error.ts'
import { type Clock, seconds } from '#lib/clock.ts'
import { orAborted } from '#lib/or-aborted.ts'
import { Unavailable } from '#lib/refusal.ts'
import type { Renew } from './judge.ts'
import type { Refresh, Renewal } from './refresh.ts'
import type { UpstreamToken } from './token.ts'
import { ReconnectNeeded } from './trouble.ts'

/** So long a server that stops waits for what an upstream answers, and for its commit; then it cuts the request. */
const longestEnding = seconds(20)

/**
 * The renewals of this server: one at a time for each generation of tokens, whoever asks. They go on when nobody waits for them any
 * more, also when the server stops: the refresh token that was sent may be spent by then (T75).
 */
export const createRenewals = ({ renew }: Refresh, clock: Clock) => {
  const underWay = new Map<string, Promise<Renewal>>()
  let closed = false

  const start = async (token: UpstreamToken, { cause }: Renew): Promise<Renewal> => {
    const key = `${token.id}/${token.generation}`
    const running = underWay.get(key)
    if (running !== undefined) return running
    // Another server is known to be at it: nothing has to be written to find that out.
    if (token.leaseUntil !== undefined && token.leaseUntil > clock.now()) return 'busy'
    if (closed) throw new Unavailable('This server is stopping. Try again.')
    const renewal = renew(token, cause).finally(() => underWay.delete(key))
    underWay.set(key, renewal)
    return renewal
  }

  const settle = async (): Promise<void> => {
    await Promise.allSettled(underWay.values())
  }

  return {
    /**
     * One attempt for somebody who waits for it, as long as the signal lets them. `spare`: what there is has to do, and perhaps does.
     * Throws `ReconnectNeeded` and `UpstreamError` where nothing does, and `Unavailable`, also once the server stops.
     */
    attempt: async (
      token: UpstreamToken,
      verdict: Renew,
      signal: AbortSignal | undefined,
    ): Promise<Renewal | 'spare'> => {
      const hasSpare = verdict.spare !== undefined
      try {
        const outcome = await orAborted(signal, start(token, verdict))
        return outcome === 'busy' && hasSpare ? 'spare' : outcome
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error
        if (error.fault === 'grant-refused')
          throw new ReconnectNeeded(error.upstreamCode ?? error.fault, error)
        if (hasSpare) return 'spare'
        throw error
      }
    },
    /** Renews beside whoever has a token that still does. What goes wrong is in the history, and told to who has none any more. */
    beside: (token: UpstreamToken, verdict: Renew): void =>
      void start(token, verdict).catch(() => undefined),
    /** Waits for those that are under way. */
    settle,
    /** Begins none any more, and waits for those that are under way, within reason. */
    close: async (): Promise<void> => {
      closed = true
      await Promise.race([settle(), pause(longestEnding, undefined, { ref: false })])
    },
  }
}
