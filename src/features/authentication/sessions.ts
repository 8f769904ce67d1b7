import { type Clock, hours, minutes } from '#lib/clock.ts'
import { mintToken, isWellFormed, type RandomBytes } from '#oauth/token-format.ts'
import { type Command, first, prepare, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Hasher } from '#vault/hashing.ts'
import type { Caller } from '../access/caller.ts'
import { sessionIdleTime } from '../limits/effective.ts'
import type { UserStore } from '../users/store.ts'
import type { User } from '../users/user.ts'

/** A session ends when it was idle as long as the limit of its user's tenant says (WebUISessionTimeout), or is so old. */
const longest = hours(12)
/** Renewing is a write, so it is rare (DESIGN invariant 3), but not so rare that a session in use seems idle. */
const renewEvery = (idle: number): number => Math.min(minutes(5), idle / 6)

type Row = {
  user_id: number
  renewed_at: number
  ends_at: number
  expires_at: number
  idle: number
}

/** When it ends unless it is used; a limit that was lowered meanwhile holds at once. */
const endOf = (row: Row): number => Math.min(row.expires_at, row.renewed_at + row.idle)

export type Sessions = {
  /**
   * Begins a session with a new id; the id is told once and only its hash is kept (T13). Undefined when the
   * password that was checked has been replaced meanwhile: a session must not outlive its password.
   */
  readonly begin: (user: Pick<User, 'id' | 'passwordVersion'>) => Promise<string | undefined>
  /** The caller of a session, or undefined: unknown, over, or its user is disabled. */
  readonly read: (sessionId: string) => Promise<Caller | undefined>
  /**
   * Whether a session stands and opens more than the change of password, as a command: for what must not happen when it has
   * just been ended or confined.
   */
  readonly stands: (sessionId: string) => Command<boolean>
  readonly end: (sessionId: string) => Promise<void>
}

/** Ends the sessions of a user, all but the one given. */
export function* endSessions(store: Store, userId: number, except?: Uint8Array): Command<void> {
  let statement = store.sql.deleteFrom('sessions').where('user_id', '=', userId)
  if (except !== undefined) statement = statement.where('session_hash', '!=', except)
  yield* run(statement)
}

/** The sign-in sessions of the pages. They open nothing but pages: no API takes them. */
export const createSessions = (deps: {
  readonly store: Store
  readonly users: UserStore
  readonly hash: Hasher
  readonly clock: Clock
  readonly random: RandomBytes
}): Sessions => {
  const { store, clock } = deps
  const byHash = prepare<{ hash: Uint8Array }, Row>((slot) =>
    store.sql
      .selectFrom('sessions')
      .innerJoin('users as u', 'u.id', 'sessions.user_id')
      .select(['user_id', 'renewed_at', 'ends_at', 'expires_at'])
      .select(sessionIdleTime('u.tenant_id').as('idle'))
      .where('session_hash', '=', slot('hash')),
  )

  const idleOf = prepare<{ id: number }, { idle: number }>((slot) =>
    store.sql
      .selectFrom('users as u')
      .select(sessionIdleTime('u.tenant_id').as('idle'))
      .where('u.id', '=', slot('id')),
  )

  const renew = (hash: Uint8Array, row: Row): Promise<number> =>
    store.write(
      () =>
        run(
          store.sql
            .updateTable('sessions')
            .set({
              renewed_at: clock.now(),
              expires_at: Math.min(clock.now() + row.idle, row.ends_at),
            })
            .where('session_hash', '=', hash)
            .where('renewed_at', '=', row.renewed_at),
        ),
      { isolation: 'one-statement', forgets: () => false },
    )

  const begin: Sessions['begin'] = async (user) => {
    const id = mintToken('session', deps.random)
    const now = clock.now()
    const begun = await store.write(function* () {
      const current = yield* deps.users.readById(user.id)
      if (!current?.active || current.passwordVersion !== user.passwordVersion) return false
      const limit = yield* first(idleOf({ id: user.id }))
      if (limit === undefined) return false
      yield* run(
        store.sql.insertInto('sessions').values({
          session_hash: deps.hash('session', id),
          user_id: user.id,
          created_at: now,
          renewed_at: now,
          ends_at: now + longest,
          expires_at: now + limit.idle,
        }),
      )
      return true
    })
    return begun ? id : undefined
  }

  const read = async (sessionId: string): Promise<Caller | undefined> => {
    if (!isWellFormed('session', sessionId)) return undefined
    const hash = deps.hash('session', sessionId)
    const found = await store.read(function* () {
      const row = yield* first(byHash({ hash }))
      if (row === undefined || endOf(row) <= clock.now()) return undefined
      return { row, caller: yield* deps.users.readCaller(row.user_id) }
    })
    if (found?.caller === undefined) return undefined
    if (clock.now() - found.row.renewed_at > renewEvery(found.row.idle))
      await renew(hash, found.row)
    return found.caller
  }

  function* stands(sessionId: string): Command<boolean> {
    const row = yield* first(byHash({ hash: deps.hash('session', sessionId) }))
    if (row === undefined || endOf(row) <= clock.now()) return false
    const user = yield* deps.users.readById(row.user_id)
    return user !== undefined && !user.mustChangePassword
  }

  const end = async (sessionId: string): Promise<void> => {
    const hash = deps.hash('session', sessionId)
    await store.write(() => run(store.sql.deleteFrom('sessions').where('session_hash', '=', hash)))
  }

  return { begin, read, stands, end }
}
