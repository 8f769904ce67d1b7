import type { AuthenticatedClient, IssuedTokens, ResourceOwner } from '#oauth/model.ts'
import type { Issue } from '#oauth/ports.ts'
import { mintToken } from '#oauth/token-format.ts'
import { type Command, first, run } from '#store/command.ts'
import { insertAccessToken, insertRefreshToken, mintTokens, type TokenDeps } from './issuing.ts'
import { accessTokenLifetime } from '../limits/effective.ts'
import { noPersonsSelection } from './machine-access.ts'
import { mayAuthorize, readApplicationStanding } from './standing.ts'

type Given = Issue & { readonly scope: string }

type Consent = { readonly id: number; readonly selection: string }

/**
 * The consent under which the chain hangs, with what it reaches now: the chain keeps that, so that no later consent widens
 * its tokens (DESIGN invariant 14). One that the user gave on the page stays and narrows these tokens too; where there is
 * none, handing over the password is one, to all data sources (reference A.7).
 */
function* ensureConsent(
  { store, clock }: TokenDeps,
  of: { readonly userId: number; readonly applicationId: number; readonly revision: number },
  scope: string,
): Command<Consent> {
  const everything = JSON.stringify({ kind: 'all-but', ids: [] })
  yield* run(
    store.sql
      .insertInto('consents')
      .values({
        user_id: of.userId,
        application_id: of.applicationId,
        scope,
        selection: everything,
        // No redirect: a later request in the browser asks.
        redirect_host: '',
        application_revision: of.revision,
        created_at: clock.now(),
        last_used_at: null,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['user_id', 'application_id'])
          .doUpdateSet({ selection: everything })
          // It stood for a machine client alone; the owner has not said as a person what it may read.
          .where('consents.selection', '=', noPersonsSelection),
      ),
  )
  const row = yield* first(
    store.sql
      .selectFrom('consents')
      .select(['id', 'selection'])
      .where('user_id', '=', of.userId)
      .where('application_id', '=', of.applicationId),
  )
  if (row === undefined) throw new Error('the consent was not stored')
  return row
}

/** Whether the secret that proved the client still counts: it may have been reset while the password was checked. */
function* secretStands(
  { store, clock }: TokenDeps,
  { applicationId, secretHash }: AuthenticatedClient,
): Command<boolean> {
  if (secretHash === undefined) return false
  const row = yield* first(
    store.sql
      .selectFrom('client_secrets')
      .select('id')
      .where('application_id', '=', applicationId)
      .where('secret_hash', '=', secretHash)
      .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', clock.now())])),
  )
  return row !== undefined
}

/** How long an access token lasts that reads this user's data. */
function* lifetimeFor({ store }: TokenDeps, userId: number): Command<number> {
  const row = yield* first(
    store.sql
      .selectFrom('users as u')
      .select(accessTokenLifetime('u.tenant_id').as('lifetime'))
      .where('u.id', '=', userId),
  )
  if (row === undefined) throw new Error('the user is gone')
  return row.lifetime
}

function* insertChain(
  { store }: TokenDeps,
  consent: Consent,
  of: { readonly scope: string; readonly now: number; readonly until: number },
): Command<number> {
  const row = yield* first(
    store.sql
      .insertInto('chains')
      .values({
        consent_id: consent.id,
        grant_type: 'password',
        scope: of.scope,
        selection: consent.selection,
        redirect_uri: null,
        generation: 0,
        created_at: of.now,
        expires_at: of.until,
      })
      .returning('id'),
  )
  if (row === undefined) throw new Error('the chain was not stored')
  return row.id
}

/** Begins a chain for a user who gave the client a password (the port `TokenStore.issueForUser`), as one command. */
export function* issueForUser(
  deps: TokenDeps,
  owner: ResourceOwner,
  client: AuthenticatedClient,
  issue: Given,
): Command<IssuedTokens | undefined> {
  const { applicationId } = client
  const application = yield* readApplicationStanding(deps.store, applicationId)
  if (!application?.alive || !deps.grantsPassword(application)) return undefined
  if (!(yield* secretStands(deps, client))) return undefined
  const password = { version: owner.passwordVersion, now: deps.clock.now() }
  const may = yield* mayAuthorize(deps.store, owner.userId, application, password)
  if (may !== 'yes') return undefined
  const lifetime = yield* lifetimeFor(deps, owner.userId)
  const now = deps.clock.now()
  const of = { userId: owner.userId, applicationId, revision: application.revision }
  const consent = yield* ensureConsent(deps, of, issue.scope)
  const chainId = yield* insertChain(deps, consent, {
    scope: issue.scope,
    now,
    until: now + (issue.withRefreshToken ? issue.idleLifetime : lifetime),
  })
  const refreshToken = issue.withRefreshToken ? mintToken('refreshToken', deps.random) : undefined
  const tokens = mintTokens(deps, { scope: issue.scope, now, lifetime, refreshToken })
  yield* insertAccessToken(deps, chainId, tokens, now)
  if (refreshToken !== undefined)
    yield* insertRefreshToken(deps, refreshToken, {
      chainId,
      generation: 0,
      now,
      idle: issue.idleLifetime,
    })
  deps.lastUsed.note(consent.id, applicationId)
  return tokens
}
