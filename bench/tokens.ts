import { createHash, randomBytes } from 'node:crypto'
import { createBrowser } from '#commands/demo/browser.ts'
import { passwords } from './headgate.ts'

const redirectUri = 'https://bench.example/callback'

export type Client = { readonly clientId: string; readonly clientSecret: string }
export type Tokens = { readonly access_token: string; readonly refresh_token: string }

/** Registers a confidential application. */
export const registerClient = async (url: string, rotating: boolean): Promise<Client> => {
  const basic = Buffer.from(`d2cuser:${passwords.d2cuser}`).toString('base64')
  const response = await fetch(`${url}/api/mgmt/oauth/client/applications`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: rotating ? 'Bench, rotating' : 'Bench',
      redirectUrls: [redirectUri],
      refreshTokenRotation: rotating,
    }),
  })
  if (response.status !== 201)
    throw new Error(`register: ${response.status} ${await response.text()}`)
  return (await response.json()) as Client
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

/** The body of a refresh, with the client's secret in it. */
export const refreshBody = (client: Client, refreshToken: string): string =>
  new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: client.clientId,
    client_secret: client.clientSecret,
  }).toString()
