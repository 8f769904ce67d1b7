import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { createOAuthApplication } from '#test/support/oauth-applications.ts'
import {
  createOAuthProfile,
  oauthProfiles,
  sampleProfile,
  tokenRowOf,
} from '#test/support/oauth-profiles.ts'
import { unique } from '../access/things.ts'

let app: TestApp
let oauthAppId: number
before(async () => {
  app = await startApp({ sources: false })
  oauthAppId = Number(await createOAuthApplication(app, people.admin))
})
after(() => app.close())

type Answer = Awaited<ReturnType<typeof manage>>

const call = (method: string, rest: string, body?: unknown): Promise<Answer> =>
  manage(app, method, `${oauthProfiles}${rest}`, {
    person: people.user,
    ...(body === undefined ? {} : { body }),
  })

const assertRefused = (answer: Answer, status: number, code: string, sentence: RegExp): void => {
  const { error } = answer.body as { error?: { code: string; message: { value: string } } }
  assert.deepEqual([answer.status, error?.code], [status, code], JSON.stringify(answer.body))
  assert.match(error?.message.value ?? '', sentence)
}

const forbidden: readonly (readonly [field: string, value: unknown])[] = [
  ...['', '  ', 'a/b', 'a.b', 'é', 'a\tb', 'n'.repeat(129), 7, null, ['a']].map(
    (value) => ['name', value] as const,
  ),
  ...[0, -1, 1.5, 1e300, '', '017', '17x', true, null, [17]].map(
    (value) => ['oauthAppId', value] as const,
  ),
  ...['d'.repeat(1001), 'a\u0007', 'a\n', '\u202e', '\ud800', 7, null].map(
    (value) => ['description', value] as const,
  ),
  ...(['accessToken', 'refreshToken'] as const).flatMap((field) =>
    [' ', 'a\u0007', 'a\r\nb', 'ä', 't'.repeat(16_385), 7, null, ['t']].map(
      (value) => [field, value] as const,
    ),
  ),
]

test('T65: what POST refuses is refused by PUT as well, in one sentence, and changes nothing', async () => {
  const good = { ...sampleProfile, name: unique(), oauthAppId }
  const id = await createOAuthProfile(app, people.user, good)
  const state = async () =>
    JSON.stringify([await tokenRowOf(app, id), (await call('GET', '')).body])
  const before = await state()
  for (const [field, value] of forbidden)
    for (const [method, rest, name] of [
      ['POST', '', unique()],
      ['PUT', `/${id}`, good.name],
    ] as const) {
      const body = { ...good, name, [field]: value }
      assertRefused(await call(method, rest, body), 400, '222207007', new RegExp(field))
    }
  const { name } = good
  for (const [method, rest, body] of [
    ['POST', '', { oauthAppId, refreshToken: 'x' }],
    ['POST', '', { name: unique(), refreshToken: 'x' }],
    ['POST', '', { name: unique(), oauthAppId, accessToken: 'x' }],
    ['POST', '', { name: unique(), oauthAppId, refreshToken: '' }],
    ['PUT', `/${id}`, { oauthAppId }],
    ['PUT', `/${id}`, { name }],
    ['PUT', `/${id}`, []],
    ['POST', '', '{'],
  ] as const)
    assertRefused(await call(method, rest, body), 400, '222207007', /required|empty|JSON|valid/)
  for (const rest of ['/0', '/x', '/1.5', '/99999999999999999999', '/-1'])
    assertRefused(await call('GET', rest), 404, '222207710', /no OAuth profile/)
  assert.equal(await state(), before)
  // The longest that fits.
  const longest = { ...good, name: 'n'.repeat(128), refreshToken: 't'.repeat(16_384) }
  assert.equal((await call('POST', '', longest)).status, 201)
})
