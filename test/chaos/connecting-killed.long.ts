import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { minutes } from '#lib/clock.ts'
import { createTestClock, freePort, people, startApp, type TestApp } from '#test/support/app.ts'
import { goodTokens, json, startHostileUpstream } from '#test/support/hostile-upstream.ts'
import { endNode, startNode } from '#test/support/node-process.ts'
import {
  callbackUrl,
  connectionsOf,
  goOn,
  newLink,
  profileNames,
  registerUpstream,
  signedIn,
} from '../security/connect/support.ts'

/** A server in a process of its own, over a directory, as the test's helpers see one. */
const startKillable = async (dataDir: string) => {
  const port = await freePort()
  const node = await startNode({
    HEADGATE_PORT: String(port),
    HEADGATE_DATA_DIR: dataDir,
    HEADGATE_ADMIN_PASSWORD: people.admin.password,
    HEADGATE_USER_PASSWORD: people.owner.password,
    HEADGATE_EGRESS_ALLOW: '127.0.0.1',
  })
  return { node, app: { url: `http://localhost:${port}` } as TestApp }
}

/** The same directory, served in this process, some time later. */
const startLater = (dataDir: string, later: number): Promise<TestApp> => {
  const clock = createTestClock()
  clock.advance(later)
  return startApp({ dataDir, clock, sources: false, env: { HEADGATE_EGRESS_ALLOW: '127.0.0.1' } })
}

test('a server that is killed while a data store has the code leaves a connection that says so, and no profile', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'headgate-killed-'))
  const upstream = await startHostileUpstream()
  const { node, app } = await startKillable(dataDir)
  try {
    const application = await registerUpstream({ app, upstream })
    const browser = await signedIn(app, people.owner)
    const link = await newLink(app, application, { name: 'cut off' }, people.owner)
    const way = await goOn(browser, link)
    const spent = new Promise<void>((resolve) => upstream.behave(() => resolve()))
    const cut = browser.send(callbackUrl(way)).then(
      () => assert.fail('the server answered'),
      () => undefined,
    )
    await spent
    await endNode(node)
    await cut

    const again = await startLater(dataDir, minutes(3))
    try {
      const [connection] = await connectionsOf(again)
      assert.equal(connection?.status, 'exchanging')
      const there = await signedIn(again, people.owner)
      assert.match((await there.send(link)).html, /<h1>Interrupted<\/h1>.*begin again/s)
      // The answer of the data store, sent once more by the browser that went there.
      there.jar.clear()
      for (const [name, value] of browser.jar) there.jar.set(name, value)
      assert.match((await there.follow(callbackUrl(way))).html, /<h1>Interrupted<\/h1>/)
      assert.deepEqual(await profileNames(again, people.owner), [])
      upstream.behave(json(goodTokens))
      const next = await newLink(again, application, { name: 'cut off' }, people.owner)
      const done = await there.follow(callbackUrl(await goOn(there, next)))
      assert.match(done.html, /<h1>Connected<\/h1>/)
    } finally {
      await again.close()
    }
  } finally {
    await endNode(node)
    await upstream.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
})
