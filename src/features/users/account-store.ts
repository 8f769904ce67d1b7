import { type Expression, expressionBuilder, type SqlBool, sql as raw } from 'kysely'
import { type Command, all, first, run } from '#store/command.ts'
import type { UserRow } from '#store/schema.ts'
import type { Store } from '#store/store.ts'
import { idsOf, type Reach } from '../access/reach.ts'
import type { Account, Grants } from './account.ts'
import { userNameKey } from './user.ts'

/** A list in pieces: at most so many, and those whose id comes after. */
export type Page = { readonly limit?: number | undefined; readonly after?: number | undefined }

export type NewUser = {
  readonly tenantId: number
  readonly userName: string
  readonly active: boolean
  readonly passwordHash: string
  readonly passwordStatus: number
  readonly passwordExpiresAt: number | null
}

type Row = {
  id: number
  user_name: string
  tenant_id: number
  tenant_name: string
  status: number
  password_status: number
  password_expires_at: number | null
  locked_at: number | null
  locked_until: number | null
}

type Condition = Expression<SqlBool>

const e = expressionBuilder<{ u: UserRow }, 'u'>()

const within = (reach: Reach): Condition => {
  const ids = idsOf(reach)
  if (ids === undefined) return e.lit(true)
  return ids.length === 0 ? e.lit(false) : e('u.tenant_id', 'in', ids)
}

const toAccount = (row: Row, grants: Grants | undefined, now: number): Account => ({
  id: row.id,
  userName: row.user_name,
  tenantId: row.tenant_id,
  tenantName: row.tenant_name,
  active: row.status === 1,
  lock:
    row.locked_until === null || row.locked_until <= now
      ? undefined
      : { since: row.locked_at ?? undefined, until: row.locked_until },
  passwordStatus: row.password_status,
  passwordExpiresAt: row.password_expires_at ?? undefined,
  grants: grants ?? { roles: [], permissions: [] },
})

const createAccountWrites = (sql: Store['sql']) => {
  /** The new id, or undefined when the name is taken. */
  function* insert(user: NewUser, now: number): Command<number | undefined> {
    const row = yield* first(
      sql
        .insertInto('users')
        .values({
          tenant_id: user.tenantId,
          user_name: user.userName,
          user_name_key: userNameKey(user.userName),
          status: user.active ? 1 : 0,
          password_hash: user.passwordHash,
          password_version: 1,
          password_status: user.passwordStatus,
          password_expires_at: user.passwordExpiresAt,
          created_at: now,
        })
        .onConflict((conflict) => conflict.column('user_name_key').doNothing())
        .returning('id'),
    )
    return row?.id
  }

  /** False when another user has the name. */
  function* rename(id: number, userName: string): Command<boolean> {
    const key = userNameKey(userName)
    const taken = yield* first(
      sql.selectFrom('users').select('id').where('user_name_key', '=', key).where('id', '<>', id),
    )
    if (taken !== undefined) return false
    const names = { user_name: userName, user_name_key: key }
    yield* run(sql.updateTable('users').set(names).where('id', '=', id))
    return true
  }

  function* setActive(id: number, active: boolean): Command<void> {
    yield* run(
      sql
        .updateTable('users')
        .set({ status: active ? 1 : 0 })
        .where('id', '=', id),
    )
  }

  /** Replaces roles and permissions. */
  function* setGrants(id: number, grants: Grants): Command<void> {
    yield* run(sql.deleteFrom('user_roles').where('user_id', '=', id))
    yield* run(sql.deleteFrom('user_permissions').where('user_id', '=', id))
    const roles = [...new Set(grants.roles)].map((role) => ({ user_id: id, role_id: role }))
    yield* run(sql.insertInto('user_roles').values(roles))
    const permissions = [...new Set(grants.permissions)].map((permission) => ({
      user_id: id,
      permission_id: permission,
    }))
    if (permissions.length > 0) yield* run(sql.insertInto('user_permissions').values(permissions))
  }

  return { insert, rename, setActive, setGrants }
}

/** Reads and writes of users as administrators see them; each function is a command. */
export const createAccountStore = ({ sql }: Store) => {
  const select = (condition: Condition) =>
    sql
      .selectFrom('users as u')
      .innerJoin('tenants as t', 't.id', 'u.tenant_id')
      .leftJoin('login_failures as f', (join) =>
        join.on('f.subject', '=', raw<string>`'user:' || cast(u.id as text)`),
      )
      .select(['u.id', 'u.user_name', 'u.tenant_id', 't.name as tenant_name', 'u.status'])
      .select(['u.password_status', 'u.password_expires_at', 'f.locked_at', 'f.locked_until'])
      .where(condition)
      .orderBy('u.id')

  /** Roles, and permissions as negative numbers, of all users of a condition: one statement however many they are. */
  function* readGrants(condition: Condition): Command<ReadonlyMap<number, Grants>> {
    const rows = yield* all(
      sql
        .selectFrom('user_roles as r')
        .innerJoin('users as u', 'u.id', 'r.user_id')
        .select(['r.user_id', 'r.role_id as granted'])
        .where(condition)
        .unionAll(
          sql
            .selectFrom('user_permissions as p')
            .innerJoin('users as u', 'u.id', 'p.user_id')
            .select(['p.user_id', (c) => c('p.permission_id', '*', c.lit(-1)).as('granted')])
            .where(condition),
        ),
    )
    const found = new Map<number, { roles: number[]; permissions: number[] }>()
    for (const { user_id: id, granted } of rows) {
      const grants = found.get(id) ?? { roles: [], permissions: [] }
      found.set(id, grants)
      if (granted > 0) grants.roles.push(granted)
      else grants.permissions.push(-granted)
    }
    for (const { roles, permissions } of found.values())
      for (const ids of [roles, permissions]) ids.sort((a, b) => a - b)
    return found
  }

  /** Those of a reach, by id; with a limit one more than that, where there is one. */
  function* list(reach: Reach, page: Page, now: number): Command<readonly Account[]> {
    const after = e.and([within(reach), e('u.id', '>', page.after ?? 0)])
    const some = select(after)
    const rows = yield* all(page.limit === undefined ? some : some.limit(page.limit + 1))
    if (rows.length === 0) return []
    // A piece is named by its ids, which a database finds by an index; of a whole list there would be too many.
    const ids = rows.map((row) => row.id)
    const grants = yield* readGrants(page.limit === undefined ? after : e('u.id', 'in', ids))
    return rows.map((row) => toAccount(row, grants.get(row.id), now))
  }

  function* readOne(condition: Condition, now: number): Command<Account | undefined> {
    const row = yield* first(select(condition))
    return row && toAccount(row, (yield* readGrants(condition)).get(row.id), now)
  }

  const read = (reach: Reach, id: number, now: number): Command<Account | undefined> =>
    readOne(e.and([within(reach), e('u.id', '=', id)]), now)

  function* readByName(reach: Reach, name: string, now: number): Command<Account | undefined> {
    const key = userNameKey(name)
    if (key.includes('\0')) return undefined
    return yield* readOne(e.and([within(reach), e('u.user_name_key', '=', key)]), now)
  }

  return { list, read, readByName, ...createAccountWrites(sql) }
}

export type AccountStore = ReturnType<typeof createAccountStore>
