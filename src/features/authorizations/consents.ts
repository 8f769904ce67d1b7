import type { Clock } from '#lib/clock.ts'
import { LocalAuthorizeError } from '#oauth/errors.ts'
import type { AuthorizationRequest, Decision } from '#oauth/model.ts'
import { redirectHost } from '#oauth/redirect-uri.ts'
import { type DataSourceSelection, parseSelection } from '#oauth/selection.ts'
import { mintToken, type RandomBytes } from '#oauth/token-format.ts'
import { type Command, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Hasher } from '#vault/hashing.ts'
import { type Asked, requireStanding } from './standing.ts'

/** A code lives so long (DESIGN invariant 9). Milliseconds. */
export const codeLifetime = 60_000

type Deps = {
  readonly store: Store
  readonly hash: Hasher
  readonly clock: Clock
  readonly random: RandomBytes
}

type NewConsent = Decision & {
  readonly userId: number
  readonly applicationId: number
  readonly redirectHost: string
  readonly revision: number
}

/** A newer consent replaces the one there is; tokens issued before keep what they were issued for. */
function* saveConsent({ store, clock }: Deps, consent: NewConsent): Command<number> {
  const values = {
    scope: consent.scope,
    selection: JSON.stringify(consent.selection),
    redirect_host: consent.redirectHost,
    application_revision: consent.revision,
    created_at: clock.now(),
  }
  const row = yield* first(
    store.sql
      .insertInto('consents')
      .values({
        ...values,
        user_id: consent.userId,
        application_id: consent.applicationId,
        last_used_at: null,
      })
      .onConflict((conflict) => conflict.columns(['user_id', 'application_id']).doUpdateSet(values))
      .returning('id'),
  )
  if (row === undefined) throw new Error('the consent was not stored')
  return row.id
}

function* insertChain(
  { store }: Deps,
  consentId: number,
  of: { readonly request: AuthorizationRequest; readonly decision: Decision; readonly now: number },
): Command<number> {
  const row = yield* first(
    store.sql
      .insertInto('chains')
      .values({
        consent_id: consentId,
        grant_type: 'authorization_code',
        scope: of.decision.scope,
        selection: JSON.stringify(of.decision.selection),
        redirect_uri: of.request.redirectUri,
        generation: 0,
        created_at: of.now,
        // Nobody has redeemed it yet: a chain whose code dies unused dies with it.
        expires_at: of.now + codeLifetime,
      })
      .returning('id'),
  )
  if (row === undefined) throw new Error('the chain was not stored')
  return row.id
}

function* beginChain(
  deps: Deps,
  consentId: number,
  request: AuthorizationRequest,
  decision: Decision,
): Command<string> {
  const now = deps.clock.now()
  const chainId = yield* insertChain(deps, consentId, { request, decision, now })
  const code = mintToken('code', deps.random)
  yield* run(
    deps.store.sql.insertInto('codes').values({
      code_hash: deps.hash('code', code),
      chain_id: chainId,
      redirect_uri: request.redirectUri,
      code_challenge: request.codeChallenge ?? null,
      redeemed_at: null,
      valid_until: now + codeLifetime,
    }),
  )
  return code
}

type Remembered = { readonly id: number; readonly selection: DataSourceSelection }

/** Throws `LocalAuthorizeError` when user or application are not good any more. */
function* readRemembered({ store }: Deps, of: Asked): Command<Remembered | undefined> {
  const revision = yield* requireStanding(store, of)
  const row = yield* first(
    store.sql
      .selectFrom('consents')
      .select(['id', 'selection'])
      .where('user_id', '=', of.userId)
      .where('application_id', '=', of.client.applicationId)
      .where('scope', '=', of.request.scope)
      .where('redirect_host', '=', redirectHost(of.request.redirectUri))
      .where('application_revision', '=', revision),
  )
  return row && { id: row.id, selection: parseSelection(row.selection) }
}

/** Consents and the codes that come of them. */
export const createConsents = (deps: Deps) => {
  const { store } = deps

  /** Runs in the same transaction as the code: what it checks or takes holds when the code is there (T14, T31). */
  const issueCode = (
    user: Asked,
    decision: Decision,
    guard: () => Command<void>,
  ): Promise<string> =>
    store.write(function* () {
      yield* guard()
      const { userId, client, request } = user
      const { applicationId } = client
      const revision = yield* requireStanding(store, user)
      const host = redirectHost(request.redirectUri)
      const consentId = yield* saveConsent(deps, {
        ...decision,
        userId,
        applicationId,
        redirectHost: host,
        revision,
      })
      return yield* beginChain(deps, consentId, request, decision)
    })

  /** A code without asking again: on the consent that stands at this moment, which is left as it is. */
  const issueRemembered = (asked: Asked, guard: () => Command<void>): Promise<string> =>
    store.write(function* () {
      yield* guard()
      const remembered = yield* readRemembered(deps, asked)
      if (remembered === undefined)
        throw new LocalAuthorizeError('The access was changed meanwhile.')
      const { request } = asked
      const { selection } = remembered
      return yield* beginChain(deps, remembered.id, request, { scope: request.scope, selection })
    })

  return {
    issueCode,
    issueRemembered,
    /**
     * Tells whether there is a consent that makes asking again needless (DESIGN invariant 14): same redirect
     * host, application revision and scope. Whether this client may go unasked at all is the caller's question.
     */
    isRemembered: (asked: Asked): Promise<boolean> =>
      store.read(function* () {
        return (yield* readRemembered(deps, asked)) !== undefined
      }),
  }
}

export type Consents = ReturnType<typeof createConsents>
