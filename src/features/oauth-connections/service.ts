import { createConnectionCallbacks } from './callbacks.ts'
import type { ConnectionDeps } from './deps.ts'
import { createConnectionLinks } from './links.ts'
import { createConnectionRequests } from './requests.ts'

/**
 * Connecting an account at a data store (issue 5): a link that its user opens signed in, the way to the data store's consent
 * page and back in the very same session, and the profile that comes of it.
 */
export const createOAuthConnections = (deps: ConnectionDeps) => ({
  ...createConnectionRequests(deps),
  ...createConnectionLinks(deps),
  ...createConnectionCallbacks(deps),
})

export type OAuthConnections = ReturnType<typeof createOAuthConnections>
