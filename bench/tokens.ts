import { createHash, randomBytes } from 'node:crypto'
import { createBrowser } from '#commands/demo/browser.ts'
import { passwords } from './headgate.ts'

const redirectUri = 'https://bench.example/callback'

export type Client = { readonly clientId: string; readonly clientSecret: string }
export type Tokens = { readonly access_token: string; readonly refresh_token: string }

type Person = keyof typeof passwords

const basicOf = (person: Person): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${person}:${passwords[person]}`).toString('base64')}`,
})

const register = async (
  url: string,
  person: Person,
  application: Readonly<Record<string, unknown>>,
): Promise<Client> => {
  const response = await fetch(`${url}/api/mgmt/oauth/client/applications`, {
    method: 'POST',
    headers: { ...basicOf(person), 'content-type': 'application/json' },
    body: JSON.stringify({ redirectUrls: [redirectUri], ...application }),
  })
  if (response.status !== 201)
    throw new Error(`register: ${response.status} ${await response.text()}`)
  return (await response.json()) as Client
}

/** Registers a confidential application. */
export const registerClient = (url: string, rotating: boolean, name = 'Bench'): Promise<Client> =>
  register(url, 'd2cuser', {
    name: rotating ? `${name}, rotating` : name,
    refreshTokenRotation: rotating,
  })

/** Registers an application of the user `demo` that gets tokens for itself, which reach the demo's data source. */
export const registerMachine = async (url: string): Promise<Client> => {
  const response = await fetch(`${url}/api/mgmt/datasources`, { headers: basicOf('demo') })
  const { dataSources = [] } = (await response.json()) as {
    readonly dataSources?: readonly { readonly id: string; readonly name: string }[]
  }
  const source = dataSources.find(({ name }) => name === 'aviation')
  if (source === undefined) throw new Error(`no data source of the demo: ${response.status}`)
  return register(url, 'demo', {
    name: 'Bench, machine',
    grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
    dataSources: [source.id],
  })
}

const redeem = async (url: string, form: Record<string, string>): Promise<Tokens> => {
  const response = await fetch(`${url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'authorization_code', ...form }),
  })
  if (response.status !== 200)
    throw new Error(`redeem: ${response.status} ${await response.text()}`)
  return (await response.json()) as Tokens
}

/** Plays sign-in and consent of the user `demo` as often as tokens are wanted; each has a chain of its own. */
export const getTokens = async (url: string, client: Client, count: number): Promise<Tokens[]> => {
  const browser = createBrowser({ stopAt: (address) => address.startsWith(redirectUri) })
  const tokens: Tokens[] = []
  while (tokens.length < count) {
    const verifier = randomBytes(32).toString('base64url')
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: client.clientId,
      redirect_uri: redirectUri,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    })
    let page = await browser.visit(`${url}/oauth2/authorize?${query.toString()}`)
    if (page.html.includes('name="password"'))
      page = await browser.submit(page, 'password', { username: 'demo', password: passwords.demo })
    if (page.html.includes('name="decision"'))
      page = await browser.submit(page, 'decision', { decision: 'allow' })
    const code = new URL(page.url).searchParams.get('code')
    if (code === null) throw new Error(`no code at ${page.url}: ${page.status}`)
    tokens.push(
      await redeem(url, {
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
        client_id: client.clientId,
        client_secret: client.clientSecret,
      }),
    )
  }
  return tokens
}

const form = (fields: Readonly<Record<string, string>>, { clientId, clientSecret }: Client) =>
  new URLSearchParams({ ...fields, client_id: clientId, client_secret: clientSecret }).toString()

/** The body of a refresh, with the client's secret in it; as those below. */
export const refreshBody = (client: Client, refreshToken: string): string =>
  form({ grant_type: 'refresh_token', refresh_token: refreshToken }, client)

/** The body of a request for a token of the client itself. */
export const machineBody = (client: Client): string =>
  form({ grant_type: 'client_credentials' }, client)

/** The body of an introspection. */
export const introspectionBody = (client: Client, token: string): string => form({ token }, client)

const post = async (address: string, body: string): Promise<Readonly<Record<string, unknown>>> => {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body,
  })
  if (response.status !== 200)
    throw new Error(`${address}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Readonly<Record<string, unknown>>
}

/** A token of the client itself, from whichever server. */
export const getMachineToken = async (address: string, client: Client): Promise<string> => {
  const { access_token: token } = await post(address, machineBody(client))
  if (typeof token !== 'string') throw new Error(`${address} gave no token`)
  return token
}

/** Fails unless the server calls the token active: nobody wants to know how fast it denies. */
export const expectActive = async (address: string, body: string): Promise<void> => {
  const { active } = await post(address, body)
  if (active !== true) throw new Error(`${address} does not know the token`)
}
