import { batchesOf } from '#lib/batches.ts'
import { type Command, all } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { type Caller, isAdministrator } from './caller.ts'

/**
 * Those of several users, however many, who hold what the caller lacks: for them the caller may not act (`actFor`), so it
 * does not see what they alone may see.
 */
export function* readBeyond(
  { sql }: Store,
  caller: Caller,
  userIds: readonly number[],
): Command<ReadonlySet<number>> {
  const beyond = new Set<number>()
  if (isAdministrator(caller)) return beyond
  const held = [...caller.permissions]
  for (const batch of batchesOf([...new Set(userIds)])) {
    const rows = yield* all(
      sql
        .selectFrom('user_permissions')
        .select('user_id')
        .where('user_id', 'in', batch)
        .where('permission_id', 'not in', held)
        .union(
          sql
            .selectFrom('user_roles as ur')
            .innerJoin('role_permissions as rp', 'rp.role_id', 'ur.role_id')
            .select('ur.user_id')
            .where('ur.user_id', 'in', batch)
            .where('rp.permission_id', 'not in', held),
        ),
    )
    for (const row of rows) beyond.add(row.user_id)
  }
  return beyond
}
