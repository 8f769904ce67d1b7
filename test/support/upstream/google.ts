import {
  type Authorized,
  clientOf,
  consentPage,
  createCodes,
  type Decision,
  isVerifierOf,
  random,
  readParameters,
  type Upstream,
  withParameters,
} from './authorization.ts'
import { apiAnswers, errorPage, refuse, unauthenticated } from './google-answers.ts'
import {
  type Answer,
  bearerOf,
  json,
  type Kind,
  page,
  type Received,
  redirect,
  startServer,
} from './server.ts'

// Google's OAuth 2.0 for web servers, as documented (data access reference D.1), and two of its APIs that only look at the token.

/** One refresh token, and the access tokens that came of it or of the same code. */
type Grant = { readonly account: string; readonly scope: string; ended: boolean }
type Access = { readonly grant: Grant; readonly expires: number }

export type Google = Upstream & {
  /** How many refresh tokens of the signed-in account work. */
  readonly liveRefreshTokens: () => number
  /** Seconds that access tokens live from now on. */
  readonly setLifetime: (seconds: number) => void
}

export type GoogleOptions = {
  readonly now?: () => number
  /** Google BigQuery (62) unless told otherwise. */
  readonly dataStore?: 54 | 62
}

const scopes = {
  54: 'https://www.googleapis.com/auth/analytics.readonly',
  62: 'https://www.googleapis.com/auth/bigquery',
} as const

const authorizePath = '/o/oauth2/v2/auth'
/** The oldest is dropped silently beyond this number of an account and a client. */
const mostRefreshTokens = 100

const paths: Readonly<Record<string, Kind>> = {
  [authorizePath]: 'authorize',
  '/revoke': 'revoke',
  '/tokeninfo': 'inspect',
  '/bigquery/v2/projects': 'api',
  '/v1beta/accountSummaries': 'api',
}

const kindOf = ({ url, form }: Pick<Received, 'url' | 'form'>): Kind => {
  if (url.pathname !== '/token') return paths[url.pathname] ?? 'other'
  const grant = form.get('grant_type')
  if (grant === 'authorization_code') return 'code'
  return grant === 'refresh_token' ? 'refresh' : 'other'
}

/** Starts Google on loopback, with one client registered. */
export const startGoogle = async (options: GoogleOptions = {}): Promise<Google> => {
  const { now = Date.now, dataStore = 62 } = options
  const clientId = `${random(6)}.apps.googleusercontent.com`
  const clientSecret = `GOCSPX-${random()}`
  const redirectUris = new Set<string>()
  const codes = createCodes(now)
  const refreshTokens = new Map<string, Grant>()
  const accessTokens = new Map<string, Access>()
  const secrets: string[] = []
  /** Scopes that an account has consented to. */
  const consents = new Map<string, Set<string>>()
  let decision: Decision = 'allow'
  let account = 'ada@example.com'
  let lifetime = 3599

  const keep = (secret: string): string => {
    secrets.push(secret)
    return secret
  }

  const liveOf = (owner: string): [string, Grant][] =>
    [...refreshTokens].filter(([, grant]) => grant.account === owner && !grant.ended)

  const endConsent = (owner: string): void => {
    consents.delete(owner)
    for (const [, grant] of refreshTokens) if (grant.account === owner) grant.ended = true
    for (const [, { grant }] of accessTokens) if (grant.account === owner) grant.ended = true
  }

  const allowed = (request: Readonly<Record<string, string>>): Answer => {
    const { redirect_uri: redirectUri = '', scope = '', state, code_challenge = '' } = request
    const granted = consents.get(account) ?? new Set()
    const isFirst = granted.size === 0
    consents.set(account, new Set([...granted, ...scope.split(' ')]))
    const offline =
      request['access_type'] === 'offline' && (isFirst || request['prompt'] === 'consent')
    const code = keep(`4/0A${random(32)}`)
    codes.issue(code, { account, scope, redirectUri, challenge: code_challenge, offline })
    return redirect(
      withParameters(redirectUri, { iss: 'https://accounts.google.com', state, code, scope }),
    )
  }

  /** All faults but a refusal of the user stay on Google's own page. */
  const faultOf = (request: Readonly<Record<string, string>> | undefined): Answer | undefined => {
    if (request === undefined) return errorPage(400, 'invalid_request')
    if (request['client_id'] !== clientId) return errorPage(401, 'invalid_client')
    if (!redirectUris.has(request['redirect_uri'] ?? ''))
      return errorPage(400, 'redirect_uri_mismatch')
    const isWhole =
      request['response_type'] === 'code' &&
      (request['scope'] ?? '') !== '' &&
      request['code_challenge_method'] === 'S256' &&
      /^[\w-]{43}$/.test(request['code_challenge'] ?? '')
    return isWhole ? undefined : errorPage(400, 'invalid_request')
  }

  const authorize = ({ method, url, form }: Received): Answer => {
    const request = readParameters(url)
    const fault = faultOf(request)
    if (fault !== undefined || request === undefined) return fault ?? errorPage(400, '')
    const asked = request['scope']?.split(' ') ?? []
    const known = asked.every((scope) => consents.get(account)?.has(scope) === true)
    // Whoever has consented already is not asked again, and no page is shown.
    if (known && request['prompt'] !== 'consent') return allowed(request)
    const decided =
      decision === 'ask' ? (method === 'POST' ? form.get('decision') : null) : decision
    if (decided === 'allow') return allowed(request)
    const { redirect_uri: redirectUri = '', state } = request
    if (decided === 'deny')
      return redirect(withParameters(redirectUri, { error: 'access_denied', state }))
    const heading = `Headgate wants to access the Google account of ${account}`
    return page(200, consentPage(url, heading, asked.join(' ')))
  }

  const tokens = (grant: Grant, refreshToken?: string): Answer => {
    const accessToken = keep(`ya29.a0${random(48)}`)
    accessTokens.set(accessToken, { grant, expires: now() + lifetime * 1000 })
    return json(200, {
      access_token: accessToken,
      expires_in: lifetime,
      ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
      scope: grant.scope,
      token_type: 'Bearer',
    })
  }

  const newRefreshToken = (grant: Grant): string => {
    const token = keep(`1//0${random(36)}`)
    refreshTokens.set(token, grant)
    const live = liveOf(grant.account)
    const [, oldest] = live[0] ?? []
    if (live.length > mostRefreshTokens && oldest !== undefined) oldest.ended = true
    return token
  }

  const redeem = (form: URLSearchParams): Answer => {
    const found: Authorized | undefined = codes.redeem(form.get('code') ?? '')
    if (found === undefined) return refuse('invalid_grant', 'Bad Request')
    if (form.get('redirect_uri') !== found.redirectUri)
      return refuse('redirect_uri_mismatch', 'Bad Request')
    const verifier = form.get('code_verifier')
    if (verifier === null) return refuse('invalid_grant', 'Missing code verifier.')
    if (!isVerifierOf(found.challenge, verifier))
      return refuse('invalid_grant', 'Invalid code verifier.')
    const grant = { account: found.account, scope: found.scope, ended: false }
    return tokens(grant, found.offline ? newRefreshToken(grant) : undefined)
  }

  const token = (request: Received): Answer => {
    const { form } = request
    const client = clientOf(request)
    if (client.id !== clientId)
      return refuse('invalid_client', 'The OAuth client was not found.', 401)
    if (client.secret !== clientSecret) return refuse('invalid_client', 'Unauthorized', 401)
    if (request.kind === 'code') return redeem(form)
    if (request.kind !== 'refresh') return refuse('unsupported_grant_type', 'Invalid grant_type: ')
    const grant = refreshTokens.get(form.get('refresh_token') ?? '')
    return grant === undefined || grant.ended
      ? refuse('invalid_grant', 'Token has been expired or revoked.')
      : tokens(grant)
  }

  const liveAccess = (text: string | undefined): Access | undefined => {
    const access = accessTokens.get(text ?? '')
    return access === undefined || access.grant.ended || access.expires <= now()
      ? undefined
      : access
  }

  const inspect = (url: URL): Answer => {
    const access = liveAccess(url.searchParams.get('access_token') ?? undefined)
    if (access === undefined) return refuse('invalid_token', 'Invalid Value')
    return json(200, {
      azp: clientId,
      aud: clientId,
      scope: access.grant.scope,
      exp: String(Math.floor(access.expires / 1000)),
      expires_in: String(Math.floor((access.expires - now()) / 1000)),
      access_type: 'offline',
    })
  }

  const revoke = ({ form, url }: Received): Answer => {
    const text = form.get('token') ?? url.searchParams.get('token') ?? ''
    const grant = refreshTokens.get(text) ?? liveAccess(text)?.grant
    if (grant === undefined || grant.ended)
      return refuse('invalid_token', 'Token expired or revoked')
    endConsent(grant.account)
    return json(200, {})
  }

  const answer = (request: Received): Answer => {
    const { method, url, kind } = request
    if (kind === 'authorize') return authorize(request)
    if (kind === 'inspect') return inspect(url)
    if (kind === 'revoke') return revoke(request)
    if (kind === 'api')
      return liveAccess(bearerOf(request)) === undefined
        ? unauthenticated
        : json(200, apiAnswers[url.pathname])
    return url.pathname === '/token' && method === 'POST' ? token(request) : { status: 404 }
  }

  const server = await startServer({ kindOf, answer })
  return {
    ...server,
    application: {
      dataStore,
      clientId,
      clientSecret,
      authorizeURI: server.origin + authorizePath,
      tokenURI: `${server.origin}/token`,
      scope: scopes[dataStore],
    },
    register: (redirectUri) => void redirectUris.add(redirectUri),
    decide: (next) => void (decision = next),
    signIn: (next) => void (account = next),
    secrets: () => secrets,
    endSessions: () => accessTokens.clear(),
    withdraw: () => endConsent(account),
    liveRefreshTokens: () => liveOf(account).length,
    setLifetime: (seconds) => void (lifetime = seconds),
  }
}
