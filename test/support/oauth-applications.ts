import type { Person, TestApp } from './app.ts'
import { manage } from './oauth.ts'

export const oauthApps = '/api/mgmt/oauthapps'

/** The sample of the reference (C.3) but for its tenant: what creates an OAuth application. */
export const sampleApplication = {
  name: 'TenantA OAuth app',
  dataStore: 54,
  description: 'TenantA OAuth application object',
  clientId: 'asdfjasdljfasdkjf',
  clientSecret: '1912308409123890',
  authorizeURI: 'https://accounts.google.com/o/oauth2/v2/auth',
  tokenURI: 'https://www.googleapis.com/oauth2/v3/token',
  scope: 'full_offline_access, test_repo',
} as const

/** Creates an OAuth application over HTTP; answers its id. */
export const createOAuthApplication = async (
  app: TestApp,
  person: Person,
  fields: Record<string, unknown> = {},
): Promise<string> => {
  const answer = await manage(app, 'POST', oauthApps, {
    person,
    body: { ...sampleApplication, ...fields },
  })
  if (answer.status !== 201)
    throw new Error(`creating: ${answer.status} ${JSON.stringify(answer.body)}`)
  return String(answer.body['id'])
}
