import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemTenantId } from '#features/access/permissions.ts'
import { readKeysOf } from '#features/sealed/stored-keys.ts'
import { openDataKey } from '#vault/envelope.ts'
import { freePort, people, startApp, type TestApp, onPostgres } from '#test/support/app.ts'
import { runOn } from '#test/support/database.ts'
import { manage } from '#test/support/oauth.ts'
import { oauthProfiles } from '#test/support/oauth-profiles.ts'
import { type HostileUpstream, json, startHostileUpstream } from '#test/support/hostile-upstream.ts'
import {
  callbackUrl,
  comeBack,
  goOn,
  newLink,
  registerUpstream,
  signedIn,
  tokenRequests,
} from '../connect/support.ts'
import { oauthApps, sampleApplication } from '#test/support/oauth-applications.ts'

// Must show 7 and T57: a whole journey is played while every request and answer is watched; whatever was
// secret in it is then searched for, in several spellings, in everything that is not meant to have it.

let app: TestApp
let metricsPort: number
let upstream: HostileUpstream
/** Every secret of the journey: where it was met, by its text. */
const secrets = new Map<string, string>()
/** What must not contain any: answers that refuse, log lines, metrics, files. */
const errorBodies: string[] = []
const plainFetch = globalThis.fetch

const keep = (where: string, secret: string | null | undefined): void => {
  if (typeof secret === 'string' && secret.length >= 12) secrets.set(secret, where)
}

const minted = /hg_(?:at|rt|cs|ac|se|ar|br|cl|st)_[\w-]{49}/g

/** Everything that looks like a secret of ours, and every CSRF token, in a request or an answer. */
const collect = (where: string, text: string): void => {
  for (const [secret] of text.matchAll(minted)) keep(where, secret)
  for (const [, csrf] of text.matchAll(/name="csrf" value="([^"]+)"/g)) keep(`${where} csrf`, csrf)
}

const watchedFetch: typeof fetch = async (input, init) => {
  const url = input instanceof Request ? input.url : String(input)
  collect(`the URL ${new URL(url).pathname.slice(0, 20)}`, url)
  const { body } = init ?? {}
  if (typeof body === 'string') collect('a body', body)
  if (body instanceof URLSearchParams) {
    collect('a form', body.toString())
    keep('a form, code_verifier', body.get('code_verifier'))
  }
  const response = await plainFetch(input, init)
  collect('a header', JSON.stringify([...response.headers, ...response.headers.getSetCookie()]))
  const copy = await response.clone().text()
  collect(`an answer of ${new URL(url).pathname.slice(0, 20)}`, copy)
  // A sign-in page that refuses has a form again, and a form has its token; nothing else may have it.
  if (response.status >= 400) errorBodies.push(copy.replaceAll(/ name="csrf" value="[^"]*"/g, ''))
  return response
}

const spellings = (secret: string): readonly string[] => {
  const bytes = Buffer.from(secret)
  // Base64 of the secret inside of something longer depends on where it begins: the middle is searched.
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(4, -4)
      .replace(/=+$/, ''),
  )
  return [
    secret,
    ...shifted,
    ...shifted.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    bytes.toString('hex'),
    encodeURIComponent(secret),
    [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    JSON.stringify(secret).slice(1, -1),
    // The random part alone, in case that somebody cuts the prefix off.
    ...(/^hg_.._/.test(secret) ? [secret.slice(6, 46)] : []),
  ]
}

const hits = (places: ReadonlyMap<string, Buffer>): readonly string[] => {
  const found: string[] = []
  for (const [secret, met] of secrets)
    for (const spelling of new Set(spellings(secret)))
      for (const [place, bytes] of places)
        if (bytes.includes(spelling))
          found.push(`${met} found in ${place}: ${spelling.slice(0, 12)}…`)
  return found
}

const readAll = async (): Promise<ReadonlyMap<string, Buffer>> => {
  const metrics = await (await plainFetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  assert.match(metrics, /headgate_tokens_issued_total/)
  const places = new Map<string, Buffer>([
    ['the log', Buffer.from(app.logs.join(''))],
    ['the metrics', Buffer.from(metrics)],
    ['the bodies of refusals', Buffer.from(errorBodies.join('\n'))],
  ])
  for (const name of readdirSync(app.dataDir))
    if (name.startsWith('headgate.db'))
      places.set(`the file ${name}`, readFileSync(join(app.dataDir, name)))
  if (onPostgres) places.set('the tables of the database', Buffer.from(await dumpTables()))
  return places
}

/** Every row of every table as text; bytes in hex, which the search reads as well. */
const dumpTables = async (): Promise<string> => {
  const url = readFileSync(join(app.dataDir, 'test-database'), 'utf8')
  const tables = await runOn(url, "select tablename from pg_tables where schemaname = 'public'")
  let dump = ''
  for (const { tablename } of tables)
    dump += JSON.stringify(await runOn(url, `select t::text as row from ${String(tablename)} t`))
  return dump
}

before(async () => {
  metricsPort = await freePort()
  globalThis.fetch = watchedFetch
  upstream = await startHostileUpstream()
  app = await startApp({
    level: 'trace',
    env: { HEADGATE_METRICS_PORT: String(metricsPort), HEADGATE_EGRESS_ALLOW: '127.0.0.1' },
  })
  for (const person of Object.values(people))
    keep(`the password of ${person.name}`, person.password)
})
after(async () => {
  globalThis.fetch = plainFetch
  await app.close()
  await upstream.close()
})

/** What an upstream gave: stored, replaced, shown, refused in every way, and gone again. */
const playProfiles = async (oauthAppId: number): Promise<void> => {
  const tokens = (round: string) => {
    const made = {
      accessToken: `the-access-token-${round}-of-an-upstream`,
      refreshToken: `the-refresh-token-${round}-of-an-upstream`,
    }
    for (const [name, token] of Object.entries(made)) keep(`the upstream's ${name}`, token)
    return made
  }
  const as = { person: people.user }
  const body = { name: 'canary', oauthAppId, ...tokens('first') }
  const made = await manage(app, 'POST', oauthProfiles, { ...as, body })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const path = `${oauthProfiles}/${String(made.body['id'])}`
  // Wrong in every way: the name is taken, the application unknown, a type, a sign and a text that are none.
  const wrong = tokens('wrong')
  for (const sent of [
    { ...body, ...wrong },
    { ...body, ...wrong, oauthAppId: 987_654 },
    { ...body, ...wrong, name: 'a/b' },
    { ...body, ...wrong, description: 7 },
    { ...body, accessToken: `${wrong.accessToken}\u0000`, refreshToken: `${wrong.refreshToken}é` },
    { ...body, accessToken: [wrong.accessToken], refreshToken: { is: wrong.refreshToken } },
    `{"refreshToken":"${wrong.refreshToken}"`,
  ])
    assert.equal((await manage(app, 'POST', oauthProfiles, { ...as, body: sent })).status, 400)
  const next = await manage(app, 'PUT', path, { ...as, body: { ...body, ...tokens('next') } })
  assert.equal(next.status, 200)
  for (const rest of ['', '/history', '/stats'])
    assert.equal((await manage(app, 'GET', `${path}${rest}`, as)).status, 200)
  await manage(app, 'GET', `${oauthProfiles}?refreshToken=${wrong.refreshToken}`, as)
  await manage(app, 'GET', `${oauthProfiles}?dataStore=${wrong.refreshToken}`, as)
  const other = { ...body, name: 'gone', ...tokens('gone') }
  const gone = await manage(app, 'POST', oauthProfiles, { ...as, body: other })
  await manage(app, 'DELETE', `${oauthProfiles}/${String(gone.body['id'])}`, as)
}

/** An account that is connected, refused, and connected again, by an upstream that says back what it was sent. */
const playConnections = async (): Promise<void> => {
  const world = { app, upstream }
  const application = await registerUpstream(world)
  const browser = await signedIn(app)
  const way = await goOn(browser, await newLink(app, application, { name: 'connected' }))
  const code = 'the-code-of-the-upstream'
  keep('the code of an upstream', code)
  await browser.send(`${way.callback}?code=${code}&code=${code}&state=${way.state}`)
  await browser.send(callbackUrl({ ...way, state: `${way.state}x` }, { code }))
  await (await signedIn(app, people.owner)).send(callbackUrl(way, { code }))
  const tokens = {
    access_token: 'the-access-token-of-the-connection',
    refresh_token: 'the-refresh-token-of-the-connection',
  }
  for (const token of Object.values(tokens)) keep('a token of a connection', token)
  upstream.behave(json({ ...tokens, token_type: 'bearer' }))
  await comeBack(browser, way, { code })
  const failing = await goOn(browser, await newLink(app, application))
  upstream.behave(json({ error: code, error_description: tokens.access_token }, 400))
  await comeBack(browser, failing, { code })
  const refused = await goOn(browser, await newLink(app, application))
  await comeBack(browser, refused, { error: 'access_denied', error_description: code })
  for (const sent of tokenRequests(upstream)) keep('a verifier', sent.get('code_verifier'))
  assert.equal(tokenRequests(upstream).length, 2)
}

const play = async (): Promise<void> => {
  const support = await import('#test/support/oauth.ts')
  const client = await support.register(app)
  const pkce = support.createPkce()
  const code = await support.getCode(app, client, {
    challenge: pkce.challenge,
    state: 'canary-state-of-the-client',
  })
  const more = { code_verifier: pkce.verifier }
  // Wrong in every way first: refusals quote the most.
  await support.redeem(app, client, code, { ...more, redirect_uri: 'https://wrong.example' })
  await support.redeem(app, { ...client, clientSecret: `${client.clientSecret}x` }, code, more)
  const first = await support.redeem(app, client, code, more)
  assert.equal(first.status, 200)
  const second = await support.refresh(app, client, first.body.refresh_token)
  assert.equal(second.status, 200)
  assert.equal(await support.readWith(app, second.body.access_token), 200)
  await support.readWith(app, first.body.refresh_token)
  await support.readWith(app, `${second.body.access_token}x`)
  await fetch(`${app.url}/api/odata4/one/Items?access_token=${second.body.access_token}`)
  await fetch(`${app.url}/nowhere/${second.body.access_token}?code=${code}`)
  await fetch(`${app.url}/oauth2/token?code=${code}`, { method: 'POST' })
  await fetch(`${app.url}/api/odata4/one/Items?$filter=name eq '${second.body.access_token}'&x=(`, {
    headers: { authorization: `Bearer ${second.body.access_token}` },
  })
  await fetch(`${app.url}/oauth2/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"refresh_token":"${first.body.refresh_token}"`,
  })
  const wrong = { name: people.user.name, password: 'a-wrong-password-of-the-user' }
  keep('a wrong password', wrong.password)
  await support.manage(app, 'GET', '/api/mgmt/datasources', { person: wrong })
  await support.manage(app, 'PUT', `/api/mgmt/oauth/client/applications/${client.id}/reset`)
  await support.redeem(app, client, code, more)
  const upstream = { ...sampleApplication, clientSecret: 'the-secret-at-an-upstream' }
  keep('the secret of an OAuth application', upstream.clientSecret)
  const as = { person: people.admin }
  const made = await support.manage(app, 'POST', oauthApps, { ...as, body: upstream })
  assert.equal(made.status, 201)
  await support.manage(app, 'POST', oauthApps, { ...as, body: { ...upstream, dataStore: 'x' } })
  await support.manage(app, 'PUT', `${oauthApps}/${String(made.body['id'])}`, {
    ...as,
    body: { ...upstream, tokenURI: 'http://wrong.example' },
  })
  await playProfiles(Number(made.body['id']))
  await playConnections()
  const browser = support.createStoppingBrowser()
  const page = await browser.visit(`${app.url}/sign-in`)
  await browser.submit(page, 'password', { username: wrong.name, password: wrong.password })
  await browser.submit(page, 'password', {
    username: people.user.name,
    password: people.user.password,
  })
  const account = await browser.visit(`${app.url}/account/password`)
  const changed = 'the-users-other-password'
  keep('a new password', changed)
  await browser.submit(account, 'currentPassword', {
    currentPassword: people.user.password,
    newPassword: changed,
    repeatPassword: changed,
  })
}

test('T57 after a whole journey at level trace no secret is in the log, the metrics, a refusal or a file of the database', async () => {
  await play()
  const kinds = new Set([...secrets.keys()].map((secret) => /^hg_.._/.exec(secret)?.[0] ?? 'other'))
  assert.deepEqual([...kinds].toSorted(), [
    'hg_ac_',
    'hg_ar_',
    'hg_at_',
    'hg_br_',
    'hg_cl_',
    'hg_cs_',
    'hg_rt_',
    'hg_se_',
    'hg_st_',
    'other',
  ])
  assert.ok([...secrets.values()].some((where) => where.endsWith('csrf')))
  assert.ok(secrets.size >= 20, `only ${secrets.size} secrets were met`)
  assert.ok(errorBodies.length >= 8, `only ${errorBodies.length} refusals were met`)
  const places = await readAll()
  assert.ok(app.logs.length > 20)
  assert.ok(places.has(onPostgres ? 'the tables of the database' : 'the file headgate.db'))
  assert.deepEqual(hits(places), [])
})

test('T57 the database holds none of the keys that everything in it is sealed and hashed with', async () => {
  const { ring, store } = app.core
  const stored = await store.read(() => readKeysOf(store, [systemTenantId]))
  assert.ok(stored.length > 0)
  const keys = [
    ...ring.masters.list().map(({ object }) => object),
    ring.pepper.object,
    ...stored.map((key) => openDataKey(ring.masters, key.id, key.stored).object),
  ].map((key) => key.export())
  const places = await readAll()
  for (const key of keys)
    for (const spelling of [
      key,
      key.toString('hex'),
      key.toString('base64').slice(0, 42),
      key.toString('base64url').slice(0, 42),
    ])
      for (const [place, bytes] of places)
        assert.ok(!bytes.includes(spelling), `a key is in ${place}`)
})

test('T57 the search finds a secret in every spelling when there is one', async () => {
  const secret = [...secrets.keys()].find((text) => text.startsWith('hg_at_')) ?? ''
  for (const spelling of [
    secret,
    Buffer.from(`user:${secret}`).toString('base64'),
    Buffer.from(`a:${secret}!`).toString('base64url'),
    Buffer.from(secret).toString('hex'),
    `x${secret.slice(6)}`,
  ])
    assert.notDeepEqual(hits(new Map([['a leak', Buffer.from(`before ${spelling} after`)]])), [])
})

test('T57 what a request sends is not in the answer of the health check or of the metadata', async () => {
  const secret = [...secrets.keys()].find((text) => text.startsWith('hg_at_')) ?? ''
  for (const path of ['/api/healthcheck', '/.well-known/oauth-authorization-server', '/'])
    assert.ok(
      !(await (await plainFetch(`${app.url}${path}?token=${secret}`)).text()).includes(secret),
      path,
    )
  const answer = await manage(app, 'GET', `/api/mgmt/datasources?x=${secret}`, {
    person: people.owner,
  })
  assert.ok(!JSON.stringify(answer.body).includes(secret))
})
