import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createSource, people, startApp, type TestApp } from '#test/support/app.ts'
import {
  askToken,
  authorizeUrl,
  createStoppingBrowser,
  getCode,
  getTokens,
  manage,
  readWith,
  redeem,
  refresh,
  register,
} from '#test/support/oauth.ts'

const applications = '/api/mgmt/oauth/client/applications'
const allowed = '/api/mgmt/oauth/client/allowedapplications'
const datasources = '/api/mgmt/datasources'

let app: TestApp
before(async () => {
  app = await startApp()
})
after(() => app.close())

type Refusal = { readonly code: number; readonly message: { lang: string; value: string } }

/** The envelope of reference E.2, with the number and a sentence. */
const assertRefused = (
  answer: { readonly status: number; readonly body: Record<string, unknown> },
  status: number,
  code: number,
  sentence?: RegExp,
): void => {
  assert.equal(answer.status, status, JSON.stringify(answer.body))
  const error = answer.body['error'] as Refusal
  assert.deepEqual(Object.keys(answer.body), ['error'])
  assert.deepEqual(Object.keys(error), ['code', 'message'])
  assert.equal(error.code, code)
  assert.equal(error.message.lang, 'en-US')
  assert.match(error.message.value, sentence ?? /^\w.* .*\.$/)
}

const valid = { name: 'Application1', redirectUrls: ['https://client.example/callback'] }
const post = (body: unknown) => manage(app, 'POST', applications, { body })

test('registering answers 201 with the whole object, its Location, and the secret', async () => {
  const made = await post({ ...valid, description: 'with all fields' })
  assert.equal(made.status, 201)
  const { id, clientId, clientSecret, clientSecrets, createdAt, ...rest } = made.body
  assert.ok(Number.isInteger(id))
  assert.match(String(clientId), /^\d{9}\.apps\.hdp$/)
  assert.match(String(clientSecret), /^hg_cs_[\w-]{49}$/)
  assert.match(String(createdAt), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  // The secret is made after the application, maybe in the next second.
  const [secret, ...more] = clientSecrets as { createdAt: string }[]
  assert.deepEqual(more, [])
  assert.ok(String(secret?.createdAt) >= String(createdAt))
  assert.deepEqual(rest, {
    name: 'Application1',
    description: 'with all fields',
    redirectUrls: ['https://client.example/callback'],
    clientType: 'confidential',
    grantTypes: ['authorization_code', 'refresh_token'],
    refreshTokenRotation: false,
    enabled: true,
    availableToTenants: false,
  })
  assert.equal(made.headers.get('location'), `${applications}/${String(id)}`)
  assert.equal(made.headers.get('cache-control'), 'no-store')
})

test('the secret is shown once: reading, changing and listing leave it out', async () => {
  const client = await register(app)
  const path = `${applications}/${client.id}`
  const read = await manage(app, 'GET', path)
  const changed = await manage(app, 'PUT', path, { body: { description: 'new' } })
  const list = await manage(app, 'GET', applications)
  assert.equal(read.status, 200)
  assert.equal(read.body['clientId'], client.clientId)
  for (const answer of [read, changed, list]) {
    assert.ok(!JSON.stringify(answer.body).includes('"clientSecret"'))
    assert.ok(!JSON.stringify(answer.body).includes(client.clientSecret))
  }
})

test('the list has the wrapper, even when it is empty, and neither client ids nor secrets', async () => {
  const none = await manage(app, 'GET', applications, { person: people.user })
  assert.equal(none.status, 200)
  assert.deepEqual(none.body, { applications: [] })
  const client = await register(app, { name: 'Listed', description: 'd' })
  const list = await manage(app, 'GET', applications)
  const found = (list.body['applications'] as { id: number }[]).find((a) => a.id === client.id)
  assert.deepEqual(found, {
    id: client.id,
    name: 'Listed',
    description: 'd',
    redirectUrls: ['https://client.example/callback'],
  })
})

test('a field that PUT leaves out keeps its value, and fields that cannot be written are ignored', async () => {
  const client = await register(app, { name: 'Before', description: 'kept' })
  const path = `${applications}/${client.id}`
  const changed = await manage(app, 'PUT', path, {
    body: { name: 'After', id: 999, clientId: 'mine', clientSecret: 'mine', unknown: true },
  })
  assert.equal(changed.status, 200)
  assert.equal(changed.body['id'], client.id)
  assert.equal(changed.body['name'], 'After')
  assert.equal(changed.body['description'], 'kept')
  assert.equal(changed.body['clientId'], client.clientId)
  assert.deepEqual(changed.body['redirectUrls'], ['https://client.example/callback'])
  assert.deepEqual((await manage(app, 'GET', path)).body, changed.body)
  const code = await getCode(app, client)
  assert.equal((await redeem(app, client, code)).status, 200)
})

test('clientType cannot be changed, and saying the same one again changes nothing', async () => {
  const client = await register(app)
  const path = `${applications}/${client.id}`
  const refused = await manage(app, 'PUT', path, { body: { clientType: 'public', name: 'x' } })
  assertRefused(refused, 400, 222206632, /clientType/)
  const read = await manage(app, 'GET', path)
  assert.equal(read.body['clientType'], 'confidential')
  assert.equal(read.body['name'], 'Test application')
  const same = await manage(app, 'PUT', path, { body: { clientType: 'confidential' } })
  assert.equal(same.status, 200)
})

test('deleting answers 204 without a body and ends every access', async () => {
  const client = await register(app)
  const tokens = await getTokens(app, client)
  const path = `${applications}/${client.id}`
  const gone = await manage(app, 'DELETE', path)
  assert.equal(gone.status, 204)
  assert.deepEqual(gone.body, {})
  assert.equal(await readWith(app, tokens.access_token), 401)
  assert.equal((await refresh(app, client, tokens.refresh_token)).body.error, 'invalid_client')
  assertRefused(await manage(app, 'GET', path), 404, 222206631)
  assertRefused(await manage(app, 'DELETE', path), 404, 222206633)
})

test('resetting answers 200 with a new secret, keeps the client id, and ends the old secret and all access', async () => {
  const client = await register(app)
  const code = await getCode(app, client)
  const tokens = await getTokens(app, client)
  const reset = await manage(app, 'PUT', `${applications}/${client.id}/reset`)
  assert.equal(reset.status, 200)
  assert.equal(reset.body['clientId'], client.clientId)
  assert.equal(reset.body['id'], client.id)
  const clientSecret = String(reset.body['clientSecret'])
  assert.match(clientSecret, /^hg_cs_/)
  assert.notEqual(clientSecret, client.clientSecret)
  assert.equal(await readWith(app, tokens.access_token), 401)
  assert.equal((await refresh(app, client, tokens.refresh_token)).body.error, 'invalid_client')
  const renewed = { ...client, clientSecret }
  assert.equal((await refresh(app, renewed, tokens.refresh_token)).body.error, 'invalid_grant')
  assert.equal((await redeem(app, renewed, code)).body.error, 'invalid_grant')
  assert.equal(await readWith(app, (await getTokens(app, renewed)).access_token), 200)
})

test('reset takes an empty body that claims to be JSON, as many clients send it', async () => {
  const client = await register(app)
  const reset = await manage(app, 'PUT', `${applications}/${client.id}/reset`, {
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(reset.status, 200)
})

test('a public application has no secret at any time and must not present one', async () => {
  const made = await post({
    ...valid,
    clientType: 'public',
    redirectUrls: ['http://127.0.0.1:7/callback'],
  })
  assert.equal(made.status, 201)
  assert.equal(made.body['clientType'], 'public')
  assert.ok(!('clientSecret' in made.body))
  const reset = await manage(app, 'PUT', `${applications}/${String(made.body['id'])}/reset`)
  for (const answer of [made, reset])
    for (const name of ['clientSecret', 'clientSecrets']) assert.ok(!(name in answer.body))
  const answer = await askToken(app, {
    grant_type: 'refresh_token',
    refresh_token: 'x',
    client_id: String(made.body['clientId']),
    client_secret: 'anything',
  })
  assert.equal(answer.body.error, 'invalid_client')
})

test('the allowed applications are those of the caller alone, and revoking one leaves the others and the other users', async () => {
  const mine = await register(app, { name: 'Mine' })
  const other = await register(app, { name: 'Other' })
  await createSource(app, 'ofowner', 'one.db', people.owner)
  const tokens = await getTokens(app, mine)
  const kept = await getTokens(app, other)
  const foreign = await getTokens(app, mine, { person: people.owner })
  const ids = async (person: (typeof people)['user' | 'owner']) =>
    (
      (await manage(app, 'GET', allowed, { person })).body['applications'] as {
        id: number
        scopes: string[]
      }[]
    ).map((a) => a.id)
  assert.ok((await ids(people.user)).includes(mine.id))
  assert.ok((await ids(people.user)).includes(other.id))
  assert.ok(!(await ids(people.owner)).includes(other.id))

  const ended = await manage(app, 'DELETE', `${allowed}/${mine.id}`, { person: people.user })
  assert.equal(ended.status, 204)
  assert.equal(await readWith(app, tokens.access_token), 401)
  assert.equal(await readWith(app, kept.access_token), 200)
  assert.equal(await readWith(app, foreign.access_token, 'ofowner'), 200)
  assert.ok(!(await ids(people.user)).includes(mine.id))
  assert.ok((await ids(people.owner)).includes(mine.id))
  const again = await manage(app, 'DELETE', `${allowed}/${mine.id}`, { person: people.user })
  assertRefused(again, 404, 222206633)
})

test('an application of another user is not found by any operation, each with its own code', async () => {
  const client = await register(app)
  const path = `${applications}/${client.id}`
  const as = { person: people.user }
  assertRefused(await manage(app, 'GET', path, as), 404, 222206631)
  assertRefused(await manage(app, 'PUT', path, { ...as, body: { name: 'x' } }), 404, 222206632)
  assertRefused(await manage(app, 'DELETE', path, as), 404, 222206633)
  assertRefused(await manage(app, 'PUT', `${path}/reset`, as), 404, 222206634)
  assert.equal((await manage(app, 'GET', path)).body['name'], 'Test application')
  assert.equal(await readWith(app, (await getTokens(app, client)).access_token), 200)
})

test('an administrator sees and manages the applications of all users', async () => {
  const client = await register(app, { name: 'Anybody' })
  const path = `${applications}/${client.id}`
  const as = { person: people.admin }
  const list = await manage(app, 'GET', applications, as)
  assert.ok((list.body['applications'] as { id: number }[]).some((a) => a.id === client.id))
  assert.equal((await manage(app, 'GET', path, as)).status, 200)
  const changed = await manage(app, 'PUT', path, { ...as, body: { name: 'Renamed' } })
  assert.equal(changed.status, 200)
  assert.equal((await manage(app, 'PUT', `${path}/reset`, as)).status, 200)
  assert.equal((await manage(app, 'GET', path)).body['name'], 'Renamed')
  assert.equal((await manage(app, 'DELETE', path, as)).status, 204)
})

test('user, tenantId and tenantName are refused by all eight operations, and unknown query parameters are not', async () => {
  const client = await register(app)
  const operations = [
    ['GET', applications],
    ['POST', applications],
    ['GET', `${applications}/${client.id}`],
    ['PUT', `${applications}/${client.id}`],
    ['DELETE', `${applications}/${client.id}`],
    ['PUT', `${applications}/${client.id}/reset`],
    ['GET', allowed],
    ['DELETE', `${allowed}/${client.id}`],
  ] as const
  for (const [method, path] of operations)
    for (const parameter of ['user=demo', 'tenantId=1', 'tenantName=system'])
      for (const person of [people.owner, people.admin]) {
        const body = method === 'POST' || path.endsWith(`${client.id}`) ? valid : undefined
        const answer = await manage(app, method, `${path}?${parameter}`, {
          person,
          ...(method === 'GET' || method === 'DELETE' || body === undefined ? {} : { body }),
        })
        assertRefused(answer, 400, 222208407)
      }
  assert.equal((await manage(app, 'GET', `${applications}/${client.id}?verbose=1`)).status, 200)
})

test('a wrong type is refused and not coerced, in a body of POST and of PUT', async () => {
  const client = await register(app)
  const wrong: readonly Record<string, unknown>[] = [
    { name: 7 },
    { name: null },
    { name: ['x'] },
    { description: 7 },
    { description: null },
    { redirectUrls: 7 },
    { redirectUrls: [7] },
    { redirectUrls: {} },
    { redirectUrls: null },
    { enabled: 'true' },
    { enabled: 1 },
    { refreshTokenRotation: 'false' },
    { grantTypes: 'authorization_code' },
    { grantTypes: [] },
    { grantTypes: ['authorization_code', 'authorization_code'] },
    { grantTypes: ['implicit'] },
    { clientType: 'native' },
    { clientType: null },
  ]
  for (const fields of wrong) {
    const [field = ''] = Object.keys(fields)
    assertRefused(await post({ ...valid, ...fields }), 400, 222206628, new RegExp(field))
    const put = await manage(app, 'PUT', `${applications}/${client.id}`, { body: fields })
    assertRefused(put, 400, 222206632, new RegExp(field))
  }
})

test('a missing name or redirect URL is refused with the name of the field', async () => {
  assertRefused(await post({ redirectUrls: valid.redirectUrls }), 400, 222206628, /name/)
  assertRefused(await post({ name: 'x' }), 400, 222206628, /redirectUrls/)
  assertRefused(await post({ ...valid, name: '' }), 400, 222206628, /name/)
  assertRefused(await post({ ...valid, name: '  ' }), 400, 222206628, /name/)
  assertRefused(await post({ ...valid, redirectUrls: [] }), 400, 222206628, /redirectUrls/)
  assertRefused(await post({ ...valid, redirectUrls: [''] }), 400, 222206628, /redirectUrls/)
  assertRefused(await post({ ...valid, redirectUrls: '' }), 400, 222206628, /redirectUrls/)
})

test('a name has at most 128 characters and a description at most 256', async () => {
  const longest = await post({ ...valid, name: 'n'.repeat(128), description: 'd'.repeat(256) })
  assert.equal(longest.status, 201)
  assertRefused(await post({ ...valid, name: 'n'.repeat(129) }), 400, 222206628, /name/)
  const long = await post({ ...valid, description: 'd'.repeat(257) })
  assertRefused(long, 400, 222206628, /description/)
  const put = await manage(app, 'PUT', `${applications}/${String(longest.body['id'])}`, {
    body: { name: 'n'.repeat(129) },
  })
  assertRefused(put, 400, 222206632, /name/)
})

test('redirectUrls may be one string parted by commas, and each element is trimmed', async () => {
  const made = await post({
    ...valid,
    redirectUrls: 'https://a.example/cb, https://b.example/cb ,https://a.example/cb',
  })
  assert.equal(made.status, 201)
  assert.deepEqual(made.body['redirectUrls'], ['https://a.example/cb', 'https://b.example/cb'])
})

test('bare hosts are stored as in the samples of HDP, and never match a redirect', async () => {
  const hosts = ['bedford.progresstest.com', 'americas.progresstest.com']
  const client = await register(app, { redirectUrls: hosts })
  const read = await manage(app, 'GET', `${applications}/${client.id}`)
  assert.deepEqual(read.body['redirectUrls'], hosts)
  for (const redirectUri of [hosts[0] ?? '', `https://${hosts[0]}`, `https://${hosts[0]}/`]) {
    const response = await fetch(authorizeUrl(app, client, { redirectUri }), { redirect: 'manual' })
    assert.equal(response.status, 400)
    assert.equal(response.headers.get('location'), null)
    assert.match(response.headers.get('content-type') ?? '', /text\/html/)
    await response.arrayBuffer()
  }
})

test('dangerous schemes, wildcards, fragments, user-info and blanks in redirect URLs are refused by POST and PUT', async () => {
  const client = await register(app)
  const bad = [
    'javascript:alert(1)',
    'JaVaScript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://a.example/x',
    'https://*.example/cb',
    'https://a.example/*',
    'https://a.example/cb#f',
    'https://user@a.example/cb',
    'https://user:pass@a.example/cb',
    'https://a.example/c b',
    'https://a.example/cb\\x',
    'https://a.example/../cb',
    'https://a.example/cb?code=1',
    `https://a.example/${'x'.repeat(2000)}`,
  ]
  for (const uri of bad) {
    assertRefused(await post({ ...valid, redirectUrls: [uri] }), 400, 222206628, /redirectUrls/)
    const put = await manage(app, 'PUT', `${applications}/${client.id}`, {
      body: { redirectUrls: ['https://fine.example/cb', uri] },
    })
    assertRefused(put, 400, 222206632, /redirectUrls/)
  }
  const many = Array.from({ length: 51 }, (_, i) => `https://a.example/${i}`)
  assertRefused(await post({ ...valid, redirectUrls: many }), 400, 222206628, /redirectUrls/)
})

test('a body that is no JSON object is refused with the code for invalid JSON', async () => {
  for (const body of ['{', '[]', '7', '"text"', 'null', '']) {
    const answer = await manage(app, 'POST', applications, { body })
    assertRefused(answer, 400, 222207007)
  }
})

test('an id that is no positive integer is not found', async () => {
  for (const id of ['0', '-1', '1.5', 'abc', '01', '9'.repeat(30), '%31%30%30'])
    assertRefused(await manage(app, 'GET', `${applications}/${id}`), 404, 222206631)
})

test('without right credentials every operation answers 401 with a challenge and nothing else', async () => {
  const person = { name: 'd2cuser', password: 'not the password' }
  const answers = [
    await manage(app, 'GET', applications, { person }),
    await manage(app, 'GET', applications, { headers: { authorization: 'Bearer hg_at_x' } }),
    await manage(app, 'GET', applications, { headers: { authorization: 'Basic !!!' } }),
  ]
  for (const answer of answers) {
    assertRefused(answer, 401, 222206007)
    assert.equal(answer.headers.get('www-authenticate'), 'Basic realm="Headgate", charset="UTF-8"')
  }
})

test('an application that is disabled is refused everywhere, its tokens have ended, and enabled again it can be authorized anew', async () => {
  const client = await register(app)
  const tokens = await getTokens(app, client)
  const path = `${applications}/${client.id}`
  await manage(app, 'PUT', path, { body: { enabled: false } })
  assert.equal(await readWith(app, tokens.access_token), 401)
  assert.notEqual((await refresh(app, client, tokens.refresh_token)).status, 200)
  const page = await createStoppingBrowser().visit(authorizeUrl(app, client))
  assert.equal(new URL(page.url).searchParams.get('error'), 'unauthorized_client')
  await manage(app, 'PUT', path, { body: { enabled: true } })
  assert.equal(await readWith(app, tokens.access_token), 401)
  assert.equal(await readWith(app, (await getTokens(app, client)).access_token), 200)
})

test('HEADGATE_HDP=show-secrets shows the secret again on GET, and the list still does not', async () => {
  const showing = await startApp({ env: { HEADGATE_HDP: 'show-secrets' }, sources: false })
  try {
    const client = await register(showing)
    const read = await manage(showing, 'GET', `${applications}/${client.id}`)
    assert.equal(read.body['clientSecret'], client.clientSecret)
    const reset = await manage(showing, 'PUT', `${applications}/${client.id}/reset`)
    const again = await manage(showing, 'GET', `${applications}/${client.id}`)
    assert.equal(again.body['clientSecret'], reset.body['clientSecret'])
    assert.notEqual(again.body['clientSecret'], client.clientSecret)
    const list = await manage(showing, 'GET', applications)
    assert.ok(!JSON.stringify(list.body).includes('hg_cs_'))
  } finally {
    await showing.close()
  }
})

// Data sources (management reference 4)

const source = {
  name: 'made',
  dataStore: 5001,
  connectionType: 'Cloud',
  options: { Database: 'one.db' },
}
const as = { person: people.user }
const create = (fields: Record<string, unknown>) => {
  const body = Object.fromEntries(
    Object.entries({ ...source, ...fields }).filter(([, value]) => value !== undefined),
  )
  return manage(app, 'POST', datasources, { ...as, body })
}

test('a data source is created, listed, read and deleted', async () => {
  const made = await create({ name: 'journey', description: 'rows', dataStore: '5001' })
  assert.equal(made.status, 201)
  const id = String(made.body['id'])
  assert.equal(made.headers.get('location'), `${datasources}/${id}`)
  const listed = { id, name: 'journey', dataStore: 5001, isGroup: false, description: 'rows' }
  const shown = { ...listed, connectionType: 'Cloud', options: { Database: 'one.db' } }
  assert.deepEqual(made.body, shown)
  const list = (await manage(app, 'GET', datasources, as)).body['dataSources'] as { id: string }[]
  assert.deepEqual(
    list.find((item) => item.id === id),
    listed,
  )
  assert.deepEqual((await manage(app, 'GET', `${datasources}/${id}`, as)).body, shown)

  const gone = await manage(app, 'DELETE', `${datasources}/${id}`, as)
  assert.equal(gone.status, 204)
  assertRefused(await manage(app, 'GET', `${datasources}/${id}`, as), 404, 222207004)
  assertRefused(await manage(app, 'DELETE', `${datasources}/${id}`, as), 404, 222207004)
})

test('a data source of another user is not found and stays', async () => {
  const made = await create({ name: 'private' })
  const path = `${datasources}/${String(made.body['id'])}`
  for (const person of [people.owner, people.admin]) {
    assertRefused(await manage(app, 'GET', path, { person }), 404, 222207004)
    assertRefused(await manage(app, 'DELETE', path, { person }), 404, 222207004)
  }
  assert.equal((await manage(app, 'GET', path, as)).status, 200)
})

test('unknown options, connection types, stores and names of a data source are refused with their codes', async () => {
  assertRefused(
    await create({ name: 'a', options: { Database: 'one.db', X: '1' } }),
    400,
    222207002,
  )
  assertRefused(await create({ name: 'a', options: {} }), 400, 222207002, /Database/)
  assertRefused(await create({ name: 'a', options: undefined }), 400, 222207002, /Database/)
  const page = { Database: 'one.db', ODataPageSize: '-1' }
  assertRefused(await create({ name: 'a', options: page }), 400, 222207002, /ODataPageSize/)
  assertRefused(await create({ name: 'a', connectionType: undefined }), 400, 222207010)
  assertRefused(await create({ name: 'a', connectionType: 'cloud' }), 400, 222207005)
  assertRefused(await create({ name: 'a', connectionType: 'Hybrid' }), 400, 222207005)
  assertRefused(await create({ name: 'a', dataStore: 9999 }), 400, 222207007, /dataStore/)
  assertRefused(await create({ name: 'a', dataStore: '5001x' }), 400, 222207007, /dataStore/)
  assertRefused(await create({ name: 'a', dataStore: 5001.5 }), 400, 222207007, /dataStore/)
  assertRefused(await create({ name: undefined }), 400, 222207007, /name/)
  assertRefused(await create({ name: 'a', options: { Database: 7 } }), 400, 222207007)
  for (const name of ['', '1a', 'a b', 'a/b', 'a.b', '../a', 'é', 'a'.repeat(129), '$metadata'])
    assertRefused(await create({ name }), 400, 222207007, /name/)
})

test('a name that differs from another one in case alone is taken', async () => {
  assert.equal((await create({ name: 'Taken' })).status, 201)
  assertRefused(await create({ name: 'tAKEN' }), 400, 222208401)
})

test('no Database leads out of the directory of the tenant', async () => {
  const outside = [
    '../headgate.db',
    '../../headgate.db',
    '/etc/passwd',
    '..\\headgate.db',
    '..',
    '.',
    'one.db/../../../headgate.db',
    './one.db',
    'file:one.db',
    'one.db?mode=rwc',
    '%2e%2e/headgate.db',
    'missing.db',
    ' one.db',
  ]
  for (const Database of outside)
    assertRefused(await create({ name: 'out', options: { Database } }), 400, 222207002)
})
