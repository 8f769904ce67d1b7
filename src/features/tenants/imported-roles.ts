import { sql as raw } from 'kysely'
import { type Command, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { permission, systemTenantId } from '../access/permissions.ts'
import type { Caller } from '../access/caller.ts'
import { checkGrantsToRole } from '../access/granting.ts'
import { requireRolesOf } from '../access/roles.ts'

/**
 * Copies roles of the system tenant, each with a new id, into a tenant that has none (management reference 3.2).
 * Administrator (12) is not copied: it counts in every tenant. Throws 400 for what is no role of the system tenant, and 403
 * where the caller lacks what the copies would hold (rule 10).
 */
export function* importRoles(
  store: Store,
  caller: Caller,
  tenantId: number,
  roleIds: readonly number[],
): Command<void> {
  if (roleIds.length === 0) return
  const granted = yield* requireRolesOf(store, systemTenantId, roleIds, 'the system tenant')
  checkGrantsToRole(
    caller,
    [...granted].filter((id) => id !== permission.administrator),
  )
  const { sql } = store
  const wanted = [...new Set(roleIds)]
  yield* run(
    sql
      .insertInto('roles')
      .columns(['tenant_id', 'name', 'name_key', 'description'])
      .expression(
        sql
          .selectFrom('roles')
          .select((e) => [
            raw<number>`cast(${tenantId} as bigint)`.as('tenant_id'),
            e.ref('name').as('name'),
            e.ref('name_key').as('name_key'),
            e.ref('description').as('description'),
          ])
          .where('id', 'in', wanted)
          .orderBy('id'),
      ),
  )
  // A name belongs to one role of a tenant, so it tells which copy is of which.
  yield* run(
    sql
      .insertInto('role_permissions')
      .columns(['role_id', 'permission_id'])
      .expression(
        sql
          .selectFrom('roles as copy')
          .innerJoin('roles as source', 'source.name', 'copy.name')
          .innerJoin('role_permissions as p', 'p.role_id', 'source.id')
          .select(['copy.id as role_id', 'p.permission_id'])
          .where('copy.tenant_id', '=', tenantId)
          .where('source.id', 'in', wanted)
          .where('p.permission_id', '<>', permission.administrator),
      ),
  )
}
