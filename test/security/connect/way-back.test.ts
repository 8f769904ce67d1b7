import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { minutes } from '#lib/clock.ts'
import { run } from '#store/command.ts'
import { people, type TestApp } from '#test/support/app.ts'
import { goodTokens, json, startHostileUpstream } from '#test/support/hostile-upstream.ts'
import { manage } from '#test/support/oauth.ts'
import { createOAuthApplication, oauthApps } from '#test/support/oauth-applications.ts'
import { createPerson } from '#test/support/tenants.ts'
import { createRawBrowser, csrfOf, type Exchange } from '../front-channel/raw-browser.ts'
import {
  assertNothingExchanged,
  callbackUrl,
  comeBack,
  connectionsOf,
  fieldsAt,
  goOn,
  newLink,
  profileNames,
  registerUpstream,
  signedIn,
  startWorld,
  stopWorld,
  tokenRequests,
  uniqueName,
  type World,
} from './support.ts'

// T73, T80, T81 and the replay of answers: what a data store, or whoever poses as one, sends a browser back with.

let world: World
let app: TestApp
let application: string
before(async () => {
  world = await startWorld()
  app = world.app
  application = await registerUpstream(world)
})
after(() => stopWorld(world))

const statusOf = async (name: string): Promise<string | undefined> =>
  (await connectionsOf(app)).find((connection) => connection.name === name)?.status

/** A browser that is at the data store, for a profile of that name. */
const leave = async (name = uniqueName(), at = application) => {
  const browser = await signedIn(app)
  return { name, browser, way: await goOn(browser, await newLink(app, at, { name })) }
}

const assertRefused = (answer: Exchange, status: number, words: RegExp): void => {
  assert.deepEqual([answer.status, answer.location], [status, undefined], answer.html)
  assert.match(answer.html, words)
}

test('the way to the data store and back makes a profile, and each secret of it is used once', async () => {
  const { name, browser, way } = await leave()
  const at = (parameter: string): string | null => way.url.searchParams.get(parameter)
  assert.equal(at('response_type'), 'code')
  assert.equal(
    at('redirect_uri'),
    `http://localhost:${app.port}/hdpui/oauth2callback/1/${application}`,
  )
  assert.equal(at('code_challenge_method'), 'S256')
  assert.equal(at('scope'), 'read offline')
  const done = await comeBack(browser, way)
  assert.match(done.html, /<h1>Connected<\/h1>/)
  assert.match(new URL(done.url).pathname, /^\/connect\/done\/[\w-]{43}$/)
  assert.equal(new URL(done.url).search, '')
  const sent = tokenRequests(world.upstream).at(-1)
  assert.equal(sent?.get('grant_type'), 'authorization_code')
  assert.equal(sent?.get('code'), 'the-code-of-the-store')
  assert.equal(sent?.get('redirect_uri'), at('redirect_uri'))
  const verifier = sent?.get('code_verifier') ?? ''
  assert.equal(createHash('sha256').update(verifier).digest('base64url'), at('code_challenge'))
  assert.ok((await profileNames(app)).includes(name))
})

test('T73: a code that was asked of one application and comes to the callback of another is given to neither', async () => {
  const other = await registerUpstream(world)
  const { name, browser, way } = await leave()
  await assertNothingExchanged(world, async () => {
    const callback = way.callback.replace(/\d+$/, other)
    const answer = await comeBack(browser, { ...way, callback })
    assert.match(answer.html, /came to the address of another OAuth application/)
    assert.equal(await statusOf(name), 'failed')
    // Nor does the right one help any more.
    assert.match((await comeBack(browser, way)).html, /another OAuth application/)
  })
})

/** What a browser does that is sent from one data store to another: where the last one sends it. */
const through = async (url: string): Promise<string> => {
  let at = url
  for (let hops = 0; hops < 5 && !at.startsWith(app.url); hops += 1)
    at = (await fetch(at, { redirect: 'manual' })).headers.get('location') ?? 'nowhere'
  return at
}

test('T73: a hostile data store that leads onward to an honest one gets no code of it', async () => {
  const hostile = await startHostileUpstream()
  try {
    const honest = { id: Number(application), tenantId: 1 }
    const honestCallback = app.core.redirectUris.of(honest)
    // The honest one has the user's consent, and answers whoever names its client and callback.
    world.upstream.behave((request, response) => {
      const asked = new URL(request.path, world.upstream.origin).searchParams
      const back = new URLSearchParams({ code: 'an-honest-code', state: asked.get('state') ?? '' })
      response.writeHead(302, { location: `${asked.get('redirect_uri')}?${back.toString()}` }).end()
    })
    hostile.behave((request, response) => {
      const asked = new URL(request.path, hostile.origin).searchParams
      const onward = new URL(`${world.upstream.origin}/authorize`)
      for (const [key, value] of asked) onward.searchParams.set(key, value)
      onward.searchParams.set('redirect_uri', honestCallback)
      response.writeHead(302, { location: onward.href }).end()
    })
    const at = await createOAuthApplication(app, people.admin, fieldsAt(hostile, uniqueName()))
    const { name, browser, way } = await leave(uniqueName(), at)
    const arrived = await through(way.url.href)
    assert.ok(arrived.startsWith(`${honestCallback}?code=an-honest-code`), arrived)
    await assertNothingExchanged(world, async () => {
      const answer = await browser.follow(arrived)
      assert.match(answer.html, /came to the address of another OAuth application/)
    })
    assert.equal(await statusOf(name), 'failed')
    assert.deepEqual(tokenRequests(hostile), [])
  } finally {
    world.upstream.behave(json(goodTokens))
    await hostile.close()
  }
})

test('T73: the tenant in the address of a callback must be the one of the application', async () => {
  for (const wrong of ['2/', '0/', '01/', 'x/', '']) {
    const { browser, way } = await leave()
    await assertNothingExchanged(world, async () => {
      const callback = way.callback.replace('/1/', `/${wrong}`)
      assert.doesNotMatch((await comeBack(browser, { ...way, callback })).html, /Connected</)
    })
  }
})

test('T80: the answer that an attacker was given does nothing in the session of somebody else', async () => {
  const attacker = await leave()
  const victims = [await signedIn(app, people.owner), await signedIn(app)]
  for (const victim of victims)
    await assertNothingExchanged(world, async () => {
      const answer = await victim.send(callbackUrl(attacker.way, { code: 'code-of-the-attacker' }))
      assertRefused(answer, 403, /begun in another browser or session/)
      assert.equal(await statusOf(attacker.name), 'begun')
    })
  assert.deepEqual(await profileNames(app, people.owner), [])
})

test('T80: a code of an attacker under a state of their making does nothing', async () => {
  const { browser, way } = await leave()
  const mine = await leave()
  for (const state of ['', 'x', mine.way.state, way.state.toUpperCase(), way.state.slice(0, -1)])
    await assertNothingExchanged(world, () => browser.send(callbackUrl({ ...way, state })))
  for (let at = 0; at < way.state.length; at += 1) {
    const changed = way.state.slice(0, at) + (way.state[at] === 'a' ? 'b' : 'a')
    const state = changed + way.state.slice(at + 1)
    assertRefused(
      await browser.send(callbackUrl({ ...way, state })),
      400,
      /belongs to no connection/,
    )
  }
  assert.match((await comeBack(browser, way)).html, /<h1>Connected<\/h1>/)
})

test('T81: who was signed out on the way, or signed in as somebody else, gets nothing', async () => {
  const { name, browser, way } = await leave()
  const csrf = csrfOf(await browser.send('/account/applications'))
  await browser.send('/sign-out', { form: { csrf } })
  await assertNothingExchanged(world, async () => {
    assertRefused(await browser.send(callbackUrl(way)), 401, /Nobody is signed in/)
    for (const person of [people.owner, people.user]) {
      browser.jar.delete('hg_session')
      await browser.signIn(await browser.send('/sign-in'), person)
      assertRefused(await browser.send(callbackUrl(way)), 403, /another browser or session/)
    }
    assertRefused(await createRawBrowser(app).send(callbackUrl(way)), 401, /Nobody is signed in/)
  })
  assert.equal(await statusOf(name), 'begun')
})

test('T81: a session that ends while the code is being exchanged gets no profile', async () => {
  const { name, browser, way } = await leave()
  const csrf = csrfOf(await browser.send('/account/applications'))
  world.upstream.behave((request, response, socket) => {
    const leaving = createRawBrowser(app)
    for (const [cookie, value] of browser.jar) leaving.jar.set(cookie, value)
    void leaving
      .send('/sign-out', { form: { csrf } })
      .then(() => json(goodTokens)(request, response, socket))
  })
  const answer = await browser.send(callbackUrl(way))
  world.upstream.behave(json(goodTokens))
  assert.equal(answer.status, 303)
  assert.equal(await statusOf(name), 'failed')
  assert.ok(!(await profileNames(app)).includes(name))
})

test('an answer is taken once: replayed, it exchanges nothing and shows what became of it', async () => {
  const { browser, way } = await leave()
  const first = await browser.send(callbackUrl(way))
  await assertNothingExchanged(world, async () => {
    for (const parameters of [
      { code: 'the-code-of-the-store' },
      { code: 'another' },
      { error: 'x' },
    ])
      assert.equal((await browser.send(callbackUrl(way, parameters))).location, first.location)
  })
  assert.match((await browser.send(first.location ?? '')).html, /<h1>Connected<\/h1>/)
})

test('of 20 answers at once one is exchanged', async () => {
  const { name, browser, way } = await leave()
  const before = tokenRequests(world.upstream).length
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => browser.send(callbackUrl(way))),
  )
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([303]))
  assert.equal(tokenRequests(world.upstream).length, before + 1)
  assert.equal((await profileNames(app)).filter((each) => each === name).length, 1)
})

test('an answer that is incomplete, contradictory or says something twice is not used, and uses nothing up', async () => {
  const { name, browser, way } = await leave()
  const { callback, state } = way
  await assertNothingExchanged(world, async () => {
    for (const query of [
      '',
      `state=${state}`,
      `state=${state}&code=`,
      'code=c',
      `state=${state}&code=c&code=d`,
      `state=${state}&state=${state}&code=c`,
      `state=${state}&code=c&error=access_denied`,
      `state=${state}&code=c&x=1&x=2`,
      `state=${state}&code=%ff`,
      `state=${state}&code=%`,
    ])
      assertRefused(await browser.send(`${callback}?${query}`), 400, /<h1>/)
    for (const method of ['HEAD', 'PUT', 'DELETE'])
      assert.equal((await browser.send(callbackUrl(way), { method })).status, 404, method)
    const form = { code: 'c', state }
    assert.equal((await browser.send(callback, { form })).status, 404)
    assert.equal((await browser.send(callbackUrl(way), { form })).status, 404)
  })
  assert.equal(await statusOf(name), 'begun')
  assert.match((await comeBack(browser, way)).html, /<h1>Connected<\/h1>/)
})

test('what a data store says instead of a code is told in our words, with nothing of its own but the code', async () => {
  for (const [error, words] of [
    ['access_denied', /access was not allowed/],
    ['temporarily_unavailable', /not available at the moment/],
    ['OAUTH_APPROVAL_ERROR_GENERIC', /The data store refused\..*OAUTH_APPROVAL_ERROR_GENERIC/s],
    ['constructor', /The data store refused/],
    ['<b>words of the store</b>', /The data store refused/],
  ] as const) {
    const { name, browser, way } = await leave()
    await assertNothingExchanged(world, async () => {
      const answer = await comeBack(browser, way, {
        error,
        error_description: 'words of the store',
        error_uri: 'https://evil.example/',
      })
      assert.match(answer.html, words)
      assert.doesNotMatch(answer.html, /words of the store|evil\.example/)
    })
    assert.equal(await statusOf(name), 'failed')
  }
})

test('T73: an application that was changed on the way gets no code at its new address', async () => {
  const name = uniqueName()
  const changing = await createOAuthApplication(app, people.admin, fieldsAt(world.upstream, name))
  const { browser, way } = await leave(uniqueName(), changing)
  const body = { ...fieldsAt(world.upstream, name), tokenURI: `${world.upstream.origin}/other` }
  const put = await manage(app, 'PUT', `${oauthApps}/${changing}`, { person: people.admin, body })
  assert.equal(put.status, 200)
  const before = world.upstream.received.length
  const answer = await comeBack(browser, way)
  assert.match(answer.html, /was changed meanwhile/)
  assert.equal(world.upstream.received.length, before)
})

test('who lost the permission, or was disabled, on the way gets no profile', async () => {
  const name = uniqueName()
  const person = await createPerson(app, { name, permissions: [1] })
  const browser = await signedIn(app, person)
  const way = await goOn(browser, await newLink(app, application, { name }, person))
  const { sql, write } = app.core.store
  const requests = tokenRequests(world.upstream).length
  await write(() => run(sql.deleteFrom('user_permissions').where('user_id', '=', person.id)))
  assert.match((await comeBack(browser, way)).html, /permissions were changed/)
  assert.equal(tokenRequests(world.upstream).length, requests)
  assert.equal(await statusOf(name), 'failed')
})

test('a name that was taken meanwhile is said so, and nothing is stored', async () => {
  const { name, browser, way } = await leave()
  const second = await leave(name.toUpperCase())
  assert.match((await comeBack(browser, way)).html, /<h1>Connected<\/h1>/)
  const answer = await comeBack(second.browser, second.way)
  assert.match(answer.html, /another OAuth profile of this name/)
  assert.deepEqual(
    (await profileNames(app)).filter((each) => each.toLowerCase() === name.toLowerCase()),
    [name],
  )
})

test('no secret of a connection is in its row, and no line of the log has link, state or code', async () => {
  const { name, browser, way } = await leave()
  const code = 'a-code-that-nobody-may-log'
  const link = await newLink(app, application)
  await browser.send(link)
  await comeBack(browser, way, { code })
  await browser.send(callbackUrl(way, { code }))
  const row = (await connectionsOf(app)).find((connection) => connection.name === name)
  assert.equal(row?.code_verifier, null)
  const log = app.logs.join('')
  const verifier = tokenRequests(world.upstream).at(-1)?.get('code_verifier') ?? 'none'
  for (const secret of [link.split('/').at(-1) ?? '', way.state, code, verifier])
    assert.ok(!log.includes(secret) && !log.includes(secret.slice(10, 40)), secret)
  for (const event of ['requested', 'begun', 'connected', 'failed'])
    assert.ok(log.includes(`"audit":"oauth-connection.${event}"`), event)
  assert.ok(log.includes('"route":"/hdpui/oauth2callback/:tenant/:application"'))
})

test('an answer that comes after more than 20 minutes is not used', async () => {
  const { name, browser, way } = await leave()
  app.clock.advance(minutes(19))
  await browser.send('/account/applications')
  app.clock.advance(minutes(1) + 1)
  await assertNothingExchanged(world, async () =>
    assertRefused(await browser.send(callbackUrl(way)), 400, /after more than 20 minutes/),
  )
  assert.equal(await statusOf(name), 'begun')
})
