import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { getTokens, manage, register, sourceId } from '#test/support/oauth.ts'

let app: TestApp
/** A token for the data source `one` alone, whose user has `two` as well. */
let authorization: string
before(async () => {
  app = await startApp({})
  const sources = [Number(await sourceId(app, 'one'))]
  const client = await register(app)
  authorization = `Bearer ${(await getTokens(app, client, { sources })).access_token}`
})
after(() => app.close())

const ask = async (name: string, path: string, headers: Record<string, string>) => {
  const response = await fetch(`${app.url}/api/odata4/${name}/${path}`, { headers })
  return { status: response.status, text: await response.text() }
}

const spellings = ['Items(1)', 'Items/1', '$entity?$id=Items(1)', '%24entity?%24id=Items/1']

test('T71: every spelling of an entity is read by the same decision', async () => {
  const answers = await Promise.all(spellings.map((path) => ask('one', path, { authorization })))
  assert.equal(answers[0]?.status, 200)
  for (const answer of answers) assert.deepEqual(answer, answers[0])
  for (const path of spellings) {
    assert.equal((await ask('one', path, {})).status, 401, path)
    const foreign = await ask('two', path, { authorization })
    assert.equal(foreign.status, 404, path)
    assert.deepEqual(foreign, await ask('none', path, { authorization }), path)
  }
})

test('T71: an id leads to no other data source, however it is written', async () => {
  for (const id of [
    `${app.url}/api/odata4/two/Items(1)`,
    '/api/odata4/two/Items(1)',
    '/api/odata4/one/../two/Items(1)',
    '../two/Items(1)',
    '..%252ftwo%252fItems(1)',
    '%252e%252e/two/Items(1)',
    '/api/odata4/%2574wo/Items(1)',
  ]) {
    const { status, text } = await ask('one', `$entity?$id=${id}`, { authorization })
    assert.ok(status === 400 || status === 404, `${id}: ${status}`)
    assert.doesNotMatch(text, /"name":/)
  }
})

test('bytes arrive as they are, and no browser is to guess what they are', async () => {
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 31) % 256))
  const database = new DatabaseSync(join(app.dataDir, 'files', '1', 'bytes.db'))
  database.exec('CREATE TABLE Blob (id INTEGER PRIMARY KEY, raw BLOB)')
  database.prepare('INSERT INTO Blob VALUES (1, ?)').run(bytes)
  database.close()
  const { status } = await manage(app, 'POST', '/api/mgmt/datasources', {
    person: people.user,
    body: {
      name: 'bytes',
      dataStore: 5001,
      connectionType: 'Cloud',
      options: { Database: 'bytes.db' },
    },
  })
  assert.equal(status, 201)
  const tokens = await getTokens(app, await register(app, { name: 'Reads bytes' }))
  const response = await fetch(`${app.url}/api/odata4/bytes/Blobs/1/raw/$value`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  })
  assert.equal(response.headers.get('content-type'), 'application/octet-stream')
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
  assert.equal(response.headers.get('content-length'), '100000')
  assert.ok(Buffer.from(await response.arrayBuffer()).equals(bytes))
})
