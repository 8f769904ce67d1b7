import { isLoopback, matchesRedirectUri } from '#oauth/redirect-uri.ts'
import { type Command, all, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { endMachineTokens } from './machine-access.ts'

// What ends what (DESIGN invariant 16). Codes, access tokens and refresh tokens hang on their chain and
// chains on their consent, so that one delete ends them all, and nothing can be minted for them later (T31).

/** Ends consents with all their chains; answers how many there were. */
export function* endAccess(
  store: Store,
  of: { readonly applicationId: number; readonly userId?: number } | { readonly userId: number },
): Command<number> {
  let statement = store.sql.deleteFrom('consents')
  if ('applicationId' in of) statement = statement.where('application_id', '=', of.applicationId)
  if (of.userId !== undefined) statement = statement.where('user_id', '=', of.userId)
  return yield* run(statement)
}

/** Ends one chain: its code and every token that came of it. */
export function* endChain(store: Store, chainId: number): Command<void> {
  yield* run(store.sql.deleteFrom('chains').where('id', '=', chainId))
}

/** Ends the chains of a user, of all or of one grant type; the consents stay. */
export function* endChainsOfUser(store: Store, userId: number, grantType?: string): Command<void> {
  let statement = store.sql
    .deleteFrom('chains')
    .where(
      'consent_id',
      'in',
      store.sql.selectFrom('consents').select('id').where('user_id', '=', userId),
    )
  if (grantType !== undefined) statement = statement.where('grant_type', '=', grantType)
  yield* run(statement)
}

const consentsOf = (store: Store, applicationId: number) =>
  store.sql.selectFrom('consents').select('id').where('application_id', '=', applicationId)

/** Ends what was authorized through a redirect URI that is no longer registered, whatever its loopback port. */
export function* endByRedirectUri(
  store: Store,
  applicationId: number,
  removed: string,
  remaining: readonly string[],
): Command<void> {
  const used = yield* all(
    store.sql
      .selectFrom('chains')
      .select(['id', 'redirect_uri'])
      .where('consent_id', 'in', consentsOf(store, applicationId))
      .where('redirect_uri', 'is not', null),
  )
  for (const chain of used) {
    const uri = chain.redirect_uri ?? ''
    const was = matchesRedirectUri([removed], uri, isLoopback(uri) ? 'public' : 'confidential')
    const still = matchesRedirectUri(remaining, uri, isLoopback(uri) ? 'public' : 'confidential')
    if (was && !still) yield* endChain(store, chain.id)
  }
}

/**
 * Ends the chains of an application that is disabled; its consents wait for it to come back, and so does what its owner
 * lets it read by itself.
 */
export function* endChainsOfApplication(store: Store, applicationId: number): Command<void> {
  yield* run(
    store.sql
      .deleteFrom('chains')
      .where('consent_id', 'in', consentsOf(store, applicationId))
      .where('grant_type', '!=', 'client_credentials'),
  )
  yield* endMachineTokens(store, applicationId)
}

/** Ends what a grant type that was removed had given: its chains, or (refresh_token) the refresh tokens. */
export function* endByGrantType(
  store: Store,
  applicationId: number,
  grantType: string,
): Command<void> {
  const consents = consentsOf(store, applicationId)
  if (grantType === 'refresh_token') {
    const chains = store.sql.selectFrom('chains').select('id').where('consent_id', 'in', consents)
    // Whoever redeems a code right now holds its chain: touching all of them waits, and sees what came of it.
    const untouched = store.sql
      .updateTable('chains')
      .set((e) => ({ generation: e.ref('generation') }))
    yield* run(untouched.where('consent_id', 'in', consents))
    yield* run(store.sql.deleteFrom('refresh_tokens').where('chain_id', 'in', chains))
    return
  }
  yield* run(
    store.sql
      .deleteFrom('chains')
      .where('consent_id', 'in', consents)
      .where('grant_type', '=', grantType),
  )
}
