import { type Caller, holds, isAdministrator } from './caller.ts'
import { permission, systemTenantId } from './permissions.ts'
import { intersect, isSystemCaller, type Reach } from './reach.ts'

// Where OAuth applications lie that somebody may see (OAuth reference C.1). The rule is not the one of other permissions of
// administration: the tenant where one resides counts without administrative access to it.

/**
 * The tenant rule of a user, whatever the user holds: all tenants for an administrator (12); for a user of the system
 * tenant that one and those administered; for a user of another tenant that one alone.
 */
export const oauthTenantsOf = (user: Caller): Reach => {
  if (isAdministrator(user)) return 'everywhere'
  return isSystemCaller(user)
    ? new Set([systemTenantId, ...user.administers])
    : new Set([user.tenantId])
}

/**
 * Where a caller manages OAuth applications, MgmtAPI (11) and OAuth (28) given; nowhere without them. Done for somebody
 * else (`?user=`, OAuth reference E.4), it is that user's rule, cut by what the caller reaches.
 */
export const oauthReach = (caller: Caller, subject: Caller = caller): Reach =>
  holds(caller, permission.managementApi) && holds(caller, permission.oauth)
    ? intersect(oauthTenantsOf(caller), oauthTenantsOf(subject))
    : new Set()
