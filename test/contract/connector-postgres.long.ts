import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { test } from 'node:test'
import { startCluster } from '#test/support/postgres.ts'
import { openAt } from './connectors/postgres.ts'

test('10,000 tables of PostgreSQL are described while other work goes on', {
  timeout: 300_000,
}, async (context) => {
  const cluster = await startCluster(['max_locks_per_transaction = 512', 'fsync = off'])
  try {
    for (let from = 0; from < 10_000; from += 500)
      await cluster.run(`DO $$ BEGIN FOR i IN ${from + 1}..${from + 500} LOOP EXECUTE format(
        'CREATE TABLE t%s (id int PRIMARY KEY, a text, b int, c numeric(10,2), d timestamptz, e bigint)', i);
        END LOOP; END $$`)
    const source = await openAt(cluster.url)
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    const started = performance.now()
    const { tables } = await source.describe()
    delay.disable()
    const took = performance.now() - started
    context.diagnostic(
      `${Math.round(took)} ms, the event loop stood still for ${Math.round(delay.max / 1e6)} ms at most`,
    )
    assert.equal(tables.length, 10_000)
    assert.ok(
      tables.every(({ columns, primaryKey }) => columns.length === 6 && primaryKey.length === 1),
    )
    // A share of the whole, which is long on a busy machine too.
    assert.ok(delay.max / 1e6 < took / 3, `${delay.max / 1e6} ms of ${took} ms`)
    await source.close()
  } finally {
    await cluster.stop()
  }
})
