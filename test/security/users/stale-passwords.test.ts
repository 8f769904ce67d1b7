import assert from 'node:assert/strict'
import { get } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, beforeEach, test } from 'node:test'
import { createBrowser } from '../../../src/commands/demo/browser.ts'
import { endpoints } from '#features/endpoints.ts'
import {
  basicOf,
  createSource,
  people,
  type Person,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import {
  askAsClient,
  askWithPassword,
  authorizeUrl,
  callback,
  createStoppingBrowser,
  manage,
  readWith,
  redeem,
  refresh,
  type Registered,
  register,
  registerMachine,
} from '#test/support/oauth.ts'
import { createPerson } from '#test/support/tenants.ts'
import { execute, mintCode, mintTokens, raw, redeemMinted } from '../tokens/support.ts'

let app: TestApp
let client: Registered
before(async () => {
  app = await startApp()
  client = await register(app, {
    grantTypes: ['authorization_code', 'refresh_token', 'password'],
  })
})
after(() => app.close())

const { user } = people
const next = 'chosen by myself alone'
const minute = 60_000

/** The password of the user demo as it was, whatever a test did. */
beforeEach(async () => {
  const hash = await app.core.passwords.hash(user.password)
  await execute(
    app,
    raw`update users set password_hash = ${hash}, password_version = password_version + 1, password_status = 1, password_expires_at = null where user_name = ${user.name}`,
  )
  await execute(app, raw`delete from login_failures`)
  await execute(app, raw`delete from consents`)
})

const setStatus = (status: number) =>
  execute(app, raw`update users set password_status = ${status} where user_name = ${user.name}`)
const setExpiry = (at: number | null) =>
  execute(app, raw`update users set password_expires_at = ${at} where user_name = ${user.name}`)

/** What makes a password one that must be changed. */
const causes: Readonly<Record<string, () => Promise<unknown>>> = {
  'must be reset': () => setStatus(2),
  'has expired': async () => {
    await setExpiry(app.clock.now() + minute)
    app.clock.advance(minute)
  },
  'has a status that nobody knows': () => setStatus(0),
}

const readOData = async (person: Person, path = '/api/odata4/one/Items(1)') => {
  const response = await fetch(app.url + path, { headers: basicOf(person) })
  return { status: response.status, text: await response.text() }
}

/** Signs in at the page; answers the browser and where it landed. */
const signIn = async (person: Person = user) => {
  const browser = createBrowser()
  const page = await browser.visit(`${app.url}/sign-in`)
  const { name: username, password } = person
  const landed = await browser.submit(page, 'password', { username, password })
  return { browser, landed }
}

const pathOf = (url: string): string => new URL(url).pathname
const wrong: Person = { name: user.name, password: 'not the password' }

for (const [cause, happen] of Object.entries(causes)) {
  test(`a password that ${cause} opens no address of the management interface but its change`, async () => {
    await happen()
    for (const { name, method, path } of endpoints) {
      const url = path.replace(/:(?:id|other|third)/g, '1').replace(':name', 'demo')
      const answer = await manage(app, method, url, { person: user })
      if (name === 'change-own-password') {
        assert.equal(answer.status, 400, 'it is the body that is missing')
        continue
      }
      assert.equal(answer.status, 403, name)
      const { code, message } = answer.body['error'] as {
        code: number | string
        message: { value: string }
      }
      assert.equal(Number(code), 222208103)
      assert.match(message.value, /must be changed.*changePassword/, name)
    }
  })

  test(`a password that ${cause} opens no data and is good for no token`, async () => {
    await happen()
    for (const path of ['/api/odata4/one/Items(1)', '/api/odata4/one/', '/api/odata4/none/']) {
      const { status, text } = await readOData(user, path)
      assert.equal(status, 403)
      assert.match(text, /must be changed/)
    }
    const { status, body } = await askWithPassword(app, client)
    assert.equal(status, 400)
    assert.equal(body.error, 'invalid_grant')
    assert.match(body.error_description ?? '', /new password first/)
  })

  test(`a session with a password that ${cause} opens the change of password and the way out alone`, async () => {
    const tokens = await mintTokens(app, client)
    await happen()
    const { browser, landed } = await signIn()
    assert.equal(pathOf(landed.url), '/account/password')
    assert.match(landed.html, /Choose a new password/)
    assert.doesNotMatch(landed.html, /href="\/account\/applications"/)
    for (const path of ['/account/applications', '/sign-in', '/sign-in?to=password'])
      assert.equal(pathOf((await browser.visit(app.url + path)).url), '/account/password', path)
    for (const path of [
      `/account/applications/${client.id}/disconnect`,
      '/account/disconnect-all',
    ]) {
      const csrf = /name="csrf" value="([^"]*)"/.exec(landed.html)?.[1] ?? ''
      const form = `<form action="${path}"><input type="hidden" name="csrf" value="${csrf}"></form>`
      const sent = await browser.submit({ ...landed, html: form }, 'csrf', {})
      assert.equal(pathOf(sent.url), '/account/password', path)
    }
    assert.equal(await readWith(app, tokens.access_token), 200, 'nothing was disconnected')
    const page = await browser.visit(authorizeUrl(app, client))
    assert.match(pathOf(page.url), /^\/oauth2\/password\//)
    const nav = /<form method="post" action="\/sign-out">[\s\S]*?<\/form>/.exec(landed.html)?.[0]
    const out = await browser.submit({ ...landed, html: nav ?? '' }, 'csrf', {})
    assert.equal(pathOf(out.url), '/signed-out')
    assert.equal(pathOf((await browser.visit(`${app.url}/account/password`)).url), '/sign-in')
  })

  test(`T56: that a password ${cause} is told to nobody who does not know it`, async () => {
    const doors = {
      basic: async () => {
        const { status, body } = await manage(app, 'GET', '/api/mgmt/datasources', {
          person: wrong,
        })
        return { status, body }
      },
      change: async () => {
        const body = { currentPassword: user.password, newPassword: next }
        const path = '/api/admin/userdetails/changePassword'
        const answer = await manage(app, 'PUT', path, { person: wrong, body })
        return { status: answer.status, body: answer.body }
      },
      odata: () => readOData(wrong),
      grant: async () => {
        const { status, body } = await askWithPassword(app, client, wrong)
        return { status, body }
      },
      page: async () => {
        const { status, html } = (await signIn(wrong)).landed
        return { status, html: html.replaceAll(/value="[^"]*"/g, '') }
      },
    }
    for (const [door, open] of Object.entries(doors)) {
      await execute(app, raw`delete from login_failures`)
      const before = await open()
      await happen()
      assert.deepEqual(await open(), before, door)
      await setStatus(1)
      await setExpiry(null)
    }
  })
}

test('what was begun with a password goes on when it must be changed', async () => {
  const [tokens, minted] = [await mintTokens(app, client), await mintCode(app, client)]
  const byPassword = (await askWithPassword(app, client)).body
  const machine = await registerMachine(app)
  await setStatus(2)
  assert.equal(await readWith(app, tokens.access_token), 200)
  assert.equal(await readWith(app, byPassword.access_token), 200)
  assert.equal((await refresh(app, client, tokens.refresh_token)).status, 200)
  assert.equal((await refresh(app, client, byPassword.refresh_token)).status, 200)
  assert.equal((await redeemMinted(app, client, minted)).status, 200)
  assert.equal((await askAsClient(app, machine)).status, 200)
})

/** A table whose rows fill every buffer between server and reader many times over. */
const createLong = async (): Promise<void> => {
  const database = new DatabaseSync(join(app.dataDir, 'files', '1', 'long.db'))
  database.exec(`CREATE TABLE Big (id INTEGER PRIMARY KEY, text VARCHAR(40000));
    INSERT INTO Big WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      SELECT i, printf('%.20000c', 'x') FROM n`)
  database.close()
  await createSource(app, 'long', 'long.db')
}

test('T51: an answer that Basic opened is cut when the password must be changed', async () => {
  await createLong()
  /** Reads the whole answer; `onFirst` runs at its first bytes, while nothing more is taken from the socket. */
  const read = (onFirst: () => Promise<void>): Promise<number> =>
    new Promise((resolve, reject) => {
      const filter = encodeURIComponent("text ne 'y'")
      const url = `${app.url}/api/odata4/long/Bigs?$filter=${filter}`
      const asked = get(url, { headers: basicOf(user) }, (response) => {
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
      })
      asked.on('error', reject)
    })
  assert.ok((await read(async () => undefined)) > 20_000_000)
  await assert.rejects(
    read(async () => {
      await setStatus(2)
      // The next question comes within half a second; the reader waits for it and then reads what is left.
      await new Promise((resolve) => setTimeout(resolve, 1200))
    }),
    /aborted|socket hang up|reset/,
  )
})

test('changing the password leads on to the application that waits, and opens every door again', async () => {
  await setStatus(2)
  const browser = createStoppingBrowser()
  const begun = await browser.visit(authorizeUrl(app, client, { state: 'kept' }))
  const { name: username, password: currentPassword } = user
  const form = await browser.submit(begun, 'password', { username, password: currentPassword })
  assert.match(pathOf(form.url), /^\/oauth2\/password\//)
  assert.match(form.html, /Then you go on to <strong><bdi>Test application<\/bdi>/)
  const fields = { currentPassword, newPassword: next, repeatPassword: next }
  const refused = await browser.submit(form, 'newPassword', { ...fields, newPassword: 'short' })
  assert.equal(refused.status, 400)
  assert.match(refused.html, /its repetition differ/)
  const short = { ...fields, newPassword: 'short', repeatPassword: 'short' }
  assert.match((await browser.submit(form, 'newPassword', short)).html, /12 to 128 characters/)
  const consent = await browser.submit(refused, 'newPassword', fields)
  assert.match(pathOf(consent.url), /^\/oauth2\/consent\//)
  const answer = await browser.submit(consent, 'decision', { decision: 'allow' })
  assert.ok(answer.url.startsWith(callback), answer.url)
  const parameters = new URL(answer.url).searchParams
  assert.equal(parameters.get('state'), 'kept')
  assert.equal((await redeem(app, client, parameters.get('code') ?? '')).status, 200)
  const fresh: Person = { name: user.name, password: next }
  assert.equal((await manage(app, 'GET', '/api/mgmt/datasources', { person: fresh })).status, 200)
  assert.equal((await readOData(fresh)).status, 200)
  assert.equal((await askWithPassword(app, client, fresh)).status, 200)
  assert.equal(pathOf((await signIn(fresh)).landed.url), '/account/applications')
})

test('a remembered consent is given no code before the change, and one right after it', async () => {
  await mintTokens(app, client)
  await setExpiry(app.clock.now())
  const browser = createStoppingBrowser()
  const begun = await browser.visit(authorizeUrl(app, client))
  const { name: username, password: currentPassword } = user
  const form = await browser.submit(begun, 'password', { username, password: currentPassword })
  assert.match(pathOf(form.url), /^\/oauth2\/password\//)
  const fields = { currentPassword, newPassword: next, repeatPassword: next }
  const answer = await browser.submit(form, 'newPassword', fields)
  assert.ok(answer.url.startsWith(`${callback}?`), answer.url)
  assert.ok(new URL(answer.url).searchParams.get('code'))
})

test('outside a flow the change leads on to the applications, and the box disconnects them', async () => {
  const tokens = await mintTokens(app, client)
  await setStatus(2)
  const { browser, landed } = await signIn()
  const changed = await browser.submit(landed, 'newPassword', {
    currentPassword: user.password,
    newPassword: next,
    repeatPassword: next,
    disconnect: 'yes',
  })
  assert.equal(pathOf(changed.url), '/account/applications')
  assert.match(changed.html, /Your new password is in force/)
  assert.equal(await readWith(app, tokens.access_token), 401)
})

test('a decision that was open when the password had to be changed gives no code', async () => {
  const browser = createStoppingBrowser()
  const begun = await browser.visit(authorizeUrl(app, client))
  const { name: username, password } = user
  const consent = await browser.submit(begun, 'password', { username, password })
  assert.match(pathOf(consent.url), /^\/oauth2\/consent\//)
  await setStatus(2)
  const answer = await browser.submit(consent, 'decision', { decision: 'allow' })
  assert.match(pathOf(answer.url), /^\/oauth2\/password\//)
})

test('no code comes of a decision whose session was confined between its check and its commit', async () => {
  const found = await app.core.store.read(() => app.core.users.readByName(user.name))
  const session = found && (await app.core.sessions.begin(found))
  assert.ok(session)
  const stands = () => app.core.store.read(() => app.core.sessions.stands(session))
  assert.equal(await stands(), true)
  await setStatus(2)
  assert.equal(await stands(), false)
})

test('no token comes of a password that had to be changed between its check and its commit', async () => {
  const found = await app.core.store.read(() => app.core.users.readByName(user.name))
  const known = await app.core.clients.readClient(client.clientId)
  assert.ok(found && known)
  const secretHash = app.core.hash('client-secret', client.clientSecret)
  const issue = () =>
    app.core.tokens.issueForUser(
      { userId: found.id, passwordVersion: found.passwordVersion },
      { ...known, secretHash },
      {
        scope: 'api.access.odata',
        withRefreshToken: false,
        idleLifetime: minute,
      },
    )
  assert.ok(await issue())
  await setStatus(2)
  assert.equal(await issue(), undefined)
  await setStatus(1)
  await setExpiry(app.clock.now())
  assert.equal(await issue(), undefined)
})

test('T08, T13: the form of a flow belongs to its browser, and leads nowhere else', async () => {
  await setStatus(2)
  const browser = createStoppingBrowser()
  const begun = await browser.visit(authorizeUrl(app, client))
  const { name: username, password } = user
  const form = await browser.submit(begun, 'password', { username, password })
  const { browser: other } = await signIn()
  const stolen = await other.visit(form.url)
  assert.equal(stolen.status, 400)
  assert.match(stolen.html, /begun in another browser/)
  const nowhere = await browser.visit(`${app.url}/oauth2/password/https:%2F%2Fevil.example`)
  assert.equal(nowhere.status, 400)
  const stranger = await createBrowser().visit(form.url)
  assert.equal(stranger.status, 400)
})

test('a form that is sent twice changes the password once and goes on', async () => {
  await setStatus(2)
  const browser = createStoppingBrowser()
  const begun = await browser.visit(authorizeUrl(app, client))
  const { name: username, password: currentPassword } = user
  const form = await browser.submit(begun, 'password', { username, password: currentPassword })
  const fields = { currentPassword, newPassword: next, repeatPassword: next }
  for (let i = 0; i < 2; i += 1)
    assert.match(
      pathOf((await browser.submit(form, 'newPassword', fields)).url),
      /^\/oauth2\/consent\//,
    )
})

test('who must change the password may, without ChangePassword, and afterwards not again', async () => {
  const person = await createPerson(app, {
    name: 'incapable',
    permissions: [2, 11],
    password: user.password,
  })
  await execute(app, raw`update users set password_status = 2 where id = ${person.id}`)
  const { browser, landed } = await signIn(person)
  const fields = { currentPassword: person.password, newPassword: next, repeatPassword: next }
  await browser.submit(landed, 'newPassword', fields)
  const page = await browser.visit(`${app.url}/account/password`)
  const again = { currentPassword: next, newPassword: `${next}!`, repeatPassword: `${next}!` }
  const refused = await browser.submit(page, 'newPassword', again)
  assert.match(refused.html, /ChangePassword \(9\)/)
})

test('the page follows the settings: its rules, and whether the current password is asked for', async () => {
  const { browser } = await signIn()
  const visit = async () => (await browser.visit(`${app.url}/account/password`)).html
  assert.match(await visit(), /name="currentPassword"/)
  assert.match(await visit(), /<li>12 to 128 characters<\/li>/)
  const configure = (id: number, value: string) =>
    manage(app, 'PUT', `/api/admin/configurations/${id}`, {
      person: people.admin,
      body: { value },
    })
  await configure(6, '1')
  await configure(2, 'false')
  assert.doesNotMatch(await visit(), /name="currentPassword"/)
  assert.match(await visit(), /<li>8 to 12 characters<\/li>[\s\S]*<li>at least 1 digit<\/li>/)
  const fields = { newPassword: 'Abcdef1!', repeatPassword: 'Abcdef1!' }
  const page = await browser.visit(`${app.url}/account/password`)
  assert.match((await browser.submit(page, 'newPassword', fields)).html, /Password changed/)
  await execute(app, raw`delete from configurations`)
})
