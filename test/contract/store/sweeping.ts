import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Command, first, run } from '#store/command.ts'
import { expiringTables } from '#store/schema.ts'
import type { Store } from '#store/store.ts'
import { sweepExpired } from '#store/sweep.ts'
import { createLastUsed } from '#features/authorizations/last-used.ts'
import { committed, type Engine, insert, type World } from './world.ts'

/** An entry of a flight recorder, and a connection under way, with what they hang on. */
function* fillUpstream(
  sql: Store['sql'],
  { user, key, name, at }: { user: number; key: Buffer; name: string; at: number },
): Command<void> {
  const application = yield* first(
    sql
      .insertInto('oauth_applications')
      .values({
        tenant_id: 1,
        data_store: 1,
        name,
        name_key: name,
        description: '',
        client_id: name,
        client_secret: null,
        authorize_uri: '',
        token_uri: '',
        scope: '',
        available_to_tenants: 1,
        revision: 1,
        created_at: 0,
      })
      .returning('id'),
  )
  yield* run(
    sql.insertInto('oauth_connections').values({
      link_hash: key,
      user_id: user,
      tenant_id: 1,
      application_id: application?.id ?? 0,
      name,
      description: '',
      status: 'open',
      created_at: 0,
      changed_at: 0,
      expires_at: at,
    }),
  )
  const token = yield* first(
    sql
      .insertInto('upstream_tokens')
      .values({ tenant_id: 1, generation: 1, state: 'ready', state_at: 0, failures: 0 })
      .returning('id'),
  )
  yield* run(
    sql.insertInto('upstream_events').values({
      token_id: token?.id ?? 0,
      at: 0,
      cause: 'written',
      outcome: 'stored',
      expires_at: at,
    }),
  )
}

/** One row in every expiring table that ends at the given time, with what it hangs on; the id of its consent. */
const fill = ({ sql, write }: Store, name: string, at: number): Promise<number> =>
  write(function* (): Command<number> {
    const key = Buffer.from(name.padEnd(32))
    const id = (row: { id: number } | undefined): number => row?.id ?? 0
    yield* run(
      sql
        .insertInto('tenants')
        .values({ id: 1, name: 't', name_key: 't', description: '', status: 1, created_at: 0 })
        .onConflict((conflict) => conflict.doNothing()),
    )
    const user = id(
      yield* first(
        sql
          .insertInto('users')
          .values({
            tenant_id: 1,
            user_name: name,
            user_name_key: name,
            status: 1,
            password_version: 1,
            password_status: 1,
            created_at: 0,
            password_hash: null,
            password_expires_at: null,
          })
          .returning('id'),
      ),
    )
    const application = id(
      yield* first(
        sql
          .insertInto('client_applications')
          .values({
            owner_id: user,
            tenant_id: 1,
            client_id: name,
            client_type: 'public',
            name,
            description: '',
            redirect_uris: '[]',
            grant_types: '[]',
            data_sources: '[]',
            rotate_refresh_tokens: 0,
            enabled: 1,
            available_to_tenants: 0,
            revision: 1,
            created_at: 0,
            last_used_at: null,
          })
          .returning('id'),
      ),
    )
    const times = { created_at: 0, expires_at: at }
    yield* run(
      sql
        .insertInto('client_secrets')
        .values({ application_id: application, secret_hash: key, sealed: null, ...times }),
    )
    yield* run(
      sql.insertInto('authorization_requests').values({
        request_hash: key,
        browser_hash: key,
        application_id: application,
        request: '{}',
        expires_at: at,
      }),
    )
    yield* run(
      sql
        .insertInto('sessions')
        .values({ session_hash: key, user_id: user, renewed_at: 0, ends_at: at, ...times }),
    )
    yield* insert({ sql } as Store, name, at)
    const consent = id(
      yield* first(
        sql
          .insertInto('consents')
          .values({
            user_id: user,
            application_id: application,
            scope: '',
            selection: '{}',
            redirect_host: '',
            application_revision: 1,
            created_at: 0,
            last_used_at: null,
          })
          .returning('id'),
      ),
    )
    const chain = id(
      yield* first(
        sql
          .insertInto('chains')
          .values({
            consent_id: consent,
            grant_type: 'authorization_code',
            scope: '',
            selection: '{}',
            redirect_uri: null,
            generation: 0,
            ...times,
          })
          .returning('id'),
      ),
    )
    const token = { token_hash: key, chain_id: chain, ...times }
    yield* run(
      sql.insertInto('codes').values({
        code_hash: key,
        chain_id: chain,
        redirect_uri: '',
        code_challenge: null,
        redeemed_at: null,
        valid_until: at,
      }),
    )
    yield* run(sql.insertInto('access_tokens').values(token))
    yield* run(
      sql
        .insertInto('refresh_tokens')
        .values({ ...token, generation: 0, rotated_at: null, replay: null }),
    )
    yield* fillUpstream(sql, { user, key, name, at })
    return consent
  })

/** What becomes of rows that expire, and of times of use. */
export const declareSweeping = (engine: Engine, world: () => World): void => {
  const count = async (table: string): Promise<number> => {
    const [row] = await world().run(`select count(*) as n from ${table}`)
    return Number(row?.['n'])
  }

  test('the sweeper drains every table that expires, and leaves what has not expired', async () => {
    const { store } = world()
    for (let i = 0; i < 5; i += 1) await fill(store, `dead ${i}`, 1000)
    await fill(store, 'alive', 1001)
    assert.equal(await sweepExpired(store, 1000), 5 * expiringTables.length)
    for (const table of [...expiringTables, 'codes']) assert.equal(await count(table), 1, table)
    await sweepExpired(store, 1001)
    for (const table of [...expiringTables, 'codes']) assert.equal(await count(table), 0, table)
    assert.equal(await sweepExpired(store, 1001), 0)
  })

  test('every table with a column expires_at is swept', async () => {
    const rows = await world().run(engine.tablesWith('expires_at'))
    assert.deepEqual(rows.map((row) => String(row['name'])).sort(), [...expiringTables].sort())
  })

  test('a sweep of more rows than one batch ends with none, also beside another', async () => {
    const { store } = world()
    await store.write(function* () {
      for (let i = 0; i < 1201; i += 1) yield* insert(store, `s${i}`, 5)
    })
    const other = await world().open()
    const swept = await Promise.all([sweepExpired(store, 5), sweepExpired(other, 5)])
    assert.equal(swept[0] + swept[1], 1201)
    assert.equal(await committed(world()), 0)
  })

  test('what is recalled is kept by a sweep', async () => {
    const { store } = world()
    let asked = 0
    const ask = () =>
      // oxlint-disable-next-line require-yield
      store.recall('k', function* (): Command<number> {
        return (asked += 1)
      })
    await ask()
    await sweepExpired(store, 1)
    assert.equal(await ask(), 1)
  })

  test('times of use are noted without a write, written together, and never set back', async () => {
    const { store } = world()
    const consent = await fill(store, 'used', 1000)
    const [row] = await world().run('select id from client_applications')
    const application = Number(row?.['id'])
    const times = async () => [
      (await world().run('select last_used_at from consents'))[0]?.['last_used_at'],
      (await world().run('select last_used_at from client_applications'))[0]?.['last_used_at'],
    ]
    const lastUsed = createLastUsed(store, { now: () => 77 })
    for (let i = 0; i < 1000; i += 1) lastUsed.note(consent, application)
    assert.deepEqual(await times(), [null, null])
    await lastUsed.flush()
    assert.deepEqual((await times()).map(Number), [77, 77])
    const slower = createLastUsed(await world().open(), { now: () => 50 })
    slower.note(consent, application)
    await slower.flush()
    assert.deepEqual((await times()).map(Number), [77, 77])
  })
}
