import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { createSealedValues } from '#features/sealed/data-keys.ts'
import { otherSealedColumns, sealedColumns } from '#features/sealed/places.ts'
import { beginRotation, type Rotation } from '#features/sealed/rotation/record.ts'
import { type RotateDeps, rotate, RotationStopped } from '#features/sealed/rotation/rotate.ts'
import { readKeysOf } from '#features/sealed/stored-keys.ts'
import { all, type Answer, type Command, first, run } from '#store/command.ts'
import {
  type DataKey,
  generationOf,
  openAt,
  openDataKey,
  sealedPrefix,
  sealFor,
} from '#vault/envelope.ts'
import { createMasterKeys, generateKey } from '#vault/keys.ts'
import { onPostgres, people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import { getTokens, manage, refresh, register } from '#test/support/oauth.ts'
import { createOAuthApplication, oauthApps } from '#test/support/oauth-applications.ts'
import { createOAuthProfile, oauthProfiles, tokenRowOf } from '#test/support/oauth-profiles.ts'
import { findSealedTexts, openAll } from '#test/support/sealed.ts'
import { createPerson, createTenant } from '#test/support/tenants.ts'

// A server on whose store keys are rotated, step by step; the command itself is in test/journeys/keys-rotate.test.ts.

let app: TestApp
let stranger: Person
let tenantId: number
let applicationId: string
let clientId: number
let mine: number
let foreign: number
/** Those of the system tenant before the first rotation. */
let keysOfBefore: readonly DataKey[]

const write = <T>(command: () => Command<T>): Promise<T> => app.core.store.write(command)

/** What features of other parts seal, where nothing of this test would reach them: at the places that the registry names. */
const sealElsewhere = async (): Promise<void> => {
  const { store, ring, clock } = app.core
  const sealed = createSealedValues(store, ring, clock.now)
  const source = await store.read(() =>
    first(store.sql.selectFrom('data_sources').select(['id', 'owner_id', 'revision']).limit(1)),
  )
  assert.ok(source)
  const hash = randomBytes(32)
  await write(function* () {
    const place = { tenantId: 1, table: 'data_sources', column: 'secret_options' }
    const options = yield* sealed.seal(
      { ...place, rowId: String(source.id), generation: source.revision },
      '{"Password":"of-a-database"}',
    )
    yield* run(
      store.sql
        .updateTable('data_sources')
        .set({ secret_options: options })
        .where('id', '=', source.id),
    )
    const verifier = yield* sealed.seal(
      {
        tenantId: 1,
        table: 'oauth_connections',
        rowId: hash.toString('hex'),
        column: 'code_verifier',
        generation: 1,
      },
      'a-code-verifier',
    )
    yield* run(
      store.sql.insertInto('oauth_connections').values({
        link_hash: hash,
        user_id: source.owner_id,
        tenant_id: 1,
        application_id: Number(applicationId),
        name: 'n',
        description: '',
        code_verifier: verifier,
        status: 'begun',
        created_at: clock.now(),
        changed_at: clock.now(),
        expires_at: clock.now() + 600_000,
      }),
    )
  })
}

before(async () => {
  app = await startApp({ env: { HEADGATE_HDP: 'show-secrets' } })
  tenantId = await createTenant(app, 'Elsewhere')
  stranger = await createPerson(app, { name: 'stranger', tenantId, permissions: [1, 2, 11] })
  applicationId = await createOAuthApplication(app, people.admin, { clientSecret: 'upstreams' })
  const oauthAppId = Number(applicationId)
  mine = await createOAuthProfile(app, people.user, { oauthAppId, accessToken: 'mine-access' })
  foreign = await createOAuthProfile(app, stranger, { oauthAppId, accessToken: 'foreign-access' })
  const client = await register(app, { refreshTokenRotation: true })
  clientId = client.id
  const tokens = await getTokens(app, client, { person: people.user })
  await refresh(app, client, tokens.refresh_token)
  await sealElsewhere()
})
after(() => app.close())

const begin = async (): Promise<Rotation> => {
  const { store, ring, clock } = app.core
  const { rotation } = await write(() =>
    beginRotation(
      store,
      {
        wanted: ring.masters.newest().id,
        isHere: (id) => ring.masters.find(id) !== undefined,
      },
      clock.now(),
    ),
  )
  return rotation
}

const rotateNow = (rotation: Rotation, deps: Partial<RotateDeps> = {}) =>
  rotate(
    {
      ...app.core,
      now: app.core.clock.now,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      ...deps,
    },
    rotation,
  )

const keysOf = async (id: number) => {
  const { store, ring } = app.core
  const keys = await store.read(() => readKeysOf(store, [id]))
  return keys.map((key) => openDataKey(ring.masters, key.id, key.stored))
}

const generationsOf = async (id: number): Promise<readonly number[]> =>
  (await keysOf(id)).map(({ generation }) => generation).toSorted((a, b) => a - b)

/** Everything by the API, as those see it who put it there. */
const readByApi = async () => {
  const get = async (path: string, person: Person) =>
    (await manage(app, 'GET', path, { person })).body
  return {
    client: (await get(`/api/mgmt/oauth/client/applications/${clientId}`, people.owner))[
      'clientSecret'
    ],
    application: (await get(`${oauthApps}/${applicationId}`, people.admin))['clientSecret'],
    mine: (await get(`${oauthProfiles}/${mine}`, people.user))['accessToken'],
    foreign: (await get(`${oauthProfiles}/${foreign}`, stranger))['accessToken'],
  }
}

test('whatever is sealed in the database lies in a column that the registry names, or names as an exception', async () => {
  const found = await findSealedTexts(app.core.store)
  const names = (list: readonly { readonly table: string; readonly column: string }[]) =>
    new Set(list.map(({ table, column }) => `${table}.${column}`))
  const known = names([...sealedColumns, ...otherSealedColumns])
  assert.deepEqual(
    [...names(found)].filter((name) => !known.has(name)),
    [],
  )
  // Each of them was exercised, but for the keys of a rotation, which has not been yet.
  assert.deepEqual(
    [...known].filter((name) => !names(found).has(name)),
    ['rotated_data_keys.wrapped'],
  )
})

test('the places of the registry are those that the features seal at', async () => {
  const values = await openAll(app)
  assert.equal(values.length, 8)
  for (const { table, column, opened } of values)
    assert.notEqual(opened, undefined, `${table}.${column}`)
})

test('T74: after a rotation every value is under a new key, opens where it did, and under no key of before', async () => {
  const [before, seen] = [await openAll(app), await readByApi()]
  keysOfBefore = await keysOf(1)
  const old = [...keysOfBefore, ...(await keysOf(tenantId))]
  assert.deepEqual(
    Object.values(seen).filter((value) => typeof value !== 'string'),
    [],
  )
  const rotation = await begin()
  const outcome = await rotateNow(rotation)
  assert.deepEqual(outcome, { done: 8, total: 8, unopened: [], overtaken: false })
  const values = await openAll(app)
  assert.deepEqual(
    values.map(({ opened }) => opened),
    before.map(({ opened }) => opened),
  )
  for (const { text } of values) assert.equal(generationOf(text), rotation.id)
  // Whatever their beginnings say, it is the keys of before that they are not under.
  for (const { place, text } of values)
    for (const key of old) {
      const payload = text.slice(sealedPrefix(rotation.id).length)
      assert.equal(openAt(key, place, sealedPrefix(key.generation) + payload), undefined)
    }
  assert.deepEqual(await readByApi(), seen)
  assert.deepEqual(await generationsOf(1), [0, rotation.id])
  const [found, texts] = [await findSealedTexts(app.core.store), before.map(({ text }) => text)]
  assert.deepEqual(
    found.filter(({ text }) => texts.includes(text)),
    [],
  )
})

/**
 * A store whose commands are torn apart, each statement in a transaction of its own, and something happens before a change of
 * OAuth applications: other nodes may come in between.
 */
const tornStore = (between: () => Promise<void>): typeof app.core.store => {
  const { store } = app.core
  return {
    ...store,
    write: async (command) => {
      const steps = command()
      let step = steps.next()
      while (step.done !== true) {
        const query = step.value
        if (query.sql.startsWith('update "oauth_applications"')) await between()
        step = steps.next(
          await write(function* (): Command<Answer> {
            return yield query
          }),
        )
      }
      return step.value
    },
  }
}

test('what is written between reading a value and sealing it anew stays as it was written', async () => {
  const rotation = await begin()
  let written = 0
  const between = async (): Promise<void> => {
    written += 1
    const answer = await manage(app, 'PUT', `${oauthApps}/${applicationId}`, {
      person: people.admin,
      body: { ...(await bodyOf()), clientSecret: `written-${written}` },
    })
    assert.equal(answer.status, 200)
  }
  await rotateNow(rotation, { store: tornStore(between) })
  assert.equal(written, 1)
  assert.equal((await readByApi()).application, 'written-1')
  for (const { text, opened } of await openAll(app)) {
    assert.notEqual(opened, undefined)
    assert.equal(generationOf(text), rotation.id)
  }
})

/** The application as it is sent back. */
const bodyOf = async (): Promise<Record<string, unknown>> =>
  (await manage(app, 'GET', `${oauthApps}/${applicationId}`, { person: people.admin })).body

test('the previous data key stays for who has begun to seal with it, those before it are deleted', async () => {
  const [, first, second] = await generationsOf(1)
  const rotation = await begin()
  await rotateNow(rotation)
  assert.ok(first !== undefined && second !== undefined && second < rotation.id)
  assert.deepEqual(await generationsOf(1), [0, second, rotation.id])
  assert.deepEqual(await generationsOf(tenantId), [0, second, rotation.id])
})

test('T74: what is sealed with a data key of before, by somebody who has learned it, does not open', async () => {
  const row = await tokenRowOf(app, mine)
  assert.ok(row?.access_token)
  const place = { tenantId: 1, table: 'upstream_tokens', rowId: String(row.id) }
  const { store, ring, clock } = app.core
  const sealed = createSealedValues(store, ring, clock.now)
  const at = { ...place, column: 'access_token', generation: row.generation }
  for (const key of keysOfBefore) {
    const forged = sealFor(key, at, 'forged')
    assert.equal(openAt(key, at, forged), 'forged')
    assert.equal(await store.read(() => sealed.open(at, forged)), undefined)
  }
  assert.equal(await store.read(() => sealed.open(at, row.access_token ?? '')), 'mine-access')
})

test('a rotation that is stopped says how far it is, and goes on where it was', async () => {
  const rotation = await begin()
  const controller = new AbortController()
  const stopped = await rotateNow(rotation, {
    signal: controller.signal,
    onProgress: ({ done }) => void (done >= 3 && controller.abort()),
  }).catch((error: unknown) => error)
  assert.ok(stopped instanceof RotationStopped)
  const { done, total } = stopped.progress
  assert.ok(done >= 3 && done < total, `${done} of ${total}`)
  for (const { opened } of await openAll(app)) assert.notEqual(opened, undefined)
  assert.deepEqual(await begin(), rotation)
  assert.deepEqual(await rotateNow(rotation), { done: 8, total: 8, unopened: [], overtaken: false })
  assert.notEqual((await begin()).id, rotation.id)
})

test('runs at once share a rotation, and one that was overtaken changes nothing of the next', async () => {
  const rotation = await begin()
  await Promise.all([rotateNow(rotation), rotateNow(rotation), rotateNow(rotation)])
  const next = await begin()
  assert.notEqual(next.id, rotation.id)
  await rotateNow(next)
  const before = await findSealedTexts(app.core.store)
  assert.equal((await rotateNow(rotation)).overtaken, true)
  assert.deepEqual(await findSealedTexts(app.core.store), before)
})

test('a rotation to a master key that never came to be goes on to the one that is there', async () => {
  const { store, ring, clock } = app.core
  const isHere = (id: string): boolean => ring.masters.find(id) !== undefined
  const lost = await write(() => beginRotation(store, { wanted: 'lost', isHere }, clock.now()))
  const rotation = await begin()
  assert.equal(rotation.id, lost.rotation.id)
  assert.equal(rotation.masterKeyId, ring.masters.newest().id)
  const master = ring.masters.newest()
  const both = createMasterKeys(() => [
    { id: 'lost', base64: generateKey() },
    { id: master.id, base64: master.object.export().toString('base64') },
  ])
  const overtaken = await rotateNow(lost.rotation, { ring: { ...ring, masters: both } })
  assert.equal(overtaken.overtaken, true)
  assert.equal((await rotateNow(rotation)).overtaken, false)
  const keys = await store.read(() => readKeysOf(store, [1]))
  for (const { stored } of keys) assert.equal(stored.masterKeyId, master.id)
})

test('T74: what was altered or comes from elsewhere is told by table and row, left alone, and keeps the old keys', async () => {
  const { store } = app.core
  const rows = { mine: await tokenRowOf(app, mine), foreign: await tokenRowOf(app, foreign) }
  assert.ok(rows.mine?.access_token && rows.foreign?.access_token && rows.mine.refresh_token)
  const token = rows.mine.access_token
  const set = (access_token: string) =>
    write(() =>
      run(
        store.sql
          .updateTable('upstream_tokens')
          .set({ access_token })
          .where('profile_id', '=', mine),
      ),
    )
  const kept = await generationsOf(1)
  for (const bad of [
    rows.foreign.access_token,
    rows.mine.refresh_token,
    `${token.slice(0, -2)}AA`,
    token.replace(/^v2\.\d+/, 'v2.99999'),
    token.replace(/^v2\.\d+/, 'v1'),
    'v3.not-ours',
    'in the clear',
  ]) {
    await set(bad)
    const rotation = await begin()
    const { unopened } = await rotateNow(rotation)
    assert.deepEqual(unopened, [
      { table: 'upstream_tokens', column: 'access_token', rowId: String(rows.mine.id) },
    ])
    assert.equal((await tokenRowOf(app, mine))?.access_token, bad)
    assert.deepEqual((await generationsOf(1)).slice(0, kept.length), kept)
    assert.equal((await readByApi()).foreign, 'foreign-access')
  }
  await set(token)
  const rotation = await begin()
  assert.deepEqual((await rotateNow(rotation)).unopened, [])
  assert.equal((await generationsOf(1)).length, 3)
  assert.equal((await readByApi()).mine, 'mine-access')
})

test('a data key that was altered or exchanged is told, left alone, and opens nothing', async () => {
  const { store } = app.core
  const tenants = [1, tenantId] as const
  const newest = async (id: number) => {
    const keys = await store.read(() => readKeysOf(store, [id]))
    return keys.toSorted((a, b) => b.id.generation - a.id.generation)[0]
  }
  const [own, other] = [await newest(tenants[0]), await newest(tenants[1])]
  assert.ok(own && other)
  const set = (wrapped: string) =>
    write(() =>
      run(
        store.sql
          .updateTable('rotated_data_keys')
          .set({ wrapped })
          .where('tenant_id', '=', tenantId)
          .where('generation', '=', other.id.generation),
      ),
    )
  await set(own.stored.wrapped)
  const { unopened } = await rotateNow(await begin())
  assert.deepEqual(new Set(unopened.map(({ table }) => table)), new Set(['upstream_tokens']))
  assert.equal((await readByApi()).mine, 'mine-access')
  await set(other.stored.wrapped)
  assert.deepEqual((await rotateNow(await begin())).unopened, [])
  assert.equal((await readByApi()).foreign, 'foreign-access')
})

test('a new data key that does not open is told, its tenant keeps its values, and no older key is deleted', async () => {
  const { store } = app.core
  const [before, seen] = [await generationsOf(tenantId), await readByApi()]
  const ofForeign = await tokenRowOf(app, foreign)
  const rotation = await begin()
  let intact: string | undefined
  const alter = (wrapped: string) =>
    store.sql
      .updateTable('rotated_data_keys')
      .set({ wrapped })
      .where('tenant_id', '=', tenantId)
      .where('generation', '=', rotation.id)
  const outcome = await rotateNow(rotation, {
    store: {
      ...store,
      write: async (command, options) => {
        const value = await store.write(command, options)
        const keys = await store.read(() => readKeysOf(store, [tenantId]))
        const made = keys.find(({ id }) => id.generation === rotation.id)
        if (intact === undefined && made !== undefined) {
          intact = made.stored.wrapped
          const altered = `${intact.slice(0, -2)}${intact.endsWith('AA') ? 'BB' : 'AA'}`
          await write(() => run(alter(altered)))
        }
        return value
      },
    },
  })
  assert.deepEqual(outcome.unopened, [
    {
      table: 'rotated_data_keys',
      column: 'wrapped',
      rowId: `tenant ${tenantId}, generation ${rotation.id}`,
    },
  ])
  assert.ok(outcome.done < outcome.total)
  assert.deepEqual(await tokenRowOf(app, foreign), ofForeign)
  await write(() => run(alter(intact ?? '')))
  assert.deepEqual(await generationsOf(tenantId), [...before, rotation.id])
  assert.deepEqual(await readByApi(), seen)
  assert.deepEqual((await rotateNow(await begin())).unopened, [])
  assert.deepEqual(await readByApi(), seen)
})

test('a tenant that comes or goes while keys are rotated harms nothing', async () => {
  const rotation = await begin()
  const { store } = app.core
  const sealed = createSealedValues(store, app.core.ring, app.core.clock.now)
  let made: number | undefined
  const passing = await createTenant(app, 'Passing')
  await write(() =>
    sealed.seal({ tenantId: passing, table: 't', rowId: '1', column: 'c', generation: 1 }, 'x'),
  )
  const outcome = await rotateNow(rotation, {
    onProgress: () => undefined,
    store: {
      ...store,
      write: async (command, options) => {
        const value = await store.write(command, options)
        if (made === undefined) {
          made = await createTenant(app, 'Coming')
          const person = await createPerson(app, {
            name: 'newcomer',
            tenantId: made,
            permissions: [1, 2, 11],
          })
          await createOAuthProfile(app, person, { oauthAppId: Number(applicationId) })
          const gone = await manage(app, 'DELETE', `/api/admin/tenants/${passing}?cascade=true`, {
            person: people.admin,
          })
          assert.equal(gone.status, 204)
        }
        return value
      },
    },
  })
  assert.deepEqual(outcome.unopened, [])
  assert.ok(made !== undefined)
  assert.deepEqual(await generationsOf(made), [0, rotation.id])
  assert.deepEqual(await generationsOf(passing), [])
  for (const { text, opened } of await openAll(app)) {
    assert.notEqual(opened, undefined)
    assert.equal(generationOf(text), rotation.id)
  }
  const unfinished = await store.read(() =>
    all(store.sql.selectFrom('key_rotations').selectAll().where('finished_at', 'is', null)),
  )
  assert.deepEqual(unfinished, [])
  assert.equal(store.engine, onPostgres ? 'postgres' : 'sqlite')
})
