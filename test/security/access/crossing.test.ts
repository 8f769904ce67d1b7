import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { mintToken } from '#oauth/token-format.ts'
import { basicOf, startApp } from '#test/support/app.ts'
import {
  askAsClient,
  askWithPassword,
  callback,
  getCode,
  getTokens,
  introspect,
  redeem,
  refresh,
  type Registered,
  register,
  type TokenAnswer,
} from '#test/support/oauth.ts'
import { revoke } from '../tokens/support.ts'
import { addDataSource } from './things.ts'
import { createWorld, sourceName, type World } from './world.ts'

// T67 where there is no management endpoint: OData, and the artefacts of OAuth.

let world: World
let ofA: Registered
let ofB: Registered
let tokensOfA: TokenAnswer['body']
const grants = {
  grantTypes: ['authorization_code', 'refresh_token', 'password'],
  redirectUrls: [callback],
}
before(async () => {
  const app = await startApp({ sources: false })
  world = await createWorld(app)
  const { A, B } = world.estates
  // A data source that tenant B alone has.
  await addDataSource(app, B.plain, { name: 'only-there', text: B.canary })
  ofA = await register(app, grants, A.plain)
  ofB = await register(app, grants, B.plain)
  tokensOfA = await getTokens(app, ofA, { person: A.plain })
})
after(() => world.app.close())

const odata = async (path: string, headers: Record<string, string>): Promise<string> => {
  const response = await fetch(`${world.app.url}/api/odata4/${path}`, { headers })
  return `${response.status} ${response.headers.get('www-authenticate') ?? ''} ${await response.text()}`
}

const waysIn = () => ({
  Basic: basicOf(world.estates.A.plain),
  bearer: { authorization: `Bearer ${tokensOfA.access_token}` },
})

test('T67: of two data sources of the same name everybody reads the own', async () => {
  const { A, B } = world.estates
  for (const [way, headers] of Object.entries(waysIn())) {
    const text = await odata(`${sourceName}/Items`, headers)
    assert.ok(text.includes(`${A.canary} row`), `${way}: ${text}`)
    assert.ok(!text.includes(B.canary), way)
  }
  assert.match(await odata(`${sourceName}/Items`, basicOf(B.plain)), new RegExp(`${B.canary} row`))
})

test('T67: a data source of another tenant is one that does not exist, at every address of it', async () => {
  for (const [way, headers] of Object.entries(waysIn()))
    for (const rest of [
      '',
      '/',
      '/$metadata',
      '/Items',
      '/Items(1)',
      '/Items/$count',
      '/Nothing',
    ]) {
      const foreign = await odata(`only-there${rest}`, headers)
      const absent = await odata(`nowhere-at-all${rest}`, headers)
      assert.equal(foreign, absent.replaceAll('nowhere-at-all', 'only-there'), `${way} ${rest}`)
      assert.match(foreign, /^404 /, `${way} ${rest}`)
    }
})

const told = ({ status, body }: TokenAnswer): string => `${status} ${JSON.stringify(body)}`

test('T67: a code of another tenant is one that does not exist, and can still be redeemed at home', async () => {
  const { app, estates } = world
  const code = await getCode(app, ofB, { person: estates.B.plain })
  const answer = await redeem(app, ofA, code)
  assert.equal(told(answer), told(await redeem(app, ofA, mintToken('code', randomBytes))))
  assert.equal(answer.status, 400)
  assert.equal((await redeem(app, ofB, code)).status, 200)
})

test('T67: tokens of another tenant can be neither used, nor looked at, nor revoked by its neighbour', async () => {
  const { app, estates } = world
  const tokens = await getTokens(app, ofB, { person: estates.B.plain })
  const none = {
    refresh: mintToken('refreshToken', randomBytes),
    access: mintToken('accessToken', randomBytes),
  }
  const refreshed = await refresh(app, ofA, tokens.refresh_token)
  assert.equal(told(refreshed), told(await refresh(app, ofA, none.refresh)))
  assert.equal(refreshed.status, 400)
  for (const [token, absent] of [
    [tokens.refresh_token, none.refresh],
    [tokens.access_token, none.access],
  ] as const) {
    const { status, text } = await introspect(app, ofA, token)
    const unknown = await introspect(app, ofA, absent)
    assert.deepEqual({ status, text }, { status: unknown.status, text: unknown.text })
    assert.deepEqual(JSON.parse(text), { active: false })
    assert.equal(await revoke(app, ofA, token), await revoke(app, ofA, absent))
  }
  const headers = { authorization: `Bearer ${tokens.access_token}` }
  assert.match(await odata(`${sourceName}/Items`, headers), /^200 /)
  assert.equal((await refresh(app, ofB, tokens.refresh_token)).status, 200)
})

test('T67: a client of another tenant is none to who does not know its secret', async () => {
  const { app } = world
  const pretended = { ...ofB, clientSecret: ofA.clientSecret }
  const unknown = { ...pretended, clientId: '000000000.apps.hdp' }
  for (const ask of [
    (client: Registered) => askAsClient(app, client),
    (client: Registered) => refresh(app, client, tokensOfA.refresh_token),
    (client: Registered) => redeem(app, client, mintToken('code', randomBytes)),
  ]) {
    const answer = await ask(pretended)
    assert.equal(told(answer), told(await ask(unknown)))
    assert.equal(answer.body.error, 'invalid_client')
  }
})

test('T67: a right password at a client of another tenant is like a wrong one', async () => {
  const { app, estates } = world
  const { plain } = estates.A
  const right = await askWithPassword(app, ofB, plain)
  const wrong = await askWithPassword(app, ofB, { ...plain, password: 'not the right one' })
  assert.equal(told(right), told(wrong))
  assert.equal(right.status, 400)
  assert.equal((await askWithPassword(app, ofA, plain)).status, 200)
})

test('T67: who signs in at a client of another tenant gets no code', async () => {
  const { app, estates } = world
  await assert.rejects(getCode(app, ofB, { person: estates.A.plain }))
  assert.match(await getCode(app, ofA, { person: estates.A.plain }), /^hg_ac_/)
})

test('T67: the log holds no byte of a tenant, whoever asked for what', () => {
  for (const { canary } of Object.values(world.estates))
    assert.deepEqual(
      world.app.logs.filter((line) => line.includes(canary)),
      [],
    )
})
