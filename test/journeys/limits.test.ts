import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { basicOf, people, startApp, type Person, type TestApp } from '#test/support/app.ts'
import { manage, sourceId } from '#test/support/oauth.ts'
import { createPerson, createTenant, type KnownPerson } from '#test/support/tenants.ts'

const path = '/api/admin/limits'

describe('the limits API', () => {
  let app: TestApp
  let orgA = 0
  let orgB = 0
  let empty = 0
  let ann: KnownPerson
  let bob: KnownPerson
  let governor: KnownPerson

  before(async () => {
    app = await startApp()
    orgA = await createTenant(app, 'OrgA')
    orgB = await createTenant(app, 'OrgB')
    empty = await createTenant(app, 'Empty')
    ann = await createPerson(app, { name: 'ann', tenantId: orgA, permissions: [1, 2, 11] })
    bob = await createPerson(app, { name: 'bob', tenantId: orgB, permissions: [1, 2, 11] })
    governor = await createPerson(app, {
      name: 'governor',
      permissions: [27],
      administers: [orgA, empty],
    })
  })
  after(() => app.close())

  const ask = (method: string, rest: string, body?: unknown, person: Person = people.admin) =>
    manage(app, method, `${path}${rest}`, { person, ...(body === undefined ? {} : { body }) })

  const codeOf = (body: Record<string, unknown>): unknown =>
    (body['error'] as { code?: unknown } | undefined)?.code

  /** The text of an answer: what `JSON.parse` would round is seen as it came. */
  const textOf = async (rest: string): Promise<string> =>
    (await fetch(`${app.url}${path}${rest}`, { headers: basicOf(people.admin) })).text()

  test('the catalogue has the limits that the server holds to, with numbers beyond what JavaScript holds', async () => {
    const { status, body } = await ask('GET', '')
    assert.equal(status, 200)
    const limits = body['limits'] as Record<string, unknown>[]
    assert.deepEqual(
      limits.map((limit) => [limit['id'], limit['name'], limit['validForLimits']]),
      [
        [1, 'MaxFetchRows', 15],
        [2, 'PasswordLockoutInterval', 1],
        [3, 'PasswordLockoutLimit', 1],
        [4, 'PasswordLockoutPeriod', 1],
        [8, 'OAuthAccessTokenTimeout', 9],
        [24, 'ODataMaxConcurrentRequests', 11],
        [25, 'ODataMaxWaitingRequests', 11],
        [101, 'WebUISessionTimeout', 9],
        [102, 'ODataPageSize', 15],
      ],
    )
    for (const limit of limits)
      assert.deepEqual(Object.keys(limit), [
        'id',
        'name',
        'description',
        'minValue',
        'maxValue',
        'defaultValue',
        'validForLimits',
      ])
    assert.match(
      await textOf(''),
      /"minValue":1,"maxValue":9000000000000000000,"defaultValue":9000000000000000000,"validForLimits":15/,
    )
  })

  test('a system value is set, set again, read, listed, replaced and removed', async () => {
    assert.deepEqual((await ask('GET', '/system')).body, { limits: [] })
    const created = await ask('POST', '/system/1', { value: 400 })
    assert.equal(created.status, 201)
    assert.deepEqual(created.body, { value: 400 })
    assert.equal(created.headers.get('location'), `${path}/system/1`)
    const again = await ask('POST', '/system/1', { value: 450 })
    assert.equal(again.status, 200)
    assert.deepEqual(again.body, { value: 450 })
    assert.equal(again.headers.get('location'), null)
    const put = await ask('PUT', '/system/1', { value: '500' })
    assert.deepEqual([put.status, put.body], [200, { value: 500 }])
    assert.deepEqual((await ask('GET', '/system/1')).body, { value: 500 })
    assert.deepEqual((await ask('GET', '/system')).body, { limits: [{ id: 1, value: 500 }] })
    const removed = await ask('DELETE', '/system/1')
    assert.equal(removed.status, 204)
    for (const method of ['GET', 'DELETE']) {
      const gone = await ask(method, '/system/1')
      assert.deepEqual([gone.status, codeOf(gone.body)], [404, 222208446])
    }
    const unset = await ask('PUT', '/system/1', { value: 7 })
    assert.deepEqual([unset.status, unset.body], [200, { value: 7 }])
    await ask('DELETE', '/system/1')
  })

  test('a value beyond the safe integers goes in and out digit by digit', async () => {
    for (const body of ['{"value": 8999999999999999999}', '{"value": "8999999999999999999"}']) {
      const response = await fetch(`${app.url}${path}/system/1`, {
        method: 'PUT',
        headers: { ...basicOf(people.admin), 'content-type': 'application/json' },
        body,
      })
      assert.equal(await response.text(), '{"value":8999999999999999999}')
      assert.equal(await textOf('/system/1'), '{"value":8999999999999999999}')
      await ask('DELETE', '/system/1')
    }
  })

  test('a value out of range is refused with the bounds, and one that is no whole number as not valid', async () => {
    for (const value of [0, -1, '9000000000000000001', 1e300]) {
      const refused = await ask('POST', '/system/1', { value })
      assert.deepEqual([refused.status, codeOf(refused.body)], [400, 222207929], String(value))
      assert.match(JSON.stringify(refused.body), /1 to 9000000000000000000/)
    }
    for (const value of [1.5, 'x', '', null, true, [], {}, '1.0']) {
      const refused = await ask('POST', '/system/1', { value })
      assert.deepEqual(
        [refused.status, codeOf(refused.body)],
        [400, 222207007],
        JSON.stringify(value),
      )
    }
    const missing = await ask('POST', '/system/1', {})
    assert.deepEqual([missing.status, codeOf(missing.body)], [400, 222207007])
  })

  test('a limit has the levels of its mask alone, and an unknown limit is none', async () => {
    const places = [
      [`/tenants/${orgA}/2`, 222208447],
      [`/tenants/${orgA}/3`, 222208447],
      [`/users/${ann.id}/8`, 222208447],
      [`/users/${ann.id}/101`, 222208447],
    ] as const
    for (const [place, code] of places)
      for (const method of ['POST', 'PUT']) {
        const refused = await ask(method, place, { value: 10 })
        assert.deepEqual([refused.status, codeOf(refused.body)], [400, code], place)
      }
    for (const id of [5, 6, 7, 9, 26, 100, 103, 999])
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        const body = method === 'POST' || method === 'PUT' ? { value: 1 } : undefined
        const refused = await ask(method, `/system/${id}`, body)
        assert.deepEqual([refused.status, codeOf(refused.body)], [404, 222208445], `${id}`)
      }
  })

  test('tenants are listed with what is set on them, none as well, in pieces if asked', async () => {
    const set = await ask('POST', `/tenants/${orgA}/1`, { value: 1000 })
    assert.deepEqual([set.status, set.body], [201, { value: 1000 }])
    assert.equal(set.headers.get('location'), `${path}/tenants/${orgA}/1`)
    await ask('POST', `/tenants/${orgA}/8`, { value: 30 })
    const all = (await ask('GET', '/tenants')).body['tenantLimits'] as { tenantId: number }[]
    assert.deepEqual(
      all.find((of) => of.tenantId === orgA),
      {
        tenantId: orgA,
        tenantName: 'OrgA',
        limits: [
          { id: 1, value: 1000 },
          { id: 8, value: 30 },
        ],
      },
    )
    assert.deepEqual(
      all.find((of) => of.tenantId === orgB),
      { tenantId: orgB, tenantName: 'OrgB', limits: [] },
    )
    const piece = (await ask('GET', `/tenants?limit=1&after=1`)).body
    assert.deepEqual([(piece['tenantLimits'] as unknown[]).length, piece['next']], [1, orgA])
    const own = (await ask('GET', '/tenants', undefined, governor)).body
    assert.deepEqual(
      (own['tenantLimits'] as { tenantId: number }[]).map((of) => of.tenantId),
      [orgA, empty],
    )
    for (const id of [1, 8]) await ask('DELETE', `/tenants/${orgA}/${id}`)
  })

  test('users and their data sources are listed with what is set on them', async () => {
    const owner = await app.core.store.read(() => app.core.users.readByName(people.user.name))
    const userId = owner?.id ?? 0
    const one = Number(await sourceId(app, 'one'))
    const two = Number(await sourceId(app, 'two'))
    const set = await ask('POST', `/users/${userId}/datasources/${one}/1`, { value: 500 })
    assert.deepEqual([set.status, set.body], [201, { value: 500 }])
    assert.equal(set.headers.get('location'), `${path}/users/${userId}/datasources/${one}/1`)
    assert.deepEqual((await ask('GET', `/users/${userId}/datasources`)).body, {
      dataSourceLimits: [
        {
          dataSourceId: one,
          dataSourceName: 'one',
          isGroup: false,
          limits: [{ id: 1, value: 500 }],
        },
        { dataSourceId: two, dataSourceName: 'two', isGroup: false, limits: [] },
      ],
    })
    await ask('POST', `/users/${ann.id}/1`, { value: 5 })
    const users = (await ask('GET', '/users')).body['userLimits'] as { userId: number }[]
    assert.deepEqual(
      users.find((of) => of.userId === ann.id),
      { userId: ann.id, userName: 'ann', limits: [{ id: 1, value: 5 }] },
    )
    const own = (await ask('GET', '/users', undefined, governor)).body
    assert.deepEqual(own, {
      userLimits: [{ userId: ann.id, userName: 'ann', limits: [{ id: 1, value: 5 }] }],
    })
    await ask('DELETE', `/users/${userId}/datasources/${one}/1`)
    await ask('DELETE', `/users/${ann.id}/1`)
  })

  test("a data source of another user is refused with HDP's number, and another tenant's user like one that is not there", async () => {
    const one = await sourceId(app, 'one')
    const foreign = await ask('POST', `/users/${ann.id}/datasources/${one}/1`, { value: 5 })
    assert.deepEqual([foreign.status, codeOf(foreign.body)], [404, 222207926])
    const of = (person: Person) => async (method: string, place: string) => {
      const body = method === 'POST' || method === 'PUT' ? { value: 5 } : undefined
      const answer = await ask(method, place, body, person)
      return [answer.status, answer.body]
    }
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const asked = of(governor)
      for (const [outside, absent] of [
        [`/tenants/${orgB}/1`, '/tenants/999999/1'],
        [`/users/${bob.id}/1`, '/users/999999/1'],
        [`/users/${bob.id}/datasources/1/1`, '/users/999999/datasources/1/1'],
      ] as const) {
        const refused = await asked(method, outside)
        assert.equal(refused[0], 404)
        assert.deepEqual(refused, await asked(method, absent))
      }
    }
    const listed = of(governor)
    assert.deepEqual(
      await listed('GET', `/users/${bob.id}/datasources`),
      await listed('GET', '/users/999999/datasources'),
    )
  })

  test('without 12 nobody changes a system value, and without 27 nobody sees any', async () => {
    for (const [method, body] of [
      ['POST', { value: 5 }],
      ['PUT', { value: 5 }],
      ['DELETE', undefined],
    ] as const)
      assert.equal((await ask(method, '/system/1', body, governor)).status, 403)
    assert.equal((await ask('GET', '/system', undefined, governor)).status, 200)
    for (const place of ['', '/system', '/system/1', '/tenants', '/users', `/tenants/${orgA}/1`])
      assert.equal((await ask('GET', place, undefined, ann)).status, 403, place)
    const set = await ask('PUT', `/tenants/${orgA}/8`, { value: 10 }, governor)
    assert.deepEqual([set.status, set.body], [200, { value: 10 }])
    await ask('DELETE', `/tenants/${orgA}/8`, undefined, governor)
  })

  test('a change of a limit stands in the audit log', async () => {
    await ask('PUT', `/users/${ann.id}/1`, { value: 5 })
    await ask('DELETE', `/users/${ann.id}/1`)
    const lines = app.logs.map((line) => JSON.parse(line) as Record<string, unknown>)
    for (const audit of ['limit.set', 'limit.removed']) {
      const found = lines.findLast((line) => line['audit'] === audit)
      assert.deepEqual([found?.['subject'], found?.['other']], [ann.id, 1], audit)
    }
  })

  test('what is deleted takes its limits with it', async () => {
    const gone = await createTenant(app, 'Gone')
    await ask('PUT', `/tenants/${gone}/1`, { value: 5 })
    await manage(app, 'DELETE', `/api/admin/tenants/${gone}`, { person: people.admin })
    const answer = await ask('PUT', `/tenants/${gone}/1`, { value: 5 })
    assert.deepEqual([answer.status, codeOf(answer.body)], [404, 222208573])
    const { sql, read } = app.core.store
    const rows = await read(function* () {
      return (yield sql.selectFrom('limit_values').select('level').compile()).rows
    })
    assert.deepEqual(rows, [])
  })
})
