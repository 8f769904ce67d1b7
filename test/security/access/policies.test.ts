import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { basicOf, beginSession, type Person, startApp, type TestApp } from '#test/support/app.ts'
import {
  askAsClient,
  askWithPassword,
  callback,
  createPkce,
  getCode,
  getTokens,
  manage,
  redeem,
  refresh,
  type Registered,
  register,
  type TokenAnswer,
} from '#test/support/oauth.ts'
import { createPerson, createTenant, type KnownPerson } from '#test/support/tenants.ts'
import { execute, raw } from '../tokens/support.ts'
import { addDataSource } from './things.ts'

// T55: what an administrator decides blocks on every way in, begun before or after it; a value that nobody knows blocks, too.

let app: TestApp
let tenantId: number
let person: KnownPerson
let sourceId: number
let client: Registered
let machine: Registered
before(async () => {
  app = await startApp({ sources: false })
  tenantId = await createTenant(app, 'Policies')
  person = await createPerson(app, {
    name: 'somebody',
    tenantId,
    permissions: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  })
  const directory = join(app.dataDir, 'files', String(tenantId))
  mkdirSync(directory, { recursive: true })
  const database = new DatabaseSync(join(directory, 'same.db'))
  database.exec('CREATE TABLE Item (id INTEGER PRIMARY KEY); INSERT INTO Item VALUES (1)')
  database.close()
  sourceId = await addDataSource(app, person, { name: 'one' })
  const grantTypes = ['authorization_code', 'refresh_token', 'password']
  client = await register(app, { grantTypes, redirectUrls: [callback] }, person)
  machine = await register(
    app,
    { grantTypes: ['client_credentials'], dataSources: [sourceId] },
    person,
  )
})
after(() => app.close())

/** What was begun before a decision. */
type Begun = {
  readonly tokens: TokenAnswer['body']
  readonly machineToken: string
  readonly code: string
  readonly verifier: string
  readonly session: string
}

const begin = async (): Promise<Begun> => {
  const pkce = createPkce()
  return {
    tokens: await getTokens(app, client, { person }),
    machineToken: (await askAsClient(app, machine)).body.access_token,
    code: await getCode(app, client, { person, challenge: pkce.challenge }),
    verifier: pkce.verifier,
    session: await beginSession(app, person),
  }
}

const reads = async (headers: Record<string, string>): Promise<boolean> => {
  const response = await fetch(`${app.url}/api/odata4/one/Items(1)`, { headers })
  await response.arrayBuffer()
  return response.status === 200
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const opensPage = async (session: string): Promise<boolean> => {
  const headers = { cookie: `hg_session=${session}` }
  const response = await fetch(`${app.url}/account/applications`, { redirect: 'manual', headers })
  await response.arrayBuffer()
  return response.status === 200
}

const listsSources = async (who: Person): Promise<boolean> =>
  (await manage(app, 'GET', '/api/mgmt/datasources', { person: who })).status === 200

const readsSource = async (who: Person): Promise<boolean> =>
  (await manage(app, 'GET', `/api/mgmt/datasources/${sourceId}`, { person: who })).status === 200

/** Every way to get or to use something, and what it hangs on beside the user. */
const ways: Readonly<
  Record<string, { readonly of: string; readonly opens: (begun: Begun) => Promise<boolean> }>
> = {
  'Basic at the management API': { of: 'user', opens: () => listsSources(person) },
  'Basic at a data source of the management API': {
    of: 'source',
    opens: () => readsSource(person),
  },
  'Basic at OData': { of: 'source', opens: () => reads(basicOf(person)) },
  'a token at OData': {
    of: 'source client',
    opens: ({ tokens }) => reads(bearer(tokens.access_token)),
  },
  'a token of a machine at OData': {
    of: 'source machine',
    opens: ({ machineToken }) => reads(bearer(machineToken)),
  },
  'a session': { of: 'user', opens: ({ session }) => opensPage(session) },
  'the password grant': {
    of: 'client',
    opens: async () => (await askWithPassword(app, client, person)).status === 200,
  },
  'the client credentials grant': {
    of: 'machine',
    opens: async () => (await askAsClient(app, machine)).status === 200,
  },
  'a refresh token': {
    of: 'client',
    opens: async ({ tokens }) => (await refresh(app, client, tokens.refresh_token)).status === 200,
  },
  'a code': {
    of: 'client',
    opens: async ({ code, verifier }) =>
      (await redeem(app, client, code, { code_verifier: verifier })).status === 200,
  },
}

type Policy = {
  readonly name: string
  /** Which ways it blocks: all, or those that hang on this. */
  readonly of?: 'source' | 'client' | 'machine'
  readonly decide: () => Promise<unknown>
  readonly takeBack: () => Promise<unknown>
}

const column = (
  name: string,
  values: { readonly table: string; readonly column: string; readonly id: () => number },
  bad: string | number,
  more: Partial<Policy> = {},
): Policy => {
  const set = (value: string | number | null) =>
    execute(
      app,
      raw`update ${raw.table(values.table)} set ${raw.ref(values.column)} = ${value} where id = ${values.id()}`,
    )
  const good = values.column === 'permissions' ? null : 1
  return { name, decide: () => set(bad), takeBack: () => set(good), ...more }
}

const user = { table: 'users', column: 'status', id: () => person.id }
const tenant = { table: 'tenants', column: 'status', id: () => tenantId }
const source = { table: 'data_sources', column: 'permissions', id: () => sourceId }
const application = { table: 'client_applications', column: 'enabled', id: () => client.id }
const ofMachine = { ...application, id: () => machine.id }

const policies: readonly Policy[] = [
  column('a disabled user', user, 0),
  column('a user of an unknown status', user, 7),
  column('a disabled tenant', tenant, 0),
  column('a tenant of an unknown status', tenant, 7),
  column('a disabled application', application, 0, { of: 'client' }),
  column('an application of an unknown state', application, 7, { of: 'client' }),
  column('a disabled machine client', ofMachine, 0, { of: 'machine' }),
  column('a machine client of an unknown state', ofMachine, 7, { of: 'machine' }),
  column('no permission set on the data source', source, '[]', { of: 'source' }),
  column('another permission set on the data source', source, '[5]', { of: 'source' }),
  column('an unknown permission set on the data source', source, '[99]', { of: 'source' }),
  column('damaged permissions of the data source', source, '"7"', { of: 'source' }),
  column('other damaged permissions of the data source', source, '{"7":true}', { of: 'source' }),
]

for (const policy of policies)
  test(`T55: ${policy.name} blocks on every way in, begun before it, and no longer than it lasts`, async () => {
    const begun = await begin()
    await policy.decide()
    for (const [way, { of, opens }] of Object.entries(ways)) {
      const blocks = policy.of === undefined || of.split(' ').includes(policy.of)
      assert.equal(await opens(begun), !blocks, way)
    }
    await policy.takeBack()
    // A right password of who is disabled counts like a wrong one.
    await execute(app, raw`delete from login_failures`)
    const again = await begin()
    for (const [way, { opens }] of Object.entries(ways))
      assert.equal(await opens(again), true, `${way}, afterwards`)
  })

test('T55: where nothing is decided every way in is open', async () => {
  const begun = await begin()
  for (const [way, { opens }] of Object.entries(ways)) assert.equal(await opens(begun), true, way)
})
