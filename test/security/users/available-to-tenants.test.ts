import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import { askWithPassword, manage, readWith, refresh, register } from '#test/support/oauth.ts'
import { execute, raw } from '../tokens/support.ts'

// DESIGN invariant 13: users of other tenants authorize an application only when it is the system tenant's and an
// administrator has marked it.

let app: TestApp
before(async () => {
  app = await startApp()
  await execute(
    app,
    raw`insert into tenants (id, name, name_key, description, status, created_at) values (50, 'Child', 'child', '', 1, 0)`,
  )
  await execute(app, raw`update users set tenant_id = 50 where user_name = ${people.user.name}`)
})
after(() => app.close())

const applications = '/api/mgmt/oauth/client/applications'
const grantTypes = ['password', 'refresh_token', 'authorization_code']

const mark = (id: number, availableToTenants: boolean, person: Person = people.admin) =>
  manage(app, 'PUT', `${applications}/${id}`, { person, body: { availableToTenants } })

test('only an administrator opens an application to other tenants, at registration and afterwards', async () => {
  const client = await register(app, { grantTypes })
  assert.equal((await mark(client.id, true, people.owner)).status, 403)
  assert.equal((await askWithPassword(app, client)).body.error, 'invalid_grant')
  const marked = await mark(client.id, true)
  assert.equal(marked.status, 200)
  assert.equal((marked.body as { availableToTenants: boolean }).availableToTenants, true)
  assert.equal((await askWithPassword(app, client)).status, 200)
  assert.equal((await mark(client.id, false, people.owner)).status, 403)
  const refused = await manage(app, 'POST', applications, {
    person: people.owner,
    body: { name: 'Mine', redirectUrls: ['https://a.example/'], availableToTenants: true },
  })
  assert.equal(refused.status, 403)
  const own = await register(app, { grantTypes, availableToTenants: true }, people.admin)
  assert.equal((await askWithPassword(app, own)).status, 200)
})

test('what the owner changes leaves the mark as it is', async () => {
  const client = await register(app, { grantTypes })
  await mark(client.id, true)
  const answer = await manage(app, 'PUT', `${applications}/${client.id}`, {
    body: { description: 'changed' },
  })
  assert.equal(answer.status, 200)
  assert.equal((await askWithPassword(app, client)).status, 200)
})

test('an application of another tenant cannot be opened', async () => {
  const client = await register(app, { grantTypes }, people.user)
  const answer = await mark(client.id, true)
  assert.equal(answer.status, 400)
  assert.match(JSON.stringify(answer.body), /system tenant/)
  assert.ok(!('availableToTenants' in client))
})

test('T53: taking the mark away ends what users of other tenants gave, and nothing else', async () => {
  const client = await register(app, { grantTypes })
  await mark(client.id, true)
  const theirs = (await askWithPassword(app, client)).body
  const ours = (await askWithPassword(app, client, people.owner)).body
  assert.equal(await readWith(app, theirs.access_token), 200)
  assert.equal((await mark(client.id, false)).status, 200)
  assert.equal(await readWith(app, theirs.access_token), 401)
  assert.equal((await refresh(app, client, theirs.refresh_token)).body.error, 'invalid_grant')
  assert.equal((await askWithPassword(app, client)).body.error, 'invalid_grant')
  // The developer has no data source of that name: 404 is a token that lives.
  assert.equal(await readWith(app, ours.access_token), 404)
  assert.equal((await refresh(app, client, ours.refresh_token)).status, 200)
})

test('T53: whoever signs in while the mark is taken away is left with nothing', async () => {
  const client = await register(app, { grantTypes })
  for (let round = 0; round < 5; round += 1) {
    await mark(client.id, true)
    const [, ...answers] = await Promise.all([
      mark(client.id, false),
      ...Array.from({ length: 4 }, () => askWithPassword(app, client)),
    ])
    for (const { body } of answers)
      if (body.access_token !== undefined) assert.equal(await readWith(app, body.access_token), 401)
  }
})
