import { type Command, first } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { Caller } from './caller.ts'
import { readHolders } from './held.ts'

/**
 * The first statement of every command of an administrator: the caller is still who it was when the request began, and has
 * all that it had then. Who was disabled, demoted or deleted meanwhile changes nothing more, however long a request had to
 * wait (T53). Throws 403.
 */
export function* requireStill(store: Store, caller: Caller): Command<void> {
  const row = yield* first(
    store.sql
      .selectFrom('users as u')
      .innerJoin('tenants as t', 't.id', 'u.tenant_id')
      .select(['u.tenant_id', 'u.password_version'])
      .where('u.id', '=', caller.userId)
      .where('u.status', '=', 1)
      .where('t.status', '=', 1),
  )
  const [now] = yield* readHolders(store, [caller.userId])
  const stands =
    row?.tenant_id === caller.tenantId &&
    row.password_version === caller.passwordVersion &&
    now !== undefined &&
    [...caller.permissions].every((id) => now.permissions.has(id)) &&
    [...caller.administers].every((id) => now.administers.has(id))
  if (!stands)
    throw new ManagementError(
      refusals.forbidden,
      'Your account was changed at this moment; try again.',
    )
}
