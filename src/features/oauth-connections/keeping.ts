import type { Tokens } from '#egress/oauth/tokens.ts'
import { seconds } from '#lib/clock.ts'
import { Unavailable } from '#lib/refusal.ts'
import type { Command } from '#store/command.ts'
import { createOAuthProfileStore } from '../oauth-profiles/store.ts'
import { createTokenHistory } from '../upstream-tokens/history.ts'
import { createUpstreamTokenStore } from '../upstream-tokens/store.ts'
import type { StoredTokens, TokenOwner, UpstreamToken } from '../upstream-tokens/token.ts'
import type { Connection } from './connection.ts'
import type { ConnectionDeps } from './deps.ts'
import { ended, type Outcome, outcomeText } from './outcome.ts'

const ownerOf = (id: number): TokenOwner => ({ kind: 'profile', id })

/** What is to be stored cannot be, and why: thrown, so that nothing else of the command is stored either. */
export class NotKept extends Error {
  readonly outcome: Outcome

  constructor(reason: Outcome['reason']) {
    super(reason)
    this.outcome = ended(reason)
  }
}

/** Puts the tokens of a connection into the profile that it is for. Each function is a command. */
export const createTokenKeeping = (deps: ConnectionDeps) => {
  const { store, clock } = deps
  const profiles = createOAuthProfileStore(store)
  const tokens = createUpstreamTokenStore(store, deps.sealed)
  const history = createTokenHistory(store)

  function* write(
    profileId: number,
    { tenantId }: Connection,
    stored: StoredTokens,
    cause: 'connected' | 'reconnected',
  ): Command<void> {
    const at = clock.now()
    const detail = stored.refreshToken === undefined ? 'no-refresh-token' : undefined
    const token = yield* tokens.put(ownerOf(profileId), tenantId, stored, at)
    yield* history.record(token.id, { at, cause, outcome: 'stored', detail })
  }

  const storedOf = ({ expiresIn, ...given }: Tokens, now: number): StoredTokens => ({
    ...given,
    issuedAt: now,
    accessExpiresAt: expiresIn === undefined ? undefined : now + seconds(expiresIn),
  })

  /**
   * A refresh token that was not sent again is still good, if it is of the same account and nothing was wrong with it. One that a
   * refresh uses at this moment may be spent by it: throws `Unavailable`, so that `writePersistently` waits for what comes of it.
   */
  function* keptRefreshToken(before: UpstreamToken | undefined, { account }: Tokens) {
    if (before?.state !== 'ready' || account === undefined || before.account !== account)
      return undefined
    if (before.leaseUntil !== undefined && before.leaseUntil > clock.now())
      throw new Unavailable('The tokens are being refreshed at this moment. Try again.')
    return (yield* tokens.open(before))?.refreshToken
  }

  function* create(connection: Connection, given: Tokens): Command<StoredTokens> {
    const { userId: ownerId, tenantId, applicationId, name, description } = connection
    const now = clock.now()
    const profile = { ownerId, tenantId, applicationId, name, description }
    const id = yield* profiles.insert(profile, now)
    if (id === undefined) throw new NotKept('name-taken')
    const stored = storedOf(given, now)
    yield* write(id, connection, stored, 'connected')
    return stored
  }

  function* replace(connection: Connection, id: number, given: Tokens): Command<StoredTokens> {
    const profile = yield* profiles.read(id)
    if (
      profile?.ownerId !== connection.userId ||
      profile.applicationId !== connection.applicationId
    )
      throw new NotKept('profile-changed')
    const before = yield* tokens.readLocked(ownerOf(id))
    const isOther = before?.account !== undefined && given.account !== undefined
    // Data sources would read somebody else's data without anybody having said so.
    if (isOther && before.account !== given.account) throw new NotKept('other-account')
    const stored = storedOf(given, clock.now())
    const refreshToken = stored.refreshToken ?? (yield* keptRefreshToken(before, given))
    const whole = { ...stored, refreshToken, account: given.account ?? before?.account }
    yield* write(id, connection, whole, 'reconnected')
    return whole
  }

  /** Stores what the data store gave; answers it. Throws `NotKept`. */
  function* keep(connection: Connection, given: Tokens): Command<StoredTokens> {
    return connection.profileId === undefined
      ? yield* create(connection, given)
      : yield* replace(connection, connection.profileId, given)
  }

  /** Writes down that a profile could not be connected again; it stays as it is. */
  function* recordFailure({ profileId }: Connection, outcome: Outcome): Command<void> {
    if (profileId === undefined) return
    const token = yield* tokens.read(ownerOf(profileId))
    if (token === undefined) return
    const detail = outcomeText(outcome)
    yield* history.record(token.id, {
      at: clock.now(),
      cause: 'reconnected',
      outcome: 'failed',
      detail,
    })
  }

  return { keep, recordFailure }
}
