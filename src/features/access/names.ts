import type { Dependent } from '../refusals.ts'
import type { Caller } from './caller.ts'
import { oauthReach } from './oauth-reach.ts'
import { permission } from './permissions.ts'
import { isWithin, reachOf } from './reach.ts'

/** Users and OAuth applications of a tenant, without the names of those that the caller could not read; kind and id stay. */
export const withNamesFor = (
  caller: Caller,
  tenantId: number,
  dependents: readonly Dependent[],
): readonly Dependent[] => {
  const users = isWithin(reachOf(caller, permission.viewUsers), tenantId)
  const applications = isWithin(oauthReach(caller), tenantId)
  return dependents.map((dependent) =>
    (dependent.kind === 'user' ? users : applications)
      ? dependent
      : { kind: dependent.kind, id: dependent.id },
  )
}
