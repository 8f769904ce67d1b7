import { type Command, first } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { ManagementError, refusals } from '../refusals.ts'
import { intersect, isWithin, type Reach } from './reach.ts'

/** `?tenantId=` and `?tenantName=` (OAuth reference E.5, management reference 3.1 and 6). */
export type TenantFilter = {
  readonly tenantId?: number | undefined
  readonly tenantName?: string | undefined
}

/**
 * The form of a tenant's or role's name that is compared. Normalised once more at the end: a small letter can compose where
 * its capital did not.
 */
export const nameKey = (name: string): string =>
  name.normalize('NFKC').trim().toLowerCase().normalize('NFKC')

const refuse = (): never => {
  throw new ManagementError(refusals.forbidden, 'You have no administrative access to this tenant.')
}

/**
 * The part of a reach that a filter leaves. A tenant outside of the reach is refused with 403, whether it exists or not;
 * an administrator gets the empty reach for one that does not exist. Both filters given: both must match.
 */
export function* filterReach(store: Store, reach: Reach, filter: TenantFilter): Command<Reach> {
  let left = reach
  if (filter.tenantId !== undefined) {
    if (!isWithin(reach, filter.tenantId)) refuse()
    left = intersect(left, new Set([filter.tenantId]))
  }
  if (filter.tenantName !== undefined) {
    const row = yield* first(
      store.sql
        .selectFrom('tenants')
        .select('id')
        .where('name_key', '=', nameKey(filter.tenantName)),
    )
    if (reach !== 'everywhere' && (row === undefined || !reach.has(row.id))) refuse()
    left = intersect(left, new Set(row === undefined ? [] : [row.id]))
  }
  return left
}
