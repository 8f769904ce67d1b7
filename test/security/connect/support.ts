import assert from 'node:assert/strict'
import { all } from '#store/command.ts'
import {
  people,
  type Person,
  startApp,
  type StartOptions,
  type TestApp,
} from '#test/support/app.ts'
import { type HostileUpstream, startHostileUpstream } from '#test/support/hostile-upstream.ts'
import { manage } from '#test/support/oauth.ts'
import { createOAuthApplication, oauthApps } from '#test/support/oauth-applications.ts'
import {
  createRawBrowser,
  csrfOf,
  type Exchange,
  type RawBrowser,
} from '../front-channel/raw-browser.ts'

// Connecting an account over real HTTP: the browser and the data store's consent page are played by the test, its token endpoint
// is a real server.

export type World = { readonly app: TestApp; readonly upstream: HostileUpstream }

export const startWorld = async (options: StartOptions = {}): Promise<World> => {
  const app = await startApp({
    sources: false,
    ...options,
    env: { HEADGATE_EGRESS_ALLOW: '127.0.0.1', ...options.env },
  })
  return { app, upstream: await startHostileUpstream() }
}

export const stopWorld = async ({ app, upstream }: World): Promise<void> => {
  await app.close()
  await upstream.close()
}

/** Fields of an OAuth application at an upstream, of the Autonomous REST Connector. */
export const fieldsAt = (upstream: HostileUpstream, name: string) => ({
  name,
  dataStore: 63,
  clientId: `client of ${name}`,
  clientSecret: `the-secret-of-${name}`,
  authorizeURI: `${upstream.origin}/authorize`,
  tokenURI: `${upstream.origin}/token`,
  scope: 'read offline',
})

let made = 0

export const uniqueName = (): string => `n${(made += 1)}`

/** Registers an upstream as an OAuth application of the system tenant; answers its id. */
export const registerUpstream = (
  { app, upstream }: World,
  fields: Record<string, unknown> = {},
): Promise<string> =>
  createOAuthApplication(app, people.admin, { ...fieldsAt(upstream, uniqueName()), ...fields })

/** Asks for a link; answers what the server answers. */
export const requestLink = (
  app: TestApp,
  applicationId: string,
  body: unknown = { name: uniqueName() },
  person: Person = people.user,
) => manage(app, 'POST', `${oauthApps}/${applicationId}/connect`, { person, body })

/** The path of a new link. */
export const newLink = async (
  app: TestApp,
  applicationId: string,
  body?: unknown,
  person?: Person,
): Promise<string> => {
  const answer = await requestLink(app, applicationId, body, person)
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return new URL(String(answer.body['link'])).pathname
}

/** A browser in which somebody is signed in. */
export const signedIn = async (app: TestApp, person: Person = people.user): Promise<RawBrowser> => {
  const browser = createRawBrowser(app)
  const page = await browser.send('/sign-in')
  await browser.send('/sign-in', {
    form: { csrf: csrfOf(page), username: person.name, password: person.password },
  })
  assert.ok(browser.jar.has('hg_session'))
  return browser
}

/** Presses a button of the page of a link. */
export const press = (
  browser: RawBrowser,
  page: Exchange,
  decision: 'continue' | 'cancel' = 'continue',
): Promise<Exchange> => browser.send(page.url, { form: { csrf: csrfOf(page), decision } })

/** What goes to the data store. */
export type Way = { readonly url: URL; readonly state: string; readonly callback: string }

export const wayOf = (exchange: Exchange): Way => {
  assert.equal(exchange.status, 303, exchange.html)
  const url = new URL(exchange.location ?? '')
  const at = (name: string): string => url.searchParams.get(name) ?? ''
  return { url, state: at('state'), callback: new URL(at('redirect_uri')).pathname }
}

/** Opens a link and goes on to the data store. */
export const goOn = async (browser: RawBrowser, link: string): Promise<Way> =>
  wayOf(await press(browser, await browser.send(link)))

export const callbackUrl = (
  { callback, state }: Pick<Way, 'callback' | 'state'>,
  parameters: Record<string, string> = { code: 'the-code-of-the-store' },
): string => `${callback}?${new URLSearchParams({ ...parameters, state }).toString()}`

/** The browser comes back from the data store and follows to the page that says what became of it. */
export const comeBack = (
  browser: RawBrowser,
  way: Pick<Way, 'callback' | 'state'>,
  parameters?: Record<string, string>,
): Promise<Exchange> => browser.follow(callbackUrl(way, parameters))

/** The token requests that an upstream has received. */
export const tokenRequests = (upstream: HostileUpstream): readonly URLSearchParams[] =>
  upstream.received
    .filter(({ path }) => path === '/token')
    .map(({ body }) => new URLSearchParams(body))

/** The connections as they stand in the database, oldest first. */
export const connectionsOf = ({ core: { store } }: TestApp) =>
  store.read(() => all(store.sql.selectFrom('oauth_connections').selectAll().orderBy('created_at')))

export const profileNames = async (
  app: TestApp,
  person: Person = people.user,
): Promise<readonly string[]> => {
  const { body } = await manage(app, 'GET', '/api/mgmt/oauthprofiles', { person })
  return (body['profiles'] as { name: string }[]).map(({ name }) => name)
}

/** Runs something, and asserts that nobody was asked for tokens and no profile was made meanwhile. */
export const assertNothingExchanged = async (
  { app, upstream }: World,
  run: () => Promise<unknown>,
): Promise<void> => {
  const before = [tokenRequests(upstream).length, await profileNames(app)]
  await run()
  assert.deepEqual([tokenRequests(upstream).length, await profileNames(app)], before)
}
