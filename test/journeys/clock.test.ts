// A node whose clock is off says so: codes live a minute, and all nodes must agree when that is over.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  createTestClock,
  freePort,
  postgresEnvironment,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'

let cluster: Cluster
let url: string
before(async () => {
  cluster = await startCluster()
  url = await cluster.createDatabase()
})
after(() => cluster.stop())

type Seen = { readonly warnings: readonly number[]; readonly metric: number | undefined }

/** What a node says of its clock when it starts: the offsets in its warnings, and its metric. Seconds. */
const startWithClock = async (ahead: number, env: Record<string, string>): Promise<Seen> => {
  const clock = createTestClock()
  clock.advance(ahead)
  const metricsPort = await freePort()
  const app: TestApp = await startApp({
    clock,
    sources: false,
    env: { HEADGATE_METRICS_PORT: String(metricsPort), ...env },
  })
  try {
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    const [, value] = /^headgate_clock_offset_seconds (\S+)$/m.exec(metrics) ?? []
    const lines = app.logs.map((line) => JSON.parse(line) as Record<string, unknown>)
    const warnings = lines.filter(({ msg }) => /clock differs.*synchronise it/.test(String(msg)))
    for (const { level } of warnings) assert.equal(level, 'warn')
    return {
      warnings: warnings.map((line) => Number(line['offsetSeconds'])),
      metric: value === undefined ? undefined : Number(value),
    }
  } finally {
    await app.close()
  }
}

const isNear = (seen: number | undefined, wanted: number): void =>
  assert.ok(seen !== undefined && Math.abs(seen - wanted) < 10, `${seen}, not ${wanted}`)

for (const [what, seconds] of [
  ['two minutes ahead', 120],
  ['two minutes behind', -120],
] as const)
  test(`a node whose clock is ${what} of the database says so at its start, and shows by how much`, async () => {
    const { warnings, metric } = await startWithClock(seconds * 1000, postgresEnvironment(url))
    assert.equal(warnings.length, 1)
    isNear(warnings[0], seconds)
    isNear(metric, seconds)
  })

test('a node whose clock is right says nothing', async () => {
  const { warnings, metric } = await startWithClock(0, postgresEnvironment(url))
  assert.deepEqual(warnings, [])
  isNear(metric, 0)
})
