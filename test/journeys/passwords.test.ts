import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { createBrowser } from '../../src/commands/demo/browser.ts'
import { basicOf, people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import { manage, readWith, register } from '#test/support/oauth.ts'
import {
  createPerson,
  createTenant,
  type KnownPerson,
  type PersonFields,
} from '#test/support/tenants.ts'
import { execute, mintTokens, raw, rows, userIdOf } from '../security/tokens/support.ts'

let app: TestApp
let orgA: number
before(async () => {
  app = await startApp()
  orgA = await createTenant(app, 'OrgA')
})
after(() => app.close())
beforeEach(async () => {
  await execute(app, raw`delete from configurations`)
  await execute(app, raw`delete from password_policies`)
})

const { admin } = people
let made = 0
const person = (fields: Partial<PersonFields> = {}): Promise<KnownPerson> => {
  made += 1
  return createPerson(app, { name: `person ${made}`, roles: [2], ...fields })
}

/** An administrator of OrgA without 12. */
const administrator = (permissions: readonly number[], fields: Partial<PersonFields> = {}) =>
  person({ roles: [], permissions, administers: [orgA], ...fields })

const errorOf = (answer: { body: Record<string, unknown> }) => {
  const error = answer.body['error'] as { code: number; message: { value: string } } | undefined
  return { code: error?.code, value: error?.message.value ?? '' }
}

const basicStatus = async (who: Person): Promise<number> =>
  (await manage(app, 'GET', '/api/mgmt/datasources', { person: who })).status

const info = (id: number) => `/api/admin/users/${id}/passwordinfo`
const changePath = '/api/admin/userdetails/changePassword'
const next = 'a brand new password'

const change = (who: Person, body: unknown) => manage(app, 'PUT', changePath, { person: who, body })

test('the state of a password is read and changed as documented', async () => {
  const { id } = await person({ tenantId: orgA })
  const read = await manage(app, 'GET', info(id), { person: admin })
  assert.equal(read.status, 200)
  assert.deepEqual(read.body, { passwordStatus: 1, passwordExpiration: null })
  const body = { passwordStatus: 1, passwordExpiration: '2030-01-01 00:00:00' }
  const changed = await manage(app, 'PUT', info(id), { person: admin, body })
  assert.equal(changed.status, 200)
  assert.deepEqual(changed.body, body)
  assert.deepEqual((await manage(app, 'GET', info(id), { person: admin })).body, body)
  const fraction = { passwordStatus: 2, passwordExpiration: '2031-12-31 23:59:59.0' }
  const again = await manage(app, 'PUT', info(id), { person: admin, body: fraction })
  assert.deepEqual(again.body, { passwordStatus: 2, passwordExpiration: '2031-12-31 23:59:59' })
  const replaced = await manage(app, 'PUT', info(id), {
    person: admin,
    body: { passwordStatus: 1 },
  })
  assert.deepEqual(replaced.body, { passwordStatus: 1, passwordExpiration: null })
})

test('a state that is none is refused, and changes nothing', async () => {
  const { id } = await person()
  for (const body of [
    {},
    { passwordStatus: 3 },
    { passwordStatus: '1' },
    { passwordStatus: 1, passwordExpiration: 'tomorrow' },
    { passwordStatus: 1, passwordExpiration: '2030-02-30 00:00:00' },
    { passwordStatus: 1, passwordExpiration: '2030-01-01T00:00:00Z' },
    { passwordStatus: 1, passwordExpiration: 1 },
    [],
  ]) {
    const answer = await manage(app, 'PUT', info(id), { person: admin, body })
    assert.equal(answer.status, 400, JSON.stringify(body))
    assert.equal(errorOf(answer).code, 222207007)
  }
  const read = await manage(app, 'GET', info(id), { person: admin })
  assert.deepEqual(read.body, { passwordStatus: 1, passwordExpiration: null })
})

test('a reset by an administrator gives a password for the first time only', async () => {
  const user = await person({ tenantId: orgA })
  const path = `/api/admin/users/${user.id}/resetpassword`
  const answer = await manage(app, 'PUT', path, { person: admin, body: { newPassword: next } })
  assert.equal(answer.status, 204)
  assert.deepEqual(answer.body, {})
  assert.equal(await basicStatus(user), 401)
  const stale = { name: user.name, password: next }
  assert.equal(await basicStatus(stale), 403)
  const read = await manage(app, 'GET', info(user.id), { person: admin })
  assert.deepEqual(read.body, { passwordStatus: 2, passwordExpiration: null })
  const own = await change(stale, { currentPassword: next, newPassword: 'known to me alone' })
  assert.equal(own.status, 200)
  assert.equal(await basicStatus({ ...stale, password: 'known to me alone' }), 200)
})

test('a reset follows the policy, and is nothing for the own account', async () => {
  const user = await person()
  const path = `/api/admin/users/${user.id}/resetpassword`
  const reset = (newPassword: string) =>
    manage(app, 'PUT', path, { person: admin, body: { newPassword } })
  const short = await reset('short')
  assert.equal(short.status, 400)
  assert.equal(errorOf(short).code, 222208400)
  assert.match(errorOf(short).value, /12 to 128 characters/)
  const named = await reset(user.name)
  assert.match(errorOf(named).value, /not your user name/)
  const id = await userIdOf(app, admin.name)
  const own = await manage(app, 'PUT', `/api/admin/users/${id}/resetpassword`, {
    person: admin,
    body: { newPassword: next },
  })
  assert.equal(own.status, 400)
  assert.match(errorOf(own).value, /changePassword/)
  assert.equal(await basicStatus(user), 200)
  assert.equal(await basicStatus(admin), 200)
})

test('T60, T67: passwords are seen and changed with 14 and 15 where one administers, and nowhere else', async () => {
  const orgB = await createTenant(app, `OrgB ${made}`)
  const [theirs, foreign] = [await person({ tenantId: orgA }), await person({ tenantId: orgB })]
  const absent = 999_999
  const calls = [
    ['GET', 'passwordinfo', undefined, 200],
    ['PUT', 'passwordinfo', { passwordStatus: 1 }, 200],
    ['PUT', 'resetpassword', { newPassword: next }, 204],
  ] as const
  for (const [method, part, body, success] of calls) {
    const ask = async (who: Person, id: number) =>
      manage(app, method, `/api/admin/users/${id}/${part}`, { person: who, body })
    const both = await administrator([14, 15])
    assert.equal((await ask(both, theirs.id)).status, success, part)
    const [out, none] = [await ask(both, foreign.id), await ask(both, absent)]
    assert.equal(out.status, 404)
    assert.equal(errorOf(out).code, 222207916)
    assert.deepEqual(out.body, none.body, 'absent and not yours are one answer')
    const without = await administrator(method === 'GET' ? [15] : [14])
    assert.equal((await ask(without, theirs.id)).status, 403)
    const nowhere = await administrator([14, 15], { administers: [] })
    assert.equal((await ask(nowhere, theirs.id)).status, 404)
  }
})

test('T60: nobody sets the password of somebody who holds or administers more', async () => {
  const orgC = await createTenant(app, `OrgC ${made}`)
  const caller = await administrator([14, 15])
  const [holder, wider] = [
    await person({ tenantId: orgA, roles: [], permissions: [13] }),
    await person({ tenantId: orgA, roles: [], permissions: [14, 15], administers: [orgA] }),
  ]
  // Somebody of the system tenant, so that administering elsewhere counts.
  const system = await administrator([14, 15], { administers: [1, orgA] })
  const elsewhere = await administrator([14, 15], { administers: [orgC] })
  for (const [who, id, status] of [
    [caller, holder.id, 403],
    [caller, wider.id, 200],
    [system, elsewhere.id, 403],
  ] as const) {
    const body = { passwordStatus: 1 }
    assert.equal((await manage(app, 'PUT', info(id), { person: who, body })).status, status)
    const path = `/api/admin/users/${id}/resetpassword`
    const reset = await manage(app, 'PUT', path, { person: who, body: { newPassword: next } })
    assert.equal(reset.status, status === 200 ? 204 : status)
  }
  assert.equal(await basicStatus(holder), 403, 'the password is the old one; MgmtAPI is missing')
})

test('T51: a reset ends sessions, tokens and a lock; being told to change the password ends nothing', async () => {
  const client = await register(app)
  const id = await userIdOf(app)
  const tokens = await mintTokens(app, client)
  const browser = createBrowser()
  const page = await browser.visit(`${app.url}/sign-in`)
  const { name: username, password } = people.user
  await browser.submit(page, 'password', { username, password })
  const told = { passwordStatus: 2 }
  assert.equal((await manage(app, 'PUT', info(id), { person: admin, body: told })).status, 200)
  assert.equal(await readWith(app, tokens.access_token), 200)
  const confined = await browser.visit(`${app.url}/account/applications`)
  assert.ok(confined.url.endsWith('/account/password'), confined.url)
  const path = `/api/admin/users/${id}/resetpassword`
  for (let i = 0; i < 3; i += 1) await basicStatus({ ...people.user, password: `wrong ${i}` })
  await manage(app, 'PUT', path, { person: admin, body: { newPassword: next } })
  assert.equal(await readWith(app, tokens.access_token), 401)
  assert.ok((await browser.visit(`${app.url}/account/password`)).url.includes('/sign-in'))
  const stale = { ...people.user, password: next }
  assert.equal(await basicStatus(stale), 403, 'right, and not locked')
  const back = { currentPassword: next, newPassword: people.user.password }
  assert.equal((await change(stale, back)).status, 200)
})

test('a user changes the own password as documented', async () => {
  const user = await person()
  const answer = await change(user, { currentPassword: user.password, newPassword: next })
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.body, { passwordStatus: 1, passwordExpiration: null })
  assert.equal(await basicStatus(user), 401)
  assert.equal(await basicStatus({ ...user, password: next }), 200)
})

test('a change is refused with the titles of the rules that it breaks', async () => {
  const user = await person()
  const currentPassword = user.password
  for (const [body, titles] of [
    [{ currentPassword, newPassword: 'short' }, [/12 to 128 characters/]],
    [{ currentPassword, newPassword: user.name }, [/12 to 128/, /not your user name/]],
    [{ currentPassword, newPassword: currentPassword }, [/not the current password/]],
    [{ currentPassword, newPassword: 'with a \u0007 bell in it' }, [/no control characters/]],
    [{ currentPassword: 'not my password', newPassword: next }, [/current password is wrong/]],
    [{ newPassword: next }, [/current password is wrong/]],
  ] as const) {
    const answer = await change(user, body)
    assert.equal(answer.status, 400, JSON.stringify(body))
    assert.equal(errorOf(answer).code, 222208400)
    for (const title of titles) assert.match(errorOf(answer).value, title)
  }
  for (const body of [
    { currentPassword },
    { currentPassword, newPassword: 12 },
    { newPassword: '' },
  ])
    assert.equal(errorOf(await change(user, body)).code, 222207007)
  assert.equal(await basicStatus(user), 200)
  const incapable = await person({ roles: [], permissions: [11, 2] })
  const refused = await change(incapable, { currentPassword, newPassword: next })
  assert.equal(refused.status, 403)
  assert.match(errorOf(refused).value, /ChangePassword \(9\)/)
})

test('T49: a wrong current password is counted, and locks whoever has a session and nothing else', async () => {
  const user = await person()
  const answer = await change(user, { currentPassword: 'wrong', newPassword: next })
  assert.equal(answer.status, 400)
  const [counted] = await rows(
    app,
    raw`select failures from login_failures where subject = ${`user:${user.id}`}`,
  )
  assert.equal((counted as { failures: number }).failures, 1)
  const browser = createBrowser()
  const { name: username, password } = user
  const signIn = await browser.visit(`${app.url}/sign-in?to=password`)
  let page = await browser.submit(signIn, 'password', { username, password })
  for (let i = 0; i < 3; i += 1)
    page = await browser.submit(page, 'newPassword', {
      currentPassword: `wrong ${i}`,
      newPassword: next,
      repeatPassword: next,
    })
  assert.equal(page.status, 400)
  assert.match(page.html, /current password is wrong, or the account is locked/)
  assert.equal(await basicStatus(user), 401)
})

test('T51: a change by the API ends every session and what was got by password', async () => {
  const browser = createBrowser()
  const page = await browser.visit(`${app.url}/sign-in`)
  const { name: username, password } = people.user
  const landed = await browser.submit(page, 'password', { username, password })
  assert.ok(landed.url.endsWith('/account/applications'), landed.url)
  const client = await register(app)
  const tokens = await mintTokens(app, client)
  assert.equal(
    (await change(people.user, { currentPassword: password, newPassword: next })).status,
    200,
  )
  const after = await browser.visit(`${app.url}/account/applications`)
  assert.ok(after.url.endsWith('/sign-in'), after.url)
  assert.equal(await readWith(app, tokens.access_token), 200, 'what was consented to goes on')
  const back = { currentPassword: next, newPassword: password }
  assert.equal((await change({ ...people.user, password: next }, back)).status, 200)
})

test('of two changes at once one wins', async () => {
  const user = await person()
  const answers = await Promise.all(
    ['the first of them', 'the second of them'].map((newPassword) =>
      change(user, { currentPassword: user.password, newPassword }),
    ),
  )
  assert.deepEqual(
    answers.map((answer) => answer.status).filter((s) => s === 200),
    [200],
  )
})

const custom = {
  id: 2,
  name: 'Custom Policy',
  description: 'Custom Password Policy',
  rules: [
    {
      ruleName: 'PASSWORD_LENGTH_RULE',
      ruleId: 'pwdLengthRule',
      minLength: 12,
      maxLength: 128,
      title: 'Twelve at least',
    },
    { ruleName: 'SPECIAL_CLASS_RULE', ruleId: 'specialCharacterRule', minChars: 1, title: 'S' },
    { ruleName: 'LOWER_CLASS_RULE', ruleId: 'lowerCaseCharacterRule', minChars: 1, title: 'L' },
    { ruleName: 'UPPER_CLASS_RULE', ruleId: 'upperCaseCharacterRule', minChars: 1, title: 'U' },
    { ruleName: 'NUMERIC_CLASS_RULE', ruleId: 'numericCharacterRule', minChars: 1, title: 'N' },
  ],
  expirationDays: 120,
}
const policies = '/api/admin/passwordpolicy'
const putPolicy = (body: unknown, id = 2) =>
  manage(app, 'PUT', `${policies}/${id}`, { person: admin, body })

test('the custom policy is replaced and read as documented, and counts at once', async () => {
  const answer = await putPolicy(custom)
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.body, custom)
  assert.deepEqual((await manage(app, 'GET', `${policies}/2`, { person: admin })).body, custom)
  const user = await person()
  const plain = await change(user, { currentPassword: user.password, newPassword: next })
  assert.equal(plain.status, 400)
  assert.match(errorOf(plain).value, /rules: S; U; N\.$/)
  const now = app.clock.now()
  const good = await change(user, { currentPassword: user.password, newPassword: `${next} A1!` })
  assert.equal(good.status, 200)
  assert.equal(good.body['passwordStatus'], 1)
  const expires = Date.parse(`${String(good.body['passwordExpiration']).replace(' ', 'T')}Z`)
  const late = expires - now - 120 * 86_400_000
  assert.ok(late > -1000 && late < 60_000, `${late}`)
})

test('optional parts of a policy are left out where they were not set', async () => {
  const rules = [{ ruleName: 'PASSWORD_LENGTH_RULE', minLength: 10, maxLength: 20 }]
  const body = { id: '2', name: 'Short one', rules, expirationDays: 0 }
  const answer = await putPolicy(body)
  assert.deepEqual(answer.body, {
    id: 2,
    name: 'Short one',
    rules: [{ ...rules[0], ruleId: 'pwdLengthRule', title: '10 to 20 characters' }],
    expirationDays: 0,
  })
})

test('the shipped policies are those that the documentation tells', async () => {
  const read = async (id: number) =>
    (await manage(app, 'GET', `${policies}/${id}`, { person: admin })).body
  const length = (minLength: number, maxLength: number) => ({
    ruleName: 'PASSWORD_LENGTH_RULE',
    ruleId: 'pwdLengthRule',
    minLength,
    maxLength,
    title: `${minLength} to ${maxLength} characters`,
  })
  assert.deepEqual(await read(2), { ...custom, rules: [length(12, 128)], expirationDays: 0 })
  const fixed = await read(1)
  assert.equal(fixed['id'], 1)
  const rules = fixed['rules'] as { ruleName: string; minChars?: number }[]
  assert.deepEqual(rules[0], length(8, 12))
  assert.deepEqual(
    rules.slice(1).map((rule) => [rule.ruleName, rule.minChars]),
    custom.rules.slice(1).map((rule) => [rule.ruleName, 1]),
  )
})

test('a policy that is fixed, unknown or none is refused', async () => {
  const fixed = await putPolicy({ ...custom, id: 1 }, 1)
  assert.equal(fixed.status, 400)
  assert.equal(errorOf(fixed).code, 222208436)
  for (const method of ['GET', 'PUT']) {
    const body = method === 'GET' ? undefined : { ...custom, id: 3 }
    const unknown = await manage(app, method, `${policies}/3`, { person: admin, body })
    assert.equal(unknown.status, 404)
    assert.equal(errorOf(unknown).code, 222208435)
  }
  for (const body of [
    {},
    { ...custom, id: 1 },
    { ...custom, id: undefined },
    { ...custom, name: undefined },
    { ...custom, name: 'zero \u0000' },
    { ...custom, rules: undefined },
    { ...custom, rules: [...custom.rules, custom.rules[0]] },
    { ...custom, rules: [{ ruleName: 'LOWER_CLASS_RULE', minChars: 'one' }] },
    { ...custom, expirationDays: undefined },
    { ...custom, expirationDays: -1 },
    { ...custom, expirationDays: 1.5 },
  ]) {
    const answer = await putPolicy(body)
    assert.equal(answer.status, 400, JSON.stringify(body))
    assert.equal(errorOf(answer).code, 222207007)
  }
  const stored = await rows(app, raw`select id from password_policies`)
  assert.deepEqual(stored, [])
})

test('T60: policies and the reset of all are for administrators (12) alone', async () => {
  const nearly = await person({
    roles: [],
    permissions: [9, 11, 13, 14, 15, 16, 22, 25, 27],
    administers: [1, orgA],
  })
  for (const [method, path, body] of [
    ['GET', `${policies}/2`, undefined],
    ['PUT', `${policies}/2`, custom],
    ['POST', `${policies}/resetall`, undefined],
  ] as const)
    assert.equal((await manage(app, method, path, { person: nearly, body })).status, 403)
})

const configurations = '/api/admin/configurations'
const configure = (id: number, value: unknown, who: Person = admin) =>
  manage(app, 'PUT', `${configurations}/${id}`, { person: who, body: { value } })

test('the configurations are listed, read and changed as documented', async () => {
  const listed = await manage(app, 'GET', configurations, { person: admin })
  assert.equal(listed.status, 200)
  const list = listed.body['configurations'] as Record<string, unknown>[]
  assert.deepEqual(
    list.map(({ id, value }) => [id, value]),
    [
      [2, 'true'],
      [6, '2'],
    ],
  )
  for (const each of list) {
    assert.deepEqual(Object.keys(each), ['id', 'description', 'value'])
    assert.equal(typeof each['description'], 'string')
    const one = await manage(app, 'GET', `${configurations}/${Number(each['id'])}`, {
      person: admin,
    })
    assert.deepEqual(one.body, each)
  }
  const changed = await configure(6, '1')
  assert.equal(changed.status, 200)
  assert.deepEqual(changed.body, { ...list[1], value: '1' })
  const read = await manage(app, 'GET', `${configurations}/6`, { person: admin })
  assert.deepEqual(read.body, changed.body)
})

test('a bad value is refused naming the right ones, an unknown configuration is not there', async () => {
  for (const [id, value, right] of [
    [6, '3', /"-1" or "1" or "2"/],
    [6, null, /"-1" or "1" or "2"/],
    [2, 'yes', /"true" or "false"/],
    [2, true, /value/],
    [6, 1, /value/],
  ] as const) {
    const answer = await configure(id, value)
    assert.equal(answer.status, 400)
    assert.equal(errorOf(answer).code, 222207007)
    assert.match(errorOf(answer).value, right)
  }
  for (const id of [1, 3, 7, 99]) {
    const answer = await configure(id, 'true')
    assert.equal(answer.status, 404)
    assert.equal(errorOf(answer).code, 222208437)
    const read = await manage(app, 'GET', `${configurations}/${id}`, { person: admin })
    assert.deepEqual(read.body, answer.body)
  }
})

test('T60, T67: configurations need 22, and count for all tenants, so that none of them changes them', async () => {
  const system = await person({ roles: [], permissions: [22] })
  const child = await person({ tenantId: orgA, roles: [], permissions: [22], administers: [orgA] })
  const without = await person({ roles: [], permissions: [11, 15, 27], administers: [1] })
  assert.equal((await configure(2, 'true', system)).status, 200)
  assert.equal((await configure(2, 'false', child)).status, 403)
  assert.equal((await configure(2, 'false', without)).status, 403)
  assert.equal((await manage(app, 'GET', configurations, { person: without })).status, 403)
  const read = await manage(app, 'GET', `${configurations}/2`, { person: child })
  assert.equal(read.body['value'], 'true')
})

test('T55: the policy that is chosen counts for changes and resets, and a value that nobody knows does not switch it off', async () => {
  const user = await person()
  const path = `/api/admin/users/${user.id}/resetpassword`
  const outcome = async (newPassword: string) => {
    const reset = await manage(app, 'PUT', path, { person: admin, body: { newPassword } })
    const other = await person()
    const changed = await change(other, { currentPassword: other.password, newPassword })
    return [reset.status, changed.status]
  }
  const [accepted, refused] = [
    [204, 200],
    [400, 400],
  ]
  await configure(6, '1')
  assert.deepEqual(await outcome('Abcdef1!'), accepted)
  assert.deepEqual(await outcome(next), refused)
  await configure(6, '-1')
  assert.deepEqual(await outcome('x'), accepted)
  await configure(6, '2')
  assert.deepEqual(await outcome('Abcdef1!'), refused)
  assert.deepEqual(await outcome(next), accepted)
  await execute(app, raw`update configurations set value = ${'none'} where id = 6`)
  assert.deepEqual(await outcome('Abcdef1!'), refused)
})

test('without secure password change the current one is not asked for, and still refused as the new one', async () => {
  await configure(2, 'false')
  const user = await person()
  const same = await change(user, { newPassword: user.password })
  assert.equal(same.status, 400)
  assert.match(errorOf(same).value, /not the current password/)
  const wrong = await change(user, { currentPassword: 'whatever', newPassword: next })
  assert.equal(wrong.status, 200, 'what is not asked for is not looked at')
  assert.equal(await basicStatus({ ...user, password: next }), 200)
  await execute(app, raw`update configurations set value = ${'off'} where id = 2`)
  const asked = await change({ ...user, password: next }, { newPassword: user.password })
  assert.match(errorOf(asked).value, /current password is wrong/)
})

test('the reset of all makes everybody but the caller change the password, and ends nothing', async () => {
  const [one, other] = [await person(), await person({ tenantId: orgA })]
  const tokens = await mintTokens(app, await register(app))
  const answer = await manage(app, 'POST', `${policies}/resetall`, { person: admin })
  assert.equal(answer.status, 204)
  assert.equal(await basicStatus(admin), 200)
  for (const user of [one, other, people.owner, people.user])
    assert.equal(await basicStatus(user), 403, user.name)
  assert.equal(await readWith(app, tokens.access_token), 200)
  const changed = await change(one, { currentPassword: one.password, newPassword: next })
  assert.equal(changed.status, 200)
  assert.equal(await basicStatus({ ...one, password: next }), 200)
  await execute(app, raw`update users set password_status = 1`)
})

test('an administrator changes passwords in the audit log, and no password is in it', async () => {
  const user = await person()
  const path = `/api/admin/users/${user.id}/resetpassword`
  await manage(app, 'PUT', path, { person: admin, body: { newPassword: 'canary of a reset' } })
  const stale = { name: user.name, password: 'canary of a reset' }
  await change(stale, { currentPassword: stale.password, newPassword: 'canary of a change' })
  await putPolicy(custom)
  await configure(6, '2')
  const log = app.logs.join('')
  for (const event of [
    'user.password-reset',
    'user.password-changed',
    'user.password-info-changed',
    'password.reset-all',
    'password-policy.changed',
    'configuration.changed',
  ])
    assert.ok(log.includes(`"audit":"${event}"`), event)
  assert.ok(!log.includes('canary of'))
  assert.ok(!log.includes(basicOf(stale).authorization.slice(6)))
})
