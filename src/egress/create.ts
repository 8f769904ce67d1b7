import type { Clock } from '#lib/clock.ts'
import type { Endpoint } from './address-guard.ts'
import { createAddressPolicy } from './address-policy.ts'
import { createOutbound } from './client.ts'
import { createDatabaseSockets } from './database-sockets.ts'
import { createTokenClient } from './oauth/token-client.ts'

/** Ranges that the operator lists: they may be reached although they are private. */
export type Allowed = {
  /** `HEADGATE_EGRESS_ALLOW`: by URLs. */
  readonly egressAllow: readonly string[]
  /** `HEADGATE_DATA_ALLOW`: by data sources of databases. */
  readonly dataAllow: readonly string[]
}

/**
 * What goes out of this server: the operator's policy, the one HTTP client, the way to databases, and the token endpoints of upstreams.
 * @param deps.never the system store, which may not be reached even so
 */
export const createEgress = (
  { egressAllow, dataAllow }: Allowed,
  { never, clock }: { readonly never: readonly Endpoint[]; readonly clock: Clock },
) => {
  const addresses = createAddressPolicy(egressAllow)
  const outbound = createOutbound({ addresses, never, clock })
  return {
    addresses,
    outbound,
    databases: createDatabaseSockets({ allowed: dataAllow, never }),
    tokenClient: createTokenClient(outbound, addresses, clock),
  }
}
