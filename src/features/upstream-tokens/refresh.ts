import type { TokenClient, Tokens } from '#egress/oauth/tokens.ts'
import { UpstreamError } from '#egress/upstream-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { grantOf } from './grantor.ts'
import { type Claim, detailOf, type Leases } from './lease.ts'
import { writePersistently } from './persistently.ts'
import type { EventCause, EventOutcome, UpstreamToken } from './token.ts'

/** What is told to who watches over the server. */
export type Renewed = {
  readonly token: UpstreamToken
  readonly cause: EventCause
  readonly outcome: EventOutcome
  readonly detail: string | undefined
}

/** What came of an attempt: new tokens; others, which somebody has stored meanwhile; or nothing yet, because somebody else renews. */
export type Renewal = 'renewed' | 'changed' | 'busy'

export type RefreshDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly leases: Leases
  readonly client: TokenClient
  readonly newLease: () => string
  readonly onRenewed: (renewed: Renewed) => void
}

const otherAccount = (): UpstreamError =>
  new UpstreamError('other-account', 'The data store answered with a token for another account.')

/** Renews the tokens of one owner: one request in the whole fleet, and nothing is given out before it is stored (T75). */
export const createRefresh = (deps: RefreshDeps) => {
  const { store, leases } = deps

  /** As long as it takes the database to come back, within the lease. */
  const persistently = <T>(command: () => Command<T>): Promise<T> =>
    writePersistently(deps, command, { isolation: 'row-locks', forgets: () => false })

  const ask = async ({ grantor, pair, token }: Claim): Promise<Tokens> => {
    const grant = grantOf(grantor, pair)
    if (grant === undefined || grantor.registration === undefined)
      throw new UpstreamError(
        'client-refused',
        'The client secret of the OAuth application cannot be read: an administrator must send it again.',
      )
    const answer = await deps.client.request(grantor.registration, grant)
    const { account } = answer
    // Nothing of it is kept: the refresh token in it is somebody else's as well. Where ours is spent by this, the next attempt says so.
    if (account !== undefined && token.account !== undefined && account !== token.account)
      throw otherAccount()
    return answer
  }

  /**
   * Renews the tokens, unless somebody else does. Throws `UpstreamError` when the upstream gave none, and `Unavailable` when what
   * it gave could not be stored: then the lease runs out, and whoever comes next says in the history that this was interrupted.
   */
  const renew = async (token: UpstreamToken, cause: EventCause): Promise<Renewal> => {
    const lease = deps.newLease()
    const claimed = await store.write(() => leases.claim(token, lease), {
      isolation: 'row-locks',
      forgets: () => false,
    })
    if (claimed === undefined) return 'busy'
    const tell = (outcome: EventOutcome, detail?: string): void =>
      deps.onRenewed({ token, cause, outcome, detail })
    try {
      const answer = await ask(claimed)
      const stored = await persistently(() => leases.succeed(claimed, cause, answer))
      if (!stored) return 'changed'
      tell('refreshed')
      return 'renewed'
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      const outcome = await persistently(() => leases.fail(claimed, cause, error))
      if (outcome === undefined) return 'changed'
      tell(outcome, detailOf(error))
      throw error
    }
  }

  return { renew }
}

export type Refresh = ReturnType<typeof createRefresh>
