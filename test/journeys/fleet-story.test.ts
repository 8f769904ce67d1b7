import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createBrowser, type Page } from '../../src/commands/demo/browser.ts'
import { basicOf, createSource, people } from '#test/support/app.ts'
import { type Fleet, startFleet, withinOneSecond } from '#test/support/fleet.ts'
import {
  authorizeUrl,
  createStoppingBrowser,
  getTokens,
  manage,
  readWith,
  redeem,
  refresh,
  register,
} from '#test/support/oauth.ts'
import { playStory } from './story.ts'

// Must show 1: two nodes, and every request is answered by the other one than the request before.

let fleet: Fleet
before(async () => {
  fleet = await startFleet()
})
after(() => fleet.close())

/** Sees to it that the next request goes to this node. */
const giveTurnTo = async (node: number): Promise<void> => {
  while (fleet.turns.at(-1) === node)
    await (await fetch(`${fleet.url}/api/healthcheck/live`)).arrayBuffer()
}

/** How many requests there were since then; each of them must have gone to the other node. */
const turnsSince = (from: number): number => {
  const turns = fleet.turns.slice(from)
  for (const [index, turn] of turns.entries())
    if (index > 0) assert.notEqual(turn, turns[index - 1])
  return turns.length
}

for (const node of [0, 1])
  test(`the story that begins at node ${node} goes on at the other one with every request`, async () => {
    await giveTurnTo(node)
    const from = fleet.turns.length
    await playStory(fleet.app)
    assert.equal(fleet.turns[from], node)
    assert.ok(turnsSince(from) > 25)
  })

const signIn = async (browser = createBrowser(), password: string = people.user.password) => {
  const page = await browser.visit(`${fleet.url}/sign-in`)
  return browser.submit(page, 'password', { username: people.user.name, password })
}

test('a form of one node is taken by the other, and only with its token', async () => {
  const browser = createBrowser()
  const page = await browser.visit(`${fleet.url}/sign-in`)
  const forged: Page = { ...page, html: page.html.replace(/name="csrf" value="./, '$&x') }
  assert.notEqual(forged.html, page.html)

  const { name: username, password } = people.user
  const refused = await browser.submit(forged, 'password', { username, password })
  const landed = await browser.submit(page, 'password', { username, password })

  assert.equal(refused.status, 400)
  assert.ok(landed.url.endsWith('/account/applications'), landed.url)
})

test('a session that began at one node is known to the other, and ends on both', async () => {
  const browser = createBrowser()
  assert.ok((await signIn(browser)).url.endsWith('/account/applications'))
  for (let i = 0; i < 4; i += 1)
    assert.equal((await browser.visit(`${fleet.url}/account/applications`)).status, 200)

  const page = await browser.visit(`${fleet.url}/account/applications`)
  const { pathname } = new URL((await browser.submit(signOutForm(page), 'csrf', {})).url)

  assert.notEqual(pathname, '/account/applications')
  for (let i = 0; i < 2; i += 1) {
    const { url } = await browser.visit(`${fleet.url}/account/applications`)
    assert.equal(new URL(url).pathname, '/sign-in')
  }
})

/** The page with no form but the one that signs out. */
const signOutForm = (page: Page): Page => ({
  ...page,
  html: /<form[^>]*action="\/sign-out"[\s\S]*?<\/form>/.exec(page.html)?.[0] ?? '',
})

test('a password that is changed at one node opens nothing at the other any more, and ends other sessions', async () => {
  const next = 'quite another password'
  const [here, elsewhere] = [createBrowser(), createBrowser()]
  await signIn(here)
  await signIn(elsewhere)
  const basic = async (password: string): Promise<number> =>
    (
      await manage(fleet.app, 'GET', '/api/mgmt/datasources', {
        person: { name: people.user.name, password },
      })
    ).status
  // Both nodes have verified the old password and remember it.
  assert.deepEqual(
    [await basic(people.user.password), await basic(people.user.password)],
    [200, 200],
  )

  const change = async (from: string, to: string): Promise<Page> => {
    const page = await here.visit(`${fleet.url}/account/password`)
    const fields = { currentPassword: from, newPassword: to, repeatPassword: to }
    return here.submit(page, 'currentPassword', fields)
  }
  assert.equal((await change(people.user.password, next)).status, 200)

  assert.deepEqual(
    [await basic(people.user.password), await basic(people.user.password)],
    [401, 401],
  )
  assert.deepEqual([await basic(next), await basic(next)], [200, 200])
  const { url } = await elsewhere.visit(`${fleet.url}/account/applications`)
  assert.equal(new URL(url).pathname, '/sign-in')
  assert.equal((await change(next, people.user.password)).status, 200)
})

test('what one node begins, the other goes on with at once', async () => {
  const client = await register(fleet.app)
  const source = `late${client.id}`
  const tokens = await getTokens(fleet.app, client, { later: true })
  // Both nodes have just been asked for a data source that is not there yet.
  for (const index of [0, 1])
    assert.equal(await readWith(fleet.at(index), tokens.access_token, source), 404)
  await createSource(fleet.at(0), source, 'one.db')
  for (const index of [1, 0])
    assert.equal(await readWith(fleet.at(index), tokens.access_token, source), 200)
})

test('a secret that one node has reset is the secret of the other at once', async () => {
  const client = await register(fleet.app)
  await getTokens(fleet.app, client)
  for (const index of [0, 1])
    assert.equal((await refresh(fleet.at(index), client, 'hg_rt_x')).body.error, 'invalid_grant')

  const path = `/api/mgmt/oauth/client/applications/${client.id}/reset`
  const { body } = await manage(fleet.at(0), 'PUT', path)
  const renewed = { ...client, clientSecret: String(body['clientSecret']) }

  for (const index of [1, 0])
    assert.equal((await refresh(fleet.at(index), renewed, 'hg_rt_x')).body.error, 'invalid_grant')
  await withinOneSecond('the old secret is refused', async () => {
    const { body: refused } = await refresh(fleet.at(1), client, 'hg_rt_x')
    return refused.error === 'invalid_client'
  })
})

test('a redirect URI that one node has registered is good at the other at once', async () => {
  const client = await register(fleet.app)
  const added = 'https://added.example/callback'
  const visit = (index: number) =>
    createStoppingBrowser().visit(authorizeUrl(fleet.at(index), client, { redirectUri: added }))
  for (const index of [0, 1]) assert.equal((await visit(index)).status, 400)

  const path = `/api/mgmt/oauth/client/applications/${client.id}`
  const { status } = await manage(fleet.at(0), 'PUT', path, {
    body: { redirectUrls: [client.redirectUri, added] },
  })

  assert.equal(status, 200)
  for (const index of [1, 0]) assert.equal((await visit(index)).status, 200)
})

test('a code is good for one redemption, whichever node is asked', async () => {
  const client = await register(fleet.app)
  const browser = createStoppingBrowser()
  let page = await browser.visit(authorizeUrl(fleet.app, client))
  page = await browser.submit(page, 'password', {
    username: people.user.name,
    password: people.user.password,
  })
  page = await browser.submit(page, 'decision', { decision: 'allow' })
  const code = new URL(page.url).searchParams.get('code') ?? ''

  const first = await redeem(fleet.app, client, code)
  const second = await redeem(fleet.app, client, code)

  assert.equal(first.status, 200)
  assert.equal(second.body.error, 'invalid_grant')
  await withinOneSecond('the tokens of a code that was used twice are refused', async () => {
    const statuses = [
      await readWith(fleet.app, first.body.access_token),
      await readWith(fleet.app, first.body.access_token),
    ]
    return statuses.every((status) => status === 401)
  })
})

test('a new model that is asked for at one node is built by the other one within a second, at its next request', async () => {
  const id = await createSource(fleet.app, 'modelled', 'one.db')
  const { user: person } = people
  const path = `/api/mgmt/datasources/${id}`
  const read = async (node: number): Promise<void> => {
    const url = `${fleet.at(node).url}/api/odata4/modelled/$metadata`
    const answer = await fetch(url, { headers: basicOf(person) })
    assert.equal(answer.status, 200)
    await answer.text()
  }
  /** How many models the node has built. */
  const builtBy = async (node: number): Promise<number> => {
    const answer = await fetch(`${fleet.at(node).url}${path}/logs`, { headers: basicOf(person) })
    return (await answer.text()).split('model built').length - 1
  }
  for (const node of [0, 1]) await read(node)
  assert.deepEqual([await builtBy(0), await builtBy(1)], [1, 1])
  const asked = await manage(fleet.at(0), 'POST', `${path}/model`, { person, body: {} })
  assert.equal(asked.status, 200)
  await withinOneSecond('the other node has built a new model', async () => {
    await read(1)
    return (await builtBy(1)) === 2
  })
  // Who asks there how it is sees it whole, and nothing is built once more.
  const status = await manage(fleet.at(1), 'GET', `${path}/model`, { person })
  assert.equal(status.body['statusCode'], 0)
  assert.deepEqual([await builtBy(0), await builtBy(1)], [2, 2])
})
