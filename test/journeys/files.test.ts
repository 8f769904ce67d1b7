import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { basicOf, people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { runDuckdb } from '../contract/connectors/files.ts'

// A data owner serves a folder of files (data store 5004), and nothing but that folder.

const datasources = '/api/mgmt/datasources'
let app: TestApp
let own: string

before(async () => {
  app = await startApp({ sources: false })
  own = join(app.dataDir, 'files', '1')
  mkdirSync(join(own, 'sales'), { recursive: true })
  mkdirSync(join(app.dataDir, 'files', '7', 'sales'), { recursive: true })
  writeFileSync(join(app.dataDir, 'files', '7', 'sales', 'foreign.csv'), 'secret\n42\n')
  writeFileSync(join(own, 'sales', 'region.csv'), 'name,since\nNorth,2001-02-03\nSouth,\n')
  writeFileSync(join(own, 'sales', 'broken.parquet'), 'not Parquet')
  symlinkSync(join(app.dataDir, 'files', '7', 'sales'), join(own, 'link'))
  await runDuckdb(
    `COPY (SELECT x AS n, 'r' || (x % 3) AS region FROM range(5000) t(x))
     TO '${join(own, 'sales', 'order.parquet')}'`,
  )
})
after(() => app.close())

const create = (Folder: string, name: string) =>
  manage(app, 'POST', datasources, {
    person: people.owner,
    body: { name, dataStore: 5004, connectionType: 'Cloud', options: { Folder } },
  })
const get = async (path: string) => {
  const url = path.startsWith('http') ? path : `${app.url}/api/odata4/files/${path}`
  const response = await fetch(url, { headers: basicOf(people.owner) })
  const body = (await response.json()) as Record<string, unknown>
  return { status: response.status, body, rows: (body['value'] ?? []) as Record<string, unknown>[] }
}

test('a folder becomes a data source whose files are its entity sets', async () => {
  const made = await create('sales', 'files')
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const service = await get('')
  assert.deepEqual(
    service.rows.map(({ name }) => name),
    ['orders', 'regions'],
  )
  const regions = await get('regions?$orderby=name desc')
  assert.deepEqual(regions.rows, [
    { RowNumber: 1, name: 'South', since: null },
    { RowNumber: 0, name: 'North', since: '2001-02-03' },
  ])
  const entity = await get('orders(4711)')
  assert.deepEqual([entity.status, entity.body['n']], [200, 4711])
  assert.equal((await get('orders(5000)')).status, 404)
})

test('its pages lead through all rows in the order of the file', async () => {
  const seen: unknown[] = []
  let next: string | undefined = `orders?$select=n&$count=true&$filter=region eq 'r1'`
  for (let pages = 0; next !== undefined && pages < 10; pages++) {
    const page = await get(next)
    assert.equal(page.status, 200, JSON.stringify(page.body))
    seen.push(...page.rows.map(({ n }) => n))
    next = page.body['@odata.nextLink'] as string | undefined
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 1667 }, (_, i) => 3 * i + 1),
  )
})

test('no text of a request becomes SQL', async () => {
  const hostile = [
    `region eq 'r1'') UNION SELECT * FROM read_text(''/etc/passwd'') --'`,
    `region eq '"; COPY orders TO ''${own}/sales/stolen.csv'' --'`,
    `contains(region,'$1')`,
    `region eq '%'`,
  ]
  for (const filter of hostile) {
    const { status, rows } = await get(`orders?$filter=${encodeURIComponent(filter)}`)
    assert.deepEqual([status, rows], [200, []], filter)
  }
  for (const path of [
    `read_text(%27%2Fetc%2Fpasswd%27)`,
    `%22orders%22`,
    `orders%20UNION%20SELECT%201`,
    `foreign`,
    `duckdb_settings`,
    `sqlite_master`,
  ])
    assert.ok([400, 404].includes((await get(path)).status), path)
  for (const query of [
    `$orderby=read_text(%27/etc/passwd%27)`,
    `$select=filename`,
    `$filter=file_row_number eq 1`,
    `$filter=rowid eq 1`,
  ])
    assert.equal((await get(`orders?${query}`)).status, 400, query)
})

test('no folder but those of the tenant can be named', async () => {
  for (const Folder of [
    '../7/sales',
    '/etc',
    'sales/../../7/sales',
    'link',
    '..',
    'missing',
    '*',
  ]) {
    const { status, body } = await create(Folder, 'other')
    assert.equal(status, 400, Folder)
    assert.match(JSON.stringify(body), /Folder/)
    assert.doesNotMatch(JSON.stringify(body), /headgate-test/)
  }
})
