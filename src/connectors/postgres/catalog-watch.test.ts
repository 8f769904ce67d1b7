import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createCatalogWatch } from './catalog-watch.ts'

/** A database whose catalog is one number, and what was asked of it. */
const createWorld = () => {
  const asked: string[] = []
  let [time, state, down] = [0, 1, false]
  const say = <T>(what: string, value: T): Promise<T> => {
    asked.push(what)
    return down ? Promise.reject(new Error('down')) : Promise.resolve(value)
  }
  const watch = createCatalogWatch(
    {
      describe: () =>
        say('describe', {
          fingerprint: String(state),
          catalog: {
            tables: [
              {
                name: `t${state}`,
                columns: [],
                primaryKey: [],
                foreignKeys: [],
                indexes: [],
                hasRowId: false,
                isPlain: true,
              },
            ],
          },
        }),
      fingerprint: () => say('fingerprint', String(state)),
    },
    () => time,
  )
  return {
    watch,
    asked,
    table: async () => (await watch.catalog()).tables[0]?.name,
    pass: (milliseconds: number) => void (time += milliseconds),
    change: () => void state++,
    setDown: (is: boolean) => void (down = is),
  }
}

test('a catalog is described once, for all who ask at the same time', async () => {
  const { watch, asked } = createWorld()
  await Promise.all([watch.catalog(), watch.catalog()])
  await watch.catalog()
  assert.deepEqual(asked, ['describe'])
})

test('asking for the version asks the database once a minute at most, and nothing is described that has not changed', async () => {
  const { watch, asked, pass } = createWorld()
  await watch.catalog()
  const version = watch.version()
  for (let i = 0; i < 100; i++) watch.version()
  pass(60_000)
  for (let i = 0; i < 100; i++) watch.version()
  await turn()
  assert.equal(watch.version(), version)
  assert.deepEqual(asked, ['describe', 'fingerprint'])
})

test('the version changes when the new catalog is there, and not before', async () => {
  const { watch, table, pass, change } = createWorld()
  assert.equal(await table(), 't1')
  const version = watch.version()
  change()
  pass(60_000)
  assert.equal(watch.version(), version)
  assert.equal(await table(), 't1')
  await turn()
  assert.notEqual(watch.version(), version)
  assert.equal(await table(), 't2')
})

test('a doubt is looked into at once, but not more often than every second', async () => {
  const { watch, asked, pass } = createWorld()
  await watch.catalog()
  pass(1000)
  for (let i = 0; i < 100; i++) watch.doubt()
  await turn()
  watch.doubt()
  assert.deepEqual(asked, ['describe', 'fingerprint'])
})

test('a database that is down is asked again, and its last catalog served until then', async () => {
  const { watch, table, pass, change, setDown } = createWorld()
  assert.equal(await table(), 't1')
  setDown(true)
  change()
  pass(60_000)
  const version = watch.version()
  await turn()
  assert.equal(watch.version(), version)
  assert.equal(await table(), 't1')
  setDown(false)
  pass(60_000)
  watch.version()
  await turn()
  assert.equal(await table(), 't2')
})

test('what could not be described the first time is described by the next who asks', async () => {
  const { watch, table, setDown } = createWorld()
  setDown(true)
  await assert.rejects(watch.catalog())
  setDown(false)
  assert.equal(await table(), 't1')
})
