import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { UpstreamError } from '#egress/upstream-error.ts'
import { minutes, seconds } from '#lib/clock.ts'
import { ReconnectNeeded } from '#features/upstream-tokens/trouble.ts'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { oauthApps } from '#test/support/oauth-applications.ts'
import { changeTokens, oauthProfiles, tokenRowOf } from '#test/support/oauth-profiles.ts'
import { type Connected, connectAt, getTokensAt, tryOut } from '#test/support/upstream/connected.ts'
import { type Google, startGoogle } from '#test/support/upstream/google.ts'
import { type MockServer, startMockServer } from '#test/support/upstream/mock-server.ts'
import { type Salesforce, startSalesforce } from '#test/support/upstream/salesforce.ts'

let app: TestApp
let google: Google
let salesforce: Salesforce
let stranger: MockServer
const person = people.user
const who = { admin: people.admin, person }

before(async () => {
  ;[google, salesforce, stranger] = await Promise.all([
    startGoogle(),
    startSalesforce(),
    startMockServer(),
  ])
  app = await startApp({
    env: { HEADGATE_EGRESS_ALLOW: '127.0.0.1' },
    googleApis: { bigQuery: google.origin, analyticsAdmin: google.origin },
  })
})
after(async () => {
  await app.close()
  await Promise.all([google.close(), salesforce.close(), stranger.close()])
})

const ownerOf = ({ profileId }: Connected) => ({ kind: 'profile', id: profileId }) as const
const get = (connected: Connected, options = {}) =>
  app.core.upstreamTokens.get(ownerOf(connected), options)

const historyOf = async ({ profileId }: Connected) => {
  const { body } = await manage(app, 'GET', `${oauthProfiles}/${profileId}/history`, { person })
  return (body['history'] as { cause: string; outcome: string; detail?: string }[]).map(
    ({ cause, outcome, detail }) => [cause, outcome, ...(detail === undefined ? [] : [detail])],
  )
}

const statusOf = async ({ profileId }: Connected) =>
  (await manage(app, 'GET', `${oauthProfiles}/${profileId}`, { person })).body

/** How many refreshes an upstream saw while something was done. */
const refreshesDuring = async (
  upstream: Google | Salesforce | MockServer,
  work: () => Promise<unknown>,
) => {
  const before = upstream.count('refresh')
  await work()
  return upstream.count('refresh') - before
}

const faultOf = async (asked: Promise<unknown>): Promise<UpstreamError> => {
  try {
    await asked
  } catch (error) {
    if (error instanceof UpstreamError) return error
    throw error
  }
  return assert.fail('a token was given')
}

test('T75: 64 readers of an expired profile cause one refresh, and all get the new token', async () => {
  const connected = await connectAt(app, google, who)
  await get(connected)
  app.clock.advance(minutes(130))
  const given: string[] = []
  const count = await refreshesDuring(google, async () => {
    const all = await Promise.all(Array.from({ length: 64 }, () => get(connected)))
    given.push(...all.map(({ token }) => token.reveal()))
  })
  assert.equal(count, 1)
  assert.equal(new Set(given).size, 1)
  const before = given[0]
  assert.equal(await refreshesDuring(google, () => get(connected)), 0)
  app.clock.advance(minutes(61))
  assert.notEqual((await get(connected)).token.reveal(), before)
  assert.deepEqual((await historyOf(connected))[0], ['expiry', 'refreshed'])
})

test('a token is renewed before it expires, and used when that fails', async () => {
  const connected = await connectAt(app, google, who)
  app.clock.advance(minutes(130))
  const first = (await get(connected)).token.reveal()
  app.clock.advance(seconds(3599) - minutes(4))
  google.fail('refresh', { status: 500 })
  assert.equal((await get(connected)).token.reveal(), first)
  await app.core.upstreamTokens.settle()
  // It cools down: nobody asks again at once.
  assert.equal(await refreshesDuring(google, () => get(connected)), 0)
  assert.deepEqual((await historyOf(connected))[0], ['expiry', 'failed', 'failing'])
  app.clock.advance(seconds(3))
  assert.equal((await get(connected)).token.reveal(), first)
  await app.core.upstreamTokens.settle()
  assert.notEqual((await get(connected)).token.reveal(), first)
})

test('T75: a refresh token that is good for one use is stored before the new access token is used', async () => {
  salesforce.rotate('single-use')
  const connected = await connectAt(app, salesforce, who)
  for (let round = 0; round < 3; round += 1) {
    salesforce.endSessions()
    app.clock.advance(minutes(1))
    const before = (await tokenRowOf(app, connected.profileId))?.generation ?? 0
    const count = await refreshesDuring(salesforce, async () =>
      assert.equal((await tryOut(app, person, connected.sourceId)).status, 200),
    )
    // The first trial finds out where the API answers, with the same refresh.
    assert.equal(count, 1)
    assert.equal((await tokenRowOf(app, connected.profileId))?.generation, before + 1)
  }
  assert.deepEqual((await historyOf(connected))[0], ['rejected', 'refreshed'])
  salesforce.rotate('off')
})

test('a fresh token that is refused is not renewed again and again', async () => {
  const connected = await connectAt(app, stranger, who)
  await get(connected, { rejected: (await get(connected)).generation })
  const { generation } = await get(connected)
  const count = await refreshesDuring(stranger, async () =>
    assert.equal((await faultOf(get(connected, { rejected: generation }))).fault, 'unauthorized'),
  )
  assert.equal(count, 0)
  // Who comes with a token of before gets the one that there is.
  assert.equal((await get(connected, { rejected: generation - 1 })).generation, generation)
})

test('a data store that cannot answer makes the profile wait, longer each time, and leaves it intact', async () => {
  const connected = await connectAt(app, google, who)
  await get(connected)
  app.clock.advance(minutes(200))
  const before = await tokenRowOf(app, connected.profileId)
  const renewed = { ...before }
  for (const [how, fault] of [
    [{ status: 500 }, 'failing'],
    [{ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }, 'malformed'],
    [{ status: 302, headers: { location: 'https://elsewhere.example/' } }, 'redirected'],
    ['reset', 'unreachable'],
  ] as const) {
    await get(connected, { rejected: before?.generation }).catch(() => undefined)
    app.clock.advance(minutes(200))
    google.fail('refresh', how)
    assert.equal((await faultOf(get(connected))).fault, fault)
    const waiting = await faultOf(get(connected))
    assert.equal(waiting.fault, 'throttled')
    assert.ok((waiting.retryAfterSeconds ?? 0) > 0)
    assert.deepEqual((await historyOf(connected))[0], ['expiry', 'failed', fault])
    app.clock.advance(minutes(6))
    assert.ok(await get(connected))
  }
  const after = await tokenRowOf(app, connected.profileId)
  assert.equal(after?.state, 'ready')
  assert.equal(after?.failures, 0)
  assert.notEqual(after?.generation, renewed.generation)
})

test('Retry-After is heeded, and told to who asks', async () => {
  const connected = await connectAt(app, stranger, who)
  app.clock.advance(minutes(130))
  await get(connected)
  app.clock.advance(minutes(200))
  stranger.fail('refresh', { status: 429, headers: { 'retry-after': '40' } })
  assert.equal((await faultOf(get(connected))).fault, 'throttled')
  const answer = await tryOut(app, person, connected.sourceId)
  assert.equal(answer.status, 503)
  assert.ok(Number(answer.headers.get('retry-after')) > 30)
  app.clock.advance(seconds(41))
  assert.equal((await tryOut(app, person, connected.sourceId)).status, 200)
})

test('access that was taken back makes a profile say that it must be connected again, and since when', async () => {
  const connected = await connectAt(app, google, who)
  await get(connected)
  google.withdraw()
  app.clock.advance(minutes(130))
  const answer = await tryOut(app, person, connected.sourceId)
  assert.equal(answer.status, 400)
  assert.match(JSON.stringify(answer.body), /222208470.*connected again.*invalid_grant/)
  const status = await statusOf(connected)
  assert.equal(status['status'], 'reconnect-needed')
  assert.match(String(status['since']), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  assert.deepEqual((await historyOf(connected))[0], [
    'expiry',
    'reconnect-needed',
    'grant-refused invalid_grant',
  ])
  assert.equal(
    await refreshesDuring(google, async () =>
      assert.ok((await faultOf(get(connected))) instanceof ReconnectNeeded),
    ),
    0,
  )
  const tokens = await getTokensAt(google)
  const sent = await manage(app, 'PUT', `${oauthProfiles}/${connected.profileId}`, {
    person,
    body: { name: `again`, oauthAppId: Number(connected.applicationId), ...tokens },
  })
  assert.equal(sent.status, 200)
  assert.equal((await tryOut(app, person, connected.sourceId)).status, 200)
})

test('a wrong client secret is not the fault of the user: the profile waits for the administrator', async () => {
  const connected = await connectAt(app, google, who)
  app.clock.advance(minutes(130))
  await get(connected)
  const change = (clientSecret: string) =>
    manage(app, 'PUT', `${oauthApps}/${connected.applicationId}`, {
      person: people.admin,
      body: { ...google.application, name: `Secret ${connected.applicationId}`, clientSecret },
    })
  assert.equal((await change('not the secret')).status, 200)
  app.clock.advance(minutes(130))
  assert.equal((await faultOf(get(connected))).fault, 'client-refused')
  assert.equal((await faultOf(get(connected))).fault, 'throttled')
  const shown = await statusOf(connected)
  assert.deepEqual([shown['status'], shown['reason']], ['failing', 'client-refused invalid_client'])
  assert.ok(String(shown['nextTry']) > String(shown['since']), JSON.stringify(shown))
  assert.equal((await change(google.application.clientSecret)).status, 200)
  assert.equal((await statusOf(connected))['status'], 'ready')
  assert.ok(await get(connected))
})

test('a profile whose renewals fail says so, why, since the first of them and until when it waits', async () => {
  const connected = await connectAt(app, stranger, who)
  await get(connected)
  app.clock.advance(minutes(130))
  stranger.fail('refresh', { status: 500 })
  await faultOf(get(connected, { rejected: (await get(connected)).generation }))
  const first = await statusOf(connected)
  assert.deepEqual([first['status'], first['reason']], ['failing', 'failing'])
  app.clock.advance(minutes(6))
  stranger.fail('refresh', { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>' })
  await faultOf(
    get(connected, { rejected: (await tokenRowOf(app, connected.profileId))?.generation }),
  )
  const second = await statusOf(connected)
  assert.deepEqual(
    [second['status'], second['reason'], second['since']],
    ['failing', 'malformed', first['since']],
  )
  assert.ok(String(second['nextTry']) > String(first['nextTry']))
  app.clock.advance(minutes(6))
  await get(connected, { rejected: (await tokenRowOf(app, connected.profileId))?.generation })
  const { status, reason, nextTry } = await statusOf(connected)
  assert.deepEqual([status, reason, nextTry], ['ready', undefined, undefined])
})

test('one refusal does not end a token that cannot be renewed: what else uses the profile goes on', async () => {
  const connected = await connectAt(app, stranger, who)
  await changeTokens(app, connected.profileId, { refresh_token: null })
  const before = await tokenRowOf(app, connected.profileId)
  stranger.fail('api', { status: 401 })
  const refused = await tryOut(app, person, connected.sourceId)
  assert.equal(refused.status, 502)
  assert.match(JSON.stringify(refused.body), /222208471.*no refresh token that leads to another/)
  assert.deepEqual(await tokenRowOf(app, connected.profileId), before)
  assert.equal((await tryOut(app, person, connected.sourceId)).status, 200)
  // An end that is known is one.
  await changeTokens(app, connected.profileId, { access_expires_at: app.clock.now() })
  assert.ok((await faultOf(get(connected))) instanceof ReconnectNeeded)
  assert.equal((await statusOf(connected))['reason'], 'no-refresh-token')
})

test('a token for somebody else is not stored, and the profile goes on', async () => {
  const connected = await connectAt(app, salesforce, who)
  app.clock.advance(minutes(1))
  assert.equal((await tryOut(app, person, connected.sourceId)).status, 200)
  const before = await tokenRowOf(app, connected.profileId)
  app.clock.advance(minutes(1))
  salesforce.fail('refresh', {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      access_token: 'of-somebody-else',
      token_type: 'Bearer',
      instance_url: salesforce.instanceUrl(),
      id: `${salesforce.origin}/id/00D/005other`,
    }),
  })
  assert.equal(
    (await faultOf(get(connected, { rejected: before?.generation }))).fault,
    'other-account',
  )
  const after = await tokenRowOf(app, connected.profileId)
  assert.equal(after?.generation, before?.generation)
  assert.equal(after?.refresh_token, before?.refresh_token)
  app.clock.advance(minutes(6))
  assert.ok(await get(connected, { rejected: before?.generation }))
})

test('T83: an application that is not available any more gives no token, and its profiles stay', async () => {
  const connected = await connectAt(app, google, who)
  assert.ok(await get(connected))
  const answer = await manage(app, 'DELETE', `${oauthApps}/${connected.applicationId}`, {
    person: people.admin,
  })
  assert.equal(answer.status, 204)
  assert.equal((await faultOf(get(connected))).fault, 'client-refused')
})

test('T75: an answer that comes after the account was connected anew is of no effect', async () => {
  const connected = await connectAt(app, google, who)
  await get(connected)
  app.clock.advance(minutes(130))
  const held = google.hold('refresh')
  const waiting = get(connected)
  await held.arrived
  const tokens = await getTokensAt(google)
  const sent = await manage(app, 'PUT', `${oauthProfiles}/${connected.profileId}`, {
    person,
    body: {
      name: `anew ${connected.profileId}`,
      oauthAppId: Number(connected.applicationId),
      ...tokens,
    },
  })
  assert.equal(sent.status, 200)
  held.release()
  assert.equal((await waiting).token.reveal(), tokens.accessToken)
  assert.equal((await get(connected)).token.reveal(), tokens.accessToken)
})
