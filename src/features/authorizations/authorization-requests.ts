import { type Clock, minutes } from '#lib/clock.ts'
import { Unavailable } from '#lib/refusal.ts'
import type { AuthorizationRequest } from '#oauth/model.ts'
import { isWellFormed, mintToken, type RandomBytes } from '#oauth/token-format.ts'
import { type Command, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Hasher } from '#vault/hashing.ts'

/** A user may take so long to sign in and decide. */
const lifetime = minutes(15)
/** So many may wait for one application. */
const mostWaiting = 10_000

/**
 * Requests that wait for sign-in and decision. All that is resumed lies on the server (T20), under a handle
 * that only the browser which began it can use (T13).
 */
export const createAuthorizationRequests = (deps: {
  readonly store: Store
  readonly hash: Hasher
  readonly clock: Clock
  readonly random: RandomBytes
}) => {
  const { store, hash, clock } = deps
  const { sql } = store

  /** Anybody who knows a client id can begin; what waits for one application is bounded (T70). */
  function* refuseFlood(applicationId: number): Command<void> {
    const beyond = yield* first(
      sql
        .selectFrom('authorization_requests')
        .select('application_id')
        .where('application_id', '=', applicationId)
        .limit(1)
        .offset(mostWaiting),
    )
    if (beyond !== undefined)
      throw new Unavailable('Too many people are authorizing this application right now.', 30)
  }

  /** Keeps a request; answers its handle. @param browser the secret of the browser's own cookie */
  const begin = async (
    applicationId: number,
    request: AuthorizationRequest,
    browser: string,
  ): Promise<string> => {
    const handle = mintToken('authorizationRequest', deps.random)
    await store.write(
      function* () {
        yield* refuseFlood(applicationId)
        yield* run(
          sql.insertInto('authorization_requests').values({
            request_hash: hash('authorization-request', handle),
            browser_hash: hash('browser', browser),
            application_id: applicationId,
            request: JSON.stringify(request),
            expires_at: clock.now() + lifetime,
          }),
        )
      },
      // The bound is against floods: a few more make no difference, and many begin at once.
      { isolation: 'row-locks', forgets: () => false },
    )
    return handle
  }

  const matching = (handle: string, browser: string) => ({
    request: hash('authorization-request', handle),
    browser: hash('browser', browser),
  })

  const usable = (handle: string, browser: string | undefined): browser is string =>
    browser !== undefined &&
    isWellFormed('authorizationRequest', handle) &&
    isWellFormed('browser', browser)

  function* find(handle: string, browser: string): Command<AuthorizationRequest | undefined> {
    const hashes = matching(handle, browser)
    const row = yield* first(
      sql
        .selectFrom('authorization_requests')
        .select(['request', 'expires_at'])
        .where('request_hash', '=', hashes.request)
        .where('browser_hash', '=', hashes.browser),
    )
    if (row === undefined || row.expires_at <= clock.now()) return undefined
    return JSON.parse(row.request) as AuthorizationRequest
  }

  /** The request, or undefined: unknown, over, decided, or begun in another browser. */
  const read = async (
    handle: string,
    browser: string | undefined,
  ): Promise<AuthorizationRequest | undefined> =>
    usable(handle, browser) ? store.read(() => find(handle, browser)) : undefined

  /** Takes the request out, for a decision: of two submissions only one gets it (T14). A command; false when it is gone. */
  function* take(handle: string, browser: string | undefined): Command<boolean> {
    if (!usable(handle, browser)) return false
    const hashes = matching(handle, browser)
    if ((yield* find(handle, browser)) === undefined) return false
    const taken = yield* run(
      sql
        .deleteFrom('authorization_requests')
        .where('request_hash', '=', hashes.request)
        .where('browser_hash', '=', hashes.browser),
    )
    return taken === 1
  }

  return { begin, read, take }
}

export type AuthorizationRequests = ReturnType<typeof createAuthorizationRequests>
