import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { beginSession, people, startApp, type TestApp } from '#test/support/app.ts'
import { callback, manage, type Registered, register } from '#test/support/oauth.ts'
import { mintToken } from '#oauth/token-format.ts'
import { odataScope } from '#oauth/scope.ts'
import { randomBytes } from 'node:crypto'

let app: TestApp
let client: Registered
before(async () => {
  app = await startApp({ sources: false })
  client = await register(app, { redirectUrls: [callback, 'https://client.example/other'] })
})
after(() => app.close())

/** A request that waits for the user demo, signed in, and everything that is needed to answer it. */
const waiting = async () => {
  const known = await app.core.clients.readClient(client.clientId)
  const user = await app.core.store.read(() => app.core.users.readByName(people.user.name))
  assert.ok(known && user)
  const request = {
    clientId: client.clientId,
    redirectUri: callback,
    scope: odataScope,
    state: undefined,
    codeChallenge: undefined,
  }
  const browser = mintToken('browser', randomBytes)
  const handle = await app.core.requests.begin(client.id, request, browser)
  const sessionId = await beginSession(app, people.user)
  const decision = { scope: odataScope, selection: { kind: 'all-but', ids: [] } } as const
  const asked = { userId: user.id, client: known, request }
  return { asked, decision, by: { handle, browser, sessionId } }
}

test('T14 of many answers to one request at once exactly one makes a code', async () => {
  const { asked, decision, by } = await waiting()

  const answers = await Promise.allSettled(
    Array.from({ length: 50 }, () => app.core.decisions.allow(asked, decision, by)),
  )

  assert.equal(answers.filter((answer) => answer.status === 'fulfilled').length, 1)
})

test('T21 an answer in a session that was ended meanwhile makes no code, and leaves the request', async () => {
  const { asked, decision, by } = await waiting()
  await app.core.sessions.end(by.sessionId)

  await assert.rejects(app.core.decisions.allow(asked, decision, by), /is over/)

  const again = { ...by, sessionId: await beginSession(app, people.user) }
  assert.match(await app.core.decisions.allow(asked, decision, again), /^hg_ac_/)
})

test('T53 no code is made for a redirect URI that was removed while the user was deciding', async () => {
  const { asked, decision, by } = await waiting()
  const path = `/api/mgmt/oauth/client/applications/${client.id}`
  const body = { redirectUrls: ['https://client.example/other'] }
  assert.equal((await manage(app, 'PUT', path, { body })).status, 200)

  await assert.rejects(app.core.decisions.allow(asked, decision, by), /changed where it wants/)
})
