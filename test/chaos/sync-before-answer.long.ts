import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { freePort, people, postgresEnvironment, type TestApp } from '#test/support/app.ts'
import { type NodeProcess, startNode } from '#test/support/node-process.ts'
import { getCode, redeem, refresh, register } from '#test/support/oauth.ts'
import { startCluster } from '#test/support/postgres.ts'
import {
  type Call,
  isSync,
  readTrace,
  tokenRequests,
  tracedBy,
  tracer,
  whyNotTraced,
} from './trace.ts'

// Must show 6: between the arrival of a token request and its answer, what was written has reached the disk.

const inDirectory = async (work: (directory: string) => Promise<void>): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-trace-'))
  mkdirSync(join(directory, 'files', '1'), { recursive: true })
  try {
    await work(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const endTraced = async (node: NodeProcess): Promise<void> => {
  process.kill(tracedBy(node.process.pid ?? 0), 'SIGTERM')
  // The tracer goes on while it is attached to something else.
  const timer = setTimeout(() => node.process.kill('SIGINT'), 2000)
  await node.ended
  clearTimeout(timer)
}

type Traced = {
  readonly environment?: Readonly<Record<string, string>>
  /** A process that is traced beside the server. */
  readonly beside?: number
}

/** A redemption, a refresh and a rotation at a traced server; answers the trace. */
const traceTokens = async (directory: string, { environment = {}, beside }: Traced) => {
  const port = await freePort()
  const file = join(directory, 'trace')
  const node = await startNode(
    {
      HEADGATE_PORT: String(port),
      HEADGATE_DATA_DIR: directory,
      HEADGATE_ADMIN_PASSWORD: people.admin.password,
      HEADGATE_USER_PASSWORD: people.owner.password,
      ...environment,
    },
    { under: tracer(file, beside) },
  )
  try {
    const site = { url: `http://localhost:${port}` } as TestApp
    for (const refreshTokenRotation of [false, true]) {
      const client = await register(site, { refreshTokenRotation })
      const code = await getCode(site, client, { person: people.owner, later: true })
      const first = await redeem(site, client, code)
      assert.equal(first.status, 200, JSON.stringify(first.body))
      assert.equal((await refresh(site, client, first.body.refresh_token)).status, 200)
    }
  } finally {
    await endTraced(node)
  }
  return readTrace(file)
}

const skipped = async (context: TestContext, pid?: number): Promise<boolean> => {
  const why = await whyNotTraced(pid)
  if (why !== undefined) context.skip(why)
  return why !== undefined
}

const show = (calls: readonly Call[]): string =>
  calls.map(({ pid, name, target }) => `${pid} ${name} ${target}`).join('\n')

test('on SQLite the log of the database is synced after it is written and before a token is answered', async (context) => {
  if (await skipped(context)) return
  await inDirectory(async (directory) => {
    const requests = tokenRequests(await traceTokens(directory, {}))
    assert.equal(requests.length, 4)
    for (const { between } of requests) {
      const written = between.findLastIndex(
        ({ name, target }) => name === 'pwrite64' && target.endsWith('-wal'),
      )
      const synced = between.findLastIndex((call) => isSync(call) && call.target.endsWith('-wal'))
      assert.ok(written >= 0, `nothing was written:\n${show(between)}`)
      assert.ok(synced > written, `no sync after the last write:\n${show(between)}`)
    }
  })
})

/** The last commit before the answer, which is that of the tokens: the calls from when a backend was told to until it said so. */
const committing = (between: readonly Call[]): readonly Call[] => {
  const from = between.findLastIndex(
    ({ name, text }) => name === 'recvfrom' && text.includes(String.raw`commit\0`),
  )
  const backend = between[from]?.pid
  const to = between.findIndex(
    ({ pid, name, text }, index) =>
      index > from && pid === backend && name === 'sendto' && text.includes(String.raw`COMMIT\0`),
  )
  assert.ok(from >= 0 && to > from, `no commit was confirmed before the answer:\n${show(between)}`)
  return between.slice(from + 1, to)
}

test('on PostgreSQL the log of the database is synced after the commit was asked for and before it is confirmed, and that before a token is answered', async (context) => {
  const cluster = await startCluster()
  try {
    if (await skipped(context, cluster.pid())) return
    await inDirectory(async (directory) => {
      const environment = postgresEnvironment(await cluster.createDatabase())
      const requests = tokenRequests(
        await traceTokens(directory, { environment, beside: cluster.pid() }),
      )
      assert.equal(requests.length, 4)
      for (const { between } of requests) {
        const calls = committing(between)
        const synced = calls.some((call) => isSync(call) && call.target.includes('pg_wal/'))
        assert.ok(synced, `no sync before it was confirmed:\n${show(calls)}`)
      }
    })
  } finally {
    await cluster.stop()
  }
})
