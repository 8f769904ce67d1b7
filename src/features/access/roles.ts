import { type Command, all } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { ManagementError, refusals } from '../refusals.ts'

/**
 * Rule 2 (management reference 1.3): at least one role, and only roles of the user's own tenant. Answers the permissions
 * that they give. Throws 400; a role of another tenant is not told from one that does not exist.
 */
export function* requireRolesOf(
  { sql }: Store,
  tenantId: number,
  roleIds: readonly number[],
  whose = "the user's tenant",
): Command<ReadonlySet<number>> {
  const wanted = [...new Set(roleIds)]
  if (wanted.length === 0)
    throw new ManagementError(refusals.roleNotOfTenant, 'A user needs at least one role.')
  const found = yield* all(
    sql
      .selectFrom('roles')
      .select('id')
      .where('tenant_id', '=', tenantId)
      .where('id', 'in', wanted),
  )
  const known = new Set(found.map((row) => row.id))
  const missing = wanted.find((id) => !known.has(id))
  if (missing !== undefined)
    throw new ManagementError(
      refusals.roleNotOfTenant,
      `Role ${missing} is not a role of ${whose}.`,
    )
  const granted = yield* all(
    sql.selectFrom('role_permissions').select('permission_id').where('role_id', 'in', wanted),
  )
  return new Set(granted.map((row) => row.permission_id))
}
