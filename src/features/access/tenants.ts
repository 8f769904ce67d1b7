import { type Command, first } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { ManagementError, refusals } from '../refusals.ts'

/** Throws 400 for a tenant of a body that does not exist: asked after the reach, so that only an administrator sees it. */
export function* requireTenant({ sql }: Store, tenantId: number): Command<void> {
  const row = yield* first(sql.selectFrom('tenants').select('id').where('id', '=', tenantId))
  if (row === undefined) throw new ManagementError(refusals.noSuchTenant)
}
