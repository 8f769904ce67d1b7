import type { Tokens } from '#egress/oauth/tokens.ts'
import type { UpstreamError } from '#egress/upstream-error.ts'
import { type Clock, seconds } from '#lib/clock.ts'
import { type Command, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { backOff } from './back-off.ts'
import type { Grantor, Grantors } from './grantor.ts'
import type { TokenHistory } from './history.ts'
import type { UpstreamTokenStore } from './store.ts'
import type {
  EventCause,
  EventOutcome,
  StoredTokens,
  TokenOwner,
  TokenPair,
  UpstreamToken,
} from './token.ts'

/**
 * How long a refresh is believed to be under way, in milliseconds: longer than a request may take, and than a commit is tried
 * again, by more than clocks of nodes may differ. Were it too short, an upstream would be asked twice; what is stored stays
 * right all the same, since only the holder of the lease may write.
 */
export const leaseTime = seconds(60)

/** The right to renew the tokens of an owner, and what is needed for it. */
export type Claim = {
  readonly token: UpstreamToken
  readonly grantor: Grantor
  readonly pair: TokenPair
  readonly lease: string
  /**
   * A refresh before this one was never finished: its server died, or could not write down what came of it. What is stored may be
   * spent since then, until a refresh succeeds or other tokens are stored.
   */
  readonly afterInterruption: boolean
}

/** In place of the holder of a lease: one was never finished, and none has succeeded since. */
const interrupted = 'interrupted'

/** An error class in the words of the flight recorder. */
export const detailOf = (error: UpstreamError): string =>
  error.upstreamCode === undefined ? error.fault : `${error.fault} ${error.upstreamCode}`

/** What is stored of an answer: what it does not say stays as it was (RFC 6749 section 6). */
const toStore = (answer: Tokens, { token, pair }: Claim, now: number): StoredTokens => ({
  accessToken: answer.accessToken,
  refreshToken: answer.refreshToken ?? pair.refreshToken,
  accessExpiresAt: answer.expiresIn === undefined ? undefined : now + seconds(answer.expiresIn),
  issuedAt: now,
  scope: answer.scope ?? token.scope,
  instanceUrl: answer.instanceUrl ?? token.instanceUrl,
  account: answer.account ?? token.account,
})

export type LeaseDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly tokens: UpstreamTokenStore
  readonly history: TokenHistory
  readonly grantors: Grantors
  /** 0 to 1. */
  readonly random: () => number
}

/** What is written before, and after, an upstream was asked; each function is a command (`isolation: 'row-locks'`). */
export const createLeases = (deps: LeaseDeps) => {
  const { store, clock, tokens, history } = deps

  /**
   * Takes the right to renew these very tokens, durably, before anything leaves the server. Undefined when somebody else has
   * it, or the tokens are others by now.
   */
  function* claim(
    { id, generation, owner }: UpstreamToken,
    lease: string,
  ): Command<Claim | undefined> {
    const now = clock.now()
    const token = yield* tokens.readLocked(owner)
    if (token?.id !== id || token.generation !== generation || token.state !== 'ready')
      return undefined
    if (token.leaseUntil !== undefined && token.leaseUntil > now) return undefined
    const grantor = yield* deps.grantors.read(owner)
    const pair = yield* tokens.open(token)
    if (grantor === undefined || pair === undefined) return undefined
    yield* run(
      store.sql
        .updateTable('upstream_tokens')
        .set({ lease_holder: lease, lease_until: now + leaseTime })
        .where('id', '=', id),
    )
    const afterInterruption = token.leaseHolder !== undefined
    if (afterInterruption && token.leaseHolder !== interrupted)
      yield* history.record(id, {
        at: now,
        cause: 'expiry',
        outcome: 'failed',
        detail: 'interrupted',
      })
    return { token, grantor, pair, lease, afterInterruption }
  }

  /** Whether the answer may still be written: who connected anew, or changed the application, has taken the lease away. */
  function* holds({ token, lease }: Claim): Command<boolean> {
    const now = yield* tokens.readLocked(token.owner)
    return now?.id === token.id && now.generation === token.generation && now.leaseHolder === lease
  }

  function* succeed(claimed: Claim, cause: EventCause, answer: Tokens): Command<boolean> {
    if (!(yield* holds(claimed))) return false
    const now = clock.now()
    const { token } = claimed
    yield* tokens.write(
      { ...token, generation: token.generation + 1 },
      toStore(answer, claimed, now),
      now,
    )
    yield* history.record(token.id, {
      at: now,
      cause,
      outcome: 'refreshed',
      detail: undefined,
    })
    return true
  }

  /** Undefined where the lease is somebody else's by now: nothing has failed that still matters. */
  function* fail(
    claimed: Claim,
    cause: EventCause,
    error: UpstreamError,
  ): Command<EventOutcome | undefined> {
    if (!(yield* holds(claimed))) return undefined
    const now = clock.now()
    const { token, afterInterruption } = claimed
    const over = error.fault === 'grant-refused'
    const detail = over && afterInterruption ? 'interrupted-refresh' : detailOf(error)
    const failures = token.failures + 1
    yield* run(
      store.sql
        .updateTable('upstream_tokens')
        .set({
          lease_holder: afterInterruption && !over ? interrupted : null,
          lease_until: null,
          failures,
          retry_at: over ? null : now + backOff(error, failures, deps.random()),
          ...(over ? { state: 'reconnect', state_reason: detail, state_at: now } : {}),
        })
        .where('id', '=', token.id),
    )
    const outcome = over ? 'reconnect-needed' : 'failed'
    yield* history.record(token.id, { at: now, cause, outcome, detail })
    return outcome
  }

  /** Marks tokens that nothing can renew any more; false when they are others by now, or were marked before. */
  function* giveUp(
    owner: TokenOwner,
    { generation, reason }: { readonly generation: number; readonly reason: string },
  ): Command<boolean> {
    const token = yield* tokens.readLocked(owner)
    if (token?.generation !== generation || token.state !== 'ready') return false
    const at = clock.now()
    yield* run(
      store.sql
        .updateTable('upstream_tokens')
        .set({ state: 'reconnect', state_reason: reason, state_at: at })
        .where('id', '=', token.id),
    )
    const cause = 'expiry'
    yield* history.record(token.id, { at, cause, outcome: 'reconnect-needed', detail: reason })
    return true
  }

  return { claim, succeed, fail, giveUp }
}

export type Leases = ReturnType<typeof createLeases>
