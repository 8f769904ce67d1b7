import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { people } from '#test/support/app.ts'
import { type Fleet, startFleet } from '#test/support/fleet.ts'
import { manage } from '#test/support/oauth.ts'

let fleet: Fleet
before(async () => {
  fleet = await startFleet()
})
after(() => fleet.close())

/** Nobody is locked, and no node remembers a password. */
beforeEach(async () => {
  await fleet.sql('delete from login_failures')
  await fleet.sql('update users set password_version = password_version + 1')
})

const present = async (node: number, password: string): Promise<number> => {
  const person = { name: people.user.name, password }
  return (await manage(fleet.at(node), 'GET', '/api/mgmt/datasources', { person })).status
}

/** How many real passwords were verified, on all nodes together. */
const realVerifications = async (): Promise<number> => {
  const counts = await Promise.all(
    fleet.nodes.map((node) => node.metric('headgate_password_verifications_total', 'kind="real"')),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

const countOf = (statuses: readonly number[], status: number): number =>
  statuses.filter((found) => found === status).length

test('T48: of 500 wrong passwords at once on two nodes at most three are tried, and both nodes lock the account', async () => {
  const before = await realVerifications()
  const statuses = await Promise.all(
    Array.from({ length: 500 }, (_, i) => present(i % 2, `wrong password ${i}`)),
  )
  assert.ok((await realVerifications()) - before <= 3)
  assert.equal(countOf(statuses, 401) + countOf(statuses, 503), 500)
  assert.ok(countOf(statuses, 401) >= 3)
  for (const node of [0, 1]) assert.equal(await present(node, people.user.password), 401)
  const rows = await fleet.sql('select failures::int from login_failures')
  assert.deepEqual(rows, [{ failures: 3 }])
})

test('T48: many right passwords at once on two nodes lock nobody, also after two wrong ones', async () => {
  for (const node of [0, 1]) assert.equal(await present(node, 'wrong password'), 401)
  const statuses = await Promise.all(
    Array.from({ length: 200 }, (_, i) => present(i % 2, people.user.password)),
  )
  assert.equal(countOf(statuses, 200), 200)
  assert.deepEqual(await fleet.sql('select failures from login_failures'), [])
})

test('T48: the third wrong password locks the account on the node that saw one of them', async () => {
  for (const node of [0, 0, 1]) assert.equal(await present(node, `wrong password ${node}`), 401)
  for (const node of [1, 0]) assert.equal(await present(node, people.user.password), 401)
})
