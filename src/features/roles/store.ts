import { type Command, all, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { idsOf, type Reach } from '../access/reach.ts'
import { nameKey } from '../access/tenant-filter.ts'
import type { Dependent } from '../refusals.ts'
import type { Role, ShownRole } from './role.ts'

type Columns = { id: number; name: string; tenant_id: number; description: string }

const toRole = (row: Columns): Role => ({
  id: row.id,
  name: row.name,
  tenantId: row.tenant_id,
  description: row.description,
})

/** Reads and writes of roles; each function is a command. */
export const createRoleStore = ({ sql }: Store) => {
  const select = () => sql.selectFrom('roles').select(['id', 'name', 'tenant_id', 'description'])

  /** The roles of the tenants within a reach, by id; one more than the limit, so that the caller sees whether there are more. */
  function* list(
    reach: Reach,
    page: { readonly limit?: number | undefined; readonly after?: number | undefined },
  ): Command<readonly Role[]> {
    const tenants = idsOf(reach)
    if (tenants?.length === 0) return []
    let statement = select()
      .where('id', '>', page.after ?? 0)
      .orderBy('id')
    if (tenants !== undefined) statement = statement.where('tenant_id', 'in', tenants)
    if (page.limit !== undefined) statement = statement.limit(page.limit + 1)
    return (yield* all(statement)).map(toRole)
  }

  function* read(id: number): Command<ShownRole | undefined> {
    const row = yield* first(select().where('id', '=', id))
    if (row === undefined) return undefined
    const granted = yield* all(
      sql
        .selectFrom('role_permissions')
        .select('permission_id as id')
        .where('role_id', '=', id)
        .orderBy('permission_id'),
    )
    const members = yield* all(
      sql
        .selectFrom('user_roles')
        .select('user_id as id')
        .where('role_id', '=', id)
        .orderBy('user_id'),
    )
    const numbers = (rows: readonly { id: number }[]) => rows.map((r) => r.id)
    return { ...toRole(row), permissions: numbers(granted), users: numbers(members) }
  }

  /** The new id, or undefined when the tenant has a role of this name. */
  function* insert(fields: Omit<Role, 'id'>): Command<number | undefined> {
    const row = yield* first(
      sql
        .insertInto('roles')
        .values({
          tenant_id: fields.tenantId,
          name: fields.name,
          name_key: nameKey(fields.name),
          description: fields.description,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id'),
    )
    return row?.id
  }

  /** False, and nothing is changed, when another role of the tenant has the name. */
  function* rename(role: Role): Command<boolean> {
    const key = nameKey(role.name)
    const taken = yield* first(
      sql
        .selectFrom('roles')
        .select('id')
        .where('tenant_id', '=', role.tenantId)
        .where('name_key', '=', key)
        .where('id', '<>', role.id),
    )
    if (taken !== undefined) return false
    yield* run(
      sql
        .updateTable('roles')
        .set({ name: role.name, name_key: key, description: role.description })
        .where('id', '=', role.id),
    )
    return true
  }

  function* setPermissions(id: number, permissions: readonly number[]): Command<void> {
    yield* run(sql.deleteFrom('role_permissions').where('role_id', '=', id))
    const rows = [...new Set(permissions)].map((granted) => ({
      role_id: id,
      permission_id: granted,
    }))
    if (rows.length > 0) yield* run(sql.insertInto('role_permissions').values(rows))
  }

  /** Its permissions go with it; nobody may hold it any more. */
  function* remove(id: number): Command<void> {
    yield* run(sql.deleteFrom('roles').where('id', '=', id))
  }

  /** The users who hold a role, by id. */
  function* holders(id: number, most?: number): Command<readonly Dependent[]> {
    let statement = sql
      .selectFrom('user_roles as ur')
      .innerJoin('users as u', 'u.id', 'ur.user_id')
      .select(['u.id', 'u.user_name as name'])
      .where('ur.role_id', '=', id)
      .orderBy('u.id')
    if (most !== undefined) statement = statement.limit(most)
    return (yield* all(statement)).map((row) => ({ kind: 'user', ...row }))
  }

  return { list, read, insert, rename, setPermissions, remove, holders }
}

export type RoleStore = ReturnType<typeof createRoleStore>
