import { createHash, randomBytes } from 'node:crypto'
import { createBrowser, type Page } from '../../src/commands/demo/browser.ts'
import { basicOf, people, type Person, type TestApp } from './app.ts'

export type Registered = {
  readonly id: number
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
}

/** Nobody listens there: the tests read the redirect instead of following it. */
export const callback = 'https://client.example/callback'

/** Registers an application over HTTP, as the developer unless told otherwise. */
export const register = async (
  app: TestApp,
  fields: Record<string, unknown> = {},
  person: Person = people.owner,
): Promise<Registered> => {
  const redirectUrls = (fields['redirectUrls'] as string[] | undefined) ?? [callback]
  const response = await fetch(`${app.url}/api/mgmt/oauth/client/applications`, {
    method: 'POST',
    headers: { ...basicOf(person), 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Test application', redirectUrls, ...fields }),
  })
  const body = (await response.json()) as Registered
  if (response.status !== 201)
    throw new Error(`register: ${response.status} ${JSON.stringify(body)}`)
  return { ...body, redirectUri: redirectUrls[0] ?? callback }
}

export const createPkce = () => {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export type AuthorizeOptions = {
  readonly person?: Person
  readonly challenge?: string
  readonly state?: string
  /** Ids of the data sources to tick; all of them unless given. */
  readonly sources?: readonly number[]
  readonly later?: boolean
  readonly decision?: 'allow' | 'deny'
  readonly redirectUri?: string
  readonly parameters?: Record<string, string>
}

export const authorizeUrl = (
  app: TestApp,
  client: Registered,
  options: AuthorizeOptions = {},
): string =>
  `${app.url}/oauth2/authorize?${new URLSearchParams({
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: options.redirectUri ?? client.redirectUri,
    ...(options.state === undefined ? {} : { state: options.state }),
    ...(options.challenge === undefined
      ? {}
      : { code_challenge: options.challenge, code_challenge_method: 'S256' }),
    ...options.parameters,
  }).toString()}`

/** A browser that stops where the server sends it away, and shows where to. */
export const createStoppingBrowser = () => {
  const browser = createBrowser({
    stopAt: (url) =>
      !/^https?:\/\/(?:localhost|127\.0\.0\.1)/.test(url) || url.includes('/callback'),
  })
  return browser
}

/** Plays the person at sign-in and consent pages; answers the parameters that came back to the client. */
export const authorizeInBrowser = async (
  app: TestApp,
  client: Registered,
  options: AuthorizeOptions = {},
): Promise<URLSearchParams> => {
  const person = options.person ?? people.user
  const browser = createStoppingBrowser()
  let page: Page = await browser.visit(authorizeUrl(app, client, options))
  if (page.html.includes('name="password"'))
    page = await browser.submit(page, 'password', {
      username: person.name,
      password: person.password,
    })
  if (page.html.includes('name="decision"')) {
    page = await browser.submit(
      page,
      'decision',
      { decision: options.decision ?? 'allow', ...(options.later ? { later: 'yes' } : {}) },
      options.sources === undefined ? undefined : { source: options.sources.map(String) },
    )
  }
  if (page.html !== '')
    throw new Error(
      `the flow stopped at ${page.url} with ${page.status}: ${page.html.slice(0, 2000)}`,
    )
  return new URL(page.url).searchParams
}

/** A code for the application; throws when the flow ended otherwise. */
export const getCode = async (
  app: TestApp,
  client: Registered,
  options: AuthorizeOptions = {},
): Promise<string> => {
  const answer = await authorizeInBrowser(app, client, options)
  const code = answer.get('code')
  if (code === null) throw new Error(`no code: ${answer.toString()}`)
  return code
}

export type TokenAnswer = {
  readonly status: number
  readonly headers: Headers
  readonly body: {
    access_token: string
    refresh_token: string
    expires_in: number
    scope: string
    token_type: string
    error?: string
    error_description?: string
  }
}

/** Asks the token endpoint with a form. */
export const askToken = async (
  app: TestApp,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<TokenAnswer> => {
  const response = await fetch(`${app.url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers,
  })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as TokenAnswer['body'],
  }
}

/** How a client names and proves itself in a form. */
export const credentials = (client: Registered): Record<string, string> =>
  client.clientSecret === undefined
    ? { client_id: client.clientId }
    : { client_id: client.clientId, client_secret: client.clientSecret }

export const redeem = (
  app: TestApp,
  client: Registered,
  code: string,
  more: Record<string, string> = {},
): Promise<TokenAnswer> =>
  askToken(app, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: client.redirectUri,
    ...credentials(client),
    ...more,
  })

export const refresh = (
  app: TestApp,
  client: Registered,
  refreshToken: string,
  more: Record<string, string> = {},
): Promise<TokenAnswer> =>
  askToken(app, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    ...credentials(client),
    ...more,
  })

/** Asks for a token in the name of the client itself. */
export const askAsClient = (
  app: TestApp,
  client: Registered,
  more: Record<string, string> = {},
): Promise<TokenAnswer> =>
  askToken(app, { grant_type: 'client_credentials', ...credentials(client), ...more })

/** Hands a person's password to the client. */
export const askWithPassword = (
  app: TestApp,
  client: Registered,
  person: Person = people.user,
  more: Record<string, string> = {},
): Promise<TokenAnswer> =>
  askToken(app, {
    grant_type: 'password',
    username: person.name,
    password: person.password,
    ...credentials(client),
    ...more,
  })

/** The id of a data source, by its name. */
export const sourceId = async (
  app: TestApp,
  name: string,
  person: Person = people.user,
): Promise<string> => {
  const { body } = await manage(app, 'GET', '/api/mgmt/datasources', { person })
  const found = (body['dataSources'] as { id: string; name: string }[]).find((s) => s.name === name)
  if (found === undefined) throw new Error(`there is no data source ${name}`)
  return found.id
}

/** A machine client of the user demo, who owns the data sources `one` and `two`. */
export const registerMachine = async (
  app: TestApp,
  sources: readonly string[] = ['one'],
  fields: Record<string, unknown> = {},
): Promise<Registered> =>
  register(
    app,
    {
      name: 'Machine',
      grantTypes: ['client_credentials'],
      dataSources: await Promise.all(sources.map((name) => sourceId(app, name))),
      ...fields,
    },
    people.user,
  )

/** Asks the introspection endpoint. */
export const introspect = async (
  app: TestApp,
  client: Registered,
  token: string,
): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }> => {
  const response = await fetch(`${app.url}/oauth2/introspect`, {
    method: 'POST',
    body: new URLSearchParams({ token, ...credentials(client) }),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** The whole way to tokens: register (unless given), consent, redeem. */
export const getTokens = async (
  app: TestApp,
  client: Registered,
  options: AuthorizeOptions = {},
): Promise<TokenAnswer['body']> => {
  const pkce = createPkce()
  const code = await getCode(app, client, { challenge: pkce.challenge, ...options })
  const answer = await redeem(app, client, code, {
    code_verifier: pkce.verifier,
    ...(options.redirectUri ? { redirect_uri: options.redirectUri } : {}),
  })
  if (answer.status !== 200)
    throw new Error(`redeem: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

/** Reads one item with a bearer token; answers the status. */
export const readWith = async (
  app: TestApp,
  accessToken: string,
  source = 'one',
): Promise<number> => {
  const response = await fetch(`${app.url}/api/odata4/${source}/Items(1)`, {
    headers: { authorization: `Bearer ${accessToken}` },
  })
  await response.arrayBuffer()
  return response.status
}

/** Calls a management endpoint with Basic credentials. */
export const manage = async (
  app: TestApp,
  method: string,
  path: string,
  options: {
    readonly person?: Person
    readonly body?: unknown
    readonly headers?: Record<string, string>
  } = {},
): Promise<{
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}> => {
  const response = await fetch(`${app.url}${path}`, {
    method,
    headers: {
      ...basicOf(options.person ?? people.owner),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined
      ? {}
      : { body: typeof options.body === 'string' ? options.body : JSON.stringify(options.body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
  }
}
