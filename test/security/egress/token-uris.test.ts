import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { TSchema } from 'typebox'
import { createTokenClient } from '#egress/oauth/token-client.ts'
import type { Registration } from '#egress/oauth/tokens.ts'
import { UpstreamError } from '#egress/upstream-error.ts'
import { endpoints } from '#features/endpoints.ts'
import { Secret } from '#lib/secret.ts'
import { onPostgres, people, startApp, type TestApp } from '#test/support/app.ts'
import {
  goodTokens,
  type HostileUpstream,
  json,
  startHostileUpstream,
} from '#test/support/hostile-upstream.ts'
import { manage } from '#test/support/oauth.ts'
import {
  createOAuthApplication,
  oauthApps,
  sampleApplication,
} from '#test/support/oauth-applications.ts'
import { forbiddenUrls } from './places.ts'

// The URLs that people store and that this server calls, from the API to the socket.

/** A server whose operator listed loopback once and lists nothing now, one whose operator lists it, and what listens there. */
let closed: TestApp
let open: TestApp
/** An application of the first, of the time when its token URI was fine. */
let listedOnce: string
let upstream: HostileUpstream
let other: HostileUpstream
const dataDir = mkdtempSync(join(tmpdir(), 'headgate-egress-'))

const start = (allow?: string): Promise<TestApp> =>
  startApp({
    sources: false,
    dataDir,
    env: allow === undefined ? {} : { HEADGATE_EGRESS_ALLOW: allow },
  })

before(async () => {
  upstream = await startHostileUpstream()
  other = await startHostileUpstream()
  open = await start('127.0.0.1')
  listedOnce = await createOAuthApplication(open, people.admin, {
    tokenURI: `${upstream.origin}/token`,
  })
  await open.close()
  closed = await start()
  open = await startApp({ sources: false, env: { HEADGATE_EGRESS_ALLOW: '127.0.0.1' } })
})
after(async () => {
  for (const { close } of [open, closed, upstream, other]) await close()
  rmSync(dataDir, { recursive: true, force: true })
})

const registration = (fields: Partial<Registration> = {}): Registration => ({
  clientId: 'our-client',
  clientSecret: new Secret('the-secret-of-one-upstream'),
  tokenUri: `${upstream.origin}/token`,
  lane: 'one',
  ...fields,
})

const refresh = { type: 'refresh_token', refreshToken: new Secret('rt-of-one-upstream') } as const
const code = {
  type: 'authorization_code',
  code: new Secret('the-code'),
  redirectUri: 'https://gw.example/cb',
  codeVerifier: new Secret('the-verifier'),
} as const

const faultOf = async (sent: Promise<unknown>): Promise<string> => {
  try {
    await sent
    return 'none'
  } catch (error) {
    assert.ok(error instanceof UpstreamError, String(error))
    return error.fault
  }
}

/** Every property of a schema whose name says that it is a URL, as a path. */
const urlFields = (schema: TSchema, path: string): readonly string[] => {
  const { properties = {}, items } = schema as {
    readonly properties?: Readonly<Record<string, TSchema>>
    readonly items?: TSchema
  }
  return [
    ...Object.entries(properties).flatMap(([name, inner]) => [
      ...(/ur[il]s?$/i.test(name) ? [`${path}.${name}`] : []),
      ...urlFields(inner, `${path}.${name}`),
    ]),
    ...(items === undefined ? [] : urlFields(items, path)),
  ]
}

/** What becomes of each URL that the API takes; one that is not here must be looked at before it is stored. */
const fate: Readonly<Record<string, 'called' | 'opened by a browser'>> = {
  'create-oauth-application.authorizeURI': 'opened by a browser',
  'create-oauth-application.tokenURI': 'called',
  'update-oauth-application.authorizeURI': 'opened by a browser',
  'update-oauth-application.tokenURI': 'called',
  'register-application.redirectUrls': 'opened by a browser',
  'update-application.redirectUrls': 'opened by a browser',
}

test('T61: it is known of every URL in the schemas of the API whether this server calls it', () => {
  const fields = endpoints.flatMap(({ name, body }) => (body ? urlFields(body, name) : []))
  assert.deepEqual(fields.toSorted(), Object.keys(fate).toSorted())
})

test('T61, T64: no URL in the options of a data source leads inwards, whether it is new or changed', async () => {
  const path = '/api/mgmt/datasources'
  const secrets = { ClientId: 'c', ClientSecret: 's', RefreshToken: 'r' }
  const whole = { ...secrets, TokenURI: 'https://login.example/token' }
  const send = (method: string, to: string, name: string, options: object) =>
    manage(closed, method, to, {
      person: people.user,
      body: { name, dataStore: 63, connectionType: 'Cloud', options },
    })
  const made = await send('POST', path, 'outwards', whole)
  assert.equal(made.status, 201)
  const before = upstream.connections()
  for (const url of forbiddenUrls(upstream.port))
    for (const option of ['AuthURI', 'TokenURI', 'HealthURI']) {
      const options = { ...whole, [option]: url }
      const answers = await Promise.all([
        send('POST', path, 'inwards', options),
        send('PUT', `${path}/${String(made.body['id'])}`, 'inwards', options),
      ])
      assert.deepEqual(
        answers.map(({ status }) => status),
        [400, 400],
        `${option} ${url}`,
      )
    }
  assert.equal(upstream.connections(), before)
})

test('T61, T64: no URI of an OAuth application leads inwards, whether it is new or changed, and nothing is stored or called', async () => {
  const id = listedOnce
  const list = () => manage(closed, 'GET', oauthApps, { person: people.admin })
  const stored = await list()
  const before = upstream.connections()
  const ways = ['authorizeURI', 'tokenURI'].flatMap((field) => [
    { method: 'POST', path: oauthApps, field },
    { method: 'PUT', path: `${oauthApps}/${id}`, field },
  ])
  for (const url of forbiddenUrls(upstream.port)) {
    const statuses = ways.map(async ({ method, path, field }) => {
      const body = { ...sampleApplication, name: 'inwards', [field]: url }
      return (await manage(closed, method, path, { person: people.admin, body })).status
    })
    assert.deepEqual(await Promise.all(statuses), [400, 400, 400, 400], url)
  }
  assert.deepEqual((await list()).body, stored.body)
  assert.equal(upstream.connections(), before)
})

test('T64: a token URI that leads inwards is not called, however it came to be stored', async () => {
  const before = upstream.connections()
  for (const tokenUri of forbiddenUrls(upstream.port))
    for (const spelled of [tokenUri, `POST ${tokenUri}`])
      assert.equal(
        await faultOf(
          closed.core.tokenClient.request(registration({ tokenUri: spelled }), refresh),
        ),
        'forbidden-address',
        spelled,
      )
  assert.equal(upstream.connections(), before)
})

test('T64: what the operator no longer lists is no longer called, although it was fine when it was stored', async () => {
  const { body } = await manage(closed, 'GET', `${oauthApps}/${listedOnce}`, {
    person: people.admin,
  })
  const tokenUri = String(body['tokenURI'])
  assert.equal(tokenUri, `${upstream.origin}/token`)
  const before = upstream.connections()
  const sent = closed.core.tokenClient.request(registration({ tokenUri }), refresh)
  assert.equal(await faultOf(sent), 'forbidden-address')
  assert.equal(upstream.connections(), before)
})

test('T64: an upstream names no instance that leads inwards: who connects is told, and a renewal takes none', async () => {
  const before = other.connections()
  // It reaches the upstream, and takes nothing private for an instance.
  const tokenClient = createTokenClient(open.core.outbound)
  for (const instance_url of forbiddenUrls(other.port)) {
    upstream.behave(json({ ...goodTokens, instance_url }))
    const fault = await faultOf(tokenClient.request(registration(), code))
    assert.equal(fault, 'malformed', instance_url)
    const { instanceUrl } = await tokenClient.request(registration(), refresh)
    assert.equal(instanceUrl, undefined, instance_url)
  }
  assert.equal(other.connections(), before)
})

test('T82: a token request has the secret of its own upstream, goes there alone, and asserts nothing', async () => {
  const { tokenClient } = open.core
  const second = registration({
    clientSecret: new Secret('the-secret-of-another-upstream'),
    tokenUri: `${other.origin}/token`,
    lane: 'two',
  })
  const grants = [refresh, { type: 'client_credentials', scope: 'a' }, code] as const
  // Each upstream names the other one wherever an answer can name anybody.
  const idToken = (issuer: string): string =>
    ['{"alg":"none"}', JSON.stringify({ iss: issuer, sub: '1', aud: 'our-client' }), '']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.')
  for (const grant of grants) {
    const seen = [upstream, other].map(({ received }) => received.length)
    for (const [one, another, who] of [
      [upstream, other, registration()],
      [other, upstream, second],
    ] as const) {
      const links = { id: `${another.origin}/id`, token_endpoint: another.origin }
      one.behave(json({ ...goodTokens, ...links, id_token: idToken(another.origin) }))
      await tokenClient.request(who, grant)
    }
    assert.equal(upstream.received.length, (seen[0] ?? 0) + 1)
    assert.equal(other.received.length, (seen[1] ?? 0) + 1)
  }
  for (const { received } of [upstream, other])
    for (const { method, path, headers, body } of received.slice(-grants.length)) {
      const form = new URLSearchParams(body)
      assert.deepEqual([method, path], ['POST', '/token'])
      assert.equal(headers.authorization, undefined)
      assert.equal(headers.cookie, undefined)
      for (const name of form.keys()) assert.doesNotMatch(name, /assertion|dpop|request|audience/i)
      const own = received === upstream.received ? 'one' : 'another'
      assert.equal(form.get('client_secret'), `the-secret-of-${own}-upstream`)
      const all = `${path} ${JSON.stringify(headers)} ${body}`
      assert.equal(all.split('the-secret-of-').length, 2, 'one secret, once')
    }
})

test('T82: a token endpoint that sends the request elsewhere gets nothing carried there', async () => {
  const before = other.connections()
  for (const status of [301, 302, 303, 307, 308]) {
    upstream.behave((_request, response) => {
      response.writeHead(status, { location: `${other.origin}/token` }).end()
    })
    const sent = open.core.tokenClient.request(registration(), refresh)
    assert.equal(await faultOf(sent), 'redirected')
  }
  assert.equal(other.connections(), before)
})

test('T63: a client id that is a URL is an unknown client like any other, and nobody fetches it', async () => {
  const before = upstream.connections()
  const ask = async (clientId: string) => {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: `${upstream.origin}/callback`,
      request_uri: `${upstream.origin}/request`,
    })
    const page = await fetch(`${open.url}/oauth2/authorize?${query.toString()}`, {
      redirect: 'manual',
    })
    const token = await fetch(`${open.url}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: 'x',
      }),
    })
    const html = (await page.text()).replaceAll(
      /[0-9a-f]{8}-[0-9a-f-]{27}/g,
      'the id of the request',
    )
    return {
      page: [page.status, page.headers.get('location'), html],
      token: [token.status, await token.text()],
    }
  }
  const unknown = await ask('nobody')
  assert.deepEqual([unknown.page[0], unknown.page[1]], [400, null])
  assert.match(String(unknown.token[1]), /"invalid_client"/)
  for (const id of [
    `${upstream.origin}/client.json`,
    `https://127.0.0.1:${upstream.port}/client.json`,
    'https://client.example/metadata/client.json',
  ])
    assert.deepEqual(await ask(id), unknown, id)
  assert.equal(upstream.connections(), before)
})

test('T63: an application that is registered with URLs of metadata is not asked for them', async () => {
  const before = upstream.connections()
  const links = Object.fromEntries(
    ['jwks_uri', 'jwksUri', 'sector_identifier_uri', 'logo_uri', 'client_uri', 'request_uris'].map(
      (name) => [name, `${upstream.origin}/${name}`],
    ),
  )
  const answer = await manage(open, 'POST', '/api/mgmt/oauth/client/applications', {
    body: { name: 'Linked', redirectUrls: [`${upstream.origin}/callback`], ...links },
  })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  for (const name of Object.keys(links)) assert.equal(answer.body[name], undefined)
  assert.equal(upstream.connections(), before)
})

test('T61: the database of this server is out of its reach although its address is listed', {
  skip: !onPostgres,
}, async () => {
  const { hostname, port } = new URL(process.env['HEADGATE_TEST_POSTGRES'] ?? '')
  assert.equal(hostname, '127.0.0.1')
  const sent = open.core.outbound.send({
    method: 'GET',
    url: `http://127.0.0.1:${port}/`,
    lane: 'x',
  })
  assert.equal(await faultOf(sent), 'forbidden-address')
})
