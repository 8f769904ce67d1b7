import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import {
  createPkce,
  getCode,
  getTokens,
  manage,
  readWith,
  redeem,
  refresh,
  register,
} from '#test/support/oauth.ts'

let app: TestApp
before(async () => {
  app = await startApp()
})
after(() => app.close())

test('an application is registered, authorized, reads data, refreshes, and is shut out when the user revokes it', async () => {
  const client = await register(app)
  const pkce = createPkce()
  const code = await getCode(app, client, { challenge: pkce.challenge, state: 'xyz' })

  const first = await redeem(app, client, code, { code_verifier: pkce.verifier })
  assert.equal(first.status, 200)
  assert.equal(first.body.token_type, 'bearer')
  assert.equal(first.body.expires_in, 3600)
  assert.equal(first.body.scope, 'api.access.odata')
  assert.equal(await readWith(app, first.body.access_token), 200)

  const second = await refresh(app, client, first.body.refresh_token)
  assert.equal(second.status, 200)
  assert.equal(await readWith(app, second.body.access_token), 200)
  const allowed = await manage(app, 'GET', '/api/mgmt/oauth/client/allowedapplications', {
    person: people.user,
  })
  assert.deepEqual(allowed.body, {
    applications: [{ id: client.id, name: 'Test application', scopes: ['api.access.odata'] }],
  })

  const revoked = await manage(
    app,
    'DELETE',
    `/api/mgmt/oauth/client/allowedapplications/${client.id}`,
    { person: people.user },
  )
  assert.equal(revoked.status, 204)
  assert.equal(await readWith(app, first.body.access_token), 401)
  assert.equal(await readWith(app, second.body.access_token), 401)
  assert.equal((await refresh(app, client, first.body.refresh_token)).body.error, 'invalid_grant')
})

test('a token reads only the data sources that were ticked', async () => {
  const client = await register(app)
  const sources = (await manage(app, 'GET', '/api/mgmt/datasources', { person: people.user })).body[
    'dataSources'
  ] as { id: string; name: string }[]
  const one = Number(sources.find((source) => source.name === 'one')?.id)

  const tokens = await getTokens(app, client, { sources: [one] })

  assert.equal(await readWith(app, tokens.access_token, 'one'), 200)
  assert.equal(await readWith(app, tokens.access_token, 'two'), 404)
})
