import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

const repository = new URL('../../', import.meta.url).pathname
const keptLines = 400

/** `headgate serve` as a process of its own. */
export type NodeProcess = {
  readonly process: ChildProcess
  /** Settles when the process has ended. */
  readonly ended: Promise<void>
  /** The last lines that it has said, but those that tell of ordinary requests. */
  readonly lines: readonly string[]
}

export type NodeOptions = {
  /** The tree whose `headgate.mjs` is run: this one unless told otherwise. */
  readonly root?: string
  /** What runs in front of Node, with its arguments: a tracer. */
  readonly under?: readonly string[]
  /** Told of the process before it is ready, so that it can be ended in any case. */
  readonly onSpawn?: (child: ChildProcess) => void
}

/**
 * Starts a server with this environment and no other; resolves when it says that it is ready, and throws what it
 * said when it ends instead.
 */
export const startNode = async (
  environment: Readonly<Record<string, string>>,
  { root = repository, under = [], onSpawn }: NodeOptions = {},
): Promise<NodeProcess> => {
  const [program, ...words] = [...under, process.execPath, join(root, 'headgate.mjs'), 'serve']
  const child = spawn(program, words, {
    cwd: root,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onSpawn?.(child)
  const lines: string[] = []
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    const said = (): string => lines.join('\n')
    const timer = setTimeout(() => reject(new Error(`the server did not start: ${said()}`)), 30_000)
    const keep = (chunk: Buffer): void => {
      for (const line of chunk.toString().split('\n'))
        if (line !== '' && !line.includes('"level":"info"')) lines.push(line)
      if (lines.some((line) => line.startsWith('Headgate is ready'))) {
        clearTimeout(timer)
        resolve()
      }
      lines.splice(0, Math.max(0, lines.length - keptLines))
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', reject)
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`the server ended with ${code}: ${said()}`))
    })
  })
  return { process: child, ended, lines }
}

/** Ends a process that was started here, and waits until it is gone. */
export const endNode = async (
  { process: child, ended }: NodeProcess,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<void> => {
  child.kill(signal)
  await ended
}
