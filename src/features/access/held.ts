import { batchesOf } from '#lib/batches.ts'
import { type Command, all } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Holder } from './caller.ts'

function* readBatch({ sql }: Store, userIds: readonly number[]): Command<readonly Holder[]> {
  const users = yield* all(
    sql.selectFrom('users').select(['id', 'tenant_id']).where('id', 'in', userIds),
  )
  const granted = yield* all(
    sql
      .selectFrom('user_permissions')
      .select(['user_id', 'permission_id'])
      .where('user_id', 'in', userIds)
      .union(
        sql
          .selectFrom('user_roles as ur')
          .innerJoin('role_permissions as rp', 'rp.role_id', 'ur.role_id')
          .select(['ur.user_id', 'rp.permission_id'])
          .where('ur.user_id', 'in', userIds),
      ),
  )
  const administered = yield* all(
    sql
      .selectFrom('tenants_administered')
      .select(['user_id', 'tenant_id'])
      .where('user_id', 'in', userIds),
  )
  const permissions = Map.groupBy(granted, (row) => row.user_id)
  const tenants = Map.groupBy(administered, (row) => row.user_id)
  return users.map(({ id, tenant_id }) => ({
    tenantId: tenant_id,
    permissions: new Set(permissions.get(id)?.map((row) => row.permission_id)),
    administers: new Set(tenants.get(id)?.map((row) => row.tenant_id)),
  }))
}

/** What each of several users, however many, holds and administers (rule 1, management reference 1.3; 3.3), by id; those who do not exist are left out. */
export function* readHolders(store: Store, userIds: readonly number[]): Command<readonly Holder[]> {
  const holders: Holder[] = []
  for (const batch of batchesOf(userIds)) holders.push(...(yield* readBatch(store, batch)))
  return holders
}
