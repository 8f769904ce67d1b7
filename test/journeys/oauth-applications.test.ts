import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { run } from '#store/command.ts'
import { people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import {
  createOAuthApplication,
  oauthApps,
  sampleApplication,
} from '#test/support/oauth-applications.ts'
import { createPerson, createTenant } from '#test/support/tenants.ts'

// OAuth reference C.1 to C.3, C.6 and E: the story of OAuth applications, and every documented sample.

let app: TestApp
let keeper: Person
const admin = { person: people.admin }

before(async () => {
  app = await startApp({ sources: false })
  // The tenant of the samples has the number 303.
  const { sql, write } = app.core.store
  await write(() =>
    run(
      sql.insertInto('tenants').values({
        id: 303,
        name: 'TenantA',
        name_key: 'tenanta',
        description: '',
        status: 1,
        created_at: 1,
      }),
    ),
  )
  keeper = await createPerson(app, { name: 'keeper', permissions: [11, 28], administers: [303] })
})
after(() => app.close())

type Answer = Awaited<ReturnType<typeof manage>>

const listOf = (answer: Answer) => {
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body['applications'] as Record<string, unknown>[]
}

const names = async (query: string, person: Person = people.admin): Promise<unknown[]> =>
  listOf(await manage(app, 'GET', `${oauthApps}${query}`, { person })).map(({ name }) => name)

/** The envelope of reference E.2; this API prints the code as a string. */
const assertRefused = (answer: Answer, status: number, code: string, sentence: RegExp): void => {
  assert.equal(answer.status, status, JSON.stringify(answer.body))
  const { error } = answer.body as { error: { code: unknown; message: { value: string } } }
  assert.deepEqual(answer.body, {
    error: { code, message: { lang: 'en-US', value: error.message.value } },
  })
  assert.match(error.message.value, sentence)
}

test('the create sample answers 201 with the whole object, its Location, and no secret', async () => {
  const made = await manage(app, 'POST', oauthApps, {
    ...admin,
    body: {
      name: 'TenantA OAuth app',
      dataStore: 54,
      tenantId: 303,
      description: 'TenantA OAuth application object',
      clientId: 'asdfjasdljfasdkjf',
      clientSecret: '1912308409123890',
      authorizeURI: 'https://accounts.google.com/o/oauth2/v2/auth',
      tokenURI: 'https://www.googleapis.com/oauth2/v3/token',
      scope: 'full_offline_access, test_repo',
    },
  })
  assert.equal(made.status, 201)
  const id = String(made.body['id'])
  assert.deepEqual(made.body, {
    id,
    name: 'TenantA OAuth app',
    dataStore: '54',
    tenantId: 303,
    description: 'TenantA OAuth application object',
    authorizeURI: 'https://accounts.google.com/o/oauth2/v2/auth',
    tokenURI: 'https://www.googleapis.com/oauth2/v3/token',
    scope: 'full_offline_access, test_repo',
    clientId: 'asdfjasdljfasdkjf',
    redirectURI: `http://localhost:${app.port}/hdpui/oauth2callback/303/${id}`,
  })
  assert.match(id, /^[1-9]\d*$/)
  assert.equal(made.headers.get('location'), `${oauthApps}/${id}`)
  assert.deepEqual((await manage(app, 'GET', `${oauthApps}/${id}`, admin)).body, made.body)
  const gone = await manage(app, 'DELETE', `${oauthApps}/${id}`, admin)
  assert.deepEqual([gone.status, gone.body], [204, {}])
  const missing = await manage(app, 'GET', `${oauthApps}/${id}`, admin)
  assertRefused(missing, 404, '222207711', new RegExp(`\\b${id}\\b`))
})

test('the list sample, key for key and type for type, and nothing beside the list', async () => {
  const google = {
    name: 'HDP system OAuth app',
    description: 'Hybrid Data Pipeline OAuth application object',
    authorizeURI: 'https://accounts.google.com/o/oauth2/v2/auth',
    tokenURI: 'https://www.googleapis.com/oauth2/v3/token',
    scope: 'full_offline_access, gist_repo',
  }
  const salesforce = {
    name: 'TenantA OAuth app',
    description: 'TenantA OAuth application object',
    authorizeURI: 'https://login.salesforce.com/services/oauth2/authorize',
    tokenURI: 'https://login.salesforce.com/services/oauth2/token',
    scope: 'full_offline_access, test_repo',
  }
  const first = await createOAuthApplication(app, keeper, { ...google, dataStore: '54' })
  const second = await createOAuthApplication(app, keeper, {
    ...salesforce,
    dataStore: 1,
    tenantId: '303',
  })
  const text = await fetch(`${app.url}${oauthApps}`, {
    headers: { authorization: `Basic ${btoa(`${keeper.name}:${keeper.password}`)}` },
  }).then((response) => response.text())
  assert.equal(
    text,
    JSON.stringify({
      applications: [
        {
          id: first,
          name: 'HDP system OAuth app',
          dataStore: '54',
          tenantId: 1,
          description: 'Hybrid Data Pipeline OAuth application object',
          authorizeURI: 'https://accounts.google.com/o/oauth2/v2/auth',
          tokenURI: 'https://www.googleapis.com/oauth2/v3/token',
          scope: 'full_offline_access, gist_repo',
        },
        {
          id: second,
          name: 'TenantA OAuth app',
          dataStore: '1',
          tenantId: 303,
          description: 'TenantA OAuth application object',
          authorizeURI: 'https://login.salesforce.com/services/oauth2/authorize',
          tokenURI: 'https://login.salesforce.com/services/oauth2/token',
          scope: 'full_offline_access, test_repo',
        },
      ],
    }),
  )
})

test('what was not set is an empty text, and the empty list has its wrapper', async () => {
  const bare = await createPerson(app, {
    name: 'bare',
    tenantId: await createTenant(app, 'Bare'),
    permissions: [11, 28],
  })
  const empty = await manage(app, 'GET', oauthApps, { person: bare })
  assert.deepEqual(empty.body, { applications: [] })
  const id = await createOAuthApplication(app, bare, { description: undefined, scope: undefined })
  assert.deepEqual(listOf(await manage(app, 'GET', oauthApps, { person: bare })), [
    {
      id,
      name: 'TenantA OAuth app',
      dataStore: '54',
      tenantId: bare.tenantId,
      description: '',
      authorizeURI: sampleApplication.authorizeURI,
      tokenURI: sampleApplication.tokenURI,
      scope: '',
    },
  ])
})

test('the tenant is that of the caller, of the user acted for, or the one that is named', async () => {
  const child = await createTenant(app, 'Home')
  const dweller = await createPerson(app, { name: 'dweller', tenantId: child })
  const tenantOf = async (query: string, fields: Record<string, unknown>): Promise<unknown> =>
    (
      await manage(app, 'POST', `${oauthApps}${query}`, {
        ...admin,
        body: { ...sampleApplication, ...fields },
      })
    ).body['tenantId']
  assert.equal(await tenantOf('', { name: 'a' }), 1)
  assert.equal(await tenantOf('', { name: 'b', tenantId: child }), child)
  assert.equal(await tenantOf(`?user=${dweller.name}`, { name: 'c' }), child)
  assert.equal(await tenantOf('?user=DWELLER', { name: 'd', tenantId: String(child) }), child)
  assert.deepEqual(await names('?user=dweller'), ['b', 'c', 'd'])
  const elsewhere = await manage(app, 'POST', `${oauthApps}?user=dweller`, {
    ...admin,
    body: { ...sampleApplication, name: 'e', tenantId: 1 },
  })
  assertRefused(elsewhere, 403, '222208103', /tenant/)
})

test('an administrator hears that a tenant does not exist', async () => {
  const body = { ...sampleApplication, tenantId: 987_654_321 }
  const answer = await manage(app, 'POST', oauthApps, { ...admin, body })
  assertRefused(answer, 400, '222208573', /tenant/)
})

test('PUT replaces what can be changed, keeps the secret that is left out, and resets the rest', async () => {
  const showing = await startApp({ env: { HEADGATE_HDP: 'show-secrets' }, sources: false })
  try {
    const made = await manage(showing, 'POST', oauthApps, { ...admin, body: sampleApplication })
    assert.equal(made.body['clientSecret'], '1912308409123890')
    const path = `${oauthApps}/${String(made.body['id'])}`
    const put = (body: Record<string, unknown>) => manage(showing, 'PUT', path, { ...admin, body })
    const { description: _, scope: __, clientSecret: ___, ...rest } = sampleApplication
    const renamed = await put({ ...rest, name: 'Renamed', clientId: 'another', dataStore: '54' })
    assert.equal(renamed.status, 200)
    assert.deepEqual(renamed.body, {
      id: made.body['id'],
      name: 'Renamed',
      dataStore: '54',
      tenantId: 1,
      description: '',
      authorizeURI: rest.authorizeURI,
      tokenURI: rest.tokenURI,
      scope: '',
      clientId: 'another',
      redirectURI: `http://localhost:${showing.port}/hdpui/oauth2callback/1/${String(made.body['id'])}`,
      clientSecret: '1912308409123890',
      availableToTenants: true,
    })
    assert.deepEqual((await manage(showing, 'GET', path, admin)).body, renamed.body)
    // Sealed anew for each revision: it can still be read after many.
    await put(rest)
    const changed = await put({ ...rest, clientSecret: 'a-new-secret' })
    assert.equal(changed.body['clientSecret'], 'a-new-secret')
    assert.equal((await put(rest)).body['clientSecret'], 'a-new-secret')
    assert.equal((await manage(showing, 'GET', path, admin)).body['clientSecret'], 'a-new-secret')
    const list = await manage(showing, 'GET', oauthApps, admin)
    assert.deepEqual(Object.keys(listOf(list)[0] ?? {}).toSorted(), [
      'authorizeURI',
      'dataStore',
      'description',
      'id',
      'name',
      'scope',
      'tenantId',
      'tokenURI',
    ])
  } finally {
    await showing.close()
  }
})

test('data store and tenant of an application stay, and saying the same ones again is fine', async () => {
  const path = `${oauthApps}/${await createOAuthApplication(app, people.admin, { name: 'fixed' })}`
  const put = (fields: Record<string, unknown>) =>
    manage(app, 'PUT', path, { ...admin, body: { ...sampleApplication, name: 'fixed', ...fields } })
  assert.equal((await put({ tenantId: 1, dataStore: '54' })).status, 200)
  assert.equal((await put({ tenantId: '1' })).status, 200)
  assertRefused(await put({ dataStore: 62 }), 400, '222207007', /dataStore cannot be changed/)
  assertRefused(await put({ tenantId: 303 }), 400, '222207007', /tenantId cannot be changed/)
  assertRefused(await put({ tenantId: 987_654 }), 400, '222207007', /tenantId cannot be changed/)
})

test('the stored secret is not kept for a token endpoint on another server', async () => {
  const path = `${oauthApps}/${await createOAuthApplication(app, people.admin, { name: 'moving' })}`
  const { clientSecret, ...rest } = { ...sampleApplication, name: 'moving' }
  const put = (body: Record<string, unknown>) => manage(app, 'PUT', path, { ...admin, body })
  const there = { ...rest, tokenURI: 'https://elsewhere.example/token' }
  assertRefused(await put(there), 400, '222208454', /must be sent again/)
  for (const tokenURI of ['https://www.googleapis.com:8443/oauth2/v3/token'])
    assertRefused(await put({ ...rest, tokenURI }), 400, '222208454', /must be sent again/)
  assert.equal(
    (await put({ ...rest, tokenURI: 'https://www.googleapis.com/v4/token' })).status,
    200,
  )
  assert.equal((await put({ ...rest, authorizeURI: 'https://elsewhere.example/' })).status, 200)
  assert.equal((await put({ ...there, clientSecret })).status, 200)
})

test('a name is taken once in a tenant and data store, in any case, by POST and by PUT', async () => {
  const tenantId = await createTenant(app, 'Names')
  const body = { ...sampleApplication, tenantId }
  const post = (fields: Record<string, unknown>) =>
    manage(app, 'POST', oauthApps, { ...admin, body: { ...body, ...fields } })
  const made = await post({ name: 'One name' })
  const other = await post({ name: 'Another' })
  assert.deepEqual([made.status, other.status], [201, 201])
  assertRefused(await post({ name: 'ONE name ' }), 400, '222208401', /taken/)
  assert.equal((await post({ name: 'one name', dataStore: 62 })).status, 201)
  assert.equal((await post({ name: 'one name', tenantId: 303 })).status, 201)
  const put = (name: string) =>
    manage(app, 'PUT', `${oauthApps}/${String(other.body['id'])}`, {
      ...admin,
      body: { ...body, name },
    })
  assertRefused(await put('one NAME'), 400, '222208401', /taken/)
  assert.equal((await put('ANOTHER')).status, 200)
})

test('of many who create or rename at once to one name, one succeeds and the others are told', async () => {
  const tenantId = await createTenant(app, 'Races')
  const body = { ...sampleApplication, tenantId, name: 'Raced' }
  const made = await Promise.all(
    Array.from({ length: 6 }, () => manage(app, 'POST', oauthApps, { ...admin, body })),
  )
  assert.deepEqual(
    made.map(({ status }) => status).toSorted((a, b) => a - b),
    [201, 400, 400, 400, 400, 400],
  )
  const ids = await Promise.all(
    ['a', 'b', 'c', 'd'].map((name) =>
      createOAuthApplication(app, people.admin, { tenantId, name }),
    ),
  )
  const renamed = await Promise.all(
    ids.map((id) =>
      manage(app, 'PUT', `${oauthApps}/${id}`, { ...admin, body: { ...body, name: 'Renamed' } }),
    ),
  )
  assert.deepEqual(
    renamed.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 400, 400, 400],
  )
})

test('filters by tenant, its name in any case, user and data store are combined by AND', async () => {
  const tenantId = await createTenant(app, 'Filtered')
  await createPerson(app, { name: 'filterer', tenantId })
  for (const [name, dataStore] of [
    ['f1', 1],
    ['f63', 63],
  ] as const)
    await createOAuthApplication(app, people.admin, { name, dataStore, tenantId })
  for (const [query, expected] of [
    [`?tenantId=${tenantId}`, ['f1', 'f63']],
    ['?tenantName=filtered', ['f1', 'f63']],
    ['?tenantName=FILTERED&dataStore=63', ['f63']],
    [`?tenantId=${tenantId};tenantName=Filtered`, ['f1', 'f63']],
    [`?tenantId=${tenantId}&user=filterer`, ['f1', 'f63']],
    ['?user=filterer&dataStore=1', ['f1']],
    ['?user=filterer&dataStore=54', []],
    ['?user=filterer&tenantName=TenantA', []],
    ['?user=filterer&tenantId=987654321', []],
    [`?tenantId=${tenantId}&tenantName=TenantA`, []],
    ['?tenantId=987654321', []],
    ['?tenantName=nobody', []],
    [`?tenantID=${tenantId}&datastore=1`, ['f1']],
  ] as const)
    assert.deepEqual(await names(query), expected, query)
  for (const query of [
    '?dataStore=2',
    '?dataStore=x',
    '?dataStore=5001',
    '?tenantId=0',
    '?tenantId=x',
  ])
    assertRefused(await manage(app, 'GET', `${oauthApps}${query}`, admin), 400, '222207007', /must/)
  const twice = await manage(app, 'GET', `${oauthApps}?tenantId=1&tenantid=1`, admin)
  assertRefused(twice, 400, '222207007', /more than once/)
  const unknown = await manage(app, 'GET', `${oauthApps}?user=nobody`, admin)
  assertRefused(unknown, 404, '222207916', /Nobody/)
})

test('a list in pieces has every application once, and tells where it goes on', async () => {
  const tenantId = await createTenant(app, 'Pieces')
  const all = ['p1', 'p2', 'p3', 'p4', 'p5']
  for (const name of all) await createOAuthApplication(app, people.admin, { name, tenantId })
  const found: unknown[] = []
  let next: number | undefined = 0
  let pieces = 0
  while (next !== undefined) {
    const query = `?tenantId=${tenantId}&limit=2&after=${next}`
    const answer = await manage(app, 'GET', `${oauthApps}${query}`, admin)
    found.push(...listOf(answer).map(({ name }) => name))
    next = answer.body['next'] as number | undefined
    pieces += 1
  }
  assert.deepEqual([found, pieces], [all, 3])
  const whole = await manage(app, 'GET', `${oauthApps}?tenantId=${tenantId}&limit=5`, admin)
  assert.deepEqual(Object.keys(whole.body), ['applications'])
})

test('whoever creates data sources picks by name: the own tenant’s and those of the system tenant that are open', async () => {
  const tenantId = await createTenant(app, 'Picking')
  const other = await createTenant(app, 'Not picking')
  const picker = await createPerson(app, { name: 'picker', tenantId, permissions: [1] })
  const make = (name: string, fields: Record<string, unknown>) =>
    createOAuthApplication(app, people.admin, { name, dataStore: 63, ...fields })
  const open = await make('open', {})
  const closed = await make('closed', { availableToTenants: false })
  const own = await make('own', { tenantId })
  await make('foreign', { tenantId: other })
  await make('of another store', { tenantId, dataStore: 62 })
  const pick = (person: Person, store: string | number = 63) =>
    manage(app, 'GET', `/api/mgmt/datastores/${store}/oauthapps`, { person })
  assert.deepEqual((await pick(picker)).body, {
    applications: [
      { id: open, name: 'open' },
      { id: own, name: 'own' },
    ],
  })
  assert.deepEqual((await pick(people.user)).body, {
    applications: [
      { id: open, name: 'open' },
      { id: closed, name: 'closed' },
    ],
  })
  for (const store of [2, 56, 76, 5001, 'x', 0, 987_654])
    assertRefused(await pick(picker, store), 404, '222208453', /data store/)
  const lacking = await createPerson(app, { name: 'lacking', tenantId, permissions: [11, 28] })
  assertRefused(await pick(lacking), 403, '222208103', /CreateDataSource \(1\)/)

  // Taken back, it is gone at once; a PUT that does not speak of it changes nothing.
  const put = (fields: Record<string, unknown>) =>
    manage(app, 'PUT', `${oauthApps}/${open}`, {
      ...admin,
      body: { ...sampleApplication, name: 'open', dataStore: 63, ...fields },
    })
  assert.equal((await put({ availableToTenants: false })).body['availableToTenants'], false)
  assert.deepEqual((await pick(picker)).body, { applications: [{ id: own, name: 'own' }] })
  assert.equal((await put({})).body['availableToTenants'], false)
  assert.equal((await put({ availableToTenants: true })).body['availableToTenants'], true)
})

test('an application of another tenant is available there alone, and to ask for more is refused', async () => {
  const tenantId = await createTenant(app, 'Closed')
  const body = { ...sampleApplication, tenantId }
  const asked = await manage(app, 'POST', oauthApps, {
    ...admin,
    body: { ...body, availableToTenants: true },
  })
  assertRefused(asked, 400, '222207007', /availableToTenants/)
  const made = await manage(app, 'POST', oauthApps, {
    ...admin,
    body: { ...body, availableToTenants: false },
  })
  assert.equal(made.status, 201)
  assert.ok(!('availableToTenants' in made.body))
  const path = `${oauthApps}/${String(made.body['id'])}`
  const put = await manage(app, 'PUT', path, {
    ...admin,
    body: { ...body, availableToTenants: true },
  })
  assertRefused(put, 400, '222207007', /availableToTenants/)
})

test('with HEADGATE_EGRESS_ALLOW an upstream on a listed address is taken, also over http', async () => {
  const allowing = await startApp({
    env: { HEADGATE_EGRESS_ALLOW: '127.0.0.0/8, 10.7.0.0/16' },
    sources: false,
  })
  try {
    for (const [tokenURI, status] of [
      ['http://127.0.0.1:9000/token', 201],
      ['http://localhost:9000/token', 201],
      ['http://10.7.1.2/token', 201],
      ['https://10.7.1.2/token', 201],
      ['http://10.8.1.2/token', 400],
      ['https://10.8.1.2/token', 400],
      ['http://idp.example/token', 400],
    ] as const) {
      const name = `n${tokenURI.replaceAll(/\W/g, '-')}`
      const answer = await manage(allowing, 'POST', oauthApps, {
        ...admin,
        body: { ...sampleApplication, name, tokenURI },
      })
      assert.equal(answer.status, status, tokenURI)
    }
  } finally {
    await allowing.close()
  }
})

test('the log names who created, changed and deleted which application, and for whom', async () => {
  await createPerson(app, { name: 'audited' })
  const from = app.logs.length
  const created = await manage(app, 'POST', `${oauthApps}?user=audited`, {
    ...admin,
    body: { ...sampleApplication, name: 'audited' },
  })
  const id = Number(created.body['id'])
  const path = `${oauthApps}/${id}`
  await manage(app, 'PUT', path, { ...admin, body: { ...sampleApplication, name: 'audited' } })
  await manage(app, 'DELETE', path, admin)
  const lines = app.logs
    .slice(from)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['audit'] !== undefined)
    .map((line) => [line['audit'], line['subject'], typeof line['onBehalfOf']])
  assert.deepEqual(lines, [
    ['oauth-application.created', id, 'number'],
    ['oauth-application.updated', id, 'undefined'],
    ['oauth-application.deleted', id, 'undefined'],
  ])
})
