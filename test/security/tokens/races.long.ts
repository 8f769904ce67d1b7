import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { judgeCode } from '#oauth/grants/authorization-code.ts'
import { judgeRefresh } from '#oauth/grants/refresh-token.ts'
import type { IssuedTokens } from '#oauth/model.ts'
import { odataScope } from '#oauth/scope.ts'
import { callback, type Registered, register } from '#test/support/oauth.ts'
import { startApp, type TestApp } from '#test/support/app.ts'
import { times } from '#test/support/times.ts'
import { mintCode, mintTokens } from './support.ts'

let app: TestApp
let client: Registered
before(async () => {
  app = await startApp()
  client = await register(app, { clientType: 'public' })
})
after(() => app.close())

const issue = { accessTokenLifetime: 3_600_000, withRefreshToken: true, idleLifetime: 86_400_000 }
const [codes, rotations] = [times(1000), times(300)]

test(`T23: in ${codes} rounds of 200 redemptions at once, one is answered with tokens each time`, async () => {
  const known = await app.core.clients.readClient(client.clientId)
  assert.ok(known)
  for (let round = 0; round < codes; round += 1) {
    const { code, verifier } = await mintCode(app, client)
    const presented: Parameters<typeof judgeCode>[1] = {
      client: known,
      redirectUri: callback,
      verifier,
    }
    const results: readonly (IssuedTokens | undefined)[] = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        if (i % 3 === 1) await new Promise((resolve) => setImmediate(resolve))
        return app.core.tokens.redeemCode(
          code,
          (record, now) => judgeCode(record, presented, now),
          issue,
        )
      }),
    )
    assert.equal(results.filter((tokens) => tokens !== undefined).length, 1)
  }
})

test(`T29: in ${rotations} rounds of 50 rotations at once, there is one child each time, and it goes on`, async () => {
  const known = await app.core.clients.readClient(client.clientId)
  assert.ok(known)
  let token = (await mintTokens(app, client)).refresh_token
  for (let round = 0; round < rotations; round += 1) {
    const results: readonly (IssuedTokens | undefined)[] = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        if (i % 3 === 1) await new Promise((resolve) => setImmediate(resolve))
        return app.core.tokens.useRefreshToken(
          token,
          (record, now) => judgeRefresh(record, { client: known, scope: odataScope }, now),
          issue,
        )
      }),
    )
    const children: ReadonlySet<string | undefined> = new Set(
      results.map((tokens) => tokens?.refreshToken),
    )
    assert.equal(children.size, 1)
    const [child] = children
    assert.ok(child !== undefined)
    token = child
  }
})
