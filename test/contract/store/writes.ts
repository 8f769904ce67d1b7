import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Unavailable } from '#lib/refusal.ts'
import { all, type Command, first, run } from '#store/command.ts'
import { advanceIdentity } from '#store/identity.ts'
import { locking } from '#store/locking.ts'
import type { Store } from '#store/store.ts'
import {
  committed,
  counterOf,
  countRows,
  insert,
  setCounter,
  subjectsOf,
  type World,
} from './world.ts'

const statuses = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.map(({ status }) => status)

/** What holds of one write. */
export const declareWrites = (world: () => World): void => {
  test('a command happens whole or not at all, and one that throws takes nobody with it', async () => {
    const { store } = world()
    const results = await Promise.allSettled([
      store.write(() => insert(store, 'a')),
      store.write(function* () {
        yield* insert(store, 'b')
        yield* insert(store, 'b')
      }),
      store.write(function* () {
        yield* insert(store, 'c')
        throw new Error('changed its mind')
      }),
      store.write(function* (): Command<void> {
        yield* insert(store, 'd')
        throw new Unavailable('Not now.')
      }),
      store.write(() => insert(store, 'e')),
    ])
    assert.deepEqual(statuses(results), [
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ])
    assert.match(String((results[2] as PromiseRejectedResult).reason), /changed its mind/)
    assert.match(String((results[3] as PromiseRejectedResult).reason), /Not now/)
    assert.deepEqual(await subjectsOf(world()), ['a', 'e'])
  })

  test('a command that throws before its first statement leaves a store that goes on', async () => {
    const { store } = world()
    for (let i = 0; i < 20; i += 1)
      await assert.rejects(
        // oxlint-disable-next-line require-yield
        store.write(function* (): Command<void> {
          throw new Error('at once')
        }),
        /at once/,
      )
    await store.write(() => insert(store, 'a'))
    assert.equal(await committed(world()), 1)
  })

  test('a statement that fails ends its command, whatever the command makes of it', async () => {
    const { store } = world()
    await store.write(() => insert(store, 'a'))
    await assert.rejects(
      store.write(function* (): Command<string> {
        yield* insert(store, 'b')
        try {
          yield* insert(store, 'a')
        } catch {
          yield* insert(store, 'c')
        }
        return 'went on'
      }),
      /unique/i,
    )
    assert.deepEqual(await subjectsOf(world()), ['a'])
  })

  test('nobody hears of a write, or of a refusal that it stored something for, before it is committed', async () => {
    const { store } = world()
    const heard = async (subject: string, refuses: boolean): Promise<unknown> => {
      const answer = await store.write(function* () {
        yield* insert(store, subject)
        return refuses ? 'no' : 'yes'
      })
      return [answer, (await subjectsOf(world())).includes(subject)]
    }
    assert.deepEqual(await Promise.all([heard('a', false), heard('b', true)]), [
      ['yes', true],
      ['no', true],
    ])
  })

  test('rows that others need stay, and rows cannot point to nothing', async () => {
    const { store } = world()
    await assert.rejects(
      store.write(() =>
        run(store.sql.insertInto('user_roles').values({ user_id: 99, role_id: 99 })),
      ),
      /foreign key/i,
    )
  })

  test('numbers come back as numbers, bytes as the same bytes, and null as null', async () => {
    const { store } = world()
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    const time = 1_763_000_000_123
    await store.write(function* () {
      yield* run(
        store.sql.insertInto('tenants').values({
          id: 9_007_199_254_740_991,
          name: 'Ünïcode ✓ 🌊',
          name_key: 'k',
          description: '',
          status: 1,
          created_at: time,
        }),
      )
      yield* run(
        store.sql.insertInto('login_failures').values({
          subject: 'x',
          failures: 3,
          window_ends_at: time,
          locked_at: null,
          locked_until: null,
          expires_at: time,
        }),
      )
    })
    const [tenant, failure, counted] = await store.read(() =>
      (function* () {
        return [
          yield* first(store.sql.selectFrom('tenants').selectAll()),
          yield* first(store.sql.selectFrom('login_failures').selectAll()),
          yield* countRows(store),
        ] as const
      })(),
    )
    assert.deepEqual(
      { ...tenant },
      {
        id: 9_007_199_254_740_991,
        name: 'Ünïcode ✓ 🌊',
        name_key: 'k',
        description: '',
        status: 1,
        created_at: time,
      },
    )
    assert.deepEqual([failure?.locked_at, failure?.expires_at, counted], [null, time, 1])
    const echoed = await store.write(function* () {
      yield* run(
        store.sql.insertInto('users').values({
          tenant_id: 9_007_199_254_740_991,
          user_name: 'u',
          user_name_key: 'u',
          status: 1,
          password_hash: null,
          password_version: 1,
          password_status: 1,
          password_expires_at: null,
          created_at: time,
        }),
      )
      const user = yield* first(store.sql.selectFrom('users').select('id'))
      yield* run(
        store.sql.insertInto('sessions').values({
          session_hash: bytes,
          user_id: user?.id ?? 0,
          created_at: 1,
          renewed_at: 1,
          ends_at: 1,
          expires_at: 1,
        }),
      )
      return yield* first(
        store.sql.selectFrom('sessions').select('session_hash').where('session_hash', '=', bytes),
      )
    })
    assert.deepEqual(Buffer.from(echoed?.session_hash ?? []), Buffer.from(bytes))
  })

  test('how many rows a statement changed is told, with and without answers of its own', async () => {
    const { store } = world()
    await store.write(function* () {
      for (const subject of ['a', 'b', 'c']) yield* insert(store, subject)
    })
    const some = ['a', 'b', 'nobody']
    const [updated, returned, deleted] = await store.write(function* () {
      const update = store.sql.updateTable('login_failures').where('subject', 'in', some)
      return [
        yield* run(update.set({ failures: 1 })),
        (yield* all(update.set({ failures: 2 }).returning('subject'))).length,
        yield* run(store.sql.deleteFrom('login_failures').where('subject', '=', 'nobody')),
      ] as const
    })
    assert.deepEqual([updated, returned, deleted], [2, 2, 0])
  })
}

/** What holds of writes beside each other, through two Stores. */
export const declareConcurrency = (world: () => World): void => {
  /** Runs a command a hundred times at once, half through each Store. */
  const hundred = async <T>(write: (store: Store) => Promise<T>): Promise<readonly T[]> => {
    const stores = [world().store, await world().open()]
    return Promise.all(Array.from({ length: 100 }, (_, i) => write(stores[i % 2] as Store)))
  }

  test('a hundred commands that read a number and write the next one count to a hundred', async () => {
    const { store } = world()
    await store.write(() => insert(store, 'n'))
    const seen = await hundred((at) =>
      at.write(function* () {
        const n = (yield* first(counterOf(at, 'n')))?.failures ?? -1
        yield* setCounter(at, 'n', n + 1)
        return n
      }),
    )
    assert.equal((await store.read(() => first(counterOf(store, 'n'))))?.failures, 100)
    assert.equal(new Set(seen).size, 100)
  })

  test('a hundred commands that insert while there are fewer than ten end with ten', async () => {
    let next = 0
    const done = await hundred((at) => {
      const subject = `s${(next += 1)}`
      return at.write(function* () {
        if ((yield* countRows(at)) >= 10) return 0
        return yield* insert(at, subject)
      })
    })
    assert.equal(await committed(world()), 10)
    assert.equal(
      done.reduce((sum, n) => sum + n, 0),
      10,
    )
  })

  test('a hundred commands with row locks decide by the row that they have locked', async () => {
    const { store } = world()
    await store.write(() => insert(store, 'n'))
    const seen = await hundred((at) =>
      at.write(
        function* () {
          const query = locking(at, counterOf(at, 'n'), ['login_failures'])
          const n = (yield* first(query))?.failures ?? -1
          yield* setCounter(at, 'n', n + 1)
          return n
        },
        { isolation: 'row-locks' },
      ),
    )
    assert.equal((await store.read(() => first(counterOf(store, 'n'))))?.failures, 100)
    assert.equal(new Set(seen).size, 100)
  })

  test('a hundred conditional updates at once: one of them wins', async () => {
    const { store } = world()
    await store.write(() => insert(store, 'code'))
    const changed = await hundred((at) =>
      at.write(
        () =>
          run(
            at.sql
              .updateTable('login_failures')
              .set({ failures: 1 })
              .where('subject', '=', 'code')
              .where('failures', '=', 0),
          ),
        { isolation: 'row-locks' },
      ),
    )
    assert.equal(changed.filter((n) => n === 1).length, 1)
    assert.equal(changed.filter((n) => n === 0).length, 99)
  })
}

/** Ids that the database makes. */
export const declareIdentities = (world: () => World): void => {
  const tenant = (store: Store, name: string, id?: number) =>
    store.sql
      .insertInto('tenants')
      .values({
        ...(id === undefined ? {} : { id }),
        name,
        name_key: name,
        description: '',
        status: 1,
        created_at: 1,
      })
      .returning('id')

  test('ids go on after those that were given explicitly', async () => {
    const { store } = world()
    await store.write(function* () {
      yield* first(tenant(store, 'given', 41))
      yield* advanceIdentity(store, 'tenants')
    })
    const made = await store.write(() => first(tenant(store, 'made')))
    assert.equal(made?.id, 42)
  })

  test('an id is not given out again when its row is gone', async () => {
    const { store } = world()
    const before = await store.write(() => first(tenant(store, 'a')))
    await store.write(() => run(store.sql.deleteFrom('tenants')))
    await store.write(() => advanceIdentity(store, 'tenants', before?.id))
    const after = await store.write(() => first(tenant(store, 'b')))
    assert.ok((after?.id ?? 0) > (before?.id ?? 0), `${after?.id} after ${before?.id}`)
  })
}
