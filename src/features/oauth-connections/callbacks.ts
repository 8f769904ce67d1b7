import { equalHashes } from '#vault/hashing.ts'
import { holds } from '../access/caller.ts'
import type { OAuthApplication } from '../oauth-applications/application.ts'
import { createUsableApplications } from '../oauth-applications/usable.ts'
import { readAuthorizationAnswer } from './answers.ts'
import { type Connection, connecting, stateOf } from './connection.ts'
import type { ConnectionDeps, Visitor } from './deps.ts'
import { createCodeExchange, type Received } from './exchange.ts'
import { ended } from './outcome.ts'
import { ConnectionRefused } from './refused.ts'
import { createConnectionStore } from './store.ts'

/** An answer of a data store, as it arrived. */
export type Arrival = {
  /** The application of the callback; undefined where all have the same. */
  readonly callback: { readonly tenantId: number; readonly applicationId: number } | undefined
  readonly parameters: readonly (readonly [string, string])[]
  readonly visitor: Visitor | undefined
}

type Found = {
  readonly connection: Connection
  /** As long as the user may use it. */
  readonly application: OAuthApplication | undefined
}

/** Whether an answer came to the callback of the application that it was asked of (T73). */
const isAtItsCallback = (callback: Arrival['callback'], { connection, application }: Found) =>
  callback === undefined ||
  (callback.applicationId === connection.applicationId &&
    (application === undefined || callback.tenantId === application.tenantId))

/** The way back from data stores: an answer is taken once, in the session that went there, at its application's callback. */
export const createConnectionCallbacks = (deps: ConnectionDeps) => {
  const { store, clock, hash } = deps
  const rows = createConnectionStore(store, deps.sealed)
  const usable = createUsableApplications(store)
  const { received, fail, exchange } = createCodeExchange(deps)

  const find = async (state: string): Promise<Found> =>
    store.read(function* () {
      const connection = yield* rows.read('state_hash', hash('connection-state', state))
      if (connection === undefined) throw new ConnectionRefused('unknown-answer')
      const { tenantId, applicationId } = connection
      return { connection, application: yield* usable.read(tenantId, applicationId) }
    })

  /** The browser that brings an answer must be the one that went, in the very same session (T80, T81). */
  const requireSame = (connection: Connection, visitor: Visitor | undefined): Visitor => {
    if (visitor === undefined) throw new ConnectionRefused('not-signed-in')
    const { sessionHash } = connection
    const isSame =
      sessionHash !== undefined &&
      connection.userId === visitor.caller.userId &&
      equalHashes(sessionHash, hash('session', visitor.sessionId))
    if (!isSame) throw new ConnectionRefused('other-session')
    return visitor
  }

  /**
   * Takes an answer of a data store. Throws `ConnectionRefused` for one that belongs to no connection of this session, and is
   * whole; nothing has changed then, and no upstream was asked.
   */
  const receive = async (arrival: Arrival): Promise<Received> => {
    const { state, said } = readAuthorizationAnswer(arrival.parameters)
    const found = await find(state)
    const { connection } = found
    const visitor = requireSame(connection, arrival.visitor)
    const where = stateOf(connection, clock.now())
    if (where === 'overdue') throw new ConnectionRefused('overdue')
    if (where !== 'away') return received(connection, undefined)
    // Before anybody is asked for anything with what came along.
    if (!isAtItsCallback(arrival.callback, found))
      return fail(connection, 'begun', ended('wrong-callback'))
    if ('error' in said) return fail(connection, 'begun', ended('store-refused', said.error))
    if (!holds(visitor.caller, connecting[0]))
      return fail(connection, 'begun', ended('no-longer-allowed'))
    return exchange(connection, visitor, said.code)
  }

  return { receive }
}
