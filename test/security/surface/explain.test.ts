import assert from 'node:assert/strict'
import { basename } from 'node:path'
import { after, before, test } from 'node:test'
import { basicOf, createSource, people, startApp, type TestApp } from '#test/support/app.ts'
import { getTokens, manage, register, sourceId } from '#test/support/oauth.ts'
import { batchOf, sendBatch } from '#test/support/odata-batch.ts'

// `$explain` tells of a data source what its data would: the same access opens it, on the same paths, and what nobody who reads is
// told is not in it either.

let app: TestApp
/** A token for the data source `one` alone, whose user has `two` as well. */
let bearer: Record<string, string>
let renamed: string
const basic = basicOf(people.user)

/** `amount` is served as `worth`. */
const map = JSON.stringify({
  odata_mapping_v3: {
    schemas: [{ name: null, tables: { Item: { columns: { amount: { alias: 'worth' } } } } }],
  },
})

before(async () => {
  app = await startApp()
  await createSource(app, 'theirs', 'one.db', people.owner)
  const made = await manage(app, 'POST', '/api/mgmt/datasources', {
    person: people.user,
    body: {
      name: 'renamed',
      dataStore: 5001,
      connectionType: 'Cloud',
      options: { Database: 'one.db', ODataSchemaMap: map },
    },
  })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  renamed = String(made.body['id'])
  const sources = [Number(await sourceId(app, 'one')), Number(renamed)]
  const tokens = await getTokens(app, await register(app), { sources })
  bearer = { authorization: `Bearer ${tokens.access_token}` }
})
after(() => app.close())

const get = async (path: string, headers: Record<string, string>) => {
  const response = await fetch(`${app.url}/api/odata4/${path}`, { headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}
const explain = '$explain=true'

test('a token and its user get an explanation over HTTP: plain JSON, kept nowhere, part of no cache', async () => {
  for (const headers of [bearer, basic]) {
    const answer = await get(`one/Items?$filter=amount gt 2&$top=3&${explain}`, {
      ...headers,
      'if-none-match': '*',
    })
    assert.equal(answer.status, 200, answer.text)
    assert.match(
      answer.headers.get('content-type') ?? '',
      /^application\/json(?:; ?charset=utf-8)?$/,
    )
    assert.equal(answer.headers.get('etag'), null)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.headers.get('odata-version'), '4.0')
    assert.match(answer.text, /"sql":"SELECT t0\.\\"id/)
  }
})

test('T71: who may not read is answered word for word as at reading: no such source, no permission, no token', async () => {
  const same = async (path: string, headers: Record<string, string>, status: number) => {
    const [reading, explaining] = [
      await get(path, headers),
      await get(`${path}?${explain}`, headers),
    ]
    assert.equal(explaining.status, status, path)
    assert.deepEqual(
      [explaining.status, explaining.text, explaining.headers.get('www-authenticate')],
      [reading.status, reading.text, reading.headers.get('www-authenticate')],
    )
  }
  await same('theirs/Items', basic, 404)
  await same('theirs/Items', bearer, 404)
  await same('none/Items', bearer, 404)
  await same('two/Items', bearer, 404)
  await same('one/Items', {}, 401)
  await same('one/Items', { authorization: `${bearer['authorization']}x` }, 401)
  await same('one/Nope', bearer, 404)
  const path = `/api/mgmt/datasources/${await sourceId(app, 'two')}/permissions?user=demo`
  const set = await manage(app, 'PUT', path, {
    person: people.admin,
    body: { permissions: [2, 3] },
  })
  assert.equal(set.status, 200)
  await same('two/Items', basic, 403)
})

test('T57: an explanation names no directory, no file, no id of a user or data source and no secret', async () => {
  const paths = [
    'one/Items',
    'one/Items(1)',
    'one/Items/$count',
    'one/Items(1)/name/$value',
    "one/Items?$filter=contains(name,'1')&$count=true&$orderby=amount",
    'one/Items?$apply=aggregate(amount with sum as S)',
    'renamed/Items?$filter=worth gt 1',
  ]
  const hidden = [
    app.dataDir,
    basename(app.dataDir),
    'one.db',
    '/files/',
    people.user.name,
    people.user.password,
    (bearer['authorization'] ?? '').slice(7),
    'data_sources',
    '127.0.0.1',
  ]
  for (const headers of [bearer, basic])
    for (const path of paths) {
      const { status, text } = await get(
        `${path}${path.includes('?') ? '&' : '?'}${explain}`,
        headers,
      )
      assert.equal(status, 200, text)
      assert.ok(text.length > 300)
      for (const secret of hidden) assert.ok(!text.includes(secret), `${secret} in ${path}`)
    }
})

test('T71: names that the schema map replaced are shown to the owner who may see it, and to no token', async () => {
  const path = `renamed/Items?$filter=worth gt 1&${explain}`
  const byToken = await get(path, bearer)
  assert.equal(byToken.status, 200)
  assert.doesNotMatch(byToken.text, /amount/)
  assert.match(byToken.text, /"sql":null,"withheld":"[^"]+ViewDataSource/)
  assert.match((await get(path, basic)).text, /t0\.\\"amount\\" > \?/)
  // Without ViewDataSource its owner is told no more than a token.
  const permissions = `/api/mgmt/datasources/${renamed}/permissions?user=demo`
  const set = await manage(app, 'PUT', permissions, {
    person: people.admin,
    body: { permissions: [7] },
  })
  assert.equal(set.status, 200)
  const reduced = await get(path, basic)
  assert.equal(reduced.status, 200)
  assert.doesNotMatch(reduced.text, /amount/)
})

test('each part of a batch may be explained, by the same rules', async () => {
  const targets = [`Items?$top=1&${explain}`, 'Items(1)', `Nope?${explain}`, `$metadata?${explain}`]
  const headers = { ...bearer, prefer: 'odata.continue-on-error' }
  const { parts } = await sendBatch(`${app.url}/api/odata4/one/$batch`, batchOf(targets), headers)
  assert.deepEqual(
    parts.map(({ status }) => status),
    [200, 200, 404, 400],
  )
  assert.match(parts[0]?.body ?? '', /^\{"explanation":/)
  assert.match(parts[1]?.body ?? '', /^\{"@odata.context"/)
  const other = await sendBatch(
    `${app.url}/api/odata4/one/$batch`,
    batchOf([`/api/odata4/two/Items?${explain}`]),
    headers,
  )
  assert.ok((other.parts[0]?.status ?? 0) >= 400)
})
