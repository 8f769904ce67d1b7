import { type Command, first, run } from '#store/command.ts'
import { locking } from '#store/locking.ts'
import type { OAuthConnectionRow } from '#store/schema-upstream.ts'
import type { Store } from '#store/store.ts'
import { Secret } from '#lib/secret.ts'
import type { Place } from '#vault/envelope.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import { rowIdOf } from '../sealed/places.ts'
import { type Connection, lifetimes, mostConnections } from './connection.ts'
import { type Outcome, outcomeText, parseOutcome } from './outcome.ts'

const columns = [
  'link_hash',
  'user_id',
  'tenant_id',
  'application_id',
  'profile_id',
  'name',
  'description',
  'session_hash',
  'status',
  'outcome',
  'changed_at',
] as const satisfies readonly (keyof OAuthConnectionRow)[]

const toConnection = (row: Pick<OAuthConnectionRow, (typeof columns)[number]>): Connection => ({
  linkHash: row.link_hash,
  userId: row.user_id,
  tenantId: row.tenant_id,
  applicationId: row.application_id,
  profileId: row.profile_id ?? undefined,
  name: row.name,
  description: row.description,
  sessionHash: row.session_hash ?? undefined,
  status: row.status,
  outcome: row.outcome === null ? undefined : parseOutcome(row.outcome),
  changedAt: row.changed_at,
})

/** What a link is made for. */
export type NewConnection = Pick<
  Connection,
  'linkHash' | 'userId' | 'tenantId' | 'applicationId' | 'profileId' | 'name' | 'description'
>

type Located = Pick<Connection, 'linkHash' | 'tenantId'>

/** Where a verifier lies (DESIGN invariant 6): in another row or tenant it does not open (T74). */
const placeOf = ({ linkHash, tenantId }: Located): Place => ({
  tenantId,
  table: 'oauth_connections',
  rowId: rowIdOf(linkHash),
  column: 'code_verifier',
  generation: 1,
})

/** Keeps a new one, and forgets the user's oldest ones beyond the most; but for one that is exchanging its code just now. */
export function* insertConnection(
  { sql }: Pick<Store, 'sql'>,
  connection: NewConnection,
  now: number,
): Command<void> {
  const beyond = sql
    .selectFrom('oauth_connections')
    .select('link_hash')
    .where('user_id', '=', connection.userId)
    .orderBy('created_at', 'desc')
    .orderBy('link_hash')
    .limit(1000)
    .offset(mostConnections - 1)
  yield* run(
    sql
      .deleteFrom('oauth_connections')
      .where('link_hash', 'in', beyond)
      .where('status', '<>', 'exchanging'),
  )
  yield* run(
    sql.insertInto('oauth_connections').values({
      link_hash: connection.linkHash,
      state_hash: null,
      user_id: connection.userId,
      tenant_id: connection.tenantId,
      application_id: connection.applicationId,
      profile_id: connection.profileId ?? null,
      name: connection.name,
      description: connection.description,
      session_hash: null,
      code_verifier: null,
      status: 'open',
      outcome: null,
      created_at: now,
      changed_at: now,
      expires_at: now + lifetimes.record,
    }),
  )
}

/** Reads and changes of connections; each function is a command. */
export const createConnectionStore = (store: Store, sealed: SealedValues) => {
  const { sql } = store
  const by = (column: 'link_hash' | 'state_hash', hash: Uint8Array) =>
    sql.selectFrom('oauth_connections').select(columns).where(column, '=', hash)

  function* read(column: 'link_hash' | 'state_hash', hash: Uint8Array) {
    const row = yield* first(by(column, hash))
    return row && toConnection(row)
  }

  /** The same by its link, and nobody else changes it until the command ends. */
  function* readLocked(linkHash: Uint8Array): Command<Connection | undefined> {
    const row = yield* first(locking(store, by('link_hash', linkHash), ['oauth_connections']))
    return row && toConnection(row)
  }

  /** Binds an open one to a session, state and verifier; false when it is not open any more. */
  function* begin(
    connection: Located,
    way: {
      readonly sessionHash: Uint8Array
      readonly stateHash: Uint8Array
      readonly verifier: Secret
      readonly revision: number
    },
    now: number,
  ): Command<boolean> {
    // The revision that the user saw goes along: what was begun for one is not finished for another.
    const text = `${way.revision}/${way.verifier.reveal()}`
    const changed = yield* run(
      sql
        .updateTable('oauth_connections')
        .set({
          status: 'begun',
          changed_at: now,
          session_hash: way.sessionHash,
          state_hash: way.stateHash,
          code_verifier: yield* sealed.seal(placeOf(connection), text),
        })
        .where('link_hash', '=', connection.linkHash)
        .where('status', '=', 'open'),
    )
    return changed === 1
  }

  /** The verifier, or undefined when it was not sealed for this row, or for another revision of the application. */
  function* openVerifier(connection: Located, revision: number): Command<Secret | undefined> {
    const row = yield* first(
      sql
        .selectFrom('oauth_connections')
        .select('code_verifier')
        .where('link_hash', '=', connection.linkHash),
    )
    const stored = row?.code_verifier ?? undefined
    if (stored === undefined) return undefined
    const [sealedFor, verifier] =
      (yield* sealed.open(placeOf(connection), stored))?.split('/') ?? []
    return verifier === undefined || sealedFor !== String(revision)
      ? undefined
      : new Secret(verifier)
  }

  /** Moves one on; false when it is not where it is to be moved from. The verifier goes with the end. */
  function* move(
    { linkHash }: Pick<Connection, 'linkHash'>,
    from: Connection['status'],
    to: { readonly status: 'exchanging' | 'connected' | 'failed'; readonly outcome?: Outcome },
    now: number,
  ): Command<boolean> {
    const changed = yield* run(
      sql
        .updateTable('oauth_connections')
        .set({
          status: to.status,
          outcome: to.outcome === undefined ? null : outcomeText(to.outcome),
          changed_at: now,
          ...(to.status === 'exchanging' ? {} : { code_verifier: null }),
        })
        .where('link_hash', '=', linkHash)
        .where('status', '=', from),
    )
    return changed === 1
  }

  return { read, readLocked, begin, openVerifier, move }
}

export type ConnectionStore = ReturnType<typeof createConnectionStore>
