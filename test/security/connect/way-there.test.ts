import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { minutes } from '#lib/clock.ts'
import { run } from '#store/command.ts'
import { people, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { oauthApps } from '#test/support/oauth-applications.ts'
import { createPerson } from '#test/support/tenants.ts'
import { createRawBrowser, csrfOf } from '../front-channel/raw-browser.ts'
import {
  comeBack,
  connectionsOf,
  fieldsAt,
  goOn,
  newLink,
  press,
  registerUpstream,
  requestLink,
  signedIn,
  startWorld,
  stopWorld,
  uniqueName,
  wayOf,
  type World,
} from './support.ts'

// T59, T76, T81: the link and the page that asks, before anything goes to a data store.

let world: World
let app: TestApp
let application: string
before(async () => {
  world = await startWorld()
  app = world.app
  application = await registerUpstream(world)
})
after(() => stopWorld(world))

/** The status of the connection that was asked for last. */
const lastStatus = async (): Promise<string | undefined> =>
  (await connectionsOf(app)).at(-1)?.status

test('T59: a link is used once, and is told so at the second time', async () => {
  const browser = await signedIn(app)
  const link = await newLink(app, application)
  const page = await browser.send(link)
  const way = wayOf(await press(browser, page))
  const again = await press(browser, page)
  assert.deepEqual([again.status, again.location], [400, undefined])
  assert.match(again.html, /used already/)
  const shown = await browser.send(link)
  assert.equal(shown.status, 200)
  assert.match(shown.html, /nobody has come back/)
  assert.doesNotMatch(shown.html, /name="decision"/)
  const done = await comeBack(browser, way)
  assert.match(done.html, /<h1>Connected<\/h1>/)
  assert.match((await browser.send(link)).html, /<h1>Connected<\/h1>/)
  assert.equal((await press(browser, page)).status, 400)
})

test('T59: of 50 that use a link at once one goes to the data store', async () => {
  const browser = await signedIn(app)
  const page = await browser.send(await newLink(app, application))
  const answers = await Promise.all(Array.from({ length: 50 }, () => press(browser, page)))
  const went = answers.filter(({ status }) => status === 303)
  assert.equal(went.length, 1)
  for (const answer of answers)
    if (answer !== went[0]) assert.deepEqual([answer.status, answer.location], [400, undefined])
  assert.match((await comeBack(browser, wayOf(went[0] as never))).html, /<h1>Connected<\/h1>/)
})

test('T59: of Continue and Cancel at once one counts', async () => {
  const browser = await signedIn(app)
  const page = await browser.send(await newLink(app, application))
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => press(browser, page, i % 2 ? 'cancel' : 'continue')),
  )
  assert.equal(answers.filter(({ status }) => status === 303).length, 1)
})

test('T59: a link that differs in a character, was cut, or belongs to nothing is not found', async () => {
  const browser = await signedIn(app)
  const link = await newLink(app, application)
  for (const wrong of [
    link.slice(0, -1),
    `${link}A`,
    link.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')),
    link.replace('hg_cl_', 'hg_st_'),
    link.toUpperCase().replace('/CONNECT', '/connect'),
    '/connect/done',
    '/connect/x',
  ]) {
    assert.equal((await browser.send(wrong)).status, 404, wrong)
    assert.equal((await createRawBrowser(app).send(wrong)).status, 404, wrong)
    assert.equal((await browser.send(`${wrong}/sign-in`)).status, 404, wrong)
  }
  assert.equal((await browser.send(link)).status, 200)
})

test('T59: looking at a link, with whatever method and for whatever purpose, changes nothing', async () => {
  const link = await newLink(app, application)
  const before = (await connectionsOf(app)).at(-1)
  const browser = await signedIn(app)
  for (const headers of [{}, { 'sec-purpose': 'prefetch' }, { purpose: 'preview' }]) {
    assert.equal((await browser.send(link, { headers })).status, 200)
    assert.equal((await createRawBrowser(app).send(link, { headers })).status, 303)
  }
  assert.equal((await browser.send(link, { method: 'HEAD' })).status, 404)
  assert.deepEqual((await connectionsOf(app)).at(-1), before)
})

test('T76: nothing goes to the data store before the button of the page is pressed, in each connection anew', async () => {
  const browser = await signedIn(app)
  for (let round = 0; round < 2; round += 1) {
    const link = await newLink(app, application)
    const page = await browser.send(link)
    assert.equal(page.status, 200)
    assert.match(page.html, /You go on to<\/dt><dd><bdi class="address" dir="ltr">127\.0\.0\.1/)
    const csrf = csrfOf(page)
    const forms: readonly Record<string, string>[] = [
      {},
      { csrf },
      { csrf, decision: 'allow' },
      { decision: 'continue' },
      { csrf: `${csrf}x`, decision: 'continue' },
    ]
    for (const form of forms) {
      const answer = await browser.send(link, { form })
      assert.deepEqual([answer.status, answer.location], [400, undefined], JSON.stringify(form))
    }
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
    ]) {
      const answer = await browser.send(link, { form: { csrf, decision: 'continue' }, headers })
      assert.deepEqual([answer.status, answer.location], [400, undefined])
    }
    assert.equal(await lastStatus(), 'open')
    await comeBack(browser, await goOn(browser, link))
  }
})

test('T76: what was shown is what is done: a changed application asks anew', async () => {
  const browser = await signedIn(app)
  const name = uniqueName()
  const changing = await registerUpstream(world, fieldsAt(world.upstream, name))
  const link = await newLink(app, changing)
  const page = await browser.send(link)
  const body = { ...fieldsAt(world.upstream, name), authorizeURI: 'https://elsewhere.example/auth' }
  const put = await manage(app, 'PUT', `${oauthApps}/${changing}`, { person: people.admin, body })
  assert.equal(put.status, 200)
  assert.deepEqual((await press(browser, page)).status, 400)
  assert.equal(await lastStatus(), 'open')
  const next = await browser.send(link)
  assert.match(next.html, /elsewhere\.example/)
  assert.equal(wayOf(await press(browser, next)).url.hostname, 'elsewhere.example')
})

test('T81: the link of one user, opened by another, is an error and stays what it was', async () => {
  const link = await newLink(app, application)
  const victim = await signedIn(app, people.owner)
  const page = await victim.send(link)
  assert.equal(page.status, 403)
  assert.match(page.html, /belongs to another account/)
  assert.doesNotMatch(page.html, /name="decision"|demo/)
  const csrf = csrfOf(await victim.send('/account/applications'))
  for (const decision of ['continue', 'cancel']) {
    const answer = await victim.send(link, { form: { csrf, decision } })
    assert.deepEqual([answer.status, answer.location], [403, undefined])
  }
  assert.equal(await lastStatus(), 'open')
  // Also with the button that its own user was shown.
  const own = await signedIn(app)
  const button = csrfOf(await own.send(link))
  assert.equal(
    (await victim.send(link, { form: { csrf: button, decision: 'continue' } })).status,
    403,
  )
  assert.match((await goOn(own, link)).state, /^hg_st_/)
})

test('T81: a button that one session was shown does not count in another of the same user', async () => {
  const link = await newLink(app, application)
  const [one, other] = [await signedIn(app), await signedIn(app)]
  const csrf = csrfOf(await one.send(link))
  const answer = await other.send(link, { form: { csrf, decision: 'continue' } })
  assert.deepEqual([answer.status, answer.location], [400, undefined])
  assert.equal(await lastStatus(), 'open')
})

test('T81: who is not signed in signs in first; somebody else who does gets no further', async () => {
  const link = await newLink(app, application, { name: 'a profile with a name' })
  const browser = createRawBrowser(app)
  const signIn = await browser.follow(link)
  assert.equal(new URL(signIn.url).pathname, `${link}/sign-in`)
  // Who has the link alone learns nothing of whose it is or what it is for.
  assert.doesNotMatch(signIn.html, /demo|127\.0\.0\.1|client of|a profile with/)
  const other = createRawBrowser(app)
  const wrong = await other.signIn(await other.follow(link), people.owner)
  assert.equal(wrong.status, 403)
  const page = await browser.signIn(signIn)
  assert.match(page.html, /name="decision"/)
  assert.match((await comeBack(browser, wayOf(await press(browser, page)))).html, /Connected/)
})

test('T81: who must change the password does that first, and then decides', async () => {
  const name = uniqueName()
  const person = await createPerson(app, { name, permissions: [1] })
  const link = await newLink(app, application, { name }, person)
  const { sql, write } = app.core.store
  await write(() =>
    run(sql.updateTable('users').set({ password_status: 2 }).where('id', '=', person.id)),
  )
  const browser = createRawBrowser(app)
  const page = await browser.signIn(await browser.follow(link), person)
  assert.equal(new URL(page.url).pathname, `${link}/password`)
  assert.equal((await browser.send(link)).status, 303)
  const csrf = csrfOf(page)
  assert.equal((await browser.send(link, { form: { csrf, decision: 'continue' } })).status, 303)
  assert.equal(await lastStatus(), 'open')
  const next = 'another-password-for-this'
  const asked = await browser.follow(`${link}/password`, {
    form: { csrf, currentPassword: person.password, newPassword: next, repeatPassword: next },
  })
  assert.match(asked.html, /name="decision"/, asked.html)
})

test('who may not create data sources any more uses no link', async () => {
  const name = uniqueName()
  const person = await createPerson(app, { name, permissions: [1] })
  const link = await newLink(app, application, { name }, person)
  const browser = await signedIn(app, person)
  const page = await browser.send(link)
  const { sql, write } = app.core.store
  await write(() => run(sql.deleteFrom('user_permissions').where('user_id', '=', person.id)))
  const pressed = await press(browser, page)
  assert.deepEqual([pressed.status, pressed.location], [403, undefined])
  assert.equal((await browser.send(link)).status, 403)
  assert.equal(await lastStatus(), 'open')
})

test('a link to an application that is gone, or not for this tenant any more, leads nowhere', async () => {
  const browser = await signedIn(app)
  const gone = await registerUpstream(world)
  const link = await newLink(app, gone)
  const page = await browser.send(link)
  const path = `${oauthApps}/${gone}`
  assert.equal((await manage(app, 'DELETE', path, { person: people.admin })).status, 204)
  assert.equal((await press(browser, page)).status, 404)
  assert.equal((await browser.send(link)).status, 404)
})

test('Cancel ends a connection, and says so', async () => {
  const browser = await signedIn(app)
  const link = await newLink(app, application)
  const pressed = await press(browser, await browser.send(link), 'cancel')
  assert.match(pressed.location ?? '', /^\/connect\/done\//)
  const done = await browser.send(pressed.location ?? '')
  assert.match(done.html, /You chose Cancel\. Nothing was stored\./)
  assert.match((await browser.send(link)).html, /You chose Cancel/)
})

test('of a user the 20 newest connections are kept', async () => {
  const person = await createPerson(app, { name: uniqueName(), permissions: [1] })
  const links: string[] = []
  for (let i = 0; i < 22; i += 1) {
    links.push(await newLink(app, application, undefined, person))
    app.clock.advance(1)
  }
  const browser = await signedIn(app, person)
  const statuses = await Promise.all(links.map(async (link) => (await browser.send(link)).status))
  assert.deepEqual(statuses, [404, 404, ...Array.from({ length: 20 }, () => 200)])
})

test('a link that was not used within 10 minutes is over', async () => {
  const link = await newLink(app, application)
  const answer = await requestLink(app, application)
  assert.match(String(answer.body['expires']), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  const browser = await signedIn(app)
  const page = await browser.send(link)
  app.clock.advance(minutes(9))
  assert.equal((await browser.send(link)).status, 200)
  app.clock.advance(minutes(1) + 1)
  const late = await press(browser, page)
  assert.deepEqual([late.status, late.location], [400, undefined])
  assert.match((await browser.send(link)).html, /not used within 10 minutes/)
})
