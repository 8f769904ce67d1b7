import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import {
  askAsClient,
  askWithPassword,
  callback,
  getTokens,
  manage,
  readWith,
  refresh,
  type Registered,
  register,
  registerMachine,
  sourceId,
} from '#test/support/oauth.ts'
import { execute, raw, revoke } from './support.ts'

let app: TestApp
before(async () => {
  app = await startApp()
})
after(() => app.close())

const applications = '/api/mgmt/oauth/client/applications'
const allowed = '/api/mgmt/oauth/client/allowedapplications'
const asOwner = { person: people.user }

const change = (client: Registered, body: unknown, person: Person = people.user) =>
  manage(app, 'PUT', `${applications}/${client.id}`, { person, body })

test('a machine client gets a token without a refresh token, and reads what its owner listed', async () => {
  const client = await registerMachine(app, ['one'])
  const { status, body, headers } = await askAsClient(app, client)
  assert.equal(status, 200)
  assert.match(body.access_token, /^hg_at_/)
  assert.deepEqual(
    { ...body, access_token: '' },
    { access_token: '', token_type: 'bearer', expires_in: 3600, scope: 'api.access.odata' },
  )
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.equal(await readWith(app, body.access_token, 'one'), 200)
  assert.equal(await readWith(app, body.access_token, 'two'), 404)
})

test('the answers of the application show the list, as strings, and a number means the same', async () => {
  const one = await sourceId(app, 'one')
  const client = await registerMachine(app, [], { dataSources: [Number(one), one] })
  const read = await manage(app, 'GET', `${applications}/${client.id}`, asOwner)
  assert.deepEqual(read.body['dataSources'], [one])
  assert.deepEqual(read.body['grantTypes'], ['client_credentials'])
  const other = await register(app, {}, people.user)
  assert.ok(!('dataSources' in other))
})

test('what does not fit together is refused with the field that is wrong', async () => {
  const one = await sourceId(app, 'one')
  const foreign = await manage(app, 'POST', '/api/mgmt/datasources', {
    person: people.owner,
    body: {
      name: 'mine',
      dataStore: 5001,
      connectionType: 'Cloud',
      options: { Database: 'one.db' },
    },
  })
  const base = { name: 'x', redirectUrls: [callback] }
  const machine = { ...base, grantTypes: ['client_credentials'] }
  for (const [body, fault] of [
    [machine, /dataSources must list what the application reads by itself/],
    [{ ...machine, dataSources: [] }, /dataSources must list/],
    [{ ...base, dataSources: [one] }, /dataSources belongs to the grant type client_credentials/],
    [{ ...machine, dataSources: ['99999'] }, /you have no data source 99999/],
    [{ ...machine, dataSources: [foreign.body['id']] }, /you have no data source/],
    [{ ...machine, dataSources: ['one'] }, /dataSources/],
    [{ ...machine, dataSources: [0] }, /dataSources/],
    [{ ...machine, dataSources: [1.5] }, /dataSources/],
    [{ ...machine, dataSources: one }, /dataSources/],
    [{ ...machine, dataSources: [one], clientType: 'public' }, /public application/],
    [{ ...base, grantTypes: ['password'], clientType: 'public' }, /public application/],
    [
      { ...machine, grantTypes: ['client_credentials', 'refresh_token'], dataSources: [one] },
      /beside refresh_token/,
    ],
    [{ name: 'x' }, /redirectUrls must have at least one element/],
  ] as const) {
    const answer = await manage(app, 'POST', applications, { person: people.user, body })
    assert.equal(answer.status, 400, JSON.stringify(body))
    assert.match(JSON.stringify(answer.body), fault)
  }
  const without = await registerMachine(app, ['one'], { redirectUrls: [] })
  assert.equal((await askAsClient(app, without)).status, 200, 'a machine needs no redirect URL')
})

test('T60: only the owner lets a machine client read; an administrator can do everything else', async () => {
  const plain = await register(app, {}, people.user)
  const one = await sourceId(app, 'one')
  const grant = { grantTypes: ['authorization_code', 'client_credentials'], dataSources: [one] }
  const refused = await change(plain, grant, people.admin)
  assert.equal(refused.status, 400)
  assert.match(JSON.stringify(refused.body), /Only the owner may say/)
  assert.equal((await change(plain, grant, people.owner)).status, 404)

  const machine = await registerMachine(app, ['one'])
  const widened = await change(machine, { dataSources: [await sourceId(app, 'two')] }, people.admin)
  assert.equal(widened.status, 400)
  const renamed = await change(machine, { name: 'Renamed' }, people.admin)
  assert.equal(renamed.status, 200)
  assert.equal((await askAsClient(app, machine)).status, 200)
})

test('T45: another list ends the tokens of the old one, whether it is wider or narrower', async () => {
  const client = await registerMachine(app, ['one'])
  const { access_token: old } = (await askAsClient(app, client)).body
  const [one, two] = [await sourceId(app, 'one'), await sourceId(app, 'two')]
  assert.equal((await change(client, { dataSources: [one, two] })).status, 200)
  assert.equal(await readWith(app, old, 'one'), 401)
  const { access_token: wide } = (await askAsClient(app, client)).body
  assert.equal(await readWith(app, wide, 'two'), 200)
  assert.equal((await change(client, { dataSources: [one] })).status, 200)
  assert.equal(await readWith(app, wide, 'one'), 401)
  const { access_token: narrow } = (await askAsClient(app, client)).body
  assert.equal(await readWith(app, narrow, 'two'), 404)
  assert.equal((await change(client, { description: 'other words' })).status, 200)
  assert.equal(await readWith(app, narrow, 'one'), 200, 'a PUT without the list leaves it alone')
})

test('T54: what a person consented to and what a machine reads do not mix', async () => {
  const [one, two] = [await sourceId(app, 'one'), await sourceId(app, 'two')]
  const client = await register(
    app,
    {
      grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
      dataSources: [two],
    },
    people.user,
  )
  const person = await getTokens(app, client, { sources: [Number(one)] })
  const machine = (await askAsClient(app, client)).body
  assert.equal(await readWith(app, person.access_token, 'one'), 200)
  assert.equal(await readWith(app, person.access_token, 'two'), 404)
  assert.equal(await readWith(app, machine.access_token, 'one'), 404)
  assert.equal(await readWith(app, machine.access_token, 'two'), 200)
  // Set anew by the owner: the person's consent stays as it was.
  assert.equal((await change(client, { dataSources: [two, one] })).status, 200)
  assert.equal(await readWith(app, person.access_token, 'two'), 404)
})

test('a body that was read and sent back changes nothing, and an administrator can disable with it', async () => {
  const client = await registerMachine(app, ['one'])
  const { access_token: token } = (await askAsClient(app, client)).body
  const { body } = await manage(app, 'GET', `${applications}/${client.id}`, asOwner)
  assert.equal((await change(client, { ...body, description: 'sent back' })).status, 200)
  assert.equal(await readWith(app, token), 200)
  const disabled = await change(client, { ...body, enabled: false }, people.admin)
  assert.equal(disabled.status, 200, JSON.stringify(disabled.body))
  assert.equal(await readWith(app, token), 401)
  await manage(app, 'DELETE', `${allowed}/${client.id}`, asOwner)
  assert.equal((await change(client, body, people.admin)).status, 200)
  assert.equal((await askAsClient(app, client)).body.error, 'unauthorized_client')
})

type Shown = { readonly dataSources: unknown; readonly machineDataSources?: unknown }

const shownTo = async (client: Registered): Promise<Shown | undefined> => {
  const path = `/api/admin/applications/${client.id}/accesses`
  const { body } = await manage(app, 'GET', path, { person: people.admin })
  const [access] = body['accesses'] as Shown[]
  return (
    access && {
      dataSources: access.dataSources,
      ...(access.machineDataSources === undefined
        ? {}
        : { machineDataSources: access.machineDataSources }),
    }
  )
}

test('what an application reads is shown as it is, in whatever order it was given', async () => {
  const [one, two] = [await sourceId(app, 'one'), await sourceId(app, 'two')]
  const grantTypes = ['authorization_code', 'refresh_token', 'password', 'client_credentials']
  const page = { only: [one] }
  const machine = { only: [two] }
  const person = { allExcept: [] }
  const nobody = { only: [] }

  const first = await register(app, { grantTypes, dataSources: [one] }, people.user)
  assert.deepEqual(await shownTo(first), { dataSources: nobody, machineDataSources: page })
  assert.equal((await change(first, { dataSources: [two] })).status, 200)
  assert.deepEqual(await shownTo(first), { dataSources: nobody, machineDataSources: machine })
  const byPassword = (await askWithPassword(app, first)).body
  assert.deepEqual(await shownTo(first), { dataSources: person, machineDataSources: machine })
  assert.equal(await readWith(app, byPassword.access_token, 'one'), 200)
  assert.equal(await readWith(app, byPassword.access_token, 'two'), 200)

  const second = await register(app, { grantTypes: grantTypes.slice(0, 3) }, people.user)
  await getTokens(app, second, { sources: [Number(one)] })
  assert.equal((await change(second, { grantTypes, dataSources: [two] })).status, 200)
  assert.deepEqual(await shownTo(second), { dataSources: page, machineDataSources: machine })
  assert.equal((await change(second, { grantTypes: grantTypes.slice(0, 3) })).status, 200)
  assert.deepEqual(await shownTo(second), { dataSources: page })

  const third = await registerMachine(app, ['one'])
  await change(third, { grantTypes: ['authorization_code'], redirectUrls: [callback] })
  assert.equal(await shownTo(third), undefined, 'nothing is left of it')
})

test('T51: of tokens asked for while the application is disabled, none works when it comes back', async () => {
  for (let round = 0; round < 8; round += 1) {
    const client = await registerMachine(app, ['one'])
    const asked = Array.from({ length: 10 }, () => askAsClient(app, client))
    const disabled = change(client, { enabled: false })
    const answers = await Promise.all(asked)
    assert.equal((await disabled).status, 200)
    assert.equal((await change(client, { enabled: true })).status, 200)
    // Those that were answered after it came back would be another matter; none was asked for then.
    for (const { status: code, body } of answers)
      if (code === 200) assert.equal(await readWith(app, body.access_token), 401)
    assert.equal((await askAsClient(app, client)).status, 200)
  }
})

test('a machine client is among what its owner allowed, and ends there until the owner renews it', async () => {
  const client = await registerMachine(app, ['one'])
  const { access_token: token } = (await askAsClient(app, client)).body
  const listed = await manage(app, 'GET', allowed, asOwner)
  assert.ok(
    (listed.body['applications'] as { id: number }[]).some((entry) => entry.id === client.id),
  )
  assert.equal((await manage(app, 'DELETE', `${allowed}/${client.id}`, asOwner)).status, 204)
  assert.equal(await readWith(app, token), 401)
  const refused = await askAsClient(app, client)
  assert.equal(refused.status, 400)
  assert.equal(refused.body.error, 'unauthorized_client')
  assert.match(refused.body.error_description ?? '', /owner renews it by setting dataSources/)
  assert.equal((await change(client, { description: 'no renewal' })).status, 200)
  assert.equal((await askAsClient(app, client)).status, 400)
  assert.equal((await change(client, { dataSources: [await sourceId(app, 'one')] })).status, 200)
  const renewed = await askAsClient(app, client)
  assert.equal(await readWith(app, renewed.body.access_token), 200)
  assert.equal(await readWith(app, token), 401, 'what ended stays ended')
})

type Event = {
  readonly happen: (client: Registered) => Promise<unknown>
  readonly token: string
  readonly undo?: (client: Registered) => Promise<unknown>
  /** What the old token and a fresh one answer after it was undone. */
  readonly later?: { readonly old: number; readonly fresh: string }
}

const status = (table: string, column: string, value: unknown, to: number) =>
  execute(
    app,
    raw`update ${raw.table(table)} set status = ${to} where ${raw.ref(column)} = ${value}`,
  )

const events: Readonly<Record<string, Event>> = {
  'the secret is reset': {
    happen: (client) => manage(app, 'PUT', `${applications}/${client.id}/reset`, asOwner),
    token: 'invalid_client',
  },
  'the application is disabled': {
    happen: (client) => change(client, { enabled: false }),
    token: 'invalid_client',
    undo: (client) => change(client, { enabled: true }),
    later: { old: 401, fresh: 'works' },
  },
  'the application is deleted': {
    happen: (client) => manage(app, 'DELETE', `${applications}/${client.id}`, asOwner),
    token: 'invalid_client',
  },
  'the grant type is removed': {
    happen: (client) =>
      change(client, { grantTypes: ['authorization_code'], redirectUrls: [callback] }),
    token: 'unauthorized_client',
    undo: async (client) =>
      change(client, {
        grantTypes: ['client_credentials'],
        dataSources: [await sourceId(app, 'one')],
      }),
    later: { old: 401, fresh: 'works' },
  },
  'its owner is disabled': {
    happen: () => status('users', 'user_name', people.user.name, 0),
    token: 'invalid_client',
    undo: () => status('users', 'user_name', people.user.name, 1),
    later: { old: 200, fresh: 'works' },
  },
  'its tenant is disabled': {
    happen: () => status('tenants', 'id', 1, 0),
    token: 'invalid_client',
    undo: () => status('tenants', 'id', 1, 1),
    later: { old: 200, fresh: 'works' },
  },
}

for (const [what, event] of Object.entries(events))
  test(`T51, T53: when ${what}, a machine client's token ends and it gets no other`, async () => {
    const client = await registerMachine(app, ['one'])
    const { access_token: token } = (await askAsClient(app, client)).body
    assert.equal(await readWith(app, token), 200)

    await event.happen(client)
    assert.equal(await readWith(app, token), 401)
    assert.equal((await askAsClient(app, client)).body.error, event.token)
    await event.undo?.(client)
    if (event.later === undefined) return
    assert.equal(await readWith(app, token), event.later.old)
    assert.equal((await askAsClient(app, client)).body.error ?? 'works', event.later.fresh)
  })

test('after a reset the machine goes on with the new secret', async () => {
  const client = await registerMachine(app, ['one'])
  const reset = await manage(app, 'PUT', `${applications}/${client.id}/reset`, asOwner)
  const renewed = { ...client, clientSecret: String(reset.body['clientSecret']) }
  assert.equal((await askAsClient(app, renewed)).status, 200)
  // Ended by its owner before the reset, it stays ended.
  await manage(app, 'DELETE', `${allowed}/${client.id}`, asOwner)
  const again = await manage(app, 'PUT', `${applications}/${client.id}/reset`, asOwner)
  const secret = String(again.body['clientSecret'])
  assert.equal(
    (await askAsClient(app, { ...client, clientSecret: secret })).body.error,
    'unauthorized_client',
  )
})

test('a permission or data source that the owner loses is lost to the machine as well', async () => {
  const client = await registerMachine(app, ['one'])
  const { access_token: token } = (await askAsClient(app, client)).body
  await execute(app, raw`delete from role_permissions where role_id = 2 and permission_id = 7`)
  assert.equal(await readWith(app, token), 403)
  await execute(app, raw`insert into role_permissions (role_id, permission_id) values (2, 7)`)
  assert.equal(await readWith(app, token), 200)
})

test('T32: a machine client proves itself; without its secret, or as another, it gets nothing', async () => {
  const client = await registerMachine(app, ['one'])
  const other = await registerMachine(app, ['two'])
  for (const secret of ['', 'wrong', other.clientSecret])
    assert.equal(
      (await askAsClient(app, client, { client_secret: secret })).body.error,
      'invalid_client',
    )
  const plain = await register(app, {}, people.user)
  assert.equal((await askAsClient(app, plain)).body.error, 'unauthorized_client')
  const open = await register(app, { clientType: 'public' })
  assert.equal((await askAsClient(app, open)).body.error, 'unauthorized_client')
  assert.equal(
    (await askAsClient(app, client, { scope: 'everything' })).body.error,
    'invalid_scope',
  )
  const refreshed = await refresh(app, client, (await askAsClient(app, client)).body.access_token)
  assert.equal(refreshed.body.error, 'unauthorized_client')
})

test('T31: of tokens asked for while the owner ends the access, none works afterwards', async () => {
  for (let round = 0; round < 10; round += 1) {
    const client = await registerMachine(app, ['one'])
    const asked = Array.from({ length: 12 }, () => askAsClient(app, client))
    const ended = manage(app, 'DELETE', `${allowed}/${client.id}`, asOwner)
    const answers = await Promise.all([...asked, ended].slice(0, -1) as typeof asked)
    assert.equal((await ended).status, 204)
    for (const { status: code, body } of answers) {
      if (code === 200) assert.equal(await readWith(app, body.access_token), 401)
      else assert.equal(body.error, 'unauthorized_client')
    }
  }
})

test('T47: a machine revokes its own token alone', async () => {
  const client = await registerMachine(app, ['one'])
  const [first, second] = [
    (await askAsClient(app, client)).body,
    (await askAsClient(app, client)).body,
  ]
  assert.equal(await revoke(app, await registerMachine(app, ['two']), first.access_token), 200)
  assert.equal(await readWith(app, first.access_token), 200)
  assert.equal(await revoke(app, client, first.access_token), 200)
  assert.equal(await readWith(app, first.access_token), 401)
  assert.equal(await readWith(app, second.access_token), 200)
})
