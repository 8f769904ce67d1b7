import type { Clock } from '#lib/clock.ts'
import { type Command, all, first, prepare, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Caller } from '../access/caller.ts'
import { type User, userNameKey } from './user.ts'

type UserColumns = {
  id: number
  user_name: string
  tenant_id: number
  active: number
  password_hash: string | null
  password_version: number
  password_status: number
  password_expires_at: number | null
}

/** What is stored with a password. Times in milliseconds since 1970; null: it does not expire. */
export type NewPassword = {
  readonly hash: string
  readonly status: 1 | 2
  readonly expiresAt: number | null
}

/**
 * Whether a password must be changed before it opens anything else (management reference 2.3): any status but 1 says so,
 * and an expired one counts as if it did.
 */
export const isStale = (
  row: Pick<UserColumns, 'password_status' | 'password_expires_at'>,
  now: number,
): boolean =>
  row.password_status !== 1 || (row.password_expires_at !== null && row.password_expires_at <= now)

const toUser = (row: UserColumns, now: number): User => ({
  id: row.id,
  userName: row.user_name,
  tenantId: row.tenant_id,
  active: row.active === 1,
  passwordHash: row.password_hash ?? undefined,
  passwordVersion: row.password_version,
  mustChangePassword: isStale(row, now),
})

/** Reads and writes of users. Each returned function is a command, to be run by the store. */
export const createUserStore = ({ sql }: Store, clock: Clock) => {
  const users = () =>
    sql
      .selectFrom('users as u')
      .innerJoin('tenants as t', 't.id', 'u.tenant_id')
      .select(['u.id', 'u.user_name', 'u.tenant_id', 'u.password_hash', 'u.password_version'])
      .select(['u.password_status', 'u.password_expires_at'])
      // A user of a disabled tenant is refused like a disabled user (DESIGN invariant 16).
      .select((e) => e('u.status', '*', e.ref('t.status')).as('active'))

  const byName = prepare<{ key: string }, UserColumns>((slot) =>
    users().where('u.user_name_key', '=', slot('key')),
  )
  const byId = prepare<{ id: number }, UserColumns>((slot) =>
    users().where('u.id', '=', slot('id')),
  )
  // Rule 1 (management reference 1.3), and in the same breath the tenants administered, as negative numbers.
  const grants = prepare<{ id: number }, { granted: number }>((slot) =>
    sql
      .selectFrom('user_permissions')
      .select('permission_id as granted')
      .where('user_id', '=', slot('id'))
      .union(
        sql
          .selectFrom('user_roles as ur')
          .innerJoin('role_permissions as rp', 'rp.role_id', 'ur.role_id')
          .select('rp.permission_id as granted')
          .where('ur.user_id', '=', slot('id')),
      )
      .union(
        sql
          .selectFrom('tenants_administered')
          .select((e) => e('tenant_id', '*', e.lit(-1)).as('granted'))
          .where('user_id', '=', slot('id')),
      ),
  )

  function* readByName(name: string): Command<User | undefined> {
    const key = userNameKey(name)
    // No name has one, and PostgreSQL cannot even compare it.
    if (key.includes('\0')) return undefined
    const row = yield* first(byName({ key }))
    return row && toUser(row, clock.now())
  }

  function* readById(id: number): Command<User | undefined> {
    const row = yield* first(byId({ id }))
    return row && toUser(row, clock.now())
  }

  /** What a user holds and administers, disabled or not. */
  function* readGrants(user: User): Command<Caller> {
    const granted = (yield* all(grants({ id: user.id }))).map((row) => row.granted)
    return {
      userId: user.id,
      userName: user.userName,
      tenantId: user.tenantId,
      passwordVersion: user.passwordVersion,
      mustChangePassword: user.mustChangePassword,
      permissions: new Set(granted.filter((number) => number > 0)),
      administers: new Set(granted.filter((number) => number < 0).map((number) => -number)),
    }
  }

  /** The caller that an active user is; undefined for a disabled or deleted one. */
  function* readCaller(id: number): Command<Caller | undefined> {
    const user = yield* readById(id)
    return user?.active ? yield* readGrants(user) : undefined
  }

  /** Replaces a password if it is still the given version; false when somebody else was faster. */
  function* replacePassword(id: number, version: number, next: NewPassword): Command<boolean> {
    const changed = yield* run(
      sql
        .updateTable('users')
        .set({
          password_hash: next.hash,
          password_version: version + 1,
          password_status: next.status,
          password_expires_at: next.expiresAt,
        })
        .where('id', '=', id)
        .where('password_version', '=', version),
    )
    return changed === 1
  }

  return { readByName, readById, readGrants, readCaller, replacePassword }
}

export type UserStore = ReturnType<typeof createUserStore>
