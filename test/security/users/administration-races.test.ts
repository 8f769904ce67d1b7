import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { hasAnAdministrator } from '#features/access/administrators.ts'
import { refusals } from '#features/refusals.ts'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { register } from '#test/support/oauth.ts'
import { createPerson, type KnownPerson } from '#test/support/tenants.ts'
import {
  assertRefused,
  callUsers,
  codes,
  createUser,
  givenPassword,
  userBody,
} from '#test/support/users.ts'
import { execute, mintCode, raw, rows } from '../tokens/support.ts'

// Administrators who act at the same time (management reference 1.3, rule 11; DESIGN invariant 1).

let app: TestApp
before(async () => {
  app = await startApp({ sources: false })
})
after(() => app.close())

const { passwordInfo: _password, ...withoutPassword } = userBody('x')

/** What one administrator may do to another that takes Administrator (12) away. */
const attacks = {
  disable: (id: number) => ['PUT', `/${id}/statusinfo`, { status: 0 }],
  delete: (id: number) => ['DELETE', `/${id}?cascade=true`, undefined],
  demote: (id: number) => ['PUT', `/${id}/permissions`, { roles: [2] }],
  replace: (id: number, name: string) => [
    'PUT',
    `/${id}`,
    { ...withoutPassword, userName: name, permissions: { roles: [2] } },
  ],
} as const satisfies Record<
  string,
  (id: number, name: string) => readonly [string, string, unknown]
>

test('T65: two administrators who take Administrator (12) from each other at once do not both succeed', async () => {
  const own = await startApp({ sources: false })
  try {
    await execute(own, raw`update users set status = 0 where user_name = ${people.admin.name}`)
    for (const [what, attack] of Object.entries(attacks))
      for (let round = 0; round < 4; round += 1) {
        const pair = [
          await createPerson(own, { name: `${what} a ${round}`, roles: [2], permissions: [12] }),
          await createPerson(own, { name: `${what} b ${round}`, roles: [2], permissions: [12] }),
        ] as const
        const strike = (person: KnownPerson, victim: KnownPerson) => {
          const [method, path, body] = attack(victim.id, victim.name)
          return callUsers(own, method, path, { person, body })
        }
        const answers = await Promise.all([strike(...pair), strike(pair[1], pair[0])])
        const statuses = answers.map(({ status }) => status)
        for (const status of statuses) assert.ok([200, 204, 400, 401, 403].includes(status), what)
        assert.equal(
          statuses.filter((status) => status < 300).length,
          1,
          `${what}: ${statuses.join()}`,
        )
        assert.ok(await own.core.store.read(() => hasAnAdministrator(own.core.store)), what)
        await execute(own, raw`delete from users where id in (${pair[0].id}, ${pair[1].id})`)
      }
  } finally {
    await own.close()
  }
})

test('T65: the last administrator is not taken away by one who was an administrator a moment ago', async () => {
  const [row] = await rows(app, raw`select id from users where user_name = ${people.admin.name}`)
  const { id } = row as { id: number }
  const late = await createPerson(app, { name: 'late', permissions: [12] })
  const caller = await app.core.store.read(() => app.core.users.readCaller(late.id))
  assert.ok(caller)
  // What happens between reading who asks and doing what is asked.
  const gone = await callUsers(app, 'PUT', `/${late.id}/statusinfo`, { body: { status: 0 } })
  assert.equal(gone.status, 200)
  const { userAdministration, userParts } = app.core
  const status = { active: true, locked: undefined, lockedUntil: undefined }
  const grants = { roles: [2], permissions: [] }
  const fields = { userName: people.admin.name, tenantId: undefined, status, password: undefined }
  const ways = {
    disable: () => userParts.setStatus(caller, id, { ...status, active: false }),
    demote: () => userParts.setGrants(caller, id, grants),
    replace: () => userAdministration.replace(caller, id, { ...fields, grants }),
    delete: () => userAdministration.remove(caller, id, true),
  }
  for (const [what, way] of Object.entries(ways))
    await assert.rejects(way, { row: refusals.forbidden }, what)
  assert.equal((await callUsers(app, 'GET', `/${id}`)).status, 200)
})

test('a name that many ask for at once is given to one of them', async () => {
  const names = ['Same', 'same', 'SAME', 'ｓａｍｅ', 'sAmE']
  const answers = await Promise.all(
    names.map((name) => callUsers(app, 'POST', '', { body: userBody(name) })),
  )
  assert.deepEqual(
    answers.map(({ status }) => status).sort((a, b) => a - b),
    [201, 400, 400, 400, 400],
  )
  for (const answer of answers.filter(({ status }) => status === 400))
    assertRefused(answer, 400, codes.duplicate)
})

test('a name that many are renamed to at once is given to one of them', async () => {
  const ids: number[] = []
  for (let i = 0; i < 4; i += 1) ids.push(await createUser(app, `before ${i}`))
  const answers = await Promise.all(
    ids.map((id) =>
      callUsers(app, 'PUT', `/${id}`, { body: { ...withoutPassword, userName: 'After' } }),
    ),
  )
  assert.deepEqual(
    answers.map(({ status }) => status).sort((a, b) => a - b),
    [200, 400, 400, 400],
  )
  for (const answer of answers.filter(({ status }) => status === 400))
    assertRefused(answer, 400, codes.duplicate)
})

test('deleting a user while another one gives its application access leaves both or neither', async () => {
  for (let round = 0; round < 8; round += 1) {
    const id = await createUser(app, `racer ${round}`)
    const person = { name: `racer ${round}`, password: givenPassword }
    const client = await register(app, {}, person)
    const [deleted, minted] = await Promise.all([
      callUsers(app, 'DELETE', `/${id}`),
      mintCode(app, client).then(
        () => true,
        () => false,
      ),
    ])
    const consents = await rows(
      app,
      raw`select id from consents where application_id = ${client.id}`,
    )
    if (deleted.status === 204) assert.deepEqual(consents, [])
    else {
      assertRefused(deleted, 400, codes.inUse)
      assert.ok(minted)
      assert.equal(consents.length, 1)
    }
  }
})
