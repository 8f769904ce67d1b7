import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SchemaError } from '#store/migrate.ts'
import { committed, countRows, type Engine, insert, startScript, type World } from './world.ts'

/** Opening, closing, and databases of other releases. */
export const declareOpening = (engine: Engine, world: () => World): void => {
  test('what was asked before the Store is closed is done, and what is asked after it is refused', async () => {
    const { store } = world()
    const asked = Array.from({ length: 100 }, (_, i) => store.write(() => insert(store, `s${i}`)))
    const read = store.read(() => countRows(store))
    await store.close()
    assert.deepEqual(
      await Promise.all(asked),
      asked.map(() => 1),
    )
    assert.ok((await read) >= 0)
    assert.equal(await committed(world()), 100)
    await assert.rejects(store.write(() => insert(store, 'late')))
    await assert.rejects(async () => store.read(() => countRows(store)))
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(await committed(world()), 100)
    await store.close()
  })

  test('opening again changes nothing', async () => {
    const shape = () => world().run(engine.tables)
    const facts = () => world().run('select * from kysely_migration order by name')
    const before = [await shape(), await facts()]
    await (await world().open()).close()
    await (await world().open('check')).close()
    assert.deepEqual([await shape(), await facts()], before)
  })

  test('five processes that open one new database at once all come up', async () => {
    const there = await engine.empty()
    const script = `${there.opening}
      const store = await open(); await store.close(); process.stdout.write('up')`
    const ended = await Promise.all(Array.from({ length: 5 }, () => startScript(script).ended))
    assert.deepEqual(ended, ['up', 'up', 'up', 'up', 'up'])
    assert.deepEqual(await there.run(engine.tables), await world().run(engine.tables))
    await there.end()
  })

  test('a database of a newer release is opened while that one allows it; else the start stops with a sentence', async () => {
    const time = new Date(0).toISOString()
    await world().run(`insert into kysely_migration values ('9999-from-the-future', '${time}')`)
    // Its changes are such that this release can go on.
    await (await world().open()).close()
    await (await world().open('check')).close()
    await world().run(`update schema_facts set value = '9999-from-the-future'`)
    for (const mode of ['auto', 'check'] as const)
      await assert.rejects(world().open(mode), /written by a newer release of Headgate/)
    assert.equal(await committed(world()), 0)
  })

  test('an empty database is refused and left as it is where nothing may be changed', async () => {
    const there = await engine.empty()
    await assert.rejects(there.open('check'), (error: Error) => {
      assert.ok(error instanceof SchemaError)
      assert.match(error.message, /lacks 0001-initial, .*HEADGATE_MIGRATE=check/)
      return true
    })
    assert.deepEqual(await there.run(engine.tables), [])
    await there.end()
  })
}
