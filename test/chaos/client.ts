import { createBrowser } from '../../src/commands/demo/browser.ts'
import { people } from '#test/support/app.ts'

// What a client application and its user do in the chaos tests.

export const redirectUri = 'https://client.example/callback'

export type Client = { readonly id: string; readonly secret: string }
export type TokenAnswer = { readonly status: number; readonly body: Record<string, unknown> }

export const authorizeUrl = (url: string, client: Client): string =>
  `${url}/oauth2/authorize?${new URLSearchParams({
    response_type: 'code',
    client_id: client.id,
    redirect_uri: redirectUri,
  }).toString()}`

/**
 * A signed-in browser whose user has consented; each further visit of the link, at whichever address, answers with a code. Throws
 * `NoCode` when a page came instead.
 */
export const signIn = async (url: string, client: Client) => {
  const browser = createBrowser({ stopAt: (to) => to.startsWith(redirectUri) })
  let page = await browser.visit(authorizeUrl(url, client))
  if (page.html.includes('name="password"'))
    page = await browser.submit(page, 'password', {
      username: people.owner.name,
      password: people.owner.password,
    })
  if (page.html.includes('name="decision"'))
    page = await browser.submit(page, 'decision', { decision: 'allow' })
  return async (at = url): Promise<string> => {
    const { url: landed, status } = await browser.visit(authorizeUrl(at, client))
    const code = new URL(landed).searchParams.get('code')
    if (code === null) throw new NoCode(landed, status)
    return code
  }
}

/** The browser did not get a code; the page that it got instead. */
export class NoCode extends Error {
  readonly status: number
  constructor(url: string, status: number) {
    super(`no code came, but ${status} at ${url}`)
    this.status = status
  }
}

export const askToken = async (
  url: string,
  client: Client,
  form: Readonly<Record<string, string>>,
): Promise<TokenAnswer> => {
  const response = await fetch(`${url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...form, client_id: client.id, client_secret: client.secret }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

export const redeem = (url: string, client: Client, code: string): Promise<TokenAnswer> =>
  askToken(url, client, { grant_type: 'authorization_code', code, redirect_uri: redirectUri })

export const refresh = (url: string, client: Client, token: string): Promise<TokenAnswer> =>
  askToken(url, client, { grant_type: 'refresh_token', refresh_token: token })

/** Reads one item with a bearer token; answers the status. */
export const read = async (url: string, accessToken: string): Promise<number> => {
  const response = await fetch(`${url}/api/odata4/one/Items(1)`, {
    headers: { authorization: `Bearer ${accessToken}` },
  })
  await response.arrayBuffer()
  return response.status
}
