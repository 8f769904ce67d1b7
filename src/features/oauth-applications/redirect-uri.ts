import type { OAuthApplication } from './application.ts'

/** HDP's callback (OAuth reference D.1), and the root of ours. */
export const callbackPath = '/hdpui/oauth2callback'

type Named = Pick<OAuthApplication, 'id' | 'tenantId'>

/** Where data stores send people back to; registered there, and shown as `redirectURI`. */
export type RedirectUris = {
  /** HEADGATE_HDP=shared-callback: all applications have HDP's. */
  readonly shared: boolean
  readonly of: (application: Named) => string
}

/**
 * Each application has a callback of its own, which carries tenant and application (DESIGN invariant 20): an answer that
 * arrives at another one's is told by the address alone (T73, RFC 9700 section 4.4.2).
 */
export const createRedirectUris = (publicUrl: string, shared: boolean): RedirectUris => ({
  shared,
  of: ({ tenantId, id }) =>
    shared ? `${publicUrl}${callbackPath}` : `${publicUrl}${callbackPath}/${tenantId}/${id}`,
})
