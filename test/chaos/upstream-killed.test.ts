import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { minutes } from '#lib/clock.ts'
import {
  basicOf,
  createTestClock,
  freePort,
  people,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { oauthProfiles } from '#test/support/oauth-profiles.ts'
import { endNode, startNode } from '#test/support/node-process.ts'
import { type Connected, connectAt, tryOut } from '#test/support/upstream/connected.ts'
import {
  type Rotation,
  type Salesforce,
  startSalesforce,
} from '#test/support/upstream/salesforce.ts'

// A server is killed while it renews a token, at each step; the next one serves the same directory, later than any lease.

const person = people.owner
const egress = { HEADGATE_EGRESS_ALLOW: '127.0.0.1' }
let salesforce: Salesforce

before(async () => {
  salesforce = await startSalesforce()
})
after(() => salesforce.close())

const startKillable = async (dataDir: string) => {
  const port = await freePort()
  const node = await startNode({
    HEADGATE_PORT: String(port),
    HEADGATE_DATA_DIR: dataDir,
    HEADGATE_ADMIN_PASSWORD: people.admin.password,
    HEADGATE_USER_PASSWORD: people.owner.password,
    ...egress,
  })
  return { node, app: { url: `http://localhost:${port}` } as TestApp }
}

type Killed = 'before it is heard' | 'before it is stored' | 'after it is stored'

const cut = async (asked: Promise<unknown>): Promise<void> => {
  await asked.then(
    () => assert.fail('the server answered'),
    () => undefined,
  )
}

/** Has a server renew the token of a new profile and kills it; then hands over a server that comes later. */
const killWhileRenewing = async (
  rotation: Rotation,
  when: Killed,
  use: (app: TestApp, connected: Connected) => Promise<void>,
): Promise<void> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'headgate-killed-'))
  const { node, app } = await startKillable(dataDir)
  try {
    salesforce.rotate(rotation)
    const connected = await connectAt(app, salesforce, { admin: people.admin, person })
    if (when === 'after it is stored') {
      assert.equal((await tryOut(app, person, connected.sourceId)).status, 200)
      await endNode(node)
    } else {
      if (when === 'before it is heard') salesforce.fail('refresh', { status: 503 })
      const held = salesforce.hold('refresh')
      const waiting = cut(tryOut(app, person, connected.sourceId))
      await held.arrived
      await endNode(node)
      await waiting
      held.release()
    }
    const clock = createTestClock()
    clock.advance(minutes(3))
    const again = await startApp({ dataDir, clock, sources: false, env: egress })
    try {
      await use(again, connected)
    } finally {
      await again.close()
    }
  } finally {
    await endNode(node)
    rmSync(dataDir, { recursive: true, force: true })
  }
}

const historyOf = async (app: TestApp, { profileId }: Connected) => {
  const { body } = await manage(app, 'GET', `${oauthProfiles}/${profileId}/history`, { person })
  return (body['history'] as { outcome: string; detail?: string }[]).map(
    ({ outcome, detail }) => `${outcome} ${detail ?? ''}`,
  )
}

const works = async (app: TestApp, connected: Connected): Promise<void> =>
  assert.equal((await tryOut(app, person, connected.sourceId)).status, 200)

for (const [rotation, when] of [
  ['single-use', 'before it is heard'],
  ['off', 'before it is stored'],
  ['grace', 'before it is stored'],
  ['single-use', 'after it is stored'],
] as const)
  test(`T75: killed during a refresh, ${when}, with rotation ${rotation}: the profile works`, () =>
    killWhileRenewing(rotation, when, async (app, connected) => {
      await works(app, connected)
      const history = await historyOf(app, connected)
      assert.equal(history.includes('failed interrupted'), when !== 'after it is stored')
      await works(app, connected)
    }))

test('T75: killed between the answer and the commit, where the old token is spent: it says reconnect needed, and why', () =>
  killWhileRenewing('single-use', 'before it is stored', async (app, connected) => {
    const refused = await tryOut(app, person, connected.sourceId)
    assert.equal(refused.status, 400)
    assert.match(JSON.stringify(refused.body), /connected again/)
    const { body } = await manage(app, 'GET', `${oauthProfiles}/${connected.profileId}`, { person })
    assert.equal(body['status'], 'reconnect-needed')
    assert.equal(body['reason'], 'interrupted-refresh')
    const [last, before] = await historyOf(app, connected)
    assert.deepEqual([last, before], ['reconnect-needed interrupted-refresh', 'failed interrupted'])
  }))

/** Resolves when a server takes no connections any more. */
const closed = async ({ url }: TestApp): Promise<void> => {
  while (
    await fetch(`${url}/api/healthcheck/live`).then(
      (answer) => answer.text(),
      () => false,
    )
  );
}

test('T75: told to stop during a refresh that nobody waits for any more, a server stores what the data store answers', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'headgate-stopped-'))
  const { node, app } = await startKillable(dataDir)
  try {
    salesforce.rotate('single-use')
    const connected = await connectAt(app, salesforce, { admin: people.admin, person })
    const held = salesforce.hold('refresh')
    const leaving = new AbortController()
    const asked = cut(
      fetch(`${app.url}/api/mgmt/datasources/${connected.sourceId}/test`, {
        method: 'POST',
        headers: { ...basicOf(person), 'content-type': 'application/json' },
        body: '{}',
        signal: leaving.signal,
      }),
    )
    await held.arrived
    leaving.abort()
    await asked
    const ended = endNode(node, 'SIGTERM')
    await closed(app)
    // Whatever else the server ends, it has by now.
    await pause(200)
    held.release()
    await ended
    assert.equal(node.process.exitCode, 0)
    const again = await startApp({ dataDir, sources: false, env: egress })
    try {
      const before = salesforce.count('refresh')
      await works(again, connected)
      assert.equal(salesforce.count('refresh'), before)
      assert.ok(!(await historyOf(again, connected)).includes('failed interrupted'))
    } finally {
      await again.close()
    }
  } finally {
    await endNode(node)
    rmSync(dataDir, { recursive: true, force: true })
  }
})
