import type { Clock } from '#lib/clock.ts'
import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { requireStillFor } from '../access/acting.ts'
import type { ActingFor } from '../access/source-permissions.ts'
import { requireStill } from '../access/still.ts'
import { createOAuthApplicationStore } from '../oauth-applications/store.ts'
import { isUsableIn } from '../oauth-applications/usable.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import type { TokenEvent, TokenPair, UpstreamToken } from '../upstream-tokens/token.ts'
import type { UserStore } from '../users/store.ts'
import type { OAuthProfile } from './profile.ts'
import { type SentOAuthProfile, sentProfileFault } from './sent.ts'
import { type LinkedSource, readLinkedSources } from './stats.ts'
import { createOAuthProfileStore, type ListedProfile, type OAuthProfilePage } from './store.ts'
import { createProfileTokens, type Failing } from './tokens.ts'
import { requireUsableApplication } from './usable.ts'

type Deps = {
  readonly store: Store
  readonly users: UserStore
  readonly sealed: SealedValues
  readonly clock: Clock
  /** HEADGATE_HDP=show-secrets: tokens are shown again. */
  readonly showSecrets: boolean
}

/** A profile with what is known of its tokens, and the tokens themselves where they may be shown. */
export type ShownOAuthProfile = {
  readonly profile: OAuthProfile
  /** Whether its application may be used from the profile's tenant at this moment (DESIGN invariant 20). */
  readonly usable: boolean
  readonly token: UpstreamToken | undefined
  /** Its renewals fail, one after another (DESIGN invariant 19). */
  readonly failing: Failing | undefined
  readonly tokens: TokenPair | undefined
}

export type OAuthProfileStats = {
  readonly dataStore: number
  readonly dataSources: readonly LinkedSource[]
}

const nameTaken = (): ManagementError =>
  new ManagementError(
    refusals.duplicateName,
    'The user has an OAuth profile of this name; case does not count.',
  )

const refuse = (explanation: string): never => {
  throw new ManagementError(refusals.invalidInput, explanation)
}

const check = (sent: SentOAuthProfile): void => {
  const fault = sentProfileFault(sent)
  if (fault !== undefined) refuse(fault)
}

/** The rules of OAuth profiles (OAuth reference C.4 to C.6): each is its owner's alone, and its tokens are shown to nobody. */
export const createOAuthProfileService = (deps: Deps) => {
  const { store, clock } = deps
  const rows = createOAuthProfileStore(store)
  const applications = createOAuthApplicationStore(store)
  const tokens = createProfileTokens(deps)

  /** One of the user's for whom it is done; one of somebody else is answered like one that is not there (T67). */
  function* require({ subject }: ActingFor, id: number): Command<OAuthProfile> {
    const profile = yield* rows.read(id)
    if (profile === undefined || profile.ownerId !== subject.userId)
      throw new ManagementError(
        refusals.oauthProfileNotFound,
        `The OAuthProfileId ${id} is not valid.`,
      )
    return profile
  }

  function* applicationOf(profile: OAuthProfile) {
    const application = yield* applications.read(profile.applicationId)
    if (application === undefined) throw new Error('a profile has an application')
    return application
  }

  function* shown(profile: OAuthProfile): Command<ShownOAuthProfile> {
    const token = yield* tokens.read(profile)
    return {
      profile,
      usable: isUsableIn(yield* applicationOf(profile), profile.tenantId),
      token,
      failing: token && (yield* tokens.failing(token)),
      tokens: deps.showSecrets && token !== undefined ? yield* tokens.open(token) : undefined,
    }
  }

  const list = (
    { subject }: ActingFor,
    page: OAuthProfilePage,
  ): Promise<readonly ListedProfile[]> => store.read(() => rows.list(subject.userId, page))

  const read = (by: ActingFor, id: number): Promise<ShownOAuthProfile> =>
    store.read(function* () {
      return yield* shown(yield* require(by, id))
    })

  /** Throws 400 for what does not fit, an application that the user may not use, and a name that is taken. */
  const create = async (by: ActingFor, sent: SentOAuthProfile): Promise<ShownOAuthProfile> => {
    check(sent)
    if (sent.refreshToken === undefined) refuse('refreshToken must not be empty.')
    const { userId: ownerId, tenantId } = by.subject
    return store.write(function* () {
      yield* requireStill(store, by.caller)
      yield* requireStillFor(deps.users, by)
      yield* requireUsableApplication(store, tenantId, sent.applicationId, 'body')
      const { name, description, applicationId } = sent
      const draft = { ownerId, tenantId, applicationId, name, description }
      const id = yield* rows.insert(draft, clock.now())
      if (id === undefined) throw nameTaken()
      const profile = { ...draft, id }
      yield* tokens.create(profile, sent)
      return yield* shown(profile)
    })
  }

  /** Another application must be of the same data store, and the tokens of the old one are no use there. Throws 400. */
  function* checkApplication(before: OAuthProfile, sent: SentOAuthProfile): Command<void> {
    const { tenantId } = before
    const next = yield* requireUsableApplication(store, tenantId, sent.applicationId, 'body')
    if (next.id === before.applicationId) return
    if (next.dataStore !== (yield* applicationOf(before)).dataStore)
      refuse('oauthAppId must be of the same data store; create another OAuth profile.')
    if (sent.refreshToken === undefined)
      refuse('Send refreshToken with another oauthAppId: the one that there is belongs to the old.')
  }

  /**
   * Replaces a profile. Without tokens these stay as they are; with some it is good again, whatever was wrong before. Throws
   * 404; 400 as for creating; 503 while the refresh token that would be kept is being used.
   */
  const update = async (
    by: ActingFor,
    id: number,
    sent: SentOAuthProfile,
  ): Promise<ShownOAuthProfile> =>
    store.write(function* () {
      yield* requireStill(store, by.caller)
      yield* requireStillFor(deps.users, by)
      const before = yield* require(by, id)
      check(sent)
      yield* checkApplication(before, sent)
      const { name, description, applicationId } = sent
      if (yield* rows.isTaken(before.ownerId, name, id)) throw nameTaken()
      const profile = { ...before, name, description, applicationId }
      yield* rows.update(profile)
      yield* tokens.replace(profile, sent)
      return yield* shown(profile)
    })

  /** Data sources that used it stay, without it (OAuth reference C.5). Throws 404. */
  const remove = (by: ActingFor, id: number): Promise<void> =>
    store.write(function* () {
      yield* requireStill(store, by.caller)
      yield* requireStillFor(deps.users, by)
      yield* require(by, id)
      yield* rows.remove(id)
    })

  /** Which data sources use it. Throws 404. */
  const stats = (by: ActingFor, id: number): Promise<OAuthProfileStats> =>
    store.read(function* () {
      const profile = yield* require(by, id)
      const { dataStore } = yield* applicationOf(profile)
      return { dataStore, dataSources: yield* readLinkedSources(store, by, profile) }
    })

  /** What happened to its tokens, newest first; never a token. Throws 404. */
  const history = (by: ActingFor, id: number): Promise<readonly TokenEvent[]> =>
    store.read(function* () {
      return yield* tokens.history(yield* require(by, id))
    })

  return { list, read, create, update, remove, stats, history }
}

export type OAuthProfileService = ReturnType<typeof createOAuthProfileService>
