/** Addresses that the pages link to by themselves; the routes are mounted under the same names. */
export const pagePaths = {
  home: '/',
  signIn: '/sign-in',
  signOut: '/sign-out',
  applications: '/account/applications',
  password: '/account/password',
  disconnectAll: '/account/disconnect-all',
  health: '/api/healthcheck',
  reference: '/api/docs',
  openApi: '/api/openapi.json',
  metadata: '/.well-known/oauth-authorization-server',
} as const
