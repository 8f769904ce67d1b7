import { challengeOf } from '#oauth/pkce.ts'
import type { Secret } from '#lib/secret.ts'
import type { OAuthApplication } from '../oauth-applications/application.ts'

/** Google gives a refresh token only when asked for one, and after the first time only when consent is asked for anew (data access reference D.1). */
const isGoogle = ({ dataStore }: OAuthApplication, { hostname }: URL): boolean =>
  dataStore === 54 || dataStore === 62 || hostname === 'accounts.google.com'

/**
 * The authorization request to a data store (RFC 6749 section 4.1.1, RFC 7636 section 4.3): parameters that the registered
 * URI has stay, but for those that are ours to say.
 */
export const authorizeUrl = (
  application: OAuthApplication,
  request: { readonly redirectUri: string; readonly state: Secret; readonly verifier: Secret },
): string => {
  const url = new URL(application.authorizeUri)
  const parameters = url.searchParams
  if (isGoogle(application, url))
    for (const [name, value] of [
      ['access_type', 'offline'],
      ['prompt', 'consent'],
    ] as const)
      if (!parameters.has(name)) parameters.set(name, value)
  parameters.set('response_type', 'code')
  parameters.set('client_id', application.clientId)
  parameters.set('redirect_uri', request.redirectUri)
  if (application.scope.trim() !== '') parameters.set('scope', application.scope)
  parameters.set('state', request.state.reveal())
  parameters.set('code_challenge', challengeOf(request.verifier.reveal()))
  parameters.set('code_challenge_method', 'S256')
  return url.href
}
