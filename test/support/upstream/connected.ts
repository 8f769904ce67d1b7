import { createHash, randomBytes } from 'node:crypto'
import type { Person, TestApp } from '../app.ts'
import { createOAuthApplication } from '../oauth-applications.ts'
import { createOAuthProfile } from '../oauth-profiles.ts'
import { manage } from '../oauth.ts'
import type { Upstream } from './authorization.ts'

const redirectUri = 'https://elsewhere.example/callback'

export type BroughtTokens = { readonly accessToken: string; readonly refreshToken: string }

/** Tokens as somebody gets them with a tool of their own, who brings them along (OAuth reference D.3). */
export const getTokensAt = async ({ application, register }: Upstream): Promise<BroughtTokens> => {
  register(redirectUri)
  const { clientId, clientSecret, authorizeURI, tokenURI, scope } = application
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    access_type: 'offline',
    prompt: 'consent',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const back = await fetch(`${authorizeURI}?${query.toString()}`, { redirect: 'manual' })
  const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const answer = await fetch(tokenURI, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      client_secret: clientSecret,
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    }),
  })
  const tokens = (await answer.json()) as Record<string, string>
  return { accessToken: tokens['access_token'] ?? '', refreshToken: tokens['refresh_token'] ?? '' }
}

/** Creates a data source over HTTP; answers its id. */
export const createUpstreamSource = async (
  app: TestApp,
  person: Person,
  fields: Record<string, unknown>,
): Promise<number> => {
  const answer = await manage(app, 'POST', '/api/mgmt/datasources', {
    person,
    body: { connectionType: 'Cloud', ...fields },
  })
  if (answer.status !== 201)
    throw new Error(`creating: ${answer.status} ${JSON.stringify(answer.body)}`)
  return Number(answer.body['id'])
}

export type Connected = {
  readonly applicationId: string
  readonly profileId: number
  readonly sourceId: number
}

let made = 0

/** An OAuth application of the administrator, and a profile with a data source of the person, whose tokens were brought. */
export const connectAt = async (
  app: TestApp,
  upstream: Upstream & { readonly apiUri?: string },
  { admin, person }: { readonly admin: Person; readonly person: Person },
): Promise<Connected> => {
  made += 1
  const { application, apiUri } = upstream
  const applicationId = await createOAuthApplication(app, admin, {
    ...application,
    name: `Application ${made}`,
  })
  const profileId = await createOAuthProfile(app, person, {
    ...(await getTokensAt(upstream)),
    name: `Profile ${made}`,
    oauthAppId: Number(applicationId),
  })
  const sourceId = await createUpstreamSource(app, person, {
    name: `source_${made}`,
    dataStore: application.dataStore,
    options: {
      OAuthProfileId: String(profileId),
      ...(apiUri === undefined ? {} : { HealthURI: apiUri }),
    },
  })
  return { applicationId, profileId, sourceId }
}

/** Tries the data source, as its user would. */
export const tryOut = (app: TestApp, person: Person, sourceId: number) =>
  manage(app, 'POST', `/api/mgmt/datasources/${sourceId}/test`, { person, body: {} })
