import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { endChild } from './children.ts'
import { residentMegabytes } from './resident.ts'

/** The people of the measured server. */
export const passwords = {
  d2cadmin: 'the-administrators-password',
  d2cuser: 'the-developers-password',
  demo: 'the-users-own-password',
} as const

const program = fileURLToPath(new URL('../headgate.mjs', import.meta.url))
const longestStart = 30_000

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })

export type Headgate = {
  readonly port: number
  readonly pid: number
  readonly url: string
  /** Milliseconds from spawning to the first good answer. */
  readonly startedIn: number
  /** Resident memory in megabytes; undefined where the system does not tell. */
  readonly residentMegabytes: () => number | undefined
  /** How late the event loop was since this was last asked: of 100 times, one was later than `p99`. Milliseconds. */
  readonly loopDelay: () => Promise<{ readonly p99: number; readonly most: number }>
  readonly end: () => Promise<void>
}

/** Asks over a bare socket: on a small machine a heavier question would slow down the start that it measures. */
const isReady = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET /api/healthcheck HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    )
    socket.once('data', (chunk) => {
      resolve(chunk.toString('latin1').startsWith('HTTP/1.1 200'))
      socket.destroy()
    })
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
  })

/** The timer of Node's histogram of delays; what it records is this and the delay. */
const loopTimer = 10

/** The delays as the server's own metrics tell them, which begin anew with each look at them. */
const readLoopDelay: (port: number) => ReturnType<Headgate['loopDelay']> = async (port) => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const delay = (which: string): number => {
    const name = `headgate_nodejs_eventloop_lag_${which}_seconds`
    const seconds = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]
    if (seconds === undefined) throw new Error(`the metrics have no ${name}`)
    return Math.max(0, Number(seconds) * 1000 - loopTimer)
  }
  return { p99: delay('p99'), most: delay('max') }
}

/** As `npm start` has it. */
const youngGeneration = ['--max-semi-space-size=16']

/** What a server runs over. */
export type Setup = {
  readonly dataDir: string
  /** The data directory of another node, whose files this one reads as well; its own when not given. */
  readonly filesOf?: string
  /** PostgreSQL as the system store; the embedded one when not given. All its nodes need the same keys. */
  readonly databaseUrl?: string
  /** The server's own, made in its data directory, when not given. */
  readonly keys?: Keys
  /** For a profile. */
  readonly nodeOptions?: readonly string[]
}

/** `id:base64` each. */
export type Keys = { readonly master: string; readonly pepper: string }

export const generateKeys = (): Keys => {
  const generate = (): string => `b1:${randomBytes(32).toString('base64')}`
  return { master: generate(), pepper: generate() }
}

const environment = (
  { dataDir, filesOf = dataDir, databaseUrl, keys }: Setup,
  port: number,
  metricsPort: number,
): NodeJS.ProcessEnv => ({
  // Nothing of the caller's own HEADGATE variables: they would change what is measured.
  PATH: process.env['PATH'] ?? '', // oxlint-disable-line node/no-process-env
  HEADGATE_PORT: String(port),
  HEADGATE_METRICS_PORT: String(metricsPort),
  HEADGATE_DATA_DIR: dataDir,
  HEADGATE_FILES_DIR: join(filesOf, 'files'),
  HEADGATE_DEMO: 'true',
  // The PostgreSQL of the bench is a data source, too.
  HEADGATE_DATA_ALLOW: '127.0.0.0/8',
  HEADGATE_ADMIN_PASSWORD: passwords.d2cadmin,
  HEADGATE_USER_PASSWORD: passwords.d2cuser,
  HEADGATE_DEMO_PASSWORD: passwords.demo,
  ...(databaseUrl === undefined ? {} : { HEADGATE_DATABASE_URL: databaseUrl }),
  ...(keys && { HEADGATE_MASTER_KEYS: keys.master, HEADGATE_PEPPER: keys.pepper }),
})

/**
 * Starts the server as an operator would, with its log in a file of the data directory, and waits for
 * its first answer.
 */
export const startHeadgate = async (setup: Setup): Promise<Headgate> => {
  const { dataDir, nodeOptions = [] } = setup
  mkdirSync(dataDir, { recursive: true })
  const [port, metricsPort] = [await freePort(), await freePort()]
  const url = `http://localhost:${port}`
  const log = openSync(join(dataDir, 'bench.log'), 'a')
  const began = performance.now()
  const args = [...youngGeneration, ...nodeOptions, program, 'serve']
  const child = spawn(process.execPath, args, {
    env: environment(setup, port, metricsPort),
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const end = (): Promise<void> => endChild(child)
  while (!(await isReady(port))) {
    const waited = performance.now() - began
    if (child.exitCode !== null || waited > longestStart) {
      await end()
      throw new Error(
        `the server did not start: ${readFileSync(join(dataDir, 'bench.log'), 'utf8').slice(-2000)}`,
      )
    }
    await sleep(5)
  }
  const startedIn = performance.now() - began
  const pid = child.pid ?? 0
  return {
    port,
    pid,
    url,
    startedIn,
    residentMegabytes: () => residentMegabytes(pid),
    loopDelay: () => readLoopDelay(metricsPort),
    end,
  }
}
