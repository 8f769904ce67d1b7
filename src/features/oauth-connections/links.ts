import { Secret } from '#lib/secret.ts'
import { isWellFormed, mintToken } from '#oauth/token-format.ts'
import type { Command } from '#store/command.ts'
import { type Caller, checkPermissions } from '../access/caller.ts'
import { requireStill } from '../access/still.ts'
import type { OAuthApplication } from '../oauth-applications/application.ts'
import { createUsableApplications } from '../oauth-applications/usable.ts'
import { authorizeUrl } from './authorize-url.ts'
import {
  type Connection,
  type ConnectionView,
  connecting,
  readReference,
  referenceOf,
  stateOf,
} from './connection.ts'
import type { ConnectionDeps, Visitor } from './deps.ts'
import { ended } from './outcome.ts'
import { ConnectionRefused } from './refused.ts'
import { createConnectionStore } from './store.ts'

/** What a button was pressed for: the application in the revision that was shown. */
export type Pressed = { readonly revision: number }

const refuse = (reason: ConstructorParameters<typeof ConnectionRefused>[0]): never => {
  throw new ConnectionRefused(reason)
}

/** Links to data stores' consent pages: looked at, and used once. */
export const createConnectionLinks = (deps: ConnectionDeps) => {
  const { store, clock, hash, random } = deps
  const rows = createConnectionStore(store, deps.sealed)
  const usable = createUsableApplications(store)

  function* view(connection: Connection): Command<ConnectionView> {
    const { userId, outcome, name, description } = connection
    return {
      reference: referenceOf(connection),
      userId,
      state: stateOf(connection, clock.now()),
      outcome,
      name,
      description,
      again: connection.profileId !== undefined,
      application: yield* usable.read(connection.tenantId, connection.applicationId),
    }
  }

  const hashOf = (link: string): Uint8Array =>
    isWellFormed('connectionLink', link) ? hash('connection-link', link) : refuse('unknown-link')

  /** What a link leads to; looking changes nothing. Throws `unknown-link`. */
  const open = (link: string): Promise<ConnectionView> =>
    store.read(function* () {
      const found = yield* rows.read('link_hash', hashOf(link))
      return found === undefined ? refuse('unknown-link') : yield* view(found)
    })

  /** What became of one of the user's connections; undefined for one of somebody else, as for none. */
  const read = async (
    reference: string,
    { userId }: Caller,
  ): Promise<ConnectionView | undefined> => {
    const linkHash = readReference(reference)
    if (linkHash === undefined) return undefined
    return store.read(function* () {
      const found = yield* rows.read('link_hash', linkHash)
      return found?.userId === userId ? yield* view(found) : undefined
    })
  }

  /** The connection of a link that its user may use now, and nobody else until the command ends (T59, T81). */
  function* claim(linkHash: Uint8Array, { caller, sessionId }: Visitor): Command<Connection> {
    yield* requireStill(store, caller)
    checkPermissions(caller, connecting)
    if (!(yield* deps.sessions.stands(sessionId))) refuse('not-signed-in')
    const found = (yield* rows.readLocked(linkHash)) ?? refuse('unknown-link')
    if (found.userId !== caller.userId || found.tenantId !== caller.tenantId) refuse('other-user')
    const state = stateOf(found, clock.now())
    if (state === 'expired') refuse('link-expired')
    return state === 'open' ? found : refuse('already-used')
  }

  /**
   * Uses a link up: answers the address of the data store's consent page, and whose application it is. Of many at once one
   * succeeds (T59). Throws `ConnectionRefused`, and 403 for who may not connect any more.
   */
  const begin = async (
    link: string,
    by: Visitor,
    { revision }: Pressed,
  ): Promise<{ readonly location: string; readonly application: OAuthApplication }> => {
    const linkHash = hashOf(link)
    const state = new Secret(mintToken('connectionState', random))
    const verifier = new Secret(Buffer.from(random(32)).toString('base64url'))
    const way = {
      sessionHash: hash('session', by.sessionId),
      stateHash: hash('connection-state', state.reveal()),
      verifier,
      revision,
    }
    const application = await store.write(
      function* () {
        const connection = yield* claim(linkHash, by)
        const found = yield* usable.read(connection.tenantId, connection.applicationId)
        // What was shown is what is done (T76).
        if (found?.revision !== revision) return refuse('application-gone')
        if (!(yield* rows.begin(connection, way, clock.now()))) refuse('already-used')
        return found
      },
      { isolation: 'row-locks', forgets: () => false },
    )
    const redirectUri = deps.redirectUris.of(application)
    return { location: authorizeUrl(application, { redirectUri, state, verifier }), application }
  }

  /** Uses a link up without going anywhere; answers the connection's reference. Throws as `begin`. */
  const cancel = async (link: string, by: Visitor): Promise<string> => {
    const linkHash = hashOf(link)
    return store.write(
      function* () {
        const connection = yield* claim(linkHash, by)
        const to = { status: 'failed', outcome: ended('cancelled') } as const
        if (!(yield* rows.move(connection, 'open', to, clock.now()))) refuse('already-used')
        return referenceOf(connection)
      },
      { isolation: 'row-locks', forgets: () => false },
    )
  }

  return { open, read, begin, cancel }
}
