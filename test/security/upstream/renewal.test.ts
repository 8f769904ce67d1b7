import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { UpstreamError } from '#egress/upstream-error.ts'
import { createGrantors } from '#features/upstream-tokens/grantor.ts'
import { ReconnectNeeded } from '#features/upstream-tokens/trouble.ts'
import { minutes, seconds } from '#lib/clock.ts'
import type { Answer, Command } from '#store/command.ts'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { oauthApps } from '#test/support/oauth-applications.ts'
import { changeTokens, oauthProfiles, tokenRowOf } from '#test/support/oauth-profiles.ts'
import { type Connected, connectAt, getTokensAt } from '#test/support/upstream/connected.ts'
import { type Google, startGoogle } from '#test/support/upstream/google.ts'
import { json } from '#test/support/upstream/server.ts'

// A renewal and what happens beside it: odd answers, callers that wait or leave, other tokens, an interruption before it.

let app: TestApp
let google: Google
const person = people.user

before(async () => {
  google = await startGoogle()
  app = await startApp({ sources: false, env: { HEADGATE_EGRESS_ALLOW: '127.0.0.1' } })
})
after(async () => {
  await app.close()
  await google.close()
})

const get = ({ profileId: id }: Connected, options = {}) =>
  app.core.upstreamTokens.get({ kind: 'profile', id }, options)

/** A profile whose tokens were renewed a moment ago. */
const connect = async (): Promise<Connected> => {
  const connected = await connectAt(app, google, { admin: people.admin, person })
  app.clock.advance(minutes(130))
  await get(connected)
  return connected
}

const refreshesDuring = async (work: () => Promise<unknown>): Promise<number> => {
  const seen = google.count('refresh')
  await work()
  return google.count('refresh') - seen
}

const lastSent = (): string | null | undefined =>
  google.received
    .filter(({ kind }) => kind === 'refresh')
    .at(-1)
    ?.form.get('refresh_token')

const faultOf = async (asked: Promise<unknown>): Promise<UpstreamError> => {
  try {
    await asked
  } catch (error) {
    if (error instanceof UpstreamError) return error
    throw error
  }
  return assert.fail('a token was given')
}

const sendTokens = async ({ profileId, applicationId }: Connected) => {
  const tokens = await getTokensAt(google)
  const body = { name: `n ${profileId}`, oauthAppId: Number(applicationId), ...tokens }
  const sent = await manage(app, 'PUT', `${oauthProfiles}/${profileId}`, { person, body })
  assert.equal(sent.status, 200)
  return tokens
}

const failuresOf = async ({ profileId }: Connected): Promise<readonly (string | undefined)[]> => {
  const { body } = await manage(app, 'GET', `${oauthProfiles}/${profileId}/history`, { person })
  const history = body['history'] as { outcome: string; detail?: string }[]
  return history
    .filter(({ outcome }) => outcome !== 'refreshed' && outcome !== 'stored')
    .map(({ detail }) => detail)
}

const invalidGrant = json(400, { error: 'invalid_grant' })

test('T75: a life of nothing, or one that is over when it comes, causes one request for who asks', async (t) => {
  const connected = await connect()
  t.after(() => google.setLifetime(3599))
  const told = app.core.listeners.upstreamRenewed
  t.after(() => void (app.core.listeners.upstreamRenewed = told))
  for (const lifetime of [0, -1, 1]) {
    google.setLifetime(lifetime)
    app.clock.advance(minutes(130))
    // By the time that it is read again, a life of one second is over.
    app.core.listeners.upstreamRenewed = () => app.clock.advance(seconds(5))
    const before = (await tokenRowOf(app, connected.profileId))?.generation ?? 0
    let generation = 0
    const count = await refreshesDuring(async () => ({ generation } = await get(connected)))
    assert.deepEqual([count, generation], [1, before + 1], String(lifetime))
  }
})

test('T75: a refresh token that comes with odd members is stored, and what those said before stays', async () => {
  const connected = await connect()
  const known = { instance_url: 'https://known.example', scope: 'known' }
  await changeTokens(app, connected.profileId, known)
  const good = { access_token: 'at', token_type: 'Bearer', expires_in: 60 }
  for (const [index, odd] of [
    { instance_url: 'https://na1.example/path' },
    { instance_url: 'http://169.254.169.254/' },
    { scope: 'ä' },
    { scope: 'x'.repeat(5000) },
    { id_token: 'unreadable' },
    { expires_in: 'soon' },
  ].entries()) {
    app.clock.advance(minutes(130))
    const name = JSON.stringify(odd).slice(0, 80)
    google.fail('refresh', json(200, { ...good, ...odd, refresh_token: `rotated-${index}` }))
    assert.equal((await get(connected)).token.reveal(), 'at', name)
    if (index > 0) assert.equal(lastSent(), `rotated-${index - 1}`, name)
    const row = await tokenRowOf(app, connected.profileId)
    assert.deepEqual([row?.instance_url, row?.scope], Object.values(known), name)
  }
})

test('who has a token that is still good gets it at once, and the renewal goes on beside', async () => {
  const connected = await connect()
  const first = await get(connected)
  app.clock.advance(seconds(3599) - minutes(4))
  const held = google.hold('refresh')
  const count = await refreshesDuring(async () => {
    const given = await Promise.all(Array.from({ length: 8 }, () => get(connected)))
    assert.deepEqual(
      new Set(given.map(({ generation }) => generation)),
      new Set([first.generation]),
    )
    await held.arrived
    assert.equal((await get(connected)).generation, first.generation)
    held.release()
    await app.core.upstreamTokens.settle()
    assert.equal((await get(connected)).generation, first.generation + 1)
  })
  assert.equal(count, 1)
})

test('who leaves ends the waiting and not the renewal', async () => {
  const connected = await connect()
  const { generation } = await get(connected)
  app.clock.advance(minutes(130))
  const held = google.hold('refresh')
  const leaving = new AbortController()
  const left = get(connected, { signal: leaving.signal })
  const staying = get(connected)
  await held.arrived
  leaving.abort(new Error('left'))
  await assert.rejects(left, /left/)
  held.release()
  assert.equal((await staying).generation, generation + 1)
})

test('T75: a refusal that comes after the account was connected anew is of no effect, and who waited gets the new token', async () => {
  const connected = await connect()
  app.clock.advance(minutes(130))
  google.fail('refresh', invalidGrant)
  const held = google.hold('refresh')
  const waiting = get(connected)
  await held.arrived
  const { accessToken } = await sendTokens(connected)
  held.release()
  assert.equal((await waiting).token.reveal(), accessToken)
  assert.equal((await tokenRowOf(app, connected.profileId))?.state, 'ready')
  assert.deepEqual(await failuresOf(connected), [])
})

test('a profile that has to be connected again is only read by who asks for its token', async (t) => {
  const connected = await connect()
  app.clock.advance(minutes(130))
  google.fail('refresh', invalidGrant)
  assert.ok((await faultOf(get(connected))) instanceof ReconnectNeeded)
  const write = t.mock.method(app.core.store, 'write')
  for (let i = 0; i < 5; i += 1)
    assert.ok((await faultOf(get(connected))) instanceof ReconnectNeeded)
  assert.equal(write.mock.callCount(), 0)
})

test('T75: an interrupted refresh is remembered as the reason, whatever passing trouble comes between, until one succeeds', async () => {
  const connected = await connect()
  const interrupt = () =>
    changeTokens(app, connected.profileId, { lease_holder: 'dead', lease_until: 1 })
  const fail = async (): Promise<void> => {
    google.fail('refresh', { status: 503 })
    assert.equal((await faultOf(get(connected))).fault, 'failing')
    app.clock.advance(minutes(6))
  }
  app.clock.advance(minutes(130))
  await interrupt()
  await fail()
  await fail()
  google.fail('refresh', invalidGrant)
  assert.ok((await faultOf(get(connected))) instanceof ReconnectNeeded)
  assert.equal((await tokenRowOf(app, connected.profileId))?.state_reason, 'interrupted-refresh')
  assert.deepEqual(await failuresOf(connected), [
    'interrupted-refresh',
    'failing',
    'failing',
    'interrupted',
  ])

  await sendTokens(connected)
  app.clock.advance(minutes(130))
  await get(connected)
  app.clock.advance(minutes(130))
  await interrupt()
  await fail()
  await get(connected)
  app.clock.advance(minutes(130))
  google.fail('refresh', invalidGrant)
  assert.ok((await faultOf(get(connected))) instanceof ReconnectNeeded)
  assert.match((await tokenRowOf(app, connected.profileId))?.state_reason ?? '', /invalid_grant/)
})

test('a wish to be left alone for hours is heeded', async () => {
  const connected = await connect()
  app.clock.advance(minutes(130))
  google.fail('refresh', { status: 429, headers: { 'retry-after': '7200' } })
  assert.equal((await faultOf(get(connected))).fault, 'throttled')
  for (const wait of [minutes(6), minutes(60), minutes(53)]) {
    app.clock.advance(wait)
    const count = await refreshesDuring(async () =>
      assert.equal((await faultOf(get(connected))).fault, 'throttled'),
    )
    assert.equal(count, 0)
  }
  app.clock.advance(minutes(1))
  assert.equal(await refreshesDuring(() => get(connected)), 1)
})

test('an application that is changed between two statements of a claim has its secret all the same', async () => {
  const { profileId: id, applicationId } = await connect()
  const { store, sealed } = app.core
  const grantors = createGrantors(store, sealed, () => assert.fail('it is a profile'))
  const change = async (name: string): Promise<void> => {
    const body = { ...google.application, name }
    const path = `${oauthApps}/${applicationId}`
    assert.equal((await manage(app, 'PUT', path, { person: people.admin, body })).status, 200)
  }
  // As with `row-locks` on PostgreSQL: each statement sees what was committed before it.
  const steps = grantors.read({ kind: 'profile', id })
  let step = steps.next()
  for (let statements = 1; step.done !== true; statements += 1) {
    const query = step.value
    const answer = await store.read(function* (): Command<Answer> {
      return yield query
    })
    await change(`Changed ${statements}`)
    step = steps.next(answer)
  }
  assert.equal(step.value?.registration?.clientSecret?.reveal(), google.application.clientSecret)
})
