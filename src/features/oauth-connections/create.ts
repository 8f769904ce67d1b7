import type { AddressPolicy } from '#egress/address-policy.ts'
import { createRedirectUris } from '../oauth-applications/redirect-uri.ts'
import { createOAuthApplicationService } from '../oauth-applications/service.ts'
import { createOAuthProfileService } from '../oauth-profiles/service.ts'
import type { UserStore } from '../users/store.ts'
import type { ConnectionDeps } from './deps.ts'
import { createOAuthConnections } from './service.ts'

/** Accounts at data stores: how this server is registered there, whose they are, and how they are connected. */
export const createUpstreamAccounts = (
  deps: Omit<ConnectionDeps, 'redirectUris'> & {
    readonly users: UserStore
    readonly addresses: AddressPolicy
    readonly showSecrets: boolean
    /** HEADGATE_HDP=shared-callback. */
    readonly sharedCallback: boolean
  },
) => {
  const redirectUris = createRedirectUris(deps.publicUrl, deps.sharedCallback)
  return {
    redirectUris,
    oauthApplications: createOAuthApplicationService({ ...deps, redirectUris }),
    oauthProfiles: createOAuthProfileService(deps),
    oauthConnections: createOAuthConnections({ ...deps, redirectUris }),
  }
}
