import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { createConnectorRegistry } from '#connectors/registry.ts'
import type { ApiDocument, Operation } from '#http/openapi/types.ts'
import manifest from '../../package.json' with { type: 'json' }
import { people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { storeTables } from '#test/support/store-tables.ts'
import { createPerson } from '#test/support/tenants.ts'

let app: TestApp
before(async () => {
  app = await startApp({ sources: false })
})
after(() => app.close())

const call = (method: string, path: string, body?: unknown, person: Person = people.user) =>
  manage(app, method, path, { person, ...(body === undefined ? {} : { body }) })

type Option = { name: string; type: string; values: { value: string }[] | null } & Record<
  string,
  unknown
>
type OptionsSchema = { properties: { options: { properties: Record<string, object> } } }

type Store = {
  id: number
  connectionType: { Cloud: { options: Option[] } }
} & Record<string, unknown>

const readStore = async (id: number): Promise<Store> =>
  (await call('GET', `/api/mgmt/datastores/${id}`)).body as Store

test('a data store is shown key for key as the reference has it, with its options', async () => {
  const sqlite = await readStore(5001)
  assert.deepEqual(Object.keys(sqlite), [
    'id',
    'name',
    'isBeta',
    'isGroup',
    'driver',
    'authorized',
    'connectionType',
  ])
  const { connectionType, ...rest } = sqlite
  assert.deepEqual(rest, {
    id: 5001,
    name: 'SQLite',
    isBeta: false,
    isGroup: false,
    driver: {
      name: 'headgate-5001',
      version: manifest.version,
      helpURL: `http://localhost:${new URL(app.url).port}/api/docs`,
    },
    authorized: true,
  })
  const { options, ...cloud } = connectionType.Cloud
  assert.deepEqual(cloud, {
    tabs: [
      { id: 1, name: 'Connection' },
      { id: 2, name: 'OData' },
    ],
  })
  const byName = Object.fromEntries(options.map((option) => [option.name, option]))
  assert.deepEqual(byName['Database'], {
    name: 'Database',
    displayName: 'Database file',
    documentation: "The name of a file in the tenant's own directory; it is opened read-only.",
    type: 'string',
    required: true,
    default: null,
    displayTab: 1,
    secret: false,
    values: null,
    min: null,
    max: null,
    maxLength: 128,
  })
  const size = byName['ODataPageSize']
  assert.deepEqual(
    [size?.type, size?.['min'], size?.['max'], size?.['displayTab']],
    ['integer', 0, 10_000, 2],
  )
  assert.deepEqual(byName['ODataTopMode']?.values, [
    { value: '0', displayName: '$top limits the result' },
    { value: '1', displayName: '$top and $skip page through it' },
  ])
})

test('the list has every data store as the single read shows it, and says where one may create', async () => {
  const { dataStores } = (await call('GET', '/api/mgmt/datastores')).body as { dataStores: Store[] }
  const ids = dataStores.map(({ id }) => id)
  assert.deepEqual(
    ids,
    [...ids].sort((a, b) => a - b),
  )
  for (const id of [1, 54, 62, 63, 5001]) assert.ok(ids.includes(id), String(id))
  for (const store of dataStores) assert.deepEqual(await readStore(store.id), store)

  const viewer = await createPerson(app, { name: 'viewer', permissions: [2, 11] })
  const seen = await call('GET', '/api/mgmt/datastores/5001', undefined, viewer)
  assert.equal(seen.body['authorized'], false)
})

test('secrets of a data store are told by name, type and nothing else', async () => {
  const salesforce = await readStore(1)
  const secrets = salesforce.connectionType.Cloud.options.filter((option) => option['secret'])
  assert.deepEqual(
    secrets.map(({ name, default: otherwise }) => [name, otherwise]),
    [
      ['ClientSecret', null],
      ['AccessToken', null],
      ['RefreshToken', null],
    ],
  )
})

test('what an option takes is what is told of it: every value that is listed passes, any other is refused by name', async () => {
  const { options } = (await readStore(5001)).connectionType.Cloud
  let checked = 0
  for (const { name, type, values, max, maxLength } of options) {
    const good = type === 'boolean' ? ['true', 'false'] : (values ?? []).map(({ value }) => value)
    const more = type === 'integer' ? ['0', String(max)] : []
    const bad =
      type === 'integer'
        ? [String(Number(max) + 1), '-1', 'x']
        : ['none of these'.slice(0, Number(maxLength))]
    if (type === 'string') continue
    const create = (value: string) =>
      call('POST', '/api/mgmt/datasources', {
        name: `d${checked++}`,
        dataStore: 5001,
        connectionType: 'Cloud',
        options: { Database: 'one.db', [name]: value },
      })
    for (const value of [...good, ...more]) assert.equal((await create(value)).status, 201, name)
    for (const value of bad) {
      const { status, body } = await create(value)
      const { code, message } = body['error'] as { code: number; message: { value: string } }
      assert.deepEqual([status, code], [400, 222207002])
      assert.ok(message.value.includes(`${name} must be`), message.value)
    }
  }
  assert.ok(checked > 20)
})

test('the API description names every option of every data store where data sources are created and replaced', async () => {
  const answer = await fetch(`${app.url}/api/openapi.json`)
  const { paths } = (await answer.json()) as ApiDocument
  const optionsOf = (operation: Operation | undefined) => {
    const schema = operation?.requestBody?.content['application/json']?.schema
    return Object.keys((schema as OptionsSchema).properties.options.properties)
  }
  const { connectors } = createConnectorRegistry()
  const names = new Set(connectors.flatMap(({ options }) => options.map(({ name }) => name)))
  for (const operation of [
    paths['/api/mgmt/datasources']?.post,
    paths['/api/mgmt/datasources/{id}']?.put,
  ])
    assert.deepEqual(new Set(optionsOf(operation)), names)
})

test('docs/data-stores.md has the options of every data store as their descriptors do', () => {
  const page = readFileSync(new URL('../../docs/data-stores.md', import.meta.url), 'utf8')
  for (const [heading, table] of storeTables(createConnectorRegistry().connectors))
    assert.ok(
      page.includes(`\n## ${heading}\n`) && page.includes(`\n${table}\n`),
      `docs/data-stores.md lacks this, below ## ${heading}:\n\n${table}\n`,
    )
})

test('there are no on-premises connectors, in the form that clients ask for', async () => {
  const listed = async (path: string, person?: Person) =>
    (await call('GET', path, undefined, person)).body
  assert.deepEqual(await listed('/api/mgmt/connectors'), { connectorIDs: [] })
  assert.deepEqual(await listed('/api/mgmt/connectors?details=true;accessible=true'), {
    connectors: [],
  })
  assert.deepEqual(await listed('/api/admin/connectors', people.admin), { connectors: [] })
  for (const path of ['mgmt/connectors', 'admin/connectors', 'admin/connector'])
    assert.equal((await call('GET', `/api/${path}/0f8fad5b`, undefined, people.admin)).status, 404)
})
