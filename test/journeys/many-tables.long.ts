import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { basicOf, createSource, people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'

// SQLite itself takes four times as long to make twice as many; PostgreSQL's catalog is read with 10,000.
const tables = 4000

let app: TestApp
let id = 0
/** Made before there is a server in this process, which would lose its idle connections meanwhile. */
const build = (file: string): void => {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN')
  for (let i = 0; i < tables; i++)
    db.exec(`CREATE TABLE Table${i} (id INTEGER PRIMARY KEY, name VARCHAR(50) UNIQUE, amount DECIMAL(10,2), at TIMESTAMP,
      parent INTEGER REFERENCES Table${Math.floor(i / 2)} (id))`)
  db.exec('COMMIT')
  db.close()
}

before(async () => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-many-'))
  build(join(directory, 'many.db'))
  app = await startApp()
  cpSync(join(directory, 'many.db'), join(app.dataDir, 'files', '1', 'many.db'))
  rmSync(directory, { recursive: true })
  id = await createSource(app, 'many')
})
after(() => app.close())

const path = (): string => `/api/mgmt/datasources/${id}/model`
const statusOf = async () => (await manage(app, 'GET', path(), { person: people.user })).body

test(`a catalog of ${tables} tables is read while other requests are answered`, async (context) => {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const began = performance.now()
  await manage(app, 'POST', path(), { person: people.user, body: {} })
  const shares: number[] = []
  let answered = 0
  let status = await statusOf()
  while (status['statusCode'] === 1) {
    shares.push(Number(status['percentDone']))
    const answer = await fetch(`${app.url}/api/odata4/one/Items(1)`, {
      headers: basicOf(people.user),
    })
    assert.equal(answer.status, 200)
    answered += 1
    status = await statusOf()
  }
  const took = performance.now() - began
  delay.disable()
  assert.equal(status['statusCode'], 0)
  assert.ok(answered >= 5, `${answered} answers`)
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => a - b),
  )
  const longest = delay.max / 1e6
  context.diagnostic(
    `${Math.round(took)} ms, longest pause ${Math.round(longest)} ms, ${answered} answers`,
  )
  // What SQLite does in one call, reading the schema of all tables when the file is opened, is one pause; it is a small part of
  // the whole, on a busy machine too.
  assert.ok(longest < took / 3, `longest pause ${longest} ms of ${took} ms`)
})

test('a model of so many tables is asked anew while requests go on with the old one', async () => {
  const answer = await fetch(`${app.url}/api/odata4/many/Table77s`, {
    headers: basicOf(people.user),
  })
  assert.equal(answer.status, 200)
  await manage(app, 'POST', path(), { person: people.user, body: { restart: true } })
  const again = await fetch(`${app.url}/api/odata4/many/Table77s`, {
    headers: basicOf(people.user),
  })
  assert.equal(again.status, 200)
})
