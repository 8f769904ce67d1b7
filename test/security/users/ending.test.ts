import assert from 'node:assert/strict'
import { join } from 'node:path'
import { get } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { after, before, beforeEach, test } from 'node:test'
import { createBrowser } from '../../../src/commands/demo/browser.ts'
import { createSource, people, startApp, type TestApp } from '#test/support/app.ts'
import {
  authorizeUrl,
  createStoppingBrowser,
  manage,
  readWith,
  refresh,
  type Registered,
  register,
  type TokenAnswer,
} from '#test/support/oauth.ts'
import {
  execute,
  mintCode,
  type Minted,
  mintTokens,
  raw,
  redeemMinted,
  userIdOf,
} from '../tokens/support.ts'

let app: TestApp
before(async () => {
  app = await startApp({ fullPasswordCost: true })
})
after(() => app.close())

/** What somebody holds before the event. */
type Held = {
  readonly client: Registered
  readonly tokens: TokenAnswer['body']
  readonly minted: Minted
}
const applications = '/api/mgmt/oauth/client/applications'

const hold = async (fields: Record<string, unknown> = {}): Promise<Held> => {
  const client = await register(app, fields)
  return { client, tokens: await mintTokens(app, client), minted: await mintCode(app, client) }
}

/** What each way to use something answers: the bearer's status, and the errors of refresh and code. */
const useAll = async ({ client, tokens, minted }: Held) => ({
  bearer: await readWith(app, tokens.access_token),
  refresh: (await refresh(app, client, tokens.refresh_token)).body.error ?? 'works',
  code: (await redeemMinted(app, client, minted)).body.error ?? 'works',
})

const works = { bearer: 200, refresh: 'works', code: 'works' }
const invalid = { bearer: 401, refresh: 'invalid_grant', code: 'invalid_grant' }
const shut = { bearer: 401, refresh: 'invalid_client', code: 'invalid_client' }

const update = async (held: Held, body: unknown): Promise<void> => {
  const answer = await manage(app, 'PUT', `${applications}/${held.client.id}`, { body })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
}

const setStatus = (table: 'users' | 'tenants', column: string, value: string, status: number) =>
  execute(
    app,
    raw`update ${raw.table(table)} set status = ${status} where ${raw.ref(column)} = ${value}`,
  )

type Event = {
  readonly happen: (held: Held) => Promise<unknown>
  readonly leaves: { bearer: number; refresh: string; code: string }
  /** Undoes it, when access is to come back. */
  readonly undo?: (held: Held) => Promise<unknown>
}

const events: Readonly<Record<string, Event>> = {
  'the user is disabled': {
    happen: () => setStatus('users', 'user_name', people.user.name, 0),
    leaves: invalid,
    undo: () => setStatus('users', 'user_name', people.user.name, 1),
  },
  'the tenant is disabled': {
    happen: () => setStatus('tenants', 'id', '1', 0),
    leaves: shut,
    undo: () => setStatus('tenants', 'id', '1', 1),
  },
  'the owner of the application is disabled': {
    happen: () => setStatus('users', 'user_name', people.owner.name, 0),
    leaves: shut,
    undo: () => setStatus('users', 'user_name', people.owner.name, 1),
  },
  'the application is disabled': {
    happen: (held) => update(held, { enabled: false }),
    leaves: shut,
  },
  'the application is deleted': {
    happen: (held) => manage(app, 'DELETE', `${applications}/${held.client.id}`),
    leaves: shut,
  },
  'the secret is reset': {
    happen: (held) => manage(app, 'PUT', `${applications}/${held.client.id}/reset`),
    leaves: shut,
  },
  'the user ends the access': {
    happen: (held) =>
      manage(app, 'DELETE', `/api/mgmt/oauth/client/allowedapplications/${held.client.id}`, {
        person: people.user,
      }),
    leaves: invalid,
  },
  'the redirect URI is removed': {
    happen: (held) => update(held, { redirectUrls: ['https://other.example/'] }),
    leaves: invalid,
  },
  'the grant type refresh_token is removed': {
    happen: (held) => update(held, { grantTypes: ['authorization_code'] }),
    leaves: { bearer: 200, refresh: 'unauthorized_client', code: 'works' },
  },
}

for (const [name, event] of Object.entries(events))
  test(`T51: when ${name}, bearer, refresh and code answer so from then on`, async () => {
    const held = await hold()
    await event.happen(held)
    try {
      assert.deepEqual(await useAll(held), event.leaves)
    } finally {
      await event.undo?.(held)
    }
    if (event.undo !== undefined)
      assert.deepEqual(await useAll(held), works, 'it was suspended, not ended')
  })

test('T51: an application that was disabled and enabled again asks its users again', async () => {
  const held = await hold()
  await update(held, { enabled: false })
  await update(held, { enabled: true })
  assert.deepEqual(await useAll(held), invalid)
})

test('T51: a refresh token of a removed grant type stays dead when the grant type comes back', async () => {
  const held = await hold()
  await update(held, { grantTypes: ['authorization_code'] })
  await update(held, { grantTypes: ['authorization_code', 'refresh_token'] })
  assert.equal((await useAll(held)).refresh, 'invalid_grant')
})

test('T51: removing one redirect URI ends only what was authorized through it', async () => {
  const kept = 'https://kept.example/callback'
  const held = await hold({ redirectUrls: ['https://gone.example/callback', kept] })
  const other = { ...held, client: { ...held.client, redirectUri: kept } }
  const through = {
    ...other,
    tokens: await mintTokens(app, other.client),
    minted: await mintCode(app, other.client),
  }
  await update(held, { redirectUrls: [kept] })
  assert.deepEqual(await useAll(held), invalid)
  assert.deepEqual(await useAll(through), works)
})

test('T51: no code goes to a redirect URI that was removed while the user was deciding', async () => {
  const client = await register(app)
  const browser = createStoppingBrowser()
  let page = await browser.visit(authorizeUrl(app, client))
  page = await browser.submit(page, 'password', {
    username: people.user.name,
    password: people.user.password,
  })
  const path = `${applications}/${client.id}`
  const body = { redirectUrls: ['https://other.example/'] }
  assert.equal((await manage(app, 'PUT', path, { body })).status, 200)
  const answer = await browser.submit(page, 'decision', { decision: 'allow' })
  assert.ok(!answer.url.startsWith(client.redirectUri), answer.url)
  assert.equal(answer.status, 400)
})

test('T51: without permission 7 no door opens for the user, and with it again they do', async () => {
  const held = await hold()
  const user = await userIdOf(app)
  const roles = raw`update user_roles set role_id = ${99} where user_id = ${user}`
  await execute(
    app,
    raw`insert into roles (id, tenant_id, name, description) values (99, 1, 'Without OData', '') on conflict do nothing`,
  )
  await execute(app, roles)
  assert.equal(await readWith(app, held.tokens.access_token), 403)
  const fresh = await refresh(app, held.client, held.tokens.refresh_token)
  assert.equal(await readWith(app, fresh.body.access_token), 403)
  await execute(app, raw`update user_roles set role_id = 2 where user_id = ${user}`)
  assert.equal(await readWith(app, held.tokens.access_token), 200)
})

test('T51: a deleted data source is out of reach at once', async () => {
  const id = await createSource(app, 'gone', 'one.db')
  const held = await hold()
  assert.equal(await readWith(app, held.tokens.access_token, 'gone'), 200)
  const path = `/api/mgmt/datasources/${id}`
  assert.equal((await manage(app, 'DELETE', path, { person: people.user })).status, 204)
  assert.equal(await readWith(app, held.tokens.access_token, 'gone'), 404)
})

/** A file whose rows fill every buffer between server and reader many times over. */
const createBig = async (): Promise<void> => {
  const file = join(app.dataDir, 'files', '1', 'big.db')
  const database = new DatabaseSync(file)
  database.exec(`CREATE TABLE Big (id INTEGER PRIMARY KEY, text VARCHAR(40000));
    INSERT INTO Big WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      SELECT i, printf('%.20000c', 'x') FROM n`)
  database.close()
  await createSource(app, 'big', 'big.db')
}

test('T51: an open stream is cut when the access that opened it ends', async () => {
  await createBig()
  const held = await hold()
  /** Reads the whole answer (by a filter without an index, so that it comes in pieces); `onFirst` runs at its first bytes, while nothing more is taken from the socket. */
  const read = (onFirst: () => Promise<void>): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${held.tokens.access_token}` }
      const asked = get(
        `${app.url}/api/odata4/big/Bigs?$filter=${encodeURIComponent("text ne 'y'")}`,
        { headers },
        (response) => {
          let bytes = 0
          response.on('error', reject)
          response.on('data', (chunk: Buffer) => {
            if (bytes === 0) {
              response.pause()
              onFirst().then(() => response.resume(), reject)
            }
            bytes += chunk.length
          })
          response.on('end', () => resolve(bytes))
        },
      )
      asked.on('error', reject)
    })
  const whole = await read(async () => undefined)
  assert.ok(whole > 20_000_000, `the stream is too short to be cut: ${whole}`)
  await assert.rejects(
    read(async () => {
      const path = `/api/mgmt/oauth/client/allowedapplications/${held.client.id}`
      assert.equal((await manage(app, 'DELETE', path, { person: people.user })).status, 204)
      // The next question comes within half a second; the reader waits for it and then reads what is left.
      await new Promise((resolve) => setTimeout(resolve, 1200))
    }),
    /aborted|socket hang up|reset/,
  )
})

const signIn = async (): Promise<{
  visit: (path: string) => Promise<string>
  browser: ReturnType<typeof createBrowser>
}> => {
  const browser = createBrowser()
  const page = await browser.visit(`${app.url}/sign-in`)
  const { name: username, password } = people.user
  const landed = await browser.submit(page, 'password', { username, password })
  assert.ok(landed.url.endsWith('/account/applications'))
  return {
    browser,
    visit: async (path) => new URL((await browser.visit(app.url + path)).url).pathname,
  }
}

const changeForm = async (
  browser: ReturnType<typeof createBrowser>,
  fields: Record<string, string>,
) => {
  const page = await browser.visit(`${app.url}/account/password`)
  return browser.submit(page, 'currentPassword', fields)
}
const next = 'quite another password'

/** Makes the old password good again, whatever the test did. */
const restore = async (): Promise<void> => {
  const hash = await app.core.passwords.hash(people.user.password)
  await execute(
    app,
    raw`update users set password_hash = ${hash}, password_version = password_version + 1 where user_name = ${people.user.name}`,
  )
  await execute(app, raw`delete from login_failures`)
}
beforeEach(restore)

test('T51: changing the own password ends the other sessions, and what applications hold stays', async () => {
  const held = await hold()
  const [here, elsewhere] = [await signIn(), await signIn()]
  const answer = await changeForm(here.browser, {
    currentPassword: people.user.password,
    newPassword: next,
    repeatPassword: next,
  })
  assert.equal(answer.status, 200)
  assert.equal(await here.visit('/account/applications'), '/account/applications')
  assert.equal(await elsewhere.visit('/account/applications'), '/sign-in')
  assert.deepEqual(await useAll(held), works)
  assert.equal(
    (await manage(app, 'GET', '/api/mgmt/datasources', { person: people.user })).status,
    401,
  )
  const person = { name: people.user.name, password: next }
  assert.equal((await manage(app, 'GET', '/api/mgmt/datasources', { person })).status, 200)
})

test('T51: changing the own password with the box for all applications ends what they hold', async () => {
  const held = await hold()
  const here = await signIn()
  const fields = { currentPassword: people.user.password, newPassword: next, repeatPassword: next }
  assert.equal((await changeForm(here.browser, { ...fields, disconnect: 'yes' })).status, 200)
  assert.deepEqual(await useAll(held), invalid)
})

test('T51: a reset by an administrator ends sessions, codes and tokens, and a lock', async () => {
  const held = await hold()
  const here = await signIn()
  for (let i = 0; i < 3; i += 1)
    await manage(app, 'GET', '/api/mgmt/datasources', {
      person: { name: people.user.name, password: `wrong ${i}` },
    })
  assert.equal(await app.core.passwordChange.reset(people.user.name, next), true)
  assert.equal(await here.visit('/account/applications'), '/sign-in')
  assert.deepEqual(await useAll(held), invalid)
  const person = { name: people.user.name, password: next }
  assert.equal((await manage(app, 'GET', '/api/mgmt/datasources', { person })).status, 200)
})

test('T51: a password that was reset while it was being verified opens no session', async () => {
  const check = app.core.passwordCheck.check(people.user.name, people.user.password)
  await app.core.passwordChange.reset(people.user.name, next)

  const user = await check
  const session = user && (await app.core.sessions.begin(user))

  assert.equal(session, undefined)
})

test('T51: a disabled user has no session, no Basic and no consent, and a deleted one has nothing', async () => {
  const held = await hold()
  const here = await signIn()
  await setStatus('users', 'user_name', people.user.name, 0)
  try {
    assert.equal(await here.visit('/account/applications'), '/sign-in')
    assert.equal(
      (await manage(app, 'GET', '/api/mgmt/datasources', { person: people.user })).status,
      401,
    )
    await assert.rejects(mintCode(app, held.client), /cannot give access any more/)
  } finally {
    await setStatus('users', 'user_name', people.user.name, 1)
  }
})
