import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { postgresEnvironment, startApp, type TestApp } from '#test/support/app.ts'
import { manage, register } from '#test/support/oauth.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'
import { revoke } from './support.ts'

// Two nodes on one PostgreSQL, which recall what they read for half a second.

let cluster: Cluster
let one: TestApp
let two: TestApp
before(async () => {
  cluster = await startCluster()
  const env = postgresEnvironment(await cluster.createDatabase())
  one = await startApp({ env, sources: false })
  two = await startApp({ env, sources: false })
})
after(async () => {
  await one.close()
  await two.close()
  await cluster.stop()
})

const reset = async (id: number, query: string): Promise<string> => {
  const path = `/api/mgmt/oauth/client/applications/${id}/reset${query}`
  const answer = await manage(one, 'PUT', path)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return String(answer.body['clientSecret'])
}

for (const [what, query] of [
  ['an overlapping', '?overlap=1h'],
  ['a plain', ''],
] as const)
  test(`the secret of ${what} reset works at once on the node that has just read the old one`, async () => {
    const client = await register(one)
    assert.equal(await revoke(two, client, 'an unknown token'), 200)

    const clientSecret = await reset(client.id, query)

    assert.equal(await revoke(two, { ...client, clientSecret }, 'an unknown token'), 200)
  })

test('resets on two nodes at once leave two valid secrets at most', async () => {
  for (let round = 0; round < 5; round += 1) {
    const client = await register(one)
    const path = `/api/mgmt/oauth/client/applications/${client.id}`
    const answers = await Promise.all(
      [one, two, one, two].map((node) => manage(node, 'PUT', `${path}/reset?overlap=1h`)),
    )
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
    assert.deepEqual(statuses, [200, 400, 400, 400])
    const read = await manage(two, 'GET', path)
    assert.equal((read.body['clientSecrets'] as unknown[]).length, 2)
  }
})
