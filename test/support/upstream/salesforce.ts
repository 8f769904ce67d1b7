import { createHmac } from 'node:crypto'
import {
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
import {
  authorizationFault,
  badToken,
  errorPage,
  limits,
  refuse,
  sessionExpired,
  versions,
} from './salesforce-answers.ts'
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

// Salesforce's OAuth 2.0 web server flow, as documented (data access reference D.2): it says nothing of when tokens expire, names the
// host that its API answers at, and may exchange refresh tokens.

/**
 * What a refresh does to the refresh token: nothing; or there is a new one and the old one is spent, at once or only when the new
 * one has been used.
 */
export type Rotation = 'off' | 'single-use' | 'grace'

/** One approval of the connected app by a user. */
type Grant = { readonly account: string; readonly scope: string; ended: boolean }
type Session = { readonly grant: Grant; used: number }
/** `replaces`: the token that dies when this one is used for the first time. */
type Refresh = { readonly grant: Grant; readonly replaces?: string }

export type Salesforce = Upstream & {
  readonly rotate: (rotation: Rotation) => void
  /** The org moves to another host: where it was, no token is known any more. Answers the new `instance_url`. */
  readonly moveInstance: () => Promise<string>
  readonly instanceUrl: () => string
  /** How many approvals of the signed-in user work. */
  readonly liveGrants: () => number
}

export type SalesforceOptions = {
  readonly now?: () => number
  readonly rotation?: Rotation
}

const authorizePath = '/services/oauth2/authorize'
const tokenPath = '/services/oauth2/token'
/** The sixth approval of a user drops the oldest. */
const mostGrants = 5
/** Two hours without use end a session. */
const sessionTimeout = 7_200_000
const organization = '00D5e000000HEADGATE'

const kinds: Readonly<Record<string, Kind>> = {
  [authorizePath]: 'authorize',
  '/services/oauth2/revoke': 'revoke',
  '/services/oauth2/userinfo': 'api',
}

const kindOf = ({ url, form }: Pick<Received, 'url' | 'form'>): Kind => {
  if (url.pathname.startsWith('/services/data')) return 'api'
  if (url.pathname !== tokenPath) return kinds[url.pathname] ?? 'other'
  const grant = form.get('grant_type')
  if (grant === 'authorization_code') return 'code'
  return grant === 'refresh_token' ? 'refresh' : 'other'
}

/** Starts Salesforce on loopback: a login host with one connected app, and an instance beside it. */
export const startSalesforce = async (options: SalesforceOptions = {}): Promise<Salesforce> => {
  const { now = Date.now } = options
  const clientId = `3MVG9${random(32)}`
  const clientSecret = random(32).toUpperCase()
  const redirectUris = new Set<string>()
  const codes = createCodes(now)
  const grants: Grant[] = []
  const sessions = new Map<string, Session>()
  const refreshTokens = new Map<string, Refresh>()
  const secrets: string[] = []
  let { rotation = 'off' } = options
  let decision: Decision = 'allow'
  let account = '0055e000001ADA'
  let instance = ''

  const keep = (secret: string): string => {
    secrets.push(secret)
    return secret
  }

  const liveOf = (owner: string): Grant[] =>
    grants.filter((grant) => grant.account === owner && !grant.ended)

  const authorize = ({ method, url, form }: Received): Answer => {
    const request = readParameters(url)
    const fault = authorizationFault(request, clientId, redirectUris)
    if (fault !== undefined || request === undefined) return fault ?? errorPage('', '')
    const { redirect_uri: redirectUri = '', scope = 'api refresh_token', state } = request
    const decided =
      decision === 'ask' ? (method === 'POST' ? form.get('decision') : null) : decision
    if (decided === 'deny')
      return redirect(
        withParameters(redirectUri, {
          error: 'access_denied',
          error_description: 'end-user denied authorization',
          state,
        }),
      )
    if (decided !== 'allow')
      return page(200, consentPage(url, `Allow access for ${account}?`, scope))
    const code = codes.issue(keep(`aPrx${random(40)}==`), {
      account,
      scope,
      redirectUri,
      challenge: request['code_challenge'] ?? '',
      offline: /(?:^| )(?:refresh_token|offline_access)(?: |$)/.test(scope),
    })
    return redirect(withParameters(redirectUri, { code, state }))
  }

  const tokens = (origin: string, grant: Grant, refreshToken?: string): Answer => {
    const accessToken = keep(`${organization}!AQ${random(64)}`)
    sessions.set(accessToken, { grant, used: now() })
    const id = `${origin}/id/${organization}/${grant.account}`
    const issuedAt = String(now())
    return json(200, {
      access_token: accessToken,
      ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
      signature: createHmac('sha256', clientSecret)
        .update(id + issuedAt)
        .digest('base64'),
      scope: grant.scope,
      instance_url: instance,
      id,
      token_type: 'Bearer',
      issued_at: issuedAt,
    })
  }

  const newRefreshToken = (refresh: Refresh): string => {
    const token = keep(`5Aep861${random(48)}`)
    refreshTokens.set(token, refresh)
    return token
  }

  const redeem = ({ url, form }: Received): Answer => {
    const found = codes.redeem(form.get('code') ?? '')
    if (found === undefined) return refuse('invalid_grant', 'expired authorization code')
    if (form.get('redirect_uri') !== found.redirectUri)
      return refuse('redirect_uri_mismatch', 'redirect_uri must match configuration')
    if (!isVerifierOf(found.challenge, form.get('code_verifier') ?? ''))
      return refuse('invalid_grant', 'invalid code verifier')
    const grant = { account: found.account, scope: found.scope, ended: false }
    grants.push(grant)
    const [oldest] = liveOf(grant.account)
    if (oldest !== undefined && liveOf(grant.account).length > mostGrants) oldest.ended = true
    return tokens(url.origin, grant, found.offline ? newRefreshToken({ grant }) : undefined)
  }

  const refresh = ({ url, form }: Received): Answer => {
    const text = form.get('refresh_token') ?? ''
    const found = refreshTokens.get(text)
    if (found === undefined || found.grant.ended)
      return refuse('invalid_grant', 'expired access/refresh token')
    const { grant, replaces } = found
    if (replaces !== undefined) refreshTokens.delete(replaces)
    if (rotation === 'off') return tokens(url.origin, grant)
    if (rotation === 'single-use') refreshTokens.delete(text)
    return tokens(url.origin, grant, newRefreshToken({ grant, replaces: text }))
  }

  const token = (request: Received): Answer => {
    const client = clientOf(request)
    if (client.id !== clientId) return refuse('invalid_client_id', 'client identifier invalid')
    if (client.secret !== clientSecret)
      return refuse('invalid_client', 'invalid client credentials')
    if (request.kind === 'code') return redeem(request)
    if (request.kind === 'refresh') return refresh(request)
    return refuse('unsupported_grant_type', 'grant type not supported')
  }

  /** The session of a token, which lives on by being used. */
  const use = (text: string | undefined): Session | undefined => {
    const session = sessions.get(text ?? '')
    const isAlive =
      session !== undefined && !session.grant.ended && session.used + sessionTimeout > now()
    if (isAlive) session.used = now()
    return isAlive ? session : undefined
  }

  const revoke = ({ form, url }: Received): Answer => {
    const text = form.get('token') ?? url.searchParams.get('token') ?? ''
    const grant = refreshTokens.get(text)?.grant
    if (grant === undefined && !sessions.delete(text))
      return refuse('invalid_token', 'the token is not known')
    if (grant !== undefined) grant.ended = true
    return { status: 200 }
  }

  const userInfo = (request: Received): Answer => {
    const text = bearerOf(request)
    if (text === undefined) return badToken('Missing_OAuth_Token')
    const session = use(text)
    if (session === undefined) return badToken('Bad_OAuth_Token')
    const { account: id } = session.grant
    return json(200, { sub: id, user_id: id, organization_id: organization, active: true })
  }

  const callApi = (request: Received, origin: string): Answer => {
    const { pathname } = request.url
    if (pathname === '/services/data') return versions
    const isHere = request.url.origin === instance || pathname.startsWith('/services/oauth2/')
    if (!isHere || (request.url.origin !== origin && request.url.origin !== instance))
      return sessionExpired
    if (pathname === '/services/oauth2/userinfo') return userInfo(request)
    if (use(bearerOf(request)) === undefined) return sessionExpired
    return limits
  }

  const server = await startServer({
    kindOf,
    answer: (request) => {
      const { kind, method, url } = request
      if (kind === 'authorize') return authorize(request)
      if (kind === 'revoke') return revoke(request)
      if (kind === 'api') return callApi(request, server.origin)
      return url.pathname === tokenPath && method === 'POST' ? token(request) : { status: 404 }
    },
  })
  instance = await server.open()

  return {
    ...server,
    application: {
      dataStore: 1,
      clientId,
      clientSecret,
      authorizeURI: server.origin + authorizePath,
      tokenURI: server.origin + tokenPath,
      scope: 'api refresh_token',
    },
    register: (redirectUri) => void redirectUris.add(redirectUri),
    decide: (next) => void (decision = next),
    signIn: (next) => void (account = next),
    secrets: () => secrets,
    endSessions: () => sessions.clear(),
    withdraw: () => {
      for (const grant of liveOf(account)) grant.ended = true
    },
    rotate: (next) => void (rotation = next),
    moveInstance: async () => (instance = await server.open()),
    instanceUrl: () => instance,
    liveGrants: () => liveOf(account).length,
  }
}
