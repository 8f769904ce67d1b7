import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people } from '#test/support/app.ts'
import { type Fleet, startFleet } from '#test/support/fleet.ts'
import { connectAt, tryOut } from '#test/support/upstream/connected.ts'
import { type Salesforce, startSalesforce } from '#test/support/upstream/salesforce.ts'

let fleet: Fleet
let salesforce: Salesforce
before(async () => {
  const env = { HEADGATE_EGRESS_ALLOW: '127.0.0.1' }
  ;[fleet, salesforce] = await Promise.all([
    startFleet({ env }),
    startSalesforce({ rotation: 'single-use' }),
  ])
})
after(async () => {
  await fleet.close()
  await salesforce.close()
})

const readers = (sourceId: number) =>
  Promise.all(Array.from({ length: 64 }, (_, i) => tryOut(fleet.at(i % 2), people.owner, sourceId)))

test('T75: 64 readers of an expired profile, on two servers with one database, cause one refresh', async () => {
  const { sourceId, profileId } = await connectAt(fleet.app, salesforce, {
    admin: people.admin,
    person: people.owner,
  })
  assert.equal((await tryOut(fleet.at(0), people.owner, sourceId)).status, 200)
  for (let round = 0; round < 3; round += 1) {
    await fleet.sql(
      `update upstream_tokens set access_expires_at = 1000, issued_at = 0 where profile_id = ${profileId}`,
    )
    const before = salesforce.count('refresh')
    const answers = await readers(sourceId)
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
    assert.equal(salesforce.count('refresh'), before + 1)
  }
})

test('T75: 64 readers whose token is refused, on two servers, cause one refresh', async () => {
  const { sourceId } = await connectAt(fleet.app, salesforce, {
    admin: people.admin,
    person: people.owner,
  })
  salesforce.endSessions()
  const before = salesforce.count('refresh')
  const answers = await readers(sourceId)
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
  assert.equal(salesforce.count('refresh'), before + 1)
})
