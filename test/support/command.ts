import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { freePort, people, type TestApp } from './app.ts'

const root = new URL('../../', import.meta.url).pathname

export type Ended = { readonly code: number | null; readonly out: string; readonly error: string }
export type Child = {
  readonly process: ChildProcess
  readonly out: () => string
  readonly ended: Promise<Ended>
}
type Environment = Readonly<Record<string, string>>

const children = new Set<ChildProcess>()
/** Ends what was started and still runs. */
export const endCommands = (): void => {
  for (const child of children) child.kill('SIGKILL')
}
process.once('exit', endCommands)

/** `node headgate.mjs …` with nothing of this environment but the path. */
export const startCommand = (args: readonly string[], env: Environment): Child => {
  const child = spawn(process.execPath, [join(root, 'headgate.mjs'), ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let out = ''
  let error = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()))
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code) => {
      children.delete(child)
      resolve({ code, out, error })
    }),
  )
  return { process: child, out: () => out, ended }
}

export const runCommand = (args: readonly string[], env: Environment): Promise<Ended> =>
  startCommand(args, env).ended

/** A server in a process of its own, as far as the helpers of `oauth.ts` need one. */
export type ServerProcess = {
  readonly app: TestApp
  readonly child: Child
  readonly stop: () => Promise<void>
}

/** Starts `serve` and waits until it is ready. */
export const startServer = async (env: Environment): Promise<ServerProcess> => {
  const port = await freePort()
  const child = startCommand(['serve'], { ...env, HEADGATE_PORT: String(port) })
  for (let i = 0; i < 800 && !child.out().includes('Headgate is ready'); i += 1) {
    if (child.process.exitCode !== null)
      throw new Error(`the server ended: ${(await child.ended).error}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return {
    app: { url: `http://localhost:${port}` } as TestApp,
    child,
    stop: async () => {
      child.process.kill('SIGTERM')
      await child.ended
    },
  }
}

/** The environment of a server on an embedded store; with a file `one.db` for a data source. */
export const embeddedEnvironment = (dataDir: string): Record<string, string> => {
  const files = join(dataDir, 'files', '1')
  mkdirSync(files, { recursive: true })
  const database = new DatabaseSync(join(files, 'one.db'))
  database.exec(
    "CREATE TABLE IF NOT EXISTS Item (id INTEGER PRIMARY KEY, name VARCHAR(50)); INSERT OR IGNORE INTO Item VALUES (1, 'one 1')",
  )
  database.close()
  return {
    HEADGATE_DATA_DIR: dataDir,
    HEADGATE_ADMIN_PASSWORD: people.admin.password,
    HEADGATE_USER_PASSWORD: people.owner.password,
  }
}
