import { isLoopback, matchesRedirectUri } from '#oauth/redirect-uri.ts'
import { type Command, all, run, type Statement } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { dropEmptyConsent } from './machine-access.ts'

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

/** Ends what users of other tenants gave to an application that is theirs no longer. */
export function* endByOtherTenants(
  { sql }: Store,
  applicationId: number,
  tenantId: number,
): Command<void> {
  const others = sql.selectFrom('users').select('id').where('tenant_id', '<>', tenantId)
  yield* run(
    sql
      .deleteFrom('consents')
      .where('application_id', '=', applicationId)
      .where('user_id', 'in', others),
  )
}

/** Ends the chains of an application that is disabled; its consents wait for it to come back. */
export function* endChainsOfApplication(store: Store, applicationId: number): Command<void> {
  yield* run(
    store.sql.deleteFrom('chains').where('consent_id', 'in', consentsOf(store, applicationId)),
  )
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
  if (grantType === 'client_credentials') yield* dropEmptyConsent(store, applicationId)
}

/** Rows per transaction where everything ends: servers that run meanwhile must not wait for long. */
const batch = 1000

/** Runs a statement that deletes or changes at most a batch of rows, until it finds fewer; answers how many in all. */
const untilDone = async (store: Store, statement: Statement<unknown>): Promise<number> => {
  for (let total = 0; ; ) {
    const changed = await store.write(() => run(statement))
    total += changed
    if (changed < batch) return total
  }
}

/** In the order of the key, whose index passes quickly over what was deleted just now. */
const deleteSome = (
  { sql }: Store,
  table: 'sessions' | 'authorization_requests' | 'access_tokens',
  key: string,
): Statement<unknown> => {
  const some = sql
    .selectFrom(table)
    .select(sql.dynamic.ref(key) as never)
    .orderBy(sql.dynamic.ref(key))
    .limit(batch)
  return sql.deleteFrom(table).where(sql.dynamic.ref(key) as never, 'in', some as never)
}

/** No application has the revision 0, so that whoever has consented is asked again. */
const forgetSome = ({ sql }: Store): Statement<unknown> => {
  const some = sql
    .selectFrom('consents')
    .select('id')
    .where('application_revision', '<>', 0)
    .limit(batch)
  return sql.updateTable('consents').set({ application_revision: 0 }).where('id', 'in', some)
}

const endSome = ({ sql }: Store): Statement<unknown> => {
  const some = sql
    .selectFrom('chains')
    .select('id')
    .where('grant_type', '<>', 'client_credentials')
    .orderBy('id')
    .limit(batch)
  return sql.deleteFrom('chains').where('id', 'in', some)
}

/** How many of each ended; consents are those that will be asked again. */
export type EndedTokens = {
  readonly sessions: number
  readonly authorizations: number
  readonly machineTokens: number
  readonly consents: number
}

/**
 * Ends every session, flow, code, access token and refresh token, as after a restore: what was revoked since the backup
 * would be good again. Remembered consents are asked again, because one may have been revoked, too. The chains of
 * client credentials stay, since their client must present its secret; their tokens end. In small transactions, each
 * of which counts by itself: run again, it ends what is left.
 */
export const endAllTokens = async (store: Store): Promise<EndedTokens> => {
  // First, so that no flow that goes on meanwhile gets a code unasked.
  const consents = await untilDone(store, forgetSome(store))
  await untilDone(store, deleteSome(store, 'authorization_requests', 'request_hash'))
  const sessions = await untilDone(store, deleteSome(store, 'sessions', 'session_hash'))
  const authorizations = await untilDone(store, endSome(store))
  const machineTokens = await untilDone(store, deleteSome(store, 'access_tokens', 'token_hash'))
  return { consents, sessions, authorizations, machineTokens }
}
