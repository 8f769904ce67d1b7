import { type Command, first } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { ManagementError, refusals } from '../refusals.ts'
import { permission } from './permissions.ts'

/** Whether there is an active user of an active tenant with permission 12. */
export function* hasAnAdministrator({ sql }: Pick<Store, 'sql'>): Command<boolean> {
  const row = yield* first(
    sql
      .selectFrom('users as u')
      .innerJoin('tenants as t', 't.id', 'u.tenant_id')
      .select('u.id')
      .where('u.status', '=', 1)
      .where('t.status', '=', 1)
      .where((e) =>
        e(
          'u.id',
          'in',
          e
            .selectFrom('user_permissions')
            .select('user_id')
            .where('permission_id', '=', permission.administrator)
            .union(
              e
                .selectFrom('role_permissions as rp')
                .innerJoin('user_roles as ur', 'ur.role_id', 'rp.role_id')
                .select('ur.user_id')
                .where('rp.permission_id', '=', permission.administrator),
            ),
        ),
      )
      .limit(1),
  )
  return row !== undefined
}

/**
 * Rule 11 (management reference 1.3): somebody with permission 12 who can act must be left. The last statement of every
 * command that can take one away; throws 400, so that nothing of the command is kept.
 */
export function* requireAnAdministrator(store: Store): Command<void> {
  if (!(yield* hasAnAdministrator(store))) throw new ManagementError(refusals.lastAdministrator)
}
