import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { endpoints } from '#features/endpoints.ts'
import type { Endpoint } from '#features/endpoint.ts'
import { readApplicationOfProfile } from '#features/oauth-profiles/usable.ts'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import {
  createOAuthApplication,
  oauthApps,
  sampleApplication,
} from '#test/support/oauth-applications.ts'
import {
  createOAuthProfile,
  linkSources,
  oauthProfiles,
  sampleProfile,
} from '#test/support/oauth-profiles.ts'
import { createPerson, createTenant, type KnownPerson } from '#test/support/tenants.ts'
import { send } from '../access/send.ts'
import { addDataSource, unique } from '../access/things.ts'

// T83: no way by which one tenant reads or uses the registration of another at a data store; the system tenant's are lent to
// all tenants, to be used and not to be read, for as long as an administrator says so (DESIGN invariant 20).

let app: TestApp
let tenantA: number
let tenantB: number
/** Everything but Administrator (12), with administrative access on the own tenant. */
let ofA: KnownPerson
let ofB: KnownPerson
/** Of the system tenant, administering A. */
let ofSystem: KnownPerson
let applications: { readonly system: number; readonly a: number }

const allBut12 = Array.from({ length: 29 }, (_, index) => index + 1).filter((id) => id !== 12)
const marks = (name: string) => ({
  clientId: `the-client-id-of-${name}`,
  clientSecret: `the-client-secret-of-${name}`,
})

before(async () => {
  app = await startApp({ sources: false, level: 'trace', env: { HEADGATE_HDP: 'show-secrets' } })
  tenantA = await createTenant(app, 'A')
  tenantB = await createTenant(app, 'B')
  const person = (name: string, tenantId: number, administers: number) =>
    createPerson(app, { name, tenantId, permissions: allBut12, administers: [administers] })
  ofA = await person('of-a', tenantA, tenantA)
  ofB = await person('of-b', tenantB, tenantB)
  ofSystem = await person('of-system', 1, tenantA)
  const create = async (name: string, tenantId: number) =>
    Number(
      await createOAuthApplication(app, people.admin, {
        name: `of-${name}`,
        description: `registration-of-${name}`,
        tenantId,
        ...marks(name),
      }),
    )
  applications = { system: await create('system', 1), a: await create('a', tenantA) }
})
after(() => app.close())

const body = (oauthAppId: number, more: object = {}) => ({
  ...sampleProfile,
  name: unique(),
  oauthAppId,
  ...more,
})

const textOf = ({ status, body: said }: { status: number; body: unknown }, id: number): string =>
  `${status} ${JSON.stringify(said).replaceAll(new RegExp(`\\b${id}\\b`, 'g'), '#')}`

const absent = 987_654_321

test('T83: an application of another tenant is none, to whoever would use it and wherever it is named', async () => {
  const own = await createOAuthProfile(app, ofB, body(applications.system))
  const ofRoot = await createOAuthProfile(app, people.admin, body(applications.system))
  for (const [person, profile] of [
    [ofB, own],
    [people.admin, ofRoot],
  ] as const)
    for (const [method, path] of [
      ['POST', oauthProfiles],
      ['PUT', `${oauthProfiles}/${profile}`],
    ] as const) {
      const foreign = await manage(app, method, path, { person, body: body(applications.a) })
      const unknown = await manage(app, method, path, { person, body: body(absent) })
      assert.match(textOf(foreign, applications.a), /^400 .*"222207711"/)
      assert.equal(textOf(foreign, applications.a), textOf(unknown, absent))
    }
  // Whom one acts for does not lend more than that user has.
  const path = `${oauthProfiles}?user=${ofA.name}`
  const through = await manage(app, 'POST', path, {
    person: people.admin,
    body: body(applications.a),
  })
  assert.equal(through.status, 201)
  const crossed = await manage(app, 'POST', `${oauthProfiles}?user=${ofB.name}`, {
    person: people.admin,
    body: body(applications.a),
  })
  assert.equal(crossed.status, 400)
})

test('T83: no endpoint shows the registration of another tenant, be it lent or not', async () => {
  const profile = await createOAuthProfile(app, ofB, body(applications.system))
  const reads = (endpoints as readonly Endpoint<never>[]).filter(({ method }) => method === 'GET')
  assert.ok(reads.length > 40)
  let answered = 0
  for (const endpoint of reads)
    for (const id of [applications.system, applications.a, profile])
      for (const query of [{}, ...(endpoint.onBehalf === true ? [{ user: ofA.name }] : [])]) {
        const { status, text } = await send(app, endpoint, { id, query }, ofB)
        if (status === 200) answered += 1
        for (const name of ['system', 'a'])
          for (const mark of [...Object.values(marks(name)), `registration-of-${name}`])
            assert.ok(!text.includes(mark), `${endpoint.name}: ${text}`)
      }
  assert.ok(answered > 10)
  assert.ok(!app.logs.join('').includes('the-client-secret-of'))
})

const lend = async (availableToTenants: boolean): Promise<void> => {
  const put = await manage(app, 'PUT', `${oauthApps}/${applications.system}`, {
    person: people.admin,
    body: { ...sampleApplication, name: 'of-system', ...marks('system'), availableToTenants },
  })
  assert.equal(put.status, 200, JSON.stringify(put.body))
}

test('T83: what is lent can be taken back: profiles stay, and are not used until it is lent again', async () => {
  const lent = await createOAuthProfile(app, ofB, body(applications.system))
  const home = await createOAuthProfile(app, ofSystem, body(applications.system))
  const usable = async (id: number): Promise<boolean> => {
    const { read } = app.core.store
    const found = await read(() => readApplicationOfProfile(app.core.store, id))
    return found?.id === applications.system
  }
  const shown = async () =>
    (await manage(app, 'GET', `${oauthProfiles}/${lent}`, { person: ofB })).body
  const listed = async () => {
    const { profiles } = (await manage(app, 'GET', oauthProfiles, { person: ofB })).body as {
      profiles: { id: string; authorizeURI: string; tokenURI: string; scope: string }[]
    }
    const found = profiles.find(({ id }) => id === String(lent))
    return [found?.authorizeURI, found?.tokenURI, found?.scope]
  }
  const { authorizeURI, tokenURI, scope } = sampleApplication
  assert.deepEqual([await usable(lent), await usable(home)], [true, true])
  assert.deepEqual(await listed(), [authorizeURI, tokenURI, scope])
  await lend(false)
  assert.deepEqual([await usable(lent), await usable(home)], [false, true])
  const { status, reason } = await shown()
  assert.deepEqual([status, reason], ['unavailable', 'application-not-available'])
  assert.deepEqual(await listed(), ['', '', ''])
  for (const [method, path] of [
    ['POST', oauthProfiles],
    ['PUT', `${oauthProfiles}/${lent}`],
  ] as const) {
    const refused = await manage(app, method, path, {
      person: ofB,
      body: body(applications.system),
    })
    assert.match(textOf(refused, applications.system), /^400 .*"222207711"/)
  }
  await lend(true)
  assert.deepEqual([await usable(lent), await usable(home)], [true, true])
  assert.equal((await shown())['status'], 'ready')
})

test('T60: dependents are named to who could read them; of others there is kind and number alone', async () => {
  const application = Number(
    await createOAuthApplication(app, people.admin, { name: unique(), tenantId: 1 }),
  )
  const add = async (owner: KnownPerson, name: string) => {
    const profile = await createOAuthProfile(
      app,
      owner,
      body(application, { name: `profile ${name}` }),
    )
    const source = await addDataSource(app, owner, { name: `source-${name}` })
    await linkSources(app, profile, [source])
    return [profile, source] as const
  }
  const [mine, mySource] = await add(ofSystem, 'mine')
  // Of a tenant that is administered; of one who holds more than the caller; of a tenant that is not administered.
  const plain = await createPerson(app, { name: 'plain', tenantId: tenantA, permissions: [1, 11] })
  const strong = await createPerson(app, { name: 'strong', tenantId: tenantA, permissions: [12] })
  const [reached, reachedSource] = await add(plain, 'reached')
  const [beyond, beyondSource] = await add(strong, 'beyond')
  const [foreign, foreignSource] = await add(ofB, 'foreign')
  const list = async (person: { name: string; password: string }) => {
    const path = `${oauthApps}/${application}/dependents`
    const answer = await manage(app, 'GET', path, { person })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body['dependents']
  }
  const profile = (id: number, more: object) => ({ kind: 'oauthProfile', id, ...more })
  const source = (id: number, more: object) => ({ kind: 'dataSource', id, ...more })
  assert.deepEqual(await list(ofSystem), [
    profile(mine, { name: 'profile mine', owner: ofSystem.name }),
    profile(reached, { name: 'profile reached', owner: 'plain' }),
    profile(beyond, { owner: 'strong' }),
    profile(foreign, {}),
    source(mySource, { name: 'source-mine', owner: ofSystem.name }),
    source(reachedSource, { name: 'source-reached', owner: 'plain' }),
    source(beyondSource, { owner: 'strong' }),
    source(foreignSource, {}),
  ])
  assert.deepEqual(await list(people.admin), [
    profile(mine, { name: 'profile mine', owner: ofSystem.name }),
    profile(reached, { name: 'profile reached', owner: 'plain' }),
    profile(beyond, { name: 'profile beyond', owner: 'strong' }),
    profile(foreign, { name: 'profile foreign', owner: ofB.name }),
    source(mySource, { name: 'source-mine', owner: ofSystem.name }),
    source(reachedSource, { name: 'source-reached', owner: 'plain' }),
    source(beyondSource, { name: 'source-beyond', owner: 'strong' }),
    source(foreignSource, { name: 'source-foreign', owner: ofB.name }),
  ])
  const without = await createPerson(app, { name: 'without', permissions: [11, 28] })
  assert.deepEqual(
    ((await list(without)) as { name?: string; owner?: string }[]).filter(
      ({ name, owner }) => name !== undefined || owner !== undefined,
    ),
    [],
  )
  const refused = await manage(app, 'GET', `${oauthApps}/${application}/dependents`, {
    person: ofB,
  })
  assert.match(textOf(refused, application), /^404 .*"222207711"/)
})
