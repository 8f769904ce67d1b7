import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { LocalAuthorizeError } from '#oauth/errors.ts'
import { odataScope } from '#oauth/scope.ts'
import {
  basicOf,
  beginSession,
  createSource,
  people,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import {
  askAsClient,
  askWithPassword,
  authorizeInBrowser,
  createPkce,
  getCode,
  getTokens,
  introspect,
  manage,
  readWith,
  redeem,
  refresh,
  register,
  type Registered,
  registerMachine,
} from '#test/support/oauth.ts'
import { createPerson, createTenant, type KnownPerson } from '#test/support/tenants.ts'
import { everything, execute, raw } from '../tokens/support.ts'

// A tenant that is disabled: everything of its users, and of the applications owned there, is refused while it lasts, on
// every path, and comes back with it (DESIGN invariant 16).

let app: TestApp
let tenant: number
let tess: KnownPerson
/** Owned in the tenant: for people, and for itself. */
let owned: Registered
let machine: Registered
/** Owned in the system tenant and open to all. */
let shared: Registered

const writeFiles = (directory: string): void => {
  mkdirSync(directory, { recursive: true })
  for (const [name, rows, bytes] of [
    ['one', 3, 10],
    ['wide', 9000, 4000],
  ] as const) {
    const database = new DatabaseSync(join(directory, `${name}.db`))
    database.exec(`CREATE TABLE Item (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
      INSERT INTO Item WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
        SELECT i, hex(zeroblob(${bytes})) FROM n`)
    database.close()
  }
}

before(async () => {
  app = await startApp()
  tenant = await createTenant(app, 'Tested')
  writeFiles(join(app.dataDir, 'files', String(tenant)))
  tess = await createPerson(app, { name: 'tess', tenantId: tenant, permissions: [1, 2, 7, 9, 11] })
  const one = await createSource(app, 'one', 'one.db', tess)
  const wide = await manage(app, 'POST', '/api/mgmt/datasources', {
    person: tess,
    body: {
      name: 'wide',
      dataStore: 5001,
      connectionType: 'Cloud',
      options: { Database: 'wide.db', ODataPageSize: '10000' },
    },
  })
  assert.equal(wide.status, 201)
  const grantTypes = ['authorization_code', 'refresh_token', 'password']
  owned = await register(app, { name: 'Owned', grantTypes }, tess)
  machine = await register(
    app,
    { name: 'Machine', grantTypes: ['client_credentials'], dataSources: [one] },
    tess,
  )
  shared = await register(app, { name: 'Shared', grantTypes })
  await execute(
    app,
    raw`update client_applications set available_to_tenants = 1 where id = ${shared.id}`,
  )
})
after(() => app.close())

const setStatus = async (status: 0 | 1): Promise<void> => {
  const answer = await manage(app, 'PUT', `/api/admin/tenants/${tenant}`, {
    person: people.admin,
    body: { name: 'Tested', status },
  })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
}

/** A right password counts as a wrong one while the account is disabled, as for any disabled account. */
const forgiveFailures = () =>
  execute(app, raw`delete from login_failures where subject = ${`user:${tess.id}`}`)

const codeFor = async (client: Registered) => {
  const { verifier, challenge } = createPkce()
  return { code: await getCode(app, client, { person: tess, challenge }), verifier }
}

const statusOf = async (path: string, headers: Record<string, string>): Promise<number> => {
  const response = await fetch(`${app.url}${path}`, { headers, redirect: 'manual' })
  await response.arrayBuffer()
  return response.status
}

/** What the consent page would do when the person, signed in before, decides now. */
const decide = async (client: Registered): Promise<string> => {
  const known = await app.core.clients.readClient(client.clientId)
  if (known === undefined) return 'no client'
  const request = {
    clientId: client.clientId,
    redirectUri: client.redirectUri,
    scope: odataScope,
    state: undefined,
    codeChallenge: createPkce().challenge,
  }
  return app.core.consents
    .issueCode(
      { userId: tess.id, client: known, request },
      { scope: odataScope, selection: everything },
      function* () {},
    )
    .then(
      () => 'code',
      (error: unknown) => (error instanceof LocalAuthorizeError ? 'stopped' : String(error)),
    )
}

const held = async () => ({
  session: await beginSession(app, tess),
  machine: (await askAsClient(app, machine)).body,
  byOwned: await getTokens(app, owned, { person: tess }),
  byShared: await getTokens(app, shared, { person: tess }),
  ownedCode: await codeFor(owned),
  sharedCode: await codeFor(shared),
})
type Held = Awaited<ReturnType<typeof held>>

/** What each path says; a code is redeemed by the last of them. */
const paths: Readonly<Record<string, (of: Held) => Promise<unknown>>> = {
  'Basic at the management surface': () => statusOf('/api/mgmt/datasources', { ...basicOf(tess) }),
  'Basic at OData': () => statusOf('/api/odata4/one/Items(1)', { ...basicOf(tess) }),
  'a session': async ({ session }) =>
    (await app.core.sessions.read(session)) === undefined ? 'none' : 'stands',
  'a new session': () =>
    beginSession(app, tess).then(
      () => 'begun',
      () => 'not begun',
    ),
  'bearer, application of the tenant': ({ byOwned }) => readWith(app, byOwned.access_token),
  'bearer, application of the system tenant': ({ byShared }) =>
    readWith(app, byShared.access_token),
  'bearer, machine client': ({ machine: tokens }) => readWith(app, tokens.access_token),
  'introspection, application of the system tenant': async ({ byShared }) =>
    (JSON.parse((await introspect(app, shared, byShared.access_token)).text) as { active: boolean })
      .active,
  'introspection, application of the tenant': async ({ byOwned }) =>
    (JSON.parse((await introspect(app, owned, byOwned.access_token)).text) as { error?: string })
      .error ?? 'works',
  'refresh, application of the tenant': async ({ byOwned }) =>
    (await refresh(app, owned, byOwned.refresh_token)).body.error ?? 'works',
  'refresh, application of the system tenant': async ({ byShared }) =>
    (await refresh(app, shared, byShared.refresh_token)).body.error ?? 'works',
  'client credentials': async () => (await askAsClient(app, machine)).body.error ?? 'works',
  'password, application of the tenant': async () =>
    (await askWithPassword(app, owned, tess)).body.error ?? 'works',
  'password, application of the system tenant': async () =>
    (await askWithPassword(app, shared, tess)).body.error ?? 'works',
  'the authorization endpoint, application of the tenant': () =>
    authorizeInBrowser(app, owned, { person: tess }).then(
      (answer) => answer.get('error') ?? 'code',
      () => 'stopped',
    ),
  'the authorization endpoint, application of the system tenant': () =>
    authorizeInBrowser(app, shared, { person: tess }).then(
      (answer) => answer.get('error') ?? 'code',
      () => 'stopped',
    ),
  'a decision, application of the tenant': () => decide(owned),
  'a decision, application of the system tenant': () => decide(shared),
  'code, application of the tenant': async ({ ownedCode: { code, verifier } }) =>
    (await redeem(app, owned, code, { code_verifier: verifier })).body.error ?? 'works',
  'code, application of the system tenant': async ({ sharedCode: { code, verifier } }) =>
    (await redeem(app, shared, code, { code_verifier: verifier })).body.error ?? 'works',
}

const useAll = async (of: Held): Promise<Record<string, unknown>> => {
  const answers: Record<string, unknown> = {}
  for (const [name, use] of Object.entries(paths)) {
    answers[name] = await use(of)
    await forgiveFailures()
  }
  return answers
}

const works = {
  'Basic at the management surface': 200,
  'Basic at OData': 200,
  'a session': 'stands',
  'a new session': 'begun',
  'bearer, application of the tenant': 200,
  'bearer, application of the system tenant': 200,
  'bearer, machine client': 200,
  'introspection, application of the system tenant': true,
  'introspection, application of the tenant': 'works',
  'refresh, application of the tenant': 'works',
  'refresh, application of the system tenant': 'works',
  'client credentials': 'works',
  'password, application of the tenant': 'works',
  'password, application of the system tenant': 'works',
  'the authorization endpoint, application of the tenant': 'code',
  'the authorization endpoint, application of the system tenant': 'code',
  'a decision, application of the tenant': 'code',
  'a decision, application of the system tenant': 'code',
  'code, application of the tenant': 'works',
  'code, application of the system tenant': 'works',
}

const refused = {
  'Basic at the management surface': 401,
  'Basic at OData': 401,
  'a session': 'none',
  'a new session': 'not begun',
  'bearer, application of the tenant': 401,
  'bearer, application of the system tenant': 401,
  'bearer, machine client': 401,
  'introspection, application of the system tenant': false,
  'introspection, application of the tenant': 'invalid_client',
  'refresh, application of the tenant': 'invalid_client',
  'refresh, application of the system tenant': 'invalid_grant',
  'client credentials': 'invalid_client',
  'password, application of the tenant': 'invalid_client',
  'password, application of the system tenant': 'invalid_grant',
  'the authorization endpoint, application of the tenant': 'unauthorized_client',
  'the authorization endpoint, application of the system tenant': 'stopped',
  'a decision, application of the tenant': 'stopped',
  'a decision, application of the system tenant': 'stopped',
  'code, application of the tenant': 'invalid_client',
  'code, application of the system tenant': 'invalid_grant',
}

test('T51: a disabled tenant is refused on every path while it lasts, and everything comes back with it', async () => {
  const before = await held()
  const bystander = await registerMachine(app)
  const theirs = (await askAsClient(app, bystander)).body

  await setStatus(0)
  assert.deepEqual(await useAll(before), refused)
  // Nobody else notices.
  assert.equal(await readWith(app, theirs.access_token), 200)
  assert.equal(await statusOf('/api/mgmt/datasources', { ...basicOf(people.user) }), 200)

  await setStatus(1)
  assert.deepEqual(await useAll(before), works)
})

test('T51: what was begun while the tenant was enabled does not end after it was disabled', async () => {
  const { verifier, challenge } = createPkce()
  const code = await getCode(app, shared, { person: tess, challenge })
  // The redemption and the disabling at the same moment: whoever comes first, no token works afterwards.
  const [redeemed] = await Promise.all([
    redeem(app, shared, code, { code_verifier: verifier }),
    setStatus(0),
  ])
  if (redeemed.status === 200) {
    assert.equal(await readWith(app, redeemed.body.access_token), 401)
    const again = await refresh(app, shared, redeemed.body.refresh_token)
    assert.equal(again.body.error, 'invalid_grant')
  } else assert.equal(redeemed.body.error, 'invalid_grant')
  await setStatus(1)
})

/** Begins an answer of about 72 MB and does not read on: it stays open. */
const openStream = (authorization: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const request = get(
      `${app.url}/api/odata4/wide/Items`,
      { headers: { authorization } },
      (response) => {
        response.once('readable', () => {
          response.read(1000)
          resolve(response)
        })
      },
    )
    request.once('error', reject)
  })

/** Reads on to the end; whether the answer came whole. */
const drain = (response: IncomingMessage): Promise<boolean> =>
  new Promise((resolve) => {
    response.resume()
    response.once('close', () => resolve(response.complete))
    response.once('error', () => undefined)
  })

test('T51: open answers of a tenant are cut within a second after it was disabled', async () => {
  await forgiveFailures()
  const tokens = await getTokens(app, shared, { person: tess })
  const open = [`Bearer ${tokens.access_token}`, basicOf(tess).authorization]
  const streams = await Promise.all(open.map(openStream))
  assert.deepEqual(
    streams.map(({ statusCode }) => statusCode),
    [200, 200],
  )
  await setStatus(0)
  await new Promise((resolve) => setTimeout(resolve, 1200))
  assert.deepEqual(await Promise.all(streams.map(drain)), [false, false])
  await setStatus(1)
})
