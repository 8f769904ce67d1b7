import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { basicOf, createSource, people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'

const person = people.user
const path = '/api/mgmt/datasources'
let app: TestApp
let one = 0
let rest = 0

const call = (method: string, to: string, body?: unknown) =>
  manage(app, method, to, { person, ...(body === undefined ? {} : { body }) })

before(async () => {
  app = await startApp({ sources: false })
  one = await createSource(app, 'one')
  await createSource(app, 'two')
  const made = await call('POST', path, {
    name: 'rest',
    dataStore: 63,
    connectionType: 'Cloud',
    options: { AccessToken: 'the-canary-token' },
  })
  assert.equal(made.status, 201)
  rest = Number(made.body['id'])
})
after(() => app.close())

const namesOf = async (query: string): Promise<readonly string[]> => {
  const { status, body } = await call('GET', `${path}?${query}`)
  assert.equal(status, 200, JSON.stringify(body))
  return (body['dataSources'] as { name: string }[]).map(({ name }) => name)
}

test('a list is filtered by type, membership and OData, together and beside paging', async () => {
  assert.deepEqual(await namesOf('type=all'), ['one', 'two', 'rest'])
  assert.deepEqual(await namesOf('type=simple'), ['one', 'two', 'rest'])
  assert.deepEqual(await namesOf('type=group'), [])
  assert.deepEqual(await namesOf(`member=${one}`), [])
  assert.deepEqual(await namesOf('isOData=true'), ['one', 'two'])
  assert.deepEqual(await namesOf('isOData=false'), ['rest'])
  assert.deepEqual(await namesOf('type=simple;isOData=true;limit=1'), ['one'])
  assert.deepEqual(await namesOf(`type=simple&isOData=true&after=${one}`), ['two'])
  assert.deepEqual(await namesOf('type=group;isOData=true'), [])
  for (const query of ['type=groups', 'member=0', 'member=x', 'isOData=yes', 'type=all;type=all'])
    assert.equal((await call('GET', `${path}?${query}`)).status, 400, query)
})

test('details of a data source that nobody shares are those that it has without', async () => {
  const plain = await call('GET', `${path}/${one}`)
  assert.deepEqual((await call('GET', `${path}/${one}?details=true`)).body, plain.body)
  assert.equal((await call('GET', `${path}/${one}?details=1`)).status, 400)
})

const odata = (rest: string, method = 'GET'): Promise<Response> =>
  fetch(`${app.url}/api/odata4/one${rest}`, { method, headers: basicOf(person) })

const logsOf = async (id: number): Promise<Response> =>
  fetch(`${app.url}${path}/${id}/logs`, { headers: basicOf(person) })

test('the log of a data source is a text with what happened to it, and to no other', async () => {
  const empty = await logsOf(one)
  assert.deepEqual([empty.status, await empty.text()], [200, ''])
  await (await odata('/Items(1)')).text()
  const file = join(app.dataDir, 'files', '1', 'one.db')
  renameSync(file, `${file}.away`)
  try {
    assert.equal((await odata('/Items(2)')).status, 503)
  } finally {
    renameSync(`${file}.away`, file)
  }
  assert.equal((await call('POST', `${path}/${one}/test`, {})).status, 200)
  const answer = await logsOf(one)
  assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
  assert.equal(
    answer.headers.get('content-disposition'),
    `attachment; filename="datasource-${one}.log"`,
  )
  const lines = (await answer.text()).split('\n')
  const said = lines.map((line) => {
    if (line !== '') assert.match(line, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /)
    return line.slice(20)
  })
  assert.match(String(said[0]), /^model built in \d+ ms: 1 sets, 0 warnings$/)
  assert.deepEqual(said.slice(1), [
    'read failed: The database file cannot be read.',
    'connection tried: it works',
    '',
  ])
  await call('POST', `${path}/${rest}/test`, {})
  const other = await (await logsOf(rest)).text()
  assert.match(other, /^\S+ \S+ connection tried: /)
  assert.ok(!other.includes('canary'))
})

test('a data source that is read-only says so to who writes, with what it takes', async () => {
  const said = async (): Promise<string> => {
    const answer = await odata('/Items(1)', 'DELETE')
    assert.equal(answer.status, 405)
    assert.match(String(answer.headers.get('allow')), /GET/)
    return ((await answer.json()) as { error: { message: string } }).error.message
  }
  assert.equal(await said(), 'This service is read-only; use GET.')
  const replaced = await call('PUT', `${path}/${one}`, {
    name: 'one',
    options: { Database: 'one.db', ODataReadOnly: 'true' },
  })
  assert.equal(replaced.status, 200)
  assert.equal(await said(), 'This data source is read-only (ODataReadOnly); use GET.')
  assert.equal((await odata('/Items(1)')).status, 200)
})
