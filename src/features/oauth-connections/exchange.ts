import type { Registration, Tokens } from '#egress/oauth/tokens.ts'
import { UpstreamError } from '#egress/upstream-error.ts'
import type { Secret } from '#lib/secret.ts'
import type { Command } from '#store/command.ts'
import { requireStill } from '../access/still.ts'
import type { OAuthApplication } from '../oauth-applications/application.ts'
import { createOAuthSecrets } from '../oauth-applications/secrets.ts'
import { createUsableApplications } from '../oauth-applications/usable.ts'
import { ManagementError } from '../refusals.ts'
import { type Connection, referenceOf } from './connection.ts'
import type { ConnectionDeps, Visitor } from './deps.ts'
import { laneOf } from '../upstream-tokens/grantor.ts'
import { writePersistently } from '../upstream-tokens/persistently.ts'
import { createTokenKeeping, NotKept } from './keeping.ts'
import { ended, type Outcome, outcomeOf } from './outcome.ts'
import { createConnectionStore } from './store.ts'

/** What became of a data store's answer. */
export type Received = {
  readonly reference: string
  readonly applicationId: number
  /** Undefined where the same answer had arrived before: nothing was done. */
  readonly ended:
    | { readonly kind: 'connected' | 'failed'; readonly outcome: Outcome | undefined }
    | undefined
}

/** All that the exchange of a code needs. */
type Exchange = {
  readonly application: OAuthApplication
  readonly registration: Registration
  readonly codeVerifier: Secret
}

/** What was thrown on the way from a code to a profile, as an end of the connection; undefined for trouble of our own. */
const outcomeOfError = (error: unknown): Outcome | undefined => {
  if (error instanceof UpstreamError) return outcomeOf(error)
  if (error instanceof NotKept) return error.outcome
  return error instanceof ManagementError ? ended('no-longer-allowed') : undefined
}

/** From the code of an authorization response to the profile: the code is sent once, whatever happens. */
export const createCodeExchange = (deps: ConnectionDeps) => {
  const { store, clock } = deps
  const rows = createConnectionStore(store, deps.sealed)
  const secrets = createOAuthSecrets(store, deps.sealed)
  const usable = createUsableApplications(store)
  const keeping = createTokenKeeping(deps)

  const received = (connection: Connection, ending: Received['ended']): Received => ({
    reference: referenceOf(connection),
    applicationId: connection.applicationId,
    ended: ending,
  })

  /** Ends a connection that leads to nothing; the profile that was to be connected again stays as it is. */
  const fail = async (
    connection: Connection,
    from: 'begun' | 'exchanging',
    outcome: Outcome,
  ): Promise<Received> => {
    const isOurs = await writePersistently(deps, function* () {
      if (!(yield* rows.move(connection, from, { status: 'failed', outcome }, clock.now())))
        return false
      yield* keeping.recordFailure(connection, outcome)
      return true
    })
    return received(connection, isOurs ? { kind: 'failed', outcome } : undefined)
  }

  function* prepare(connection: Connection): Command<Exchange | undefined> {
    const application = yield* usable.read(connection.tenantId, connection.applicationId)
    const clientSecret = application && (yield* secrets.open(application))
    const codeVerifier = application && (yield* rows.openVerifier(connection, application.revision))
    if (application === undefined || clientSecret === undefined || codeVerifier === undefined)
      return undefined
    const { clientId, tokenUri } = application
    const lane = laneOf(connection.tenantId, tokenUri)
    return { application, codeVerifier, registration: { clientId, clientSecret, tokenUri, lane } }
  }

  /** Takes the answer, so that the same one does nothing more; `taken` when it was. Of many at once one goes on. */
  const claim = (connection: Connection): Promise<Exchange | 'application-changed' | 'taken'> =>
    store.write(
      function* () {
        const current = yield* rows.readLocked(connection.linkHash)
        if (current?.status !== 'begun') return 'taken'
        const exchange = yield* prepare(current)
        if (exchange === undefined) return 'application-changed'
        const to = { status: 'exchanging' } as const
        return (yield* rows.move(current, 'begun', to, clock.now())) ? exchange : 'taken'
      },
      { isolation: 'row-locks', forgets: () => false },
    )

  /** Stores what was given, as long as all that held at the beginning still does. Throws `NotKept`, and 403. */
  const keep = (
    connection: Connection,
    { caller, sessionId }: Visitor,
    { application }: Exchange,
    tokens: Tokens,
  ): Promise<Outcome | undefined> =>
    writePersistently(deps, function* () {
      yield* requireStill(store, caller)
      if (!(yield* deps.sessions.stands(sessionId))) throw new NotKept('signed-out')
      const now = yield* usable.read(connection.tenantId, connection.applicationId)
      if (now?.revision !== application.revision) throw new NotKept('application-changed')
      const { refreshToken, accessExpiresAt } = yield* keeping.keep(connection, tokens)
      const outcome =
        refreshToken === undefined
          ? ended(
              'no-refresh-token',
              accessExpiresAt === undefined ? undefined : String(accessExpiresAt),
            )
          : undefined
      const to = { status: 'connected', ...(outcome === undefined ? {} : { outcome }) } as const
      if (!(yield* rows.move(connection, 'exchanging', to, clock.now())))
        throw new NotKept('profile-changed')
      return outcome
    })

  const exchange = async (
    connection: Connection,
    visitor: Visitor,
    code: Secret,
  ): Promise<Received> => {
    const claimed = await claim(connection)
    if (claimed === 'taken') return received(connection, undefined)
    if (claimed === 'application-changed')
      return fail(connection, 'begun', ended('application-changed'))
    try {
      const tokens = await deps.tokenClient.request(claimed.registration, {
        type: 'authorization_code',
        code,
        redirectUri: deps.redirectUris.of(claimed.application),
        codeVerifier: claimed.codeVerifier,
      })
      const outcome = await keep(connection, visitor, claimed, tokens)
      return received(connection, { kind: 'connected', outcome })
    } catch (error) {
      const outcome = outcomeOfError(error)
      // What is left is trouble of our own: the connection stays as it is, and says soon that it was interrupted.
      if (outcome === undefined) throw error
      return fail(connection, 'exchanging', outcome)
    }
  }

  return { received, fail, exchange }
}
