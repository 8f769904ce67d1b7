import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { type HostileUpstream, json, startHostileUpstream } from '#test/support/hostile-upstream.ts'
import { manage } from '#test/support/oauth.ts'
import { createUpstreamSource, connectAt } from '#test/support/upstream/connected.ts'
import { startSalesforce } from '#test/support/upstream/salesforce.ts'
import { type MockServer, startMockServer } from '#test/support/upstream/mock-server.ts'

// T83: nobody but the owner says where the tokens of the owner's profile are sent, in however many steps.

const path = '/api/mgmt/datasources'
const owner = people.user
let app: TestApp
let stranger: MockServer
/** A server of who acts for the owner. */
let collector: HostileUpstream

before(async () => {
  ;[stranger, collector] = await Promise.all([startMockServer(), startHostileUpstream()])
  collector.behave(json({}))
  app = await startApp({ sources: false, env: { HEADGATE_EGRESS_ALLOW: '127.0.0.1' } })
})
after(async () => {
  await app.close()
  await Promise.all([stranger.close(), collector.close()])
})

let made = 0
const nameOf = (): string => `source${(made += 1)}`

/** As the administrator, who acts for the owner. */
const act = (method: string, to: string, body?: unknown) =>
  manage(app, method, `${path}${to}?user=${owner.name}`, {
    person: people.admin,
    ...(body === undefined ? {} : { body }),
  })

const putFor = (id: number, options: Readonly<Record<string, string>>) =>
  act('PUT', `/${id}`, { name: nameOf(), options })

const assertRefused = (answer: Awaited<ReturnType<typeof act>>, code: number): void => {
  assert.match(JSON.stringify(answer.body), new RegExp(`"code":${code}`))
  assert.equal(answer.status, code === 222208103 ? 403 : 400)
}

const profileOf = async (): Promise<string> =>
  String((await connectAt(app, stranger, { admin: people.admin, person: owner })).profileId)

/** A data source of the owner, as the owner made it. */
const ownSource = (options: Readonly<Record<string, string>>): Promise<number> =>
  createUpstreamSource(app, owner, { name: nameOf(), dataStore: 63, options })

test('T83: a destination that was set without a profile does not get the tokens of one', async () => {
  const HealthURI = `${collector.origin}/collect`
  const OAuthProfileId = await profileOf()
  const options = { HealthURI, AccessToken: 'of the agent' }
  const created = await act('POST', '', {
    name: nameOf(),
    dataStore: 63,
    connectionType: 'Cloud',
    options,
  })
  assert.equal(created.status, 201, JSON.stringify(created.body))
  const id = Number(created.body['id'])
  assertRefused(await putFor(id, { OAuthProfileId, HealthURI }), 222208103)
  // Without a destination it may have the profile, and then gets none.
  assert.equal((await putFor(id, { OAuthProfileId })).status, 200)
  assertRefused(await putFor(id, { OAuthProfileId, HealthURI }), 222208103)
  assert.equal((await act('POST', `/${id}/test`, {})).status, 200)
  assert.deepEqual(collector.received, [])
})

test('T83: a destination of the owner stays to the letter, and for the very same profile', async () => {
  const [OAuthProfileId, another] = [await profileOf(), await profileOf()]
  const HealthURI = stranger.apiUri
  const id = await ownSource({ OAuthProfileId, HealthURI })
  for (const [what, options] of [
    ['another profile', { OAuthProfileId: another, HealthURI }],
    ['another path', { OAuthProfileId, HealthURI: `${HealthURI}/other` }],
    ['a query', { OAuthProfileId, HealthURI: `${HealthURI}?to=other` }],
    ['another server', { OAuthProfileId, HealthURI: `${collector.origin}/` }],
  ] as const) {
    assertRefused(await putFor(id, options), 222208103)
    const read = await act('GET', `/${id}`)
    assert.deepEqual(read.body['options'], { OAuthProfileId, HealthURI }, what)
  }
  assert.equal((await putFor(id, { OAuthProfileId, HealthURI })).status, 200)
  assert.equal((await putFor(id, { OAuthProfileId })).status, 200)
  // What was taken away is no longer what the owner has set.
  assertRefused(await putFor(id, { OAuthProfileId, HealthURI }), 222208103)
  const body = { name: nameOf(), options: { OAuthProfileId: another, HealthURI } }
  assert.equal((await manage(app, 'PUT', `${path}/${id}`, { person: owner, body })).status, 200)
})

test('T83: the name of a host is a destination as well', async () => {
  const salesforce = await startSalesforce()
  try {
    const who = { admin: people.admin, person: owner }
    const { profileId, sourceId } = await connectAt(app, salesforce, who)
    const options = { OAuthProfileId: String(profileId) }
    for (const ServerName of ['collector.example', collector.origin])
      assertRefused(await putFor(sourceId, { ...options, ServerName }), 222208103)
  } finally {
    await salesforce.close()
  }
})

test('T83: secrets of the owner do not follow who acts for the owner to another path either', async () => {
  const HealthURI = `${stranger.origin}/api/one`
  const id = await ownSource({ AccessToken: 'of the owner', HealthURI })
  const elsewhere = `${stranger.origin}/api/two`
  assertRefused(await putFor(id, { HealthURI: elsewhere }), 222208475)
  assert.equal((await putFor(id, { HealthURI })).status, 200)
  assert.equal((await putFor(id, { HealthURI: elsewhere, AccessToken: 'new' })).status, 200)
  const body = { name: nameOf(), options: { HealthURI } }
  assert.equal((await manage(app, 'PUT', `${path}/${id}`, { person: owner, body })).status, 200)
})
