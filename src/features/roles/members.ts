import { batchesOf } from '#lib/batches.ts'
import { type Command, all, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Caller } from '../access/caller.ts'
import { checkGrantsToUser, checkMayChange, checkNotOneself } from '../access/granting.ts'
import { readHolders } from '../access/held.ts'
import { withNamesFor } from '../access/names.ts'
import { ManagementError, refusals } from '../refusals.ts'

type Of = { readonly id: number; readonly tenantId: number }

/** Users of the role's tenant alone (rule 2); one of another tenant is not told from one that does not exist. Throws 400. */
function* requireUsersOf({ sql }: Store, tenantId: number, ids: readonly number[]): Command<void> {
  const known = new Set<number>()
  for (const batch of batchesOf(ids)) {
    const rows = yield* all(
      sql
        .selectFrom('users')
        .select('id')
        .where('tenant_id', '=', tenantId)
        .where('id', 'in', batch),
    )
    for (const row of rows) known.add(row.id)
  }
  const missing = ids.find((id) => !known.has(id))
  if (missing !== undefined)
    throw new ManagementError(
      refusals.usersOfRole,
      `User ${missing} is not a user of the role's tenant.`,
    )
}

const mostNamed = 100

/** The first of these users whose only role it is. */
function* readLeftWithout({ sql }: Store, roleId: number, userIds: readonly number[]) {
  return yield* all(
    sql
      .selectFrom('users as u')
      .select(['u.id', 'u.user_name as name'])
      .where('u.id', 'in', userIds)
      .where((e) =>
        e.not(
          e.exists(
            e
              .selectFrom('user_roles as other')
              .select('other.role_id')
              .whereRef('other.user_id', '=', 'u.id')
              .where('other.role_id', '<>', roleId),
          ),
        ),
      )
      .orderBy('u.id')
      .limit(mostNamed),
  )
}

/** Rule 2: a user keeps at least one role. Throws 400 with those whose only role it is. */
function* requireAnotherRole(
  store: Store,
  caller: Caller,
  role: Of,
  userIds: readonly number[],
): Command<void> {
  const left: { id: number; name: string }[] = []
  for (const batch of batchesOf(userIds))
    if (left.length < mostNamed) left.push(...(yield* readLeftWithout(store, role.id, batch)))
  if (left.length === 0) return
  const first = left.slice(0, mostNamed).map((row) => ({ kind: 'user', ...row }))
  const dependents = withNamesFor(caller, role.tenantId, first)
  throw new ManagementError(
    refusals.onlyRole,
    `It is the only role of ${dependents.map(({ id, name = `user ${id}` }) => name).join(', ')}.`,
    { dependents },
  )
}

/** Rules 9 and 10 for users whose roles change, whichever way. Throws 403. */
export function* checkMayChangeHolders(
  store: Store,
  caller: Caller,
  userIds: readonly number[],
): Command<void> {
  for (const id of userIds) checkNotOneself(caller, id)
  for (const holder of yield* readHolders(store, userIds)) checkMayChange(caller, holder)
}

/**
 * Makes exactly these users hold a role. Throws 400 for a user of another tenant and for one who would be left without a
 * role, 403 where the caller is among those added or removed, or lacks what one of them holds or would hold.
 * @param grants the permissions of the role
 */
export function* changeMembers(
  store: Store,
  caller: Caller,
  role: Of & { readonly grants: readonly number[] },
  users: { readonly before: readonly number[]; readonly after: readonly number[] },
): Command<void> {
  const { sql } = store
  const before = new Set(users.before)
  const after = new Set(users.after)
  const added = [...after].filter((id) => !before.has(id))
  const removed = [...before].filter((id) => !after.has(id))
  yield* requireUsersOf(store, role.tenantId, added)
  if (added.length > 0) checkGrantsToUser(caller, role.grants)
  yield* checkMayChangeHolders(store, caller, [...added, ...removed])
  yield* requireAnotherRole(store, caller, role, removed)
  const members = sql.deleteFrom('user_roles').where('role_id', '=', role.id)
  if (after.size === 0) yield* run(members)
  else for (const batch of batchesOf(removed)) yield* run(members.where('user_id', 'in', batch))
  for (const batch of batchesOf(added))
    yield* run(
      sql.insertInto('user_roles').values(batch.map((id) => ({ user_id: id, role_id: role.id }))),
    )
}
