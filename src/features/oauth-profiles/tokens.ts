import type { Clock } from '#lib/clock.ts'
import { Unavailable } from '#lib/refusal.ts'
import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import { createTokenHistory } from '../upstream-tokens/history.ts'
import { createUpstreamTokenStore } from '../upstream-tokens/store.ts'
import type {
  StoredTokens,
  TokenOwner,
  TokenPair,
  UpstreamToken,
} from '../upstream-tokens/token.ts'
import type { OAuthProfile } from './profile.ts'

const ownerOf = ({ id }: Pick<OAuthProfile, 'id'>): TokenOwner => ({ kind: 'profile', id })

/** Renewals that have failed, in a row: what was wrong the last time, and since when (milliseconds). */
export type Failing = { readonly detail: string | undefined; readonly since: number }

/** Tokens that a caller brings: of how long they are good, or whose they are, nothing is known. */
const brought = ({ accessToken, refreshToken }: TokenPair): StoredTokens => ({
  accessToken,
  refreshToken,
  accessExpiresAt: undefined,
  issuedAt: undefined,
  scope: undefined,
  instanceUrl: undefined,
  account: undefined,
})

/** The tokens of profiles, as far as their owners bring them (OAuth reference C.5). Each function is a command. */
export const createProfileTokens = (deps: {
  readonly store: Store
  readonly sealed: SealedValues
  readonly clock: Clock
}) => {
  const { clock } = deps
  const tokens = createUpstreamTokenStore(deps.store, deps.sealed)
  const history = createTokenHistory(deps.store)

  /** Seals what was brought for the profile, in place of what it has, and writes that down in the flight recorder. */
  function* keep(profile: OAuthProfile, stored: StoredTokens): Command<void> {
    const at = clock.now()
    const token = yield* tokens.put(ownerOf(profile), profile.tenantId, stored, at)
    yield* history.record(token.id, { at, cause: 'written', outcome: 'stored', detail: undefined })
  }

  /**
   * An access token alone leaves the refresh token, and what is known of both, as long as nothing is wrong with it: one that was
   * refused helps nobody, and one of before the application moved must not go to its new server (T83). Throws 400 where it is
   * not good any more, or cannot be opened; 503 while it is being used.
   */
  function* withRefreshTokenOf(profile: OAuthProfile, sent: TokenPair): Command<StoredTokens> {
    const before = yield* tokens.readLocked(ownerOf(profile))
    // The refresh that is under way may use up the very token that is to be kept, and its answer would be of no effect.
    if (before?.leaseUntil !== undefined && before.leaseUntil > clock.now())
      throw new Unavailable('The tokens are being refreshed at this moment. Try again.')
    const kept = before && (yield* tokens.open(before))
    if (before === undefined || kept === undefined)
      throw new ManagementError(refusals.oauthTokensUnreadable, 'Send refreshToken again.')
    if (before.state !== 'ready' && kept.refreshToken !== undefined)
      throw new ManagementError(
        refusals.invalidInput,
        'Send refreshToken, too: the stored one is not good any more, so that it cannot be kept.',
      )
    if (before.state !== 'ready') return brought(sent)
    const { scope, instanceUrl, account } = before
    return { ...brought({ ...sent, refreshToken: kept.refreshToken }), scope, instanceUrl, account }
  }

  /** Stores the tokens of a new profile. */
  const create = (profile: OAuthProfile, sent: TokenPair): Command<void> =>
    keep(profile, brought(sent))

  /**
   * Stores the tokens that were sent: a refresh token replaces all that there is, also the access token. Without any, all
   * stays as it is. They are good from now on, whatever was wrong before.
   */
  function* replace(profile: OAuthProfile, sent: TokenPair): Command<void> {
    if (sent.refreshToken !== undefined) yield* keep(profile, brought(sent))
    else if (sent.accessToken !== undefined)
      yield* keep(profile, yield* withRefreshTokenOf(profile, sent))
  }

  /** Undefined where the last renewal succeeded, or there was none. */
  function* failing({ owner, failures }: UpstreamToken): Command<Failing | undefined> {
    if (failures === 0) return undefined
    const failed = (yield* history.read(owner))
      .filter(({ outcome }) => outcome === 'failed')
      // Neither of them counts as a renewal that the data store refused.
      .filter(({ cause, detail }) => cause !== 'reconnected' && detail !== 'interrupted')
      .slice(0, failures)
    const [last] = failed
    return last && { detail: last.detail, since: failed.at(-1)?.at ?? last.at }
  }

  return {
    create,
    replace,
    failing,
    read: (profile: OAuthProfile) => tokens.read(ownerOf(profile)),
    open: tokens.open,
    history: (profile: OAuthProfile) => history.read(ownerOf(profile)),
  }
}
