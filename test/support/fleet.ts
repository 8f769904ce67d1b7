import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSource, people, postgresEnvironment, startApp, type TestApp } from './app.ts'
import { freePort } from './free-port.ts'
import { endNode, type NodeOptions, type NodeProcess, startNode } from './node-process.ts'
import { type Cluster, startCluster } from './postgres.ts'
import { type RoundRobin, startRoundRobin } from './round-robin.ts'

/** A node of the fleet: a process of its own, which can be killed and started again. */
export type FleetNode = {
  readonly port: number
  /** Its own address; the world knows it by the fleet's. */
  readonly url: string
  readonly pid: () => number
  readonly isUp: () => boolean
  /** What it said last before it ended although nobody had told it to. */
  readonly crash: () => string | undefined
  /** What it has logged since its last start. */
  readonly lines: () => readonly string[]
  readonly start: () => Promise<void>
  /** As an operator stops it: it finishes what is in flight. */
  readonly stop: () => Promise<void>
  readonly kill: () => Promise<void>
  /** The sum of a metric's series whose labels contain this text. */
  readonly metric: (name: string, labels?: string) => Promise<number>
}

export type Fleet = {
  /** The public address: each request goes to the next node. */
  readonly url: string
  readonly nodes: readonly FleetNode[]
  /**
   * A server on the same database in this process, for what no endpoint does (codes without the pages, statements);
   * its `url` is the fleet's, so that whoever sends it requests asks the nodes in turn.
   */
  readonly app: TestApp
  /** The same, but all requests go to this node. */
  readonly at: (index: number) => TestApp
  readonly cluster: Cluster
  readonly databaseUrl: string
  readonly filesDir: string
  readonly turns: readonly number[]
  /** Runs statements on the system database, as an operator might. */
  readonly sql: (statement: string) => Promise<readonly Record<string, unknown>[]>
  readonly close: () => Promise<void>
}

type NodeInput = {
  readonly port: number
  readonly metricsPort: number
  readonly environment: Readonly<Record<string, string>>
  readonly options: NodeOptions
}

const readMetric = async (port: number, name: string, labels: string): Promise<number> => {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`)
  const series = (await response.text())
    .split('\n')
    .filter((line) => line.startsWith(name) && line.includes(labels))
  return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

const createNode = ({ port, metricsPort, environment, options }: NodeInput): FleetNode => {
  let running: NodeProcess | undefined
  let crash: string | undefined
  let latest: ChildProcess | undefined
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = running
    running = undefined
    if (ending !== undefined) await endNode(ending, signal)
    // One that was still starting would outlive the test, and keep it from ending.
    else latest?.kill('SIGKILL')
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    pid: () => running?.process.pid ?? 0,
    isUp: () => running !== undefined,
    crash: () => crash,
    lines: () => running?.lines ?? [],
    start: async () => {
      const onSpawn = (child: ChildProcess): void => void (latest = child)
      const started = await startNode(environment, { ...options, onSpawn })
      running = started
      void started.ended.then(() => {
        if (running === started) crash = `${started.process.exitCode}: ${started.lines.join('\n')}`
      })
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    metric: (name, labels = '') => readMetric(metricsPort, name, labels),
  }
}

export type FleetOptions = {
  readonly nodes?: number
  readonly env?: Readonly<Record<string, string>>
  /** The public address of somebody else's load balancer; without it the fleet has one of its own. */
  readonly publicUrl?: string
  /** Starts that load balancer, once the nodes are up. */
  readonly balancer?: (nodes: readonly FleetNode[]) => Promise<void>
  /** How the first node is run; it is then up, and has made the database, before anybody else comes. */
  readonly first?: NodeOptions
  readonly clusterSettings?: readonly string[]
}

const nodeInputs = async (
  count: number,
  directory: string,
  common: Readonly<Record<string, string>>,
): Promise<readonly Omit<NodeInput, 'options'>[]> => {
  const inputs: Omit<NodeInput, 'options'>[] = []
  for (let index = 0; index < count; index += 1) {
    const [port, metricsPort] = [await freePort(), await freePort()]
    const environment = {
      ...common,
      HEADGATE_PORT: String(port),
      HEADGATE_METRICS_PORT: String(metricsPort),
      HEADGATE_DATA_DIR: join(directory, `node-${index}`),
    }
    inputs.push({ port, metricsPort, environment })
  }
  return inputs
}

/**
 * Starts nodes on one database of a cluster of their own, with the same keys, files and public address, all on loopback. The user
 * `demo` has the data sources `one` and `two`.
 */
export const startFleet = async (options: FleetOptions = {}): Promise<Fleet> => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-fleet-'))
  const cluster = await startCluster(options.clusterSettings)
  const databaseUrl = await cluster.createDatabase()
  const publicPort = await freePort()
  const url = options.publicUrl ?? `http://localhost:${publicPort}`
  const filesDir = join(directory, 'files')
  const common = {
    ...postgresEnvironment(databaseUrl),
    HEADGATE_PUBLIC_URL: url,
    HEADGATE_FILES_DIR: filesDir,
    HEADGATE_ADMIN_PASSWORD: people.admin.password,
    HEADGATE_USER_PASSWORD: people.owner.password,
    HEADGATE_TRUST_PROXY: '127.0.0.1',
    ...options.env,
  }
  const inputs = await nodeInputs(options.nodes ?? 2, directory, common)
  const nodes = inputs.map((input, index) =>
    createNode({ ...input, options: index === 0 ? (options.first ?? {}) : {} }),
  )
  let app: TestApp | undefined
  let balancer: RoundRobin | undefined
  const close = async (): Promise<void> => {
    await balancer?.close()
    await Promise.all(nodes.map((node) => node.kill()))
    await app?.close()
    await cluster.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    if (options.first !== undefined) await nodes[0]?.start()
    app = await startApp({ sources: false, env: common, fullPasswordCost: true })
    await Promise.all(nodes.filter((node) => !node.isUp()).map((node) => node.start()))
    await options.balancer?.(nodes)
    if (options.publicUrl === undefined) balancer = await startRoundRobin(publicPort, nodes)
    const known = app
    const at = (index: number): TestApp => ({ ...known, url: nodes[index]?.url ?? '' })
    for (const name of ['one', 'two']) await createSource(at(0), name)
    return {
      url,
      nodes,
      app: known,
      at,
      cluster,
      databaseUrl,
      filesDir,
      turns: balancer?.turns ?? [],
      sql: (statement) => cluster.run(statement, databaseUrl),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The promise of DESIGN invariant 15, in milliseconds. */
export const oneSecond = 1000

/**
 * Asks again and again until it is so; answers after how many milliseconds. Throws when it is not so within one second:
 * the answer that came last must have been asked for by then.
 */
export const withinOneSecond = async (
  what: string,
  isSo: () => Promise<boolean>,
): Promise<number> => {
  const began = performance.now()
  for (;;) {
    const asked = performance.now() - began
    if (await isSo()) return asked
    if (asked > oneSecond)
      throw new Error(`after ${Math.round(asked)} ms it still is not so: ${what}`)
    await sleep(10)
  }
}
