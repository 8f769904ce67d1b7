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
}

const toUser = (row: UserColumns): User => ({
  id: row.id,
  userName: row.user_name,
  tenantId: row.tenant_id,
  active: row.active === 1,
  passwordHash: row.password_hash ?? undefined,
  passwordVersion: row.password_version,
})

/** Reads and writes of users. Each returned function is a command, to be run by the store. */
export const createUserStore = ({ sql }: Store) => {
  const users = () =>
    sql
      .selectFrom('users as u')
      .innerJoin('tenants as t', 't.id', 'u.tenant_id')
      .select(['u.id', 'u.user_name', 'u.tenant_id', 'u.password_hash', 'u.password_version'])
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
    return row && toUser(row)
  }

  function* readById(id: number): Command<User | undefined> {
    const row = yield* first(byId({ id }))
    return row && toUser(row)
  }

  /** What a user holds and administers, disabled or not. */
  function* readGrants(user: User): Command<Caller> {
    const granted = (yield* all(grants({ id: user.id }))).map((row) => row.granted)
    return {
      userId: user.id,
      userName: user.userName,
      tenantId: user.tenantId,
      passwordVersion: user.passwordVersion,
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
  function* replacePassword(id: number, version: number, hash: string): Command<boolean> {
    const changed = yield* run(
      sql
        .updateTable('users')
        .set({ password_hash: hash, password_version: version + 1, password_status: 1 })
        .where('id', '=', id)
        .where('password_version', '=', version),
    )
    return changed === 1
  }

  return { readByName, readById, readGrants, readCaller, replacePassword }
}

export type UserStore = ReturnType<typeof createUserStore>
