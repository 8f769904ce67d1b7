import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectorError } from '#connectors/errors.ts'
import { parseODataOptions } from '#connectors/odata-options.ts'
import type { Catalog, Table } from '#query/catalog.ts'
import { createModelKeeper } from './keeper.ts'

const table = (name: string): Table => ({
  name,
  columns: [
    {
      name: 'id',
      declaredType: 'INTEGER',
      type: 'Edm.Int32',
      length: undefined,
      scale: undefined,
      nullable: false,
    },
  ],
  primaryKey: ['id'],
  foreignKeys: [],
  indexes: [],
  hasRowId: true,
  isPlain: true,
})

type Reading = {
  readonly onShare: (share: number) => void
  readonly answer: (names: readonly string[]) => void
  readonly fail: (error: Error) => void
}

/** A source whose every reading of the catalog is answered by the test. */
const createScene = () => {
  const readings: Reading[] = []
  const lines: string[] = []
  const state = { version: 'v1', away: false, now: 1_000_000 }
  const keeper = createModelKeeper({
    namespace: 'shop',
    settings: parseODataOptions({}),
    now: () => state.now,
    note: (line) => lines.push(line),
    source: {
      version: () => {
        if (state.away) throw new ConnectorError('unavailable', 'The store is away.')
        return state.version
      },
      describe: (onShare = () => undefined) =>
        new Promise<Catalog>((resolve, reject) => {
          const answer = (names: readonly string[]): void => resolve({ tables: names.map(table) })
          readings.push({ onShare, answer, fail: reject })
        }),
    },
  })
  /** Names of the sets that a request is answered with. */
  const sets = async (demand?: number): Promise<readonly string[]> => [
    ...(await keeper.current(demand)).sets.keys(),
  ]
  /** The reading of this number, once it has begun. */
  const reading = async (index: number): Promise<Reading> => {
    for (let turn = 0; turn < 100; turn++) {
      const found = readings[index]
      if (found !== undefined) return found
      await new Promise((resolve) => setImmediate(resolve))
    }
    throw new Error(`there is no reading ${index}`)
  }
  /** Builds the first model. */
  const build = async (...names: readonly string[]): Promise<void> => {
    const first = sets()
    ;(await reading(readings.length)).answer(names)
    await first
  }
  /** When nothing is being built any more. */
  const settled = async (): Promise<void> => {
    while (keeper.status(0).kind === 'working')
      await new Promise((resolve) => setImmediate(resolve))
  }
  return { keeper, sets, reading, readings, build, settled, state, lines }
}

test('a missing model is built by the first requests, once for all of them', async () => {
  const { keeper, sets, reading, readings, state } = createScene()
  assert.deepEqual(keeper.status(0), { kind: 'none' })
  const asked = [sets(), sets(), sets()]
  const first = await reading(0)
  first.onShare(0.5)
  assert.deepEqual(keeper.status(0), { kind: 'working', percentDone: 40 })
  first.answer(['Apple'])
  assert.deepEqual(await Promise.all(asked), [['Apples'], ['Apples'], ['Apples']])
  assert.equal(readings.length, 1)
  assert.deepEqual(keeper.status(0), { kind: 'complete', createdAt: state.now, warnings: [] })
})

test('a model that is asked for anew is built aside, and the old one is used until it is there', async () => {
  const { keeper, sets, reading, build, settled } = createScene()
  await build('Apple')
  keeper.ask(1)
  const second = await reading(1)
  assert.deepEqual(await sets(1), ['Apples'])
  assert.equal(keeper.status(1).kind, 'working')
  second.answer(['Apple', 'Beet'])
  await settled()
  assert.deepEqual(await sets(1), ['Apples', 'Beets'])
  assert.equal(keeper.status(1).kind, 'complete')
})

test('a demand that another node has written is met by the next request, without waiting for it', async () => {
  const { sets, reading, readings, build, settled } = createScene()
  await build('Apple')
  assert.deepEqual([await sets(3), await sets(3)], [['Apples'], ['Apples']])
  ;(await reading(1)).answer(['Beet'])
  await settled()
  assert.deepEqual(await sets(3), ['Beets'])
  assert.equal(readings.length, 2)
})

test('a build that is begun anew gives up the one before, whatever that would still have found', async () => {
  const { keeper, sets, reading, settled } = createScene()
  const waiting = sets(1)
  const first = await reading(0)
  keeper.ask(2)
  const second = await reading(1)
  assert.throws(() => first.onShare(0.1), /given up/)
  second.answer(['New'])
  await settled()
  first.answer(['Old'])
  // Who has waited for the first is answered all the same.
  assert.equal((await waiting).length, 1)
  assert.deepEqual(await sets(2), ['News'])
})

test('who waits for a build that was given up and fails gets what came in its place', async () => {
  const { keeper, sets, reading } = createScene()
  const waiting = sets(1)
  const first = await reading(0)
  keeper.ask(2)
  first.fail(new Error('given up'))
  ;(await reading(1)).answer(['New'])
  assert.deepEqual(await waiting, ['News'])
  assert.equal(keeper.status(2).kind, 'complete')
})

test('a store that has changed is waited for', async () => {
  const { sets, reading, build, state } = createScene()
  await build('Apple')
  state.version = 'v2'
  const asked = sets()
  ;(await reading(1)).answer(['Beet'])
  assert.deepEqual(await asked, ['Beets'])
})

test('a changed store that takes too long to read is served from the old model meanwhile', async () => {
  const { sets, reading, build, state, settled } = createScene()
  await build('Apple')
  state.version = 'v2'
  assert.deepEqual(await sets(), ['Apples'])
  ;(await reading(1)).answer(['Beet'])
  await settled()
  assert.deepEqual(await sets(), ['Beets'])
})

test('a store that is away keeps the last good model, and without one says why there is none', async () => {
  const { keeper, sets, build, state } = createScene()
  state.away = true
  await assert.rejects(async () => sets(), /The store is away/)
  keeper.ask(1)
  assert.deepEqual(keeper.status(1), { kind: 'failed', reason: 'The store is away.' })
  state.away = false
  await build('Apple')
  state.away = true
  assert.deepEqual(await sets(), ['Apples'])
})

test('a build that fails leaves the old model, tells why, and is tried again after a while', async () => {
  const { keeper, sets, reading, readings, build, state, settled, lines } = createScene()
  await build('Apple')
  keeper.ask(1)
  ;(await reading(1)).fail(new ConnectorError('timed-out', 'It took too long.'))
  await settled()
  assert.deepEqual(keeper.status(1), { kind: 'failed', reason: 'It took too long.' })
  assert.match(
    lines.join('\n'),
    /^model built in \d+ ms: 1 sets.*\nmodel not built: It took too long\.$/,
  )
  assert.deepEqual(await sets(1), ['Apples'])
  assert.equal(readings.length, 2)
  state.now += 5000
  assert.deepEqual(await sets(1), ['Apples'])
  ;(await reading(2)).answer(['Beet'])
  await settled()
  assert.deepEqual(await sets(1), ['Beets'])
  assert.equal(keeper.status(1).kind, 'complete')
})

test('of a bug in a connector no word is told', async () => {
  const { keeper, sets, reading } = createScene()
  const asked = sets()
  ;(await reading(0)).fail(new Error('password=hunter2'))
  await assert.rejects(asked)
  assert.deepEqual(keeper.status(0), {
    kind: 'failed',
    reason: 'The server failed; its log has more.',
  })
})
