import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { startApp, type TestApp } from '#test/support/app.ts'
import { createPkce, readWith, register } from '#test/support/oauth.ts'
import { consentAt } from './person.ts'

// The library brings no types; this is the part of its documented surface that is used here.
type AccessToken = {
  readonly token: Readonly<Record<string, unknown>>
  readonly expired: () => boolean
  readonly refresh: () => Promise<AccessToken>
  readonly revoke: (type: 'access_token' | 'refresh_token') => Promise<void>
}
type AuthorizationCode = {
  readonly authorizeURL: (parameters: Record<string, string>) => string
  readonly getToken: (parameters: Record<string, string>) => Promise<AccessToken>
}
const library = createRequire(import.meta.url)('simple-oauth2') as {
  readonly AuthorizationCode: new (options: unknown) => AuthorizationCode
}

let app: TestApp
before(async () => {
  app = await startApp()
})
after(() => app.close())

const textOf = (token: AccessToken, name: string): string => {
  const value = token.token[name]
  assert.ok(typeof value === 'string', `${name} must be a text`)
  return value
}

for (const authorizationMethod of ['header', 'body'] as const)
  for (const withPkce of [true, false])
    test(`simple-oauth2 completes code, refresh and revocation with the secret in the ${authorizationMethod}, ${withPkce ? 'with' : 'without'} PKCE`, async () => {
      const registered = await register(app)
      const client = new library.AuthorizationCode({
        client: { id: registered.clientId, secret: registered.clientSecret },
        auth: {
          tokenHost: app.url,
          tokenPath: '/oauth2/token',
          authorizePath: '/oauth2/authorize',
          revokePath: '/oauth2/revoke',
        },
        options: { authorizationMethod },
      })
      const pkce = createPkce()
      const url = client.authorizeURL({
        redirect_uri: registered.redirectUri,
        scope: 'api.access.odata',
        state: 'a-state',
        ...(withPkce ? { code_challenge: pkce.challenge, code_challenge_method: 'S256' } : {}),
      })
      const answer = (await consentAt(url)).searchParams
      assert.equal(answer.get('state'), 'a-state')

      const first = await client.getToken({
        code: answer.get('code') ?? '',
        redirect_uri: registered.redirectUri,
        ...(withPkce ? { code_verifier: pkce.verifier } : {}),
      })
      assert.equal(first.expired(), false)
      assert.equal(await readWith(app, textOf(first, 'access_token')), 200)

      const second = await first.refresh()
      assert.notEqual(textOf(second, 'access_token'), textOf(first, 'access_token'))
      assert.equal(await readWith(app, textOf(second, 'access_token')), 200)

      await second.revoke('access_token')
      assert.equal(await readWith(app, textOf(second, 'access_token')), 401)
      assert.equal(await readWith(app, textOf(first, 'access_token')), 200)
      await first.revoke('refresh_token')
      assert.equal(await readWith(app, textOf(first, 'access_token')), 401)
    })
