import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import {
  Events,
  type MutableRedirectUri,
  type MutableResponse,
  type MutableToken,
  OAuth2Server,
  type TokenRequestIncomingMessage,
} from 'oauth2-mock-server'
import type { Decision, Upstream } from './authorization.ts'
import { type Answer, bearerOf, json, type Kind, type Received, startServer } from './server.ts'

// An authorization server that nobody here wrote, and beside it a REST service that takes its tokens: it checks their signature by
// the server's published keys. The stranger stands behind a door of ours, which passes everything on and has the switches that all
// upstreams have; where the stranger never refuses, its own event hooks are told to.

export type MockServer = Upstream & {
  /** What a REST data source is asked for its health at. */
  readonly apiUri: string
}

const grants: Readonly<Record<string, Kind>> = {
  authorization_code: 'code',
  refresh_token: 'refresh',
  client_credentials: 'client',
}

const paths: Readonly<Record<string, Kind>> = {
  '/authorize': 'authorize',
  '/revoke': 'revoke',
  '/introspect': 'inspect',
  '/api': 'api',
}

const kindOf = ({ url, form }: Pick<Received, 'url' | 'form'>): Kind =>
  (url.pathname === '/token' ? grants[form.get('grant_type') ?? ''] : paths[url.pathname]) ??
  'other'

const unauthorized = json(
  401,
  { error: 'invalid_token' },
  { 'www-authenticate': 'Bearer error="invalid_token"' },
)

type Claims = { readonly iss?: unknown; readonly exp?: unknown }

const decode = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString())

/** The claims of a JWT that is signed by one of the keys; undefined otherwise. */
const readClaims = (token: string, keys: readonly JsonWebKey[]): Claims | undefined => {
  const [head = '', body = '', signature = ''] = token.split('.')
  try {
    const { kid, alg } = decode(head) as { kid?: unknown; alg?: unknown }
    const jwk = keys.find((key) => key['kid'] === kid)
    if (jwk === undefined || alg !== 'RS256') return undefined
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const signed = Buffer.from(`${head}.${body}`)
    const isRight = verify('sha256', signed, key, Buffer.from(signature, 'base64url'))
    return isRight ? (decode(body) as Claims) : undefined
  } catch {
    return undefined
  }
}

/** Headers that mean the same on both sides of the door. */
const passed = ['content-type', 'authorization', 'location', 'cache-control'] as const

/** What the stranger itself answers. */
const ask = async (stranger: string, request: Received): Promise<Answer> => {
  const { method, url, headers, form } = request
  const response = await fetch(stranger + url.pathname + url.search, {
    method,
    redirect: 'manual',
    headers: passed.flatMap((name): [string, string][] =>
      typeof headers[name] === 'string' ? [[name, headers[name]]] : [],
    ),
    ...(method === 'GET' ? {} : { body: form.toString() }),
  })
  return {
    status: response.status,
    headers: Object.fromEntries(
      [...response.headers].filter(([name]) => passed.includes(name as never)),
    ),
    body: await response.text(),
  }
}

/**
 * Starts the stranger and the REST service on loopback. The stranger has no pages (`ask` is as good as `allow`), takes every client
 * and every redirect URI, and gives a new refresh token with every refresh.
 */
export const startMockServer = async (
  options: { readonly now?: () => number } = {},
): Promise<MockServer> => {
  const { now = Date.now } = options
  const stranger = new OAuth2Server()
  await stranger.issuer.keys.generate('RS256')
  await stranger.start(0, '127.0.0.1')
  const behind = `http://127.0.0.1:${stranger.address().port}`

  const secrets: string[] = []
  const ended = new Set<string>()
  let accessTokens: string[] = []
  let refreshTokens: string[] = []
  let decision: Decision = 'allow'
  let subject = 'johndoe'

  stranger.service.on(Events.BeforeAuthorizeRedirect, ({ url }: MutableRedirectUri) => {
    if (decision !== 'deny') return void secrets.push(url.searchParams.get('code') ?? '')
    url.searchParams.delete('code')
    url.searchParams.set('error', 'access_denied')
  })
  stranger.service.on(Events.BeforeTokenSigning, ({ payload }: MutableToken) => {
    if ('sub' in payload) payload['sub'] = subject
    // The stranger looks at the real time alone.
    const ahead = Math.round((now() - Date.now()) / 1000)
    for (const name of ['iat', 'nbf', 'exp'] as const) payload[name] += ahead
  })
  stranger.service.on(
    Events.BeforeResponse,
    (response: MutableResponse, { body: form }: TokenRequestIncomingMessage) => {
      if (ended.has(String((form as { refresh_token?: unknown }).refresh_token))) {
        response.statusCode = 400
        response.body = { error: 'invalid_grant' }
        return
      }
      const { access_token: access, refresh_token: refresh } = response.body as Record<
        string,
        string
      >
      if (access !== undefined) accessTokens.push(access)
      if (refresh !== undefined) refreshTokens.push(refresh)
      secrets.push(...[access, refresh].filter((secret) => secret !== undefined))
    },
  )

  const callApi = async (request: Received): Promise<Answer> => {
    const token = bearerOf(request) ?? ''
    const response = await fetch(`${behind}/jwks`)
    const { keys } = (await response.json()) as { keys: JsonWebKey[] }
    const claims = readClaims(token, keys)
    const isLive =
      claims?.iss === stranger.issuer.url && Number(claims?.exp) * 1000 > now() && !ended.has(token)
    return isLive ? json(200, { status: 'up' }) : unauthorized
  }

  const server = await startServer({
    kindOf,
    answer: (request) => (request.kind === 'api' ? callApi(request) : ask(behind, request)),
  })
  stranger.issuer.url = server.origin

  const end = (tokens: readonly string[]): void => {
    for (const token of tokens) ended.add(token)
  }

  return {
    ...server,
    application: {
      dataStore: 63,
      clientId: 'a-client-of-the-stranger',
      clientSecret: 'what-the-stranger-never-looks-at',
      authorizeURI: `${server.origin}/authorize`,
      tokenURI: `${server.origin}/token`,
      scope: 'read',
    },
    apiUri: `${server.origin}/api`,
    register: () => undefined,
    decide: (next) => void (decision = next),
    signIn: (next) => void (subject = next),
    secrets: () => secrets,
    endSessions: () => {
      end(accessTokens)
      accessTokens = []
    },
    withdraw: () => {
      end([...accessTokens, ...refreshTokens])
      accessTokens = []
      refreshTokens = []
    },
    close: async () => {
      await server.close()
      await stranger.stop()
    },
  }
}
