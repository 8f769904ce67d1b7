import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { getTokens, manage, register } from '#test/support/oauth.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'

// A database on a network as a data source, from its creation to the loss and return of its server.

const path = '/api/mgmt/datasources'
const secret = 'canary-of-the-reader'
let cluster: Cluster
let app: TestApp
let token: string
let id: string

before(async () => {
  cluster = await startCluster()
  await cluster.run(`
    CREATE ROLE sales_reader LOGIN PASSWORD '${secret}';
    CREATE SCHEMA sales; SET search_path = sales;
    CREATE TABLE customer (id int PRIMARY KEY, name varchar(40) NOT NULL);
    CREATE TABLE invoice (id bigint PRIMARY KEY, customer_id int NOT NULL REFERENCES customer, total numeric(20,6),
      scan bytea, at timestamptz);
    INSERT INTO customer SELECT x, 'Customer ' || x FROM generate_series(1, 50) x;
    INSERT INTO invoice SELECT 9007199254740992 + x, x % 50 + 1, x * 1.000001, '\\x00ff', '2024-01-01T00:00:00Z'
      FROM generate_series(1, 5000) x;
    GRANT USAGE ON SCHEMA sales TO sales_reader; GRANT SELECT ON ALL TABLES IN SCHEMA sales TO sales_reader`)
  app = await startApp({ env: { HEADGATE_DATA_ALLOW: '127.0.0.1' } })
})
after(async () => {
  await app.close()
  await cluster.stop()
})

const call = (method: string, to: string, body?: unknown) =>
  manage(app, method, to, { person: people.user, ...(body === undefined ? {} : { body }) })

const options = (): Record<string, string> => ({
  Host: '127.0.0.1',
  Port: String(cluster.port),
  Database: 'postgres',
  Schema: 'sales',
  User: 'sales_reader',
  SSL: 'disable',
  ODataPageSize: '40',
})

type Answer = { readonly status: number; readonly text: string; readonly type: string }

const get = async (to: string, accept = '*/*'): Promise<Answer> => {
  const url = to.startsWith('http') ? to : `${app.url}/api/odata4/sales${to}`
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}`, accept } })
  const type = response.headers.get('content-type') ?? ''
  return { status: response.status, text: await response.text(), type }
}

type Page = {
  readonly value: readonly Record<string, unknown>[]
  readonly '@odata.nextLink'?: string
}

const page = async (to: string): Promise<Page & { readonly '@odata.count'?: number }> => {
  const { status, text } = await get(to)
  assert.equal(status, 200, text)
  return JSON.parse(text) as Page
}

test('an owner creates it, tries it out, and nobody is shown its password', async () => {
  const without = await call('POST', path, {
    name: 'sales',
    dataStore: 5002,
    connectionType: 'Cloud',
    options: options(),
  })
  assert.equal(without.status, 201, JSON.stringify(without.body))
  id = String(without.body['id'])
  const missing = await call('POST', `${path}/${id}/test`, {})
  assert.equal(missing.status, 400)
  assert.match(JSON.stringify(missing.body), /Password is missing/)
  const put = await call('PUT', `${path}/${id}`, {
    name: 'sales',
    options: { ...options(), Password: secret },
  })
  assert.equal(put.status, 200, JSON.stringify(put.body))
  assert.ok(!JSON.stringify(put.body).includes(secret))
  const tried = await call('POST', `${path}/${id}/test`, {})
  assert.ok(tried.status < 300, JSON.stringify(tried.body))
  const client = await register(app)
  const { access_token: accessToken } = await getTokens(app, client)
  token = accessToken
})

test('the metadata has its tables with their types, keys and the way between them', async () => {
  const { status, text, type } = await get('/$metadata')
  assert.deepEqual([status, type], [200, 'application/xml;charset=utf-8'])
  for (const part of [
    '<EntitySet Name="customers"',
    '<EntitySet Name="invoices"',
    /<Property Name="id" Type="Edm.Int64" Nullable="false"/,
    /<Property Name="total" Type="Edm.Decimal"[^>]*Precision="20"[^>]*Scale="6"/,
    /<Property Name="scan" Type="Edm.Binary"/,
    /<NavigationProperty Name="customer"/,
  ])
    assert.match(text, typeof part === 'string' ? new RegExp(part) : part)
})

test('a filtered collection comes in pages that are linked, with every row once and its values exact', async () => {
  let link: string | undefined = '/invoices?$filter=customer_id%20eq%207&$count=true&$orderby=total'
  const ids: unknown[] = []
  for (let first = true; link !== undefined; first = false) {
    const found: Awaited<ReturnType<typeof page>> = await page(link)
    assert.equal(found['@odata.count'], 100, first ? 'first' : 'next')
    assert.ok(found.value.length <= 40)
    ids.push(...found.value.map((row) => row['id']))
    link = found['@odata.nextLink']
  }
  assert.equal(new Set(ids).size, 100)
  assert.equal((await get('/invoices/$count')).text, '5000')
  const { text } = await get('/invoices(9007199254745992)')
  assert.match(text, /"id":9007199254745992,/)
  assert.match(text, /"total":5000\.005000,/)
  assert.match(text, /"scan":"AP8"/)
  assert.match(text, /"at":"2024-01-01T00:00:00Z"/)
  assert.equal((await get('/invoices(1)')).status, 404)
})

test('a server that goes away is told of as such, and reading goes on when it is back', async () => {
  await cluster.kill()
  const gone = await get('/customers')
  assert.equal(gone.status, 503, gone.text)
  assert.match(gone.text, /"BackendUnavailable"/)
  await cluster.start()
  assert.equal((await page('/customers')).value.length, 40)
})

test('T83: a password that is kept goes to no other server, port or weaker connection', async () => {
  for (const [name, value] of [
    ['Host', '127.0.0.2'],
    ['Port', '1'],
    ['Port', undefined],
    ['SSL', 'require'],
  ] as const) {
    const changed = { ...options(), [name]: value }
    const refused = await call('PUT', `${path}/${id}`, { name: 'sales', options: changed })
    assert.equal(refused.status, 400, name)
    assert.match(JSON.stringify(refused.body), new RegExp(`another ${name} send Password again`))
  }
  const same = await call('PUT', `${path}/${id}`, { name: 'sales', options: options() })
  assert.equal(same.status, 200)
  assert.equal((await page('/customers?$top=1')).value.length, 1)
  assert.ok(!app.logs.join('').includes(secret))
})
