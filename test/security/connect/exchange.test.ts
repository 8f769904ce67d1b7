import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { minutes, seconds } from '#lib/clock.ts'
import { refusals } from '#features/refusals.ts'
import { Unavailable } from '#lib/refusal.ts'
import { run } from '#store/command.ts'
import { people, type TestApp } from '#test/support/app.ts'
import {
  goodTokens,
  json,
  misbehaviours,
  type Misbehaviour,
} from '#test/support/hostile-upstream.ts'
import { manage } from '#test/support/oauth.ts'
import { changeTokens, oauthProfiles, tokenRowOf } from '#test/support/oauth-profiles.ts'
import { openAll } from '#test/support/sealed.ts'
import type { Exchange, RawBrowser } from '../front-channel/raw-browser.ts'
import {
  callbackUrl,
  comeBack,
  connectionsOf,
  goOn,
  newLink,
  profileNames,
  registerUpstream,
  requestLink,
  signedIn,
  startWorld,
  stopWorld,
  uniqueName,
  type World,
} from './support.ts'

// What comes of a code: a profile, or a clear word and everything as it was.

let world: World
let app: TestApp
let application: string
let browser: RawBrowser
before(async () => {
  world = await startWorld()
  app = world.app
  application = await registerUpstream(world)
  browser = await signedIn(app)
})
after(() => stopWorld(world))
beforeEach(() => world.upstream.behave(json(goodTokens)))

const as = { person: people.user }

const idOf = async (name: string): Promise<number> => {
  const { body } = await manage(app, 'GET', oauthProfiles, as)
  const found = (body['profiles'] as { id: string; name: string }[]).find(
    (profile) => profile.name === name,
  )
  assert.ok(found, `no profile ${name}`)
  return Number(found.id)
}

/** The whole way for a new profile, or again for one of an id. */
const connect = async (body: { name: string } | { profileId: number }): Promise<Exchange> =>
  comeBack(browser, await goOn(browser, await newLink(app, application, body)))

const account = (id: string) => ({ id: `https://login.example/id/${id}` })

const connected = async (answer: Record<string, unknown> = goodTokens): Promise<number> => {
  const name = uniqueName()
  world.upstream.behave(json(answer))
  assert.match((await connect({ name })).html, /<h1>Connected<\/h1>/)
  return idOf(name)
}

const historyOf = async (id: number): Promise<readonly unknown[]> => {
  const { body } = await manage(app, 'GET', `${oauthProfiles}/${id}/history`, as)
  return (body['history'] as Record<string, unknown>[]).map((event) => {
    const { at, ...rest } = event
    assert.match(String(at), /^\d{4}-/)
    return rest
  })
}

test('a new profile is ready, knows when its token ends, and remembers that it was connected', async () => {
  const id = await connected({ ...goodTokens, scope: 'read', instance_url: 'https://x.example' })
  const { body } = await manage(app, 'GET', `${oauthProfiles}/${id}`, as)
  assert.equal(body['status'], 'ready')
  assert.equal(body['oauthAppId'], Number(application))
  assert.match(String(body['expires']), /^\d{4}-/)
  assert.deepEqual(await historyOf(id), [{ cause: 'connected', outcome: 'stored' }])
  const row = await tokenRowOf(app, id)
  assert.deepEqual(
    [row?.scope, row?.instance_url, row?.generation],
    ['read', 'https://x.example', 1],
  )
  assert.ok(!JSON.stringify(row).includes('upstream-1'))
})

test('without a refresh token the profile works until its token ends, and the page says so', async () => {
  const name = uniqueName()
  world.upstream.behave(json({ ...goodTokens, refresh_token: undefined }))
  const page = await connect({ name })
  assert.match(page.html, /<h1>Connected<\/h1>.*It will not last.*access ends on \d+ \w+ \d{4}, /s)
  const id = await idOf(name)
  const { body } = await manage(app, 'GET', `${oauthProfiles}/${id}`, as)
  assert.equal(body['status'], 'ready')
  assert.deepEqual(await historyOf(id), [
    { cause: 'connected', outcome: 'stored', detail: 'no-refresh-token' },
  ])
  world.upstream.behave(json({ access_token: 'at', token_type: 'bearer' }))
  const unknown = await connect({ name: uniqueName() })
  assert.match(unknown.html, /access ends when the data store ends it/)
})

test('each way in which a data store can fail is said in its words, and leaves an intact profile', async () => {
  const id = await connected()
  const before = await tokenRowOf(app, id)
  const cases: readonly (readonly [Misbehaviour, RegExp])[] = [
    ['html', /not what OAuth 2\.0 demands/],
    ['large', /was too large/],
    ['failing', /cannot answer at the moment/],
    ['throttling', /asks to be left alone/],
    ['elsewhere', /sent us elsewhere/],
    ['no token', /not what OAuth 2\.0 demands/],
    ['reset', /could not be reached/],
  ]
  for (const [how, words] of cases) {
    // Whoever asked us to wait is not asked before.
    app.clock.advance(seconds(8))
    world.upstream.behave(misbehaviours[how])
    const name = uniqueName()
    const made = await comeBack(
      browser,
      await goOn(browser, await newLink(app, application, { name })),
    )
    assert.match(made.html, words, how)
    assert.ok(!(await profileNames(app)).includes(name), how)
  }
  world.upstream.behave(json({ error: 'invalid_grant', error_description: 'its own words' }, 400))
  const again = await connect({ profileId: id })
  assert.match(again.html, /<h1>Not connected again<\/h1>.*used already.*invalid_grant/s)
  assert.doesNotMatch(again.html, /its own words/)
  world.upstream.behave(json({ error: 'invalid_client' }, 401))
  assert.match((await connect({ profileId: id })).html, /client id and secret/)
  assert.deepEqual(await tokenRowOf(app, id), before)
  assert.deepEqual((await historyOf(id)).slice(0, 2), [
    { cause: 'reconnected', outcome: 'failed', detail: 'client-refused invalid_client' },
    { cause: 'reconnected', outcome: 'failed', detail: 'grant-refused invalid_grant' },
  ])
})

test('what was exchanged is not lost to a database that is away for a moment', async () => {
  const name = uniqueName()
  const way = await goOn(browser, await newLink(app, application, { name }))
  const { store } = app.core
  const { write } = store
  let away = 2
  world.upstream.behave((request, response, socket) => {
    Object.assign(store, {
      write: (...args: Parameters<typeof write>) => {
        if (away === 0) return write(...args)
        away -= 1
        return Promise.reject(new Unavailable('The database is away.'))
      },
    })
    json(goodTokens)(request, response, socket)
  })
  try {
    assert.match((await comeBack(browser, way)).html, /<h1>Connected<\/h1>/)
    assert.equal(away, 0)
  } finally {
    Object.assign(store, { write })
  }
  assert.ok((await profileNames(app)).includes(name))
})

test('a profile that needs it is connected again, and works', async () => {
  const id = await connected({ ...goodTokens, ...account('ada') })
  await changeTokens(app, id, { state: 'reconnect', state_reason: 'grant-refused', failures: 3 })
  world.upstream.behave(
    json({ ...goodTokens, access_token: 'at-2', refresh_token: 'rt-2', ...account('ada') }),
  )
  const page = await connect({ profileId: id })
  assert.match(page.html, /<h1>Connected again<\/h1>/)
  const { body } = await manage(app, 'GET', `${oauthProfiles}/${id}`, as)
  assert.equal(body['status'], 'ready')
  const row = await tokenRowOf(app, id)
  assert.deepEqual([row?.generation, row?.failures, row?.state_reason], [2, 0, null])
  assert.deepEqual((await historyOf(id))[0], { cause: 'reconnected', outcome: 'stored' })
})

test('connecting again with another account is refused, and the profile stays as it is', async () => {
  const id = await connected({ ...goodTokens, ...account('ada') })
  const before = await tokenRowOf(app, id)
  world.upstream.behave(json({ ...goodTokens, ...account('bob') }))
  assert.match((await connect({ profileId: id })).html, /another account of the data store/)
  assert.deepEqual(await tokenRowOf(app, id), before)
})

test('a refresh token that is not sent again is kept for the same account alone, and only while it works', async () => {
  const without = { access_token: 'at-3', token_type: 'bearer', expires_in: 60 }
  const keeps = async (
    first: Record<string, unknown>,
    second: Record<string, unknown>,
    state: 'ready' | 'reconnect' = 'ready',
  ): Promise<boolean> => {
    const id = await connected({ ...goodTokens, ...first })
    await changeTokens(app, id, { state })
    world.upstream.behave(json({ ...without, ...second }))
    assert.match((await connect({ profileId: id })).html, /<h1>Connected again<\/h1>/)
    return (await tokenRowOf(app, id))?.refresh_token !== null
  }
  assert.equal(await keeps(account('ada'), account('ada')), true)
  assert.equal(await keeps(account('ada'), account('ada'), 'reconnect'), false)
  assert.equal(await keeps(account('ada'), {}), false)
  assert.equal(await keeps({}, account('ada')), false)
  assert.equal(await keeps({}, {}), false)
})

test('T75: a refresh token that is being spent is not kept: connecting again waits for the one that replaces it', async () => {
  const ada = account('ada')
  const id = await connected({ ...goodTokens, ...ada })
  const way = await goOn(browser, await newLink(app, application, { profileId: id }))
  const [arrived, rotated] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { store, upstreamTokens } = app.core
  // The data store spends the refresh token, and its answer to the refresh comes after the one to the code.
  world.upstream.behave((request, response, socket) => {
    arrived.resolve()
    void rotated.promise.then(() =>
      json({ ...goodTokens, ...ada, refresh_token: 'the-rotated-one' })(request, response, socket),
    )
  })
  const { generation } = await upstreamTokens.get({ kind: 'profile', id })
  const renewing = upstreamTokens.get({ kind: 'profile', id }, { rejected: generation })
  await arrived.promise
  world.upstream.behave(json({ access_token: 'at-4', token_type: 'bearer', ...ada }))
  const { write } = store
  let refused = 0
  Object.assign(store, {
    write: async (...args: Parameters<typeof write>) => {
      try {
        return await write(...args)
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error
        refused += 1
        rotated.resolve()
        throw error
      }
    },
  })
  try {
    assert.match((await comeBack(browser, way)).html, /<h1>Connected again<\/h1>/)
  } finally {
    Object.assign(store, { write })
    rotated.resolve()
  }
  await renewing
  assert.ok(refused > 0)
  const row = await tokenRowOf(app, id)
  const kept = (await openAll(app)).find(({ text }) => text === row?.refresh_token)
  assert.equal(kept?.opened, 'the-rotated-one')
})

test('a profile that is deleted while it is connected again does not come back', async () => {
  const id = await connected()
  const way = await goOn(browser, await newLink(app, application, { profileId: id }))
  world.upstream.behave((request, response, socket) => {
    void manage(app, 'DELETE', `${oauthProfiles}/${id}`, as).then(() =>
      json(goodTokens)(request, response, socket),
    )
  })
  const answer = await comeBack(browser, way)
  assert.doesNotMatch(answer.html, /<h1>Connected/)
  assert.equal(await tokenRowOf(app, id), undefined)
})

test('only one’s own profile of that very application is connected again', async () => {
  const id = await connected()
  const other = await registerUpstream(world)
  const attempts = [
    requestLink(app, other, { profileId: id }),
    requestLink(app, application, { profileId: id }, people.owner),
    requestLink(app, application, { profileId: id }, people.admin),
    requestLink(app, application, { profileId: 987_654_321 }),
  ]
  for (const answer of await Promise.all(attempts)) {
    const { error } = answer.body as { error: { code: string; message: { value: string } } }
    assert.deepEqual([answer.status, error.code], [400, '222207710'])
    assert.match(error.message.value, /The OAuthProfileId \d+ is not valid\.$/)
  }
  assert.equal((await requestLink(app, application, { profileId: String(id) })).status, 201)
})

test('what does not fit is refused in a sentence, and makes no link', async () => {
  const taken = uniqueName()
  world.upstream.behave(json(goodTokens))
  await connect({ name: taken })
  const before = (await connectionsOf(app)).length
  for (const [body, code] of [
    [{}, refusals.invalidInput.code],
    [{ name: 'a/b' }, refusals.invalidInput.code],
    [{ name: '' }, refusals.invalidInput.code],
    [{ name: 7 }, refusals.invalidInput.code],
    [{ name: 'x'.repeat(129) }, refusals.invalidInput.code],
    [{ name: 'x', description: 'a\u0007b' }, refusals.invalidInput.code],
    [{ name: 'x', profileId: 1 }, refusals.invalidInput.code],
    [{ profileId: 'x' }, refusals.invalidInput.code],
    [{ profileId: 1, description: 'x' }, refusals.invalidInput.code],
    [{ name: taken.toUpperCase() }, refusals.duplicateName.code],
  ] as const) {
    const answer = await requestLink(app, application, body)
    assert.equal(answer.status, 400, JSON.stringify(body))
    const { error } = answer.body as { error: { code: string; message: { value: string } } }
    assert.equal(error.code, String(code))
    assert.match(error.message.value, /\.$/)
  }
  assert.equal((await connectionsOf(app)).length, before)
  for (const id of ['999999999', '0', 'x']) {
    const answer = await requestLink(app, id, { name: 'fine' })
    assert.equal(answer.status, 404)
    assert.equal((answer.body['error'] as { code: string }).code, '222207711')
  }
  const path = `/api/mgmt/oauthapps/${application}/connect?user=demo`
  const acting = await manage(app, 'POST', path, { person: people.admin, body: { name: 'x' } })
  assert.equal(acting.status, 400)
})

test('a connection that was cut off between the data store’s answer and ours says so', async () => {
  const name = uniqueName()
  const link = await newLink(app, application, { name })
  const way = await goOn(browser, link)
  const { sql, write } = app.core.store
  // As a server leaves it that is killed while it waits for the answer.
  await write(() =>
    run(
      sql
        .updateTable('oauth_connections')
        .set({ status: 'exchanging', changed_at: app.clock.now() })
        .where('name', '=', name),
    ),
  )
  assert.match((await browser.send(link)).html, /being connected at this moment/)
  app.clock.advance(minutes(2))
  const shown = await browser.send(link)
  assert.match(shown.html, /<h1>Interrupted<\/h1>.*is lost.*begin again/s)
  const replay = await browser.follow(callbackUrl(way))
  assert.match(replay.html, /<h1>Interrupted<\/h1>/)
  assert.match((await connect({ name })).html, /<h1>Connected<\/h1>/)
})
