import assert from 'node:assert/strict'
import { copyFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import {
  basicOf,
  createSource,
  type Json,
  people,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'

const person = people.user
let app: TestApp
let file: string
let id = 0

before(async () => {
  app = await startApp({ sources: false })
  file = join(app.dataDir, 'files', '1', 'odd.db')
  const db = new DatabaseSync(file)
  db.exec(`CREATE TABLE Item (id INTEGER PRIMARY KEY, name TEXT, shape GEOMETRY);
    CREATE TABLE Loose (name TEXT);
    CREATE TABLE Blobs (id BLOB PRIMARY KEY)`)
  db.close()
  id = await createSource(app, 'odd')
})
after(() => app.close())

const call = (method: string, path: string, body?: unknown) =>
  manage(app, method, `/api/mgmt/datasources${path === '' ? '' : `/${path}`}`, {
    person,
    ...(body === undefined ? {} : { body }),
  })

const statusOf = async (of: number): Promise<Json> => (await call('GET', `${of}/model`)).body

/** The status once nothing is being built any more. */
const settled = async (of: number): Promise<Json> => {
  for (;;) {
    const status = await statusOf(of)
    if (status['statusCode'] !== 1) return status
    assert.deepEqual(Object.keys(status), ['statusCode', 'status', 'percentDone'])
    assert.equal(status['status'], 'Working on model.')
  }
}

const read = (rest: string): Promise<Response> =>
  fetch(`${app.url}/api/odata4/odd${rest}`, { headers: basicOf(person) })

const sets = async (): Promise<readonly string[]> => {
  const { value } = (await (await read('/')).json()) as { value: { name: string }[] }
  return value.map(({ name }) => name)
}

const assertRefused = (answer: Awaited<ReturnType<typeof call>>, code: number, says: RegExp) => {
  const { error } = answer.body as { error: { code: number; message: { value: string } } }
  assert.deepEqual([answer.status, error.code], [400, code])
  assert.match(error.message.value, says)
}

test('the life of a model is told key for key as the reference has it', async () => {
  assert.deepEqual(await statusOf(id), { statusCode: -1, status: 'Model not created.' })
  const asked = await call('POST', `${id}/model`, {})
  assert.equal(asked.status, 200)
  assert.deepEqual(asked.body, { statusCode: 1, status: 'Working on model.', percentDone: 0 })
  const { createdAt, ...complete } = await settled(id)
  assert.match(String(createdAt), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  const noKey = {
    code: 'noPrimaryKey',
    message:
      'The table has no usable primary key, so it is left out; name key columns with primaryKeyComponent in the schema map.',
  }
  assert.deepEqual(complete, {
    statusCode: 0,
    status: 'Model is complete',
    tableWarnings: [
      { table: 'Blobs', ...noKey },
      { table: 'Loose', ...noKey },
    ],
    columnWarnings: [
      {
        table: 'Blobs',
        column: 'id',
        code: 'keyColumnTypeNotSupported',
        message: 'A binary column cannot be part of a key in a URL.',
      },
      {
        table: 'Item',
        column: 'shape',
        code: 'columnTypeNotSupported',
        message: "The type 'GEOMETRY' is not supported, so the column is left out.",
      },
    ],
  })
  assert.deepEqual(await sets(), ['Items'])
})

test('a data source that was replaced gets a model of its own, since one was asked for once', async () => {
  const map = {
    odata_mapping_v3: {
      schemas: [
        {
          name: null,
          tables: {
            Loose: { columns: { name: { primaryKeyComponent: 1 }, gone: {} } },
            Missing: {},
          },
        },
      ],
    },
  }
  const options = { Database: 'odd.db', ODataSchemaMap: JSON.stringify(map) }
  const replaced = await call('PUT', String(id), {
    name: 'odd',
    dataStore: 5001,
    connectionType: 'Cloud',
    options,
  })
  assert.equal(replaced.status, 200)
  const status = await settled(id)
  assert.equal(status['statusCode'], 0)
  const codes = (key: string) =>
    (status[key] as { code: string; table: string; column?: string }[]).map(
      ({ code, table, column }) => [code, table, column],
    )
  assert.deepEqual(codes('tableWarnings'), [['tableNotFound', 'Missing', undefined]])
  assert.deepEqual(codes('columnWarnings'), [['columnNotFound', 'Loose', 'gone']])
  assert.deepEqual(await sets(), ['Looses'])
})

test('a store that is away is told as the reason, and $metadata goes on with the last good model', async () => {
  assert.equal((await read('/Looses')).status, 200)
  renameSync(file, `${file}.away`)
  try {
    const metadata = await read('/$metadata')
    assert.equal(metadata.status, 200)
    assert.match(await metadata.text(), /EntitySet Name="Looses"/)
    const rows = await read('/Looses')
    assert.equal(rows.status, 503)
    assert.equal(rows.headers.get('retry-after'), '1')
    await call('POST', `${id}/model`, { restart: true })
    assert.deepEqual(await settled(id), {
      statusCode: 2,
      status: 'There was a problem creating the model.',
      reason: 'The database file cannot be read.',
    })
    assert.equal((await read('/$metadata')).status, 200)
  } finally {
    renameSync(`${file}.away`, file)
  }
  await call('POST', `${id}/model`, {})
  assert.equal((await settled(id))['statusCode'], 0)
  assert.equal((await read('/Looses')).status, 200)
})

test('a data source that cannot even be opened says so in its status', async () => {
  const short = join(app.dataDir, 'files', '1', 'short.db')
  copyFileSync(file, short)
  const missing = await createSource(app, 'short')
  rmSync(short)
  await call('POST', `${missing}/model`, {})
  const status = await settled(missing)
  assert.equal(status['statusCode'], 2)
  assert.match(String(status['reason']), /'short\.db'/)
  const upstream = await call('POST', '', {
    name: 'rest',
    dataStore: 63,
    connectionType: 'Cloud',
    options: { AccessToken: 'token' },
  })
  assert.equal(upstream.status, 201, JSON.stringify(upstream.body))
  const of = Number((upstream.body as Json)['id'])
  await call('POST', `${of}/model`, {})
  assert.match(String((await settled(of))['reason']), /cannot be read yet/)
})

test('credentials in the body are refused, and not taken for the stored ones', async () => {
  for (const body of [{ user: 'sa' }, { user: 'sa', password: 'x', restart: true }])
    assertRefused(await call('POST', `${id}/model`, body), 222207007, /stored credentials alone/)
  assertRefused(await call('POST', `${id}/model`, { restart: 'yes' }), 222207007, /restart/)
})

test('a map can be asked for in the three ways of the reference, and in no other', async () => {
  for (const map of ['refresh', 'recreate', 'none']) {
    const { status, body } = await call('POST', `${id}/map`, { map })
    assert.deepEqual([status, body], [200, { success: true }])
  }
  for (const body of [{}, { map: 'Refresh' }, { map: '' }, { map: 1 }, { map: null }])
    assertRefused(await call('POST', `${id}/map`, body), 222207009, /refresh, recreate or none/)
})
