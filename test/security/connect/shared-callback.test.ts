import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { oauthApps } from '#test/support/oauth-applications.ts'
import {
  comeBack,
  goOn,
  newLink,
  registerUpstream,
  signedIn,
  startWorld,
  stopWorld,
  tokenRequests,
  type World,
} from './support.ts'

// HEADGATE_HDP=shared-callback: one callback for all, as HDP has it.

let world: World
before(async () => {
  world = await startWorld({ env: { HEADGATE_HDP: 'shared-callback' } })
})
after(() => stopWorld(world))

test('with shared-callback every application is sent back to HDP’s callback, and to no other', async () => {
  const { app, upstream } = world
  const callback = `http://localhost:${app.port}/hdpui/oauth2callback`
  const browser = await signedIn(app)
  for (let i = 0; i < 2; i += 1) {
    const id = await registerUpstream(world)
    const shown = await manage(app, 'GET', `${oauthApps}/${id}`, { person: people.admin })
    assert.equal(shown.body['redirectURI'], callback)
    const way = await goOn(browser, await newLink(app, id))
    assert.equal(way.url.searchParams.get('redirect_uri'), callback)
    const own = await comeBack(browser, { ...way, callback: `${way.callback}/1/${id}` })
    assert.equal(own.status, 404)
    assert.match((await comeBack(browser, way)).html, /<h1>Connected<\/h1>/)
    assert.equal(tokenRequests(upstream).at(-1)?.get('redirect_uri'), callback)
  }
})

test('T80, T81: a shared callback takes an answer in the very session that went there, too', async () => {
  const { app, upstream } = world
  const way = await goOn(await signedIn(app), await newLink(app, await registerUpstream(world)))
  const before = tokenRequests(upstream).length
  for (const person of [people.owner, people.user])
    assert.equal((await comeBack(await signedIn(app, person), way)).status, 403)
  assert.equal(tokenRequests(upstream).length, before)
})
