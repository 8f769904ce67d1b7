// Alone in its process: it measures the memory of the process, and takes long.
import assert from 'node:assert/strict'
import { createAddressPolicy } from '#egress/address-policy.ts'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { Source } from '#connectors/connector.ts'
import { createSqliteConnector } from '#connectors/sqlite/index.ts'
import { createReaderPool, type PoolLimits } from '#connectors/sqlite/reader-pool.ts'
import type { Column, ReadPlan, ReadShape, Row } from '#query/plan.ts'
import { connectorContract } from './connectors/contract.ts'
import { zoneContract } from './connectors/zones.ts'
import { until } from '#test/support/until.ts'
import { sqliteEngine } from './connectors/sqlite.ts'

const addresses = createAddressPolicy([])

const directory = mkdtempSync(join(tmpdir(), 'headgate-contract-'))
const file = join(directory, 'rows.db')
const rowCount = 300_000

const build = (path: string): void => {
  const db = new DatabaseSync(path)
  db.exec(`
    CREATE TABLE Big (id INTEGER PRIMARY KEY, filler TEXT, n BIGINT);
    WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < ${rowCount})
    INSERT INTO Big SELECT x, printf('%0300d', x), 9007199254740993 FROM c;
    CREATE VIEW Runaway AS
      WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS id FROM c WHERE x < 0;
  `)
  db.close()
}
build(file)
after(() => rmSync(directory, { recursive: true }))

const column = (name: string, type: Column['type']): Column => ({
  kind: 'column',
  row: 0,
  name,
  type,
  nullable: false,
})
const id = column('id', 'Edm.Int32')
const shape = (table: string, more: Partial<ReadShape> = {}): ReadShape => ({
  from: { kind: 'table', row: 0, table },
  joins: [],
  groupBy: undefined,
  outputs: [id],
  filter: undefined,
  order: [{ expression: id, descending: false }],
  after: undefined,
  limit: undefined,
  offset: undefined,
  ...more,
})
const plan = (
  table: string,
  more: Partial<ReadShape> = {},
  values: ReadPlan['values'] = [],
): ReadPlan => ({
  shape: shape(table, more),
  values,
})
const runaway: ReadPlan = { shape: { ...shape('Runaway'), order: [] }, values: [] }
const never = new AbortController().signal

const withSource = async (
  limits: Partial<PoolLimits>,
  use: (source: Source, pool: ReturnType<typeof createReaderPool>) => Promise<void>,
): Promise<void> => {
  const pool = createReaderPool(limits)
  const source = await createSqliteConnector(pool).open(
    { Database: 'rows.db' },
    { filesDirectory: directory, addresses },
  )
  try {
    await use(source, pool)
  } finally {
    await source.close()
    await pool.close()
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The process that reads, once it is there. */
const readerIn = async (pool: ReturnType<typeof createReaderPool>): Promise<number> => {
  await until('a process reads', () => pool.pids().length === 1)
  return pool.pids()[0] ?? 0
}
const isGone = (pid: number): Promise<void> => until('the process has ended', () => !isAlive(pid))

const drain = async (rows: AsyncIterable<readonly Row[]>): Promise<number> => {
  let total = 0
  for await (const batch of rows) total += batch.length
  return total
}

describe('the SQLite connector', () => {
  test('reads by key and a page of a keyset without any process', () =>
    withSource({}, async (source, pool) => {
      const byKey = {
        filter: {
          kind: 'compare',
          operator: 'eq',
          left: id,
          right: { kind: 'slot', index: 0, type: 'Edm.Int32' },
        },
        outputs: [id, column('n', 'Edm.Int64')],
        order: [],
      } as const
      for await (const rows of source.read(plan('Big', byKey, [7n]), never))
        assert.deepEqual(rows, [[7n, 9007199254740993n]])
      const limit = { kind: 'slot', index: 0, type: 'Edm.Int64' } as const
      assert.equal(await drain(source.read(plan('Big', { limit }, [50n]), never)), 50)
      assert.deepEqual(pool.pids(), [])
    }))
  test('streams all rows, exactly, with flat memory', () =>
    withSource({}, async (source) => {
      global.gc?.()
      const before = process.memoryUsage().rss
      let most = 0
      let rows = 0
      const outputs = [id, column('filler', 'Edm.String'), column('n', 'Edm.Int64')]
      for await (const batch of source.read(plan('Big', { outputs }), never)) {
        rows += batch.length
        most = Math.max(most, process.memoryUsage().rss)
        assert.equal(batch[0]?.[2], 9007199254740993n)
      }
      assert.equal(rows, rowCount)
      // The rows are 90 MB of text; what is held may not grow with them.
      assert.ok(most - before < 80_000_000, `grew by ${most - before}`)
    }))
  test('reads no further than it is asked to', () =>
    withSource({}, async (source) => {
      const rows = source.read(plan('Big'), never)[Symbol.asyncIterator]()
      const first = await rows.next()
      assert.ok(first.done !== true && first.value.length <= 500)
      await wait(100)
      const second = await rows.next()
      assert.ok(second.done !== true && second.value[0]?.[0] === first.value.length + 1)
      await rows.return?.()
    }))
  test('keeps its process when an iteration ends early', () =>
    withSource({ processes: 1 }, async (source, pool) => {
      for await (const _ of source.read(plan('Big'), never)) break
      const [pid] = pool.pids()
      assert.equal(await source.count(plan('Big'), never), BigInt(rowCount))
      assert.deepEqual(pool.pids(), [pid])
    }))
  test('kills a runaway statement after its time and goes on', () =>
    withSource({ processes: 1, statementTimeout: 2000 }, async (source, pool) => {
      const reading = drain(source.read(runaway, never))
      const pid = await readerIn(pool)
      await assert.rejects(reading, { kind: 'timed-out' })
      await isGone(pid)
      assert.equal(await source.count(plan('Big'), never), BigInt(rowCount))
    }))
  test('does not delay the server while a statement runs away', () =>
    withSource({ statementTimeout: 300 }, async (source) => {
      const reading = drain(source.read(runaway, never)).catch(() => undefined)
      let most = 0
      for (let i = 0; i < 20; i++) {
        const started = performance.now()
        await wait(5)
        most = Math.max(most, performance.now() - started)
      }
      await reading
      assert.ok(most < 150, `the event loop stood still for ${most} ms`)
    }))
  test('kills the statement when the request is aborted, and gives its place to the next', () =>
    withSource({ processes: 1 }, async (source, pool) => {
      const gone = new AbortController()
      const reading = drain(source.read(runaway, gone.signal))
      const pid = await readerIn(pool)
      gone.abort()
      await assert.rejects(reading, { name: 'AbortError' })
      assert.equal(await source.count(plan('Big'), never), BigInt(rowCount))
      await isGone(pid)
    }))
  test('gives the place back when an aborted stream is never touched again', () =>
    withSource({ processes: 1 }, async (source) => {
      const gone = new AbortController()
      const rows = source.read(plan('Big'), gone.signal)[Symbol.asyncIterator]()
      await rows.next()
      gone.abort()
      assert.equal(await source.count(plan('Big'), never), BigInt(rowCount))
    }))
  test('tells one request alone when a process crashes', () =>
    withSource({ processes: 1 }, async (source, pool) => {
      const reading = drain(source.read(runaway, never))
      process.kill(await readerIn(pool), 'SIGKILL')
      await assert.rejects(reading, { kind: 'unavailable' })
      assert.equal(await source.count(plan('Big'), never), BigInt(rowCount))
    }))
  test('says busy when too many reads wait', () =>
    withSource({ processes: 1, waiting: 1, statementTimeout: 300 }, async (source) => {
      const first = drain(source.read(runaway, never))
      const second = drain(source.read(runaway, never))
      await assert.rejects(drain(source.read(runaway, never)), { kind: 'busy' })
      await assert.rejects(first, { kind: 'timed-out' })
      await assert.rejects(second, { kind: 'timed-out' })
    }))
  test('lets an idle process end', () =>
    withSource({ idleTimeout: 50 }, async (source, pool) => {
      await source.count(plan('Big'), never)
      assert.equal(pool.pids().length, 1)
      await until('no process is there', () => pool.pids().length === 0)
    }))
  test('leaves no process behind when the server is killed in the middle of a statement', async () => {
    const program = join(directory, 'server.mjs')
    const base = new URL('../../', import.meta.url).href
    writeFileSync(
      program,
      `import { createReaderPool } from '${base}src/connectors/sqlite/reader-pool.ts'
       const pool = createReaderPool()
       pool.read({ kind: 'read', file: ${JSON.stringify(file)}, identity: 'x', text: 'SELECT * FROM Runaway',
         values: [], exact: false }, new AbortController().signal).next()
       setTimeout(() => console.log(pool.pids()[0]), 300)`,
    )
    const server = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'ignore'] })
    const pid = await new Promise<number>((resolve) =>
      server.stdout.once('data', (data) => resolve(Number(data))),
    )
    assert.ok(isAlive(pid))
    server.kill('SIGKILL')
    await isGone(pid)
  })
  test('changes its version when a table is added or the file replaced', () =>
    withSource({}, async (source) => {
      const versions = [source.version()]
      const db = new DatabaseSync(file)
      db.exec('CREATE TABLE Added (id INTEGER PRIMARY KEY)')
      versions.push(source.version())
      db.exec('INSERT INTO Added VALUES (1)')
      assert.equal(source.version(), versions[1])
      db.exec('DROP TABLE Added')
      db.close()
      const other = new DatabaseSync(join(directory, 'other.db'))
      other.exec('CREATE TABLE Only (id INTEGER PRIMARY KEY)')
      other.close()
      renameSync(file, join(directory, 'kept.db'))
      renameSync(join(directory, 'other.db'), file)
      versions.push(source.version())
      assert.deepEqual(
        (await source.describe()).tables.map(({ name }) => name),
        ['Only'],
      )
      renameSync(join(directory, 'kept.db'), file)
      assert.equal(new Set(versions).size, 3)
    }))
  test('opens the file read-only', () =>
    withSource({}, async (_source, pool) => {
      const write = {
        kind: 'read',
        file,
        identity: 'w',
        text: 'DELETE FROM Big',
        values: [],
        exact: false,
      } as const
      await assert.rejects(drain(pool.read(write, never)), { kind: 'rejected' })
    }))
  test('says unavailable once it is closed', () =>
    withSource({}, async (source) => {
      await source.close()
      assert.throws(() => source.version(), { kind: 'unavailable' })
    }))
})

describe('a filtered page', () => {
  const slot = (index: number) => ({ kind: 'slot', index, type: 'Edm.Int64' }) as const
  const over = (operator: 'gt' | 'eq', index: number) =>
    ({ kind: 'compare', operator, left: id, right: slot(index) }) as const
  const page = (
    filter: ReadShape['filter'],
    values: ReadPlan['values'],
    more: Partial<ReadShape> = {},
  ) => plan('Big', { filter, limit: slot(0), ...more }, values)
  const rowsOf = async (source: Source, wanted: ReadPlan): Promise<readonly unknown[]> => {
    const found: unknown[] = []
    for await (const rows of source.read(wanted, never)) found.push(...rows.map(([value]) => value))
    return found
  }
  test('is read without a process when a window of row ids fills it', () =>
    withSource({}, async (source, pool) => {
      assert.deepEqual(await rowsOf(source, page(over('gt', 1), [3n, 10n])), [11, 12, 13])
      assert.deepEqual(pool.pids(), [])
    }))
  test('is read by a process when its rows lie beyond the window', () =>
    withSource({}, async (source, pool) => {
      assert.deepEqual(
        await rowsOf(source, page(over('gt', 1), [3n, 200_000n])),
        [200_001, 200_002, 200_003],
      )
      assert.equal(pool.pids().length, 1)
    }))
  test('is complete when fewer rows than asked for exist', () =>
    withSource({}, async (source) => {
      const most = BigInt(rowCount)
      assert.deepEqual(await rowsOf(source, page(over('gt', 1), [9n, most - 2n])), [
        rowCount - 1,
        rowCount,
      ])
      const after = [{ kind: 'slot', index: 2, type: 'Edm.Int32' }] as const
      const last = page(over('gt', 1), [9n, 5n, most - 2n], { after })
      assert.deepEqual(await rowsOf(source, last), [rowCount - 1, rowCount])
    }))
})

connectorContract(sqliteEngine)
zoneContract(sqliteEngine)
