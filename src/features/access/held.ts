import { type Command, all } from '#store/command.ts'
import type { Store } from '#store/store.ts'

/** Rule 1 for several users at once: the effective permissions of each that has any (management reference 1.3). */
export function* readHeld(
  { sql }: Store,
  userIds: readonly number[],
): Command<ReadonlyMap<number, ReadonlySet<number>>> {
  const held = new Map<number, Set<number>>()
  if (userIds.length === 0) return held
  const rows = yield* all(
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
  for (const row of rows) {
    const of = held.get(row.user_id) ?? new Set()
    held.set(row.user_id, of.add(row.permission_id))
  }
  return held
}
