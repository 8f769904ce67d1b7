import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { all, first, run } from '#store/command.ts'
import { people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import {
  createOAuthApplication,
  oauthApps,
  sampleApplication,
} from '#test/support/oauth-applications.ts'
import { createPerson, createTenant } from '#test/support/tenants.ts'

// Who may see, change and use an OAuth application (OAuth reference C.1, E.4, E.5), and where its secret can go.

let app: TestApp
/** Tenant 1, one that is administered by those of the system tenant, and one that nobody administers. */
let tenants: { readonly system: 1; readonly administered: number; readonly foreign: number }
/** An application of the same name in each. */
let ids: Record<keyof typeof tenants, string>

const system = 1
const secretOf = (name: string) => `the-secret-of-${name}`

before(async () => {
  app = await startApp({ level: 'trace', sources: false, env: { HEADGATE_HDP: 'show-secrets' } })
  tenants = {
    system,
    administered: await createTenant(app, 'Administered'),
    foreign: await createTenant(app, 'Foreign'),
  }
  const make = (name: keyof typeof tenants) =>
    createOAuthApplication(app, people.admin, {
      tenantId: tenants[name],
      clientSecret: secretOf(name),
    })
  ids = {
    system: await make('system'),
    administered: await make('administered'),
    foreign: await make('foreign'),
  }
})
after(() => app.close())

type Answer = Awaited<ReturnType<typeof manage>>

const idsIn = (answer: Answer): unknown[] => {
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return (answer.body['applications'] as { id: string }[]).map(({ id }) => id)
}

/** An answer without the id that was asked for: what must not differ between absent and foreign. */
const withoutId = ({ status, body }: Answer, id: string | number): string =>
  `${status} ${JSON.stringify(body).replaceAll(new RegExp(`\\b${id}\\b`, 'g'), '#')}`

const codeOf = ({ body }: Answer): unknown =>
  (body['error'] as { code?: unknown } | undefined)?.code

let counter = 0
const unique = (): string => `n${(counter += 1)}`

/** Every operation of an application, in a tenant. */
const operations = [
  'list',
  'filter by id',
  'filter by name',
  'read',
  'create',
  'update',
  'delete',
] as const
type Operation = (typeof operations)[number]
type Relation = keyof typeof tenants

const tenantNames = { system: 'System', administered: 'Administered', foreign: 'Foreign' } as const

const perform = async (
  person: Person,
  operation: Operation,
  relation: Relation,
  query = '',
): Promise<Answer> => {
  const tenantId = tenants[relation]
  const body = { ...sampleApplication, name: unique(), tenantId, clientSecret: secretOf(relation) }
  const also = query === '' ? '' : `&${query.slice(1)}`
  switch (operation) {
    case 'list':
      return manage(app, 'GET', `${oauthApps}${query}`, { person })
    case 'filter by id':
      return manage(app, 'GET', `${oauthApps}?tenantId=${tenantId}${also}`, { person })
    case 'filter by name':
      return manage(app, 'GET', `${oauthApps}?tenantName=${tenantNames[relation]}${also}`, {
        person,
      })
    case 'create':
      return manage(app, 'POST', `${oauthApps}${query}`, { person, body })
    case 'read':
      return manage(app, 'GET', `${oauthApps}/${ids[relation]}${query}`, { person })
    case 'update':
      return manage(app, 'PUT', `${oauthApps}/${ids[relation]}${query}`, { person, body })
    case 'delete': {
      const doomed = await createOAuthApplication(app, people.admin, { ...body, name: unique() })
      return manage(app, 'DELETE', `${oauthApps}/${doomed}${query}`, { person })
    }
  }
}

const done: Record<Operation, number> = {
  list: 200,
  'filter by id': 200,
  'filter by name': 200,
  read: 200,
  create: 201,
  update: 200,
  delete: 204,
}
/** Outside of the reach: a tenant is refused, an id is not found, and a list has nothing of it. */
const outside: Record<Operation, number> = {
  list: 200,
  'filter by id': 403,
  'filter by name': 403,
  read: 404,
  create: 403,
  update: 404,
  delete: 404,
}

test('T60: who manages OAuth applications where, kind of caller by kind of caller', async () => {
  const { administered, foreign } = tenants
  const kinds: readonly (readonly [
    name: string,
    permissions: readonly number[],
    tenantId: number,
    administers: readonly number[],
    reached: readonly Relation[] | 'nothing at all',
  ])[] = [
    ['12', [12], 1, [], ['system', 'administered', 'foreign']],
    ['12 of a child tenant', [12], foreign, [], ['system', 'administered', 'foreign']],
    ['11+28 of the system', [11, 28], 1, [], ['system']],
    ['11+28 of the system, administering', [11, 28], 1, [administered], ['system', 'administered']],
    ['11+28 of a child', [11, 28], administered, [], ['administered']],
    [
      '11+28 of a child, administering it',
      [11, 28],
      administered,
      [administered],
      ['administered'],
    ],
    ['11+28 of a child, other rows', [11, 28], administered, [1, foreign], ['administered']],
    ['11 alone', [11], 1, [1, administered], 'nothing at all'],
    ['28 alone', [28], 1, [1, administered], 'nothing at all'],
    ['all but 11 and 28', [1, 2, 3, 13, 14, 21, 22, 25, 27], 1, [1], 'nothing at all'],
    ['none', [], administered, [administered], 'nothing at all'],
  ]
  for (const [kind, permissions, tenantId, administers, reached] of kinds) {
    const person = await createPerson(app, {
      name: `kind ${kind}`,
      tenantId,
      permissions,
      administers,
    })
    for (const relation of ['system', 'administered', 'foreign'] as const)
      for (const operation of operations) {
        const answer = await perform(person, operation, relation)
        const may = reached !== 'nothing at all' && reached.includes(relation)
        const expected = reached === 'nothing at all' ? 403 : (may ? done : outside)[operation]
        const what = `${kind}: ${operation}, ${relation}: ${JSON.stringify(answer.body)}`
        assert.equal(answer.status, expected, what)
        if (expected === 403) assert.equal(codeOf(answer), '222208103', what)
        if (expected === 404) assert.equal(codeOf(answer), '222207711', what)
        if (operation === 'list' && reached !== 'nothing at all')
          assert.equal(idsIn(answer).includes(ids[relation]), may, what)
        if (!may) assert.ok(!JSON.stringify(answer.body).includes(secretOf(relation)), what)
      }
  }
})

test('T60: acting for somebody needs 21 and the reach, and never gives more than both have', async () => {
  const { administered, foreign } = tenants
  const of = (name: string, fields: Partial<Parameters<typeof createPerson>[1]>) =>
    createPerson(app, { name, ...fields })
  const plain = await of('named plain', { tenantId: administered, permissions: [7] })
  const strong = await of('named strong', { tenantId: administered, permissions: [25] })
  const root = await of('named root', { tenantId: administered, permissions: [12] })
  const far = await of('named far', { tenantId: foreign })
  const wide = await of('named wide', { tenantId: 1, administers: [administered, foreign] })
  const needed = [7, 11, 21, 28]
  const actor = await of('actor', { permissions: needed, administers: [1, administered] })
  const without21 = await of('without 21', {
    permissions: [7, 11, 28],
    administers: [administered],
  })
  const without28 = await of('without 28', {
    permissions: [7, 11, 21],
    administers: [administered],
  })
  const without11 = await of('without 11', {
    permissions: [7, 21, 28],
    administers: [administered],
  })
  const unreaching = await of('unreaching', { permissions: needed, administers: [1] })
  const child = await of('child actor', {
    tenantId: administered,
    permissions: needed,
    administers: [administered, foreign],
  })
  const childWithout = await of('child without access', {
    tenantId: administered,
    permissions: needed,
  })

  const refusedPairs: readonly (readonly [Person, Person])[] = [
    [actor, strong],
    [actor, root],
    [actor, far],
    [actor, { name: 'nobody at all', password: '' }],
    [without21, plain],
    [without28, plain],
    [without11, plain],
    [unreaching, plain],
    [child, far],
    [child, wide],
    [childWithout, plain],
  ]
  const bodies = new Map<Person, Set<string>>()
  for (const [who, whom] of refusedPairs)
    for (const operation of operations) {
      const query = `?user=${encodeURIComponent(whom.name)}`
      const answer = await perform(who, operation, 'administered', query)
      const what = `${who.name} for ${whom.name}: ${operation}`
      assert.equal(answer.status, 403, what)
      bodies.set(who, (bodies.get(who) ?? new Set()).add(JSON.stringify(answer.body)))
    }
  // Whatever is the reason, and whether the name exists, it is one answer.
  for (const [who, said] of bodies) assert.equal(said.size, 1, who.name)

  const allowedPairs: readonly (readonly [Person, Person, readonly Relation[]])[] = [
    [actor, plain, ['administered']],
    // The named user administers the foreign tenant, the actor does not: it is cut away.
    [actor, wide, ['system', 'administered']],
    [child, plain, ['administered']],
    [people.admin, plain, ['administered']],
    [people.admin, far, ['foreign']],
    [people.admin, wide, ['system', 'administered', 'foreign']],
    [people.admin, root, ['system', 'administered', 'foreign']],
    [without21, without21, ['system', 'administered']],
  ]
  for (const [who, whom, reached] of allowedPairs)
    for (const relation of ['system', 'administered', 'foreign'] as const)
      for (const operation of ['list', 'read', 'create', 'update', 'delete'] as const) {
        const query = `?user=${encodeURIComponent(whom.name)}`
        const answer = await perform(who, operation, relation, query)
        const may = reached.includes(relation)
        const what = `${who.name} for ${whom.name}: ${operation}, ${relation} ${JSON.stringify(answer.body)}`
        assert.equal(answer.status, (may ? done : outside)[operation], what)
        if (operation === 'list') assert.equal(idsIn(answer).includes(ids[relation]), may, what)
      }
})

const forbidden: readonly (readonly [field: string, value: unknown])[] = [
  ...['', '   ', 'a/b', 'a.b', 'é', 'a\tb', 'a\u0007b', 'n'.repeat(129), 7, null, ['a']].map(
    (value) => ['name', value] as const,
  ),
  ...[0, 2, 56, 76, 5001, -1, 1.5, 1e300, '', '54x', '054', 'Salesforce', true, null, [54]].map(
    (value) => ['dataStore', value] as const,
  ),
  ...[0, -1, 1.5, 1e300, '01', 'x', true, null].map((value) => ['tenantId', value] as const),
  ...['d'.repeat(1001), 'a\u0007', 'a\n', '\u202e', '\ud800', 7, null].map(
    (value) => ['description', value] as const,
  ),
  ...['', ' ', 'a\u0007', 'ä', 'c'.repeat(1001), 7, null].map(
    (value) => ['clientId', value] as const,
  ),
  ...['', ' ', 'a\u0007', 'a\r\nb', 'ä', 'c'.repeat(4001), 7, null].map(
    (value) => ['clientSecret', value] as const,
  ),
  ...['a\n', 'ä', 's'.repeat(4001), 7, null].map((value) => ['scope', value] as const),
  ...['true', 1, null].map((value) => ['availableToTenants', value] as const),
  ...(['authorizeURI', 'tokenURI'] as const).flatMap((field) =>
    [
      '',
      'idp.example/token',
      'http://idp.example/token',
      'http://localhost/token',
      'http://127.0.0.1/token',
      'https://localhost/token',
      'https://127.0.0.1/token',
      'https://2130706433/token',
      'https://0x7f.1/token',
      'https://169.254.169.254/token',
      'https://10.0.0.1/token',
      'https://[::1]/token',
      'https://[::ffff:127.0.0.1]/token',
      'https://[fd00:ec2::254]/token',
      'https://[64:ff9b::7f00:1]/token',
      'https://user@idp.example/token',
      'https://user:pass@idp.example/token',
      'https://idp.example/token#x',
      'https://idp.example/to ken',
      'https://idp.example\\@10.0.0.1/',
      ' https://idp.example/token',
      'javascript:alert(1)',
      'ftp://idp.example/token',
      `https://idp.example/${'x'.repeat(1990)}`,
      7,
      null,
    ].map((value) => [field, value] as const),
  ),
]

test('T65: what POST refuses is refused by PUT as well, and changes nothing', async () => {
  const row = (id: string) =>
    app.core.store.read(() =>
      first(
        app.core.store.sql
          .selectFrom('oauth_applications')
          .selectAll()
          .where('id', '=', Number(id)),
      ),
    )
  const count = async () =>
    (
      await app.core.store.read(() =>
        all(app.core.store.sql.selectFrom('oauth_applications').select('id')),
      )
    ).length
  const good = { ...sampleApplication, name: unique() }
  const id = await createOAuthApplication(app, people.admin, good)
  const [before, many] = [await row(id), await count()]
  for (const [field, value] of forbidden) {
    const posted = await manage(app, 'POST', oauthApps, {
      person: people.admin,
      body: { ...good, name: unique(), [field]: value },
    })
    const put = await manage(app, 'PUT', `${oauthApps}/${id}`, {
      person: people.admin,
      body: { ...good, [field]: value },
    })
    for (const answer of [posted, put]) {
      const what = `${field}=${JSON.stringify(value)}: ${JSON.stringify(answer.body)}`
      assert.equal(answer.status, 400, what)
      assert.equal(codeOf(answer), '222207007', what)
      assert.match(JSON.stringify(answer.body), new RegExp(field), what)
    }
  }
  for (const field of ['name', 'dataStore', 'clientId', 'authorizeURI', 'tokenURI'] as const) {
    const { [field]: _, ...body } = good
    for (const [method, path] of [
      ['POST', oauthApps],
      ['PUT', `${oauthApps}/${id}`],
    ] as const) {
      const answer = await manage(app, method, path, { person: people.admin, body })
      assert.equal(answer.status, 400, `${method} without ${field}`)
      assert.match(JSON.stringify(answer.body), new RegExp(field))
    }
  }
  const { clientSecret: _, ...withoutSecret } = { ...good, name: unique() }
  const bare = await manage(app, 'POST', oauthApps, { person: people.admin, body: withoutSecret })
  assert.deepEqual([bare.status, codeOf(bare)], [400, '222207007'])
  assert.deepEqual(await row(id), before)
  assert.equal(await count(), many)
})

test('T67: absent and not yours are one answer, by every operation and filter', async () => {
  const { administered, foreign } = tenants
  const absent = 987_654_321
  for (const [name, tenantId] of [
    ['isolated system', 1],
    ['isolated child', administered],
  ] as const) {
    const person = await createPerson(app, { name, tenantId, permissions: [1, 11, 21, 28] })
    const body = { ...sampleApplication, name: unique() }
    const hidden = ids.foreign
    for (const [method, sent] of [
      ['GET', undefined],
      ['PUT', body],
      ['PUT', { ...body, tenantId: foreign }],
      ['PUT', { ...body, dataStore: 62 }],
      ['PUT', { ...body, name: sampleApplication.name }],
      ['PUT', { ...body, tokenURI: 'http://x' }],
      ['PUT', {}],
      ['DELETE', undefined],
    ] as const) {
      const options = { person, ...(sent === undefined ? {} : { body: sent }) }
      const there = await manage(app, method, `${oauthApps}/${hidden}`, options)
      const not = await manage(app, method, `${oauthApps}/${absent}`, options)
      assert.equal(withoutId(there, hidden), withoutId(not, absent), `${method} ${name}`)
      assert.ok([400, 404].includes(there.status))
    }
    for (const [one, other] of [
      [`?tenantId=${foreign}`, `?tenantId=${absent}`],
      ['?tenantName=Foreign', '?tenantName=Nowhere'],
    ] as const) {
      const there = await manage(app, 'GET', oauthApps + one, { person })
      const not = await manage(app, 'GET', oauthApps + other, { person })
      assert.equal(there.status, 403)
      assert.deepEqual(there.body, not.body)
    }
    const made = await manage(app, 'POST', oauthApps, {
      person,
      body: { ...body, tenantId: foreign },
    })
    const none = await manage(app, 'POST', oauthApps, {
      person,
      body: { ...body, tenantId: absent },
    })
    assert.equal(made.status, 403)
    assert.deepEqual(made.body, none.body)
  }
})

test('T67: tenants with equal names of applications do not see each other', async () => {
  const one = await createTenant(app, 'Twin one')
  const two = await createTenant(app, 'Twin two')
  const keepers = await Promise.all(
    [one, two].map((tenantId) =>
      createPerson(app, { name: `twin ${tenantId}`, tenantId, permissions: [1, 11, 28] }),
    ),
  )
  for (const [index, person] of keepers.entries()) {
    const clientSecret = secretOf(`twin-${index}`)
    const scope = `scope-of-${index}`
    const id = await createOAuthApplication(app, person, { name: 'Twin', clientSecret, scope })
    const list = await manage(app, 'GET', oauthApps, { person })
    const pick = await manage(app, 'GET', '/api/mgmt/datastores/54/oauthapps', { person })
    assert.deepEqual(idsIn(list), [id])
    assert.deepEqual(idsIn(pick).slice(-1), [id])
    for (const answer of [list, pick])
      assert.ok(!JSON.stringify(answer.body).includes(`-of-${1 - index}`))
    const read = await manage(app, 'GET', `${oauthApps}/${id}`, { person })
    assert.equal(read.body['clientSecret'], clientSecret)
  }
})

test('T67: a child tenant may use what the system tenant opens, and never reads its secret', async () => {
  const person = await createPerson(app, {
    name: 'user of the system’s',
    tenantId: tenants.administered,
    permissions: [1, 11, 28],
    administers: [1, tenants.administered],
  })
  const pick = await manage(app, 'GET', '/api/mgmt/datastores/54/oauthapps', { person })
  const mine = (pick.body['applications'] as Record<string, unknown>[]).find(
    ({ id }) => id === ids.system,
  )
  assert.deepEqual(Object.keys(mine ?? {}), ['id', 'name'])
  for (const method of ['GET', 'DELETE', 'PUT']) {
    const body = method === 'PUT' ? { body: sampleApplication } : {}
    const answer = await manage(app, method, `${oauthApps}/${ids.system}`, { person, ...body })
    assert.equal(answer.status, 404)
    assert.ok(!JSON.stringify(answer.body).includes(secretOf('system')))
  }
})

const secretColumn = async (id: string): Promise<string> => {
  const { sql, read } = app.core.store
  const row = await read(() =>
    first(
      sql.selectFrom('oauth_applications').select('client_secret').where('id', '=', Number(id)),
    ),
  )
  return row?.client_secret ?? ''
}

const setColumns = async (id: string, columns: Record<string, string | number>): Promise<void> => {
  const { sql, write } = app.core.store
  await write(() =>
    run(sql.updateTable('oauth_applications').set(columns).where('id', '=', Number(id))),
  )
}

test('T74: a sealed secret opens in its own row, tenant and revision alone', async () => {
  const tenantId = tenants.administered
  const make = (fields: Record<string, unknown>) =>
    createOAuthApplication(app, people.admin, { name: unique(), ...fields })
  const mine = await make({ tenantId, clientSecret: 'the-secret-of-mine' })
  const neighbour = await make({ tenantId, clientSecret: 'the-secret-of-neighbour' })
  const alien = await make({ tenantId: tenants.foreign, clientSecret: 'the-secret-of-alien' })
  const read = async (): Promise<unknown> =>
    (await manage(app, 'GET', `${oauthApps}/${mine}`, { person: people.admin })).body[
      'clientSecret'
    ]
  const body = { ...sampleApplication, name: unique() }
  const put = (id: string, name = unique()) =>
    manage(app, 'PUT', `${oauthApps}/${id}`, { person: people.admin, body: { ...body, name } })
  const own = await secretColumn(mine)
  assert.equal(await read(), 'the-secret-of-mine')
  // All three are at one revision then, so that the row alone tells them apart.
  for (const id of [mine, neighbour, alien]) assert.equal((await put(id)).status, 200)
  const renewed = await secretColumn(mine)
  assert.notEqual(renewed, own)
  const { clientSecret: _, ...withoutSecret } = body
  for (const [what, columns] of [
    ['of a neighbour', { client_secret: await secretColumn(neighbour) }],
    ['of another tenant', { client_secret: await secretColumn(alien) }],
    ['of an older revision', { client_secret: own }],
    ['altered', { client_secret: `${renewed.slice(0, -2)}${renewed.endsWith('A') ? 'B' : 'A'}` }],
    ['nonsense', { client_secret: 'the-secret-of-mine' }],
    ['moved to another tenant', { client_secret: renewed, tenant_id: tenants.foreign }],
  ] as const) {
    await setColumns(mine, { tenant_id: tenantId, ...columns })
    const answer = await manage(app, 'GET', `${oauthApps}/${mine}`, { person: people.admin })
    assert.equal(answer.status, 200, what)
    assert.ok(!('clientSecret' in answer.body), what)
    // And is not sealed anew as if it were right.
    const kept = await manage(app, 'PUT', `${oauthApps}/${mine}`, {
      person: people.admin,
      body: withoutSecret,
    })
    assert.deepEqual([kept.status, codeOf(kept)], [400, '222208450'], what)
  }
  await setColumns(mine, { tenant_id: tenantId, client_secret: renewed })
  assert.equal(await read(), sampleApplication.clientSecret)
})

test('T57: the secret of an upstream is in no log line and no refusal, however wrong the rest is', async () => {
  const canary = 'canary-6f1d0b7c5e2a4938'
  const body = { ...sampleApplication, name: unique(), clientSecret: canary }
  const id = await createOAuthApplication(app, people.admin, body)
  const wrong: readonly Record<string, unknown>[] = [
    { name: canary.repeat(20) },
    { name: '' },
    { tokenURI: `https://user:${canary}@idp.example/` },
    { tokenURI: `http://${canary}.example/` },
    { authorizeURI: canary },
    { clientSecret: `${canary}\n` },
    { clientSecret: canary.repeat(400) },
    { clientSecret: [canary] },
    { clientSecret: { canary } },
    { dataStore: canary },
    { tenantId: canary },
    { scope: `${canary}\n` },
    { clientId: `${canary}\n` },
  ]
  const answers: string[] = []
  const keep = (answer: Answer): void => void answers.push(JSON.stringify(answer.body))
  for (const fields of wrong)
    for (const person of [people.admin, people.user])
      for (const [method, path] of [
        ['POST', oauthApps],
        ['PUT', `${oauthApps}/${id}`],
        ['PUT', `${oauthApps}/987654321`],
      ] as const) {
        const answer = await manage(app, method, path, { person, body: { ...body, ...fields } })
        assert.ok(answer.status >= 400, JSON.stringify(fields))
        keep(answer)
      }
  const text = JSON.stringify(body)
  keep(await manage(app, 'POST', oauthApps, { person: people.admin, body: `${text}x` }))
  keep(await manage(app, 'POST', oauthApps, { person: people.admin, body: text.slice(0, -3) }))
  keep(await manage(app, 'POST', oauthApps, { person: people.admin, body }))
  keep(await manage(app, 'GET', oauthApps, { person: people.admin }))
  for (const said of answers) assert.ok(!said.includes(canary), said)
  assert.ok(app.logs.length > 50)
  assert.ok(!app.logs.join('').includes(canary))
  assert.ok(!(await secretColumn(id)).includes(canary))
})

test('without show-secrets no answer has the secret, not even the one that created it', async () => {
  const plain = await startApp({ sources: false })
  try {
    const made = await manage(plain, 'POST', oauthApps, {
      person: people.admin,
      body: sampleApplication,
    })
    const path = `${oauthApps}/${String(made.body['id'])}`
    for (const answer of [
      made,
      await manage(plain, 'GET', path, { person: people.admin }),
      await manage(plain, 'PUT', path, { person: people.admin, body: sampleApplication }),
      await manage(plain, 'GET', oauthApps, { person: people.admin }),
    ]) {
      assert.ok(answer.status < 300)
      assert.ok(!JSON.stringify(answer.body).includes(sampleApplication.clientSecret))
      assert.ok(!JSON.stringify(answer.body).includes('clientSecret'))
    }
  } finally {
    await plain.close()
  }
})
