import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, people, startApp, type TestApp } from '#test/support/app.ts'
import { getTokens, manage, type Registered, register } from '#test/support/oauth.ts'
import { batchOf, openBatch } from '#test/support/odata-batch.ts'
import {
  countCuts,
  createWideFile,
  cutWithinOneSecond,
  drain,
  openAnswer,
  wideBytes,
  wideOptions,
} from '#test/support/open-answer.ts'
import { withinOneSecond } from '#test/support/fleet.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'
import { runDuckdb } from '../contract/connectors/files.ts'

// DESIGN invariant 15: whatever is read, and from whatever store, revoking ends it within a second.

let cluster: Cluster
let app: TestApp
let metricsPort: number
let client: Registered

const create = async (name: string, dataStore: number, options: Record<string, string>) => {
  const answer = await manage(app, 'POST', '/api/mgmt/datasources', {
    person: people.user,
    body: { name, dataStore, connectionType: 'Cloud', options },
  })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
}

before(async () => {
  cluster = await startCluster()
  await cluster.run(`
    CREATE TABLE "Page" AS SELECT i AS id, repeat('0', 8000) AS body FROM generate_series(1, 9000) i;
    ALTER TABLE "Page" ADD PRIMARY KEY (id);
    CREATE TABLE "Note" AS SELECT id, id AS page_id FROM "Page";
    ALTER TABLE "Note" ADD PRIMARY KEY (id), ADD FOREIGN KEY (page_id) REFERENCES "Page";
    CREATE ROLE reader LOGIN PASSWORD 'secret-of-the-reader'; GRANT SELECT ON "Page", "Note" TO reader`)
  metricsPort = await freePort()
  app = await startApp({
    sources: false,
    env: { HEADGATE_METRICS_PORT: String(metricsPort), HEADGATE_DATA_ALLOW: '127.0.0.1' },
  })
  const files = join(app.dataDir, 'files', '1')
  createWideFile(
    files,
    `CREATE TABLE Note (id INTEGER PRIMARY KEY, page_id INTEGER REFERENCES Page);
     INSERT INTO Note SELECT id, id FROM Page`,
  )
  mkdirSync(join(files, 'wide'))
  await runDuckdb(
    `COPY (SELECT i AS id, repeat('0', 8000) AS body FROM range(9000) t(i)) TO '${join(files, 'wide', 'Page.parquet')}'`,
  )
  const { ODataPageSize } = wideOptions
  await create('sqlite', 5001, wideOptions)
  await create('files', 5004, { Folder: 'wide', ODataPageSize })
  await create('postgres', 5002, {
    Host: '127.0.0.1',
    Port: String(cluster.port),
    Database: 'postgres',
    User: 'reader',
    Password: 'secret-of-the-reader',
    SSL: 'disable',
    ODataPageSize,
  })
  client = await register(app)
})
after(async () => {
  await app.close()
  await cluster.stop()
})

/** A part that is short and one that is not: the batch is cut within the latter. */
const openWideBatch = (url: string, authorization: string): Promise<IncomingMessage> =>
  openBatch(`${url}/$batch`, batchOf(['Pages/$count', 'Pages']), { authorization })

const busy = () =>
  cluster.run(`SELECT query FROM pg_stat_activity WHERE usename = 'reader' AND state <> 'idle'`)

for (const source of ['sqlite', 'postgres', 'files'])
  for (const [what, open] of [
    ['a collection', (url: string, as: string) => openAnswer(`${url}/Pages`, as)],
    [
      'an expanded collection',
      (url: string, as: string) => openAnswer(`${url}/Notes?$expand=Page`, as),
    ],
    ['a part of a batch', openWideBatch],
  ] as const) {
    // Files know of no way from one to another.
    if (source === 'files' && what === 'an expanded collection') continue

    test(`T51: ${what} of ${source} comes whole, and is cut within a second when the user revokes`, async () => {
      const url = `${app.url}/api/odata4/${source}`
      const { access_token: token } = await getTokens(app, client)
      const undisturbed = await drain(await open(url, `Bearer ${token}`))
      assert.ok(undisturbed.whole)
      assert.ok(undisturbed.bytes > wideBytes)
      const response = await open(url, `Bearer ${token}`)
      const cuts = await countCuts(metricsPort)
      if (source === 'postgres') while ((await busy()).length === 0) await sleep(10)

      const path = `/api/mgmt/oauth/client/allowedapplications/${client.id}`
      assert.equal((await manage(app, 'DELETE', path, { person: people.user })).status, 204)
      await cutWithinOneSecond(metricsPort, { before: cuts })
      // At the server of the data the statement is over, too.
      if (source === 'postgres')
        await withinOneSecond('nothing runs', async () => (await busy()).length === 0)
      const { whole, bytes } = await drain(response)

      assert.equal(whole, false)
      assert.ok(bytes < wideBytes)
      const after = await fetch(`${url}/Pages?$top=1`, {
        headers: { authorization: `Bearer ${token}` },
      })
      assert.equal(after.status, 401)
    })
  }
