import type { Clock } from '#lib/clock.ts'
import type { Endpoint } from './address-guard.ts'
import { createAddressPolicy } from './address-policy.ts'
import { createOutbound } from './client.ts'
import { createTokenClient } from './oauth/token-client.ts'

/**
 * What goes out of this server: the operator's policy, the one HTTP client, and the token endpoints of upstreams.
 * @param allowed ranges that may be reached although they are private (`HEADGATE_EGRESS_ALLOW`)
 * @param never the system store, which may not be reached even so
 */
export const createEgress = (deps: {
  readonly allowed: readonly string[]
  readonly never: readonly Endpoint[]
  readonly clock: Clock
}) => {
  const addresses = createAddressPolicy(deps.allowed)
  const outbound = createOutbound({ addresses, never: deps.never, clock: deps.clock })
  return { addresses, outbound, tokenClient: createTokenClient(outbound, addresses, deps.clock) }
}
