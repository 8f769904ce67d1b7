import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Job, Measured } from './job.ts'

/** Ends a child and waits for its end; kills it when it does not listen. */
export const endChild = (child: ChildProcess, patience = 5000): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const timer = setTimeout(() => child.kill('SIGKILL'), patience)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    child.kill('SIGTERM')
  })

/** The next message of a child; fails when it ends or says nothing for too long. */
const hear = <T>(child: ChildProcess, patience: number): Promise<T> =>
  new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      child.off('message', heard)
      child.off('exit', ended)
      act()
    }
    const heard = (message: T): void => settle(() => resolve(message))
    const ended = (): void => settle(() => reject(new Error('a process of the bench ended')))
    const timer = setTimeout(
      () => settle(() => reject(new Error('a process of the bench does not answer'))),
      patience,
    )
    child.once('message', heard)
    child.once('exit', ended)
  })

const start = (name: string, args: readonly string[] = []): ChildProcess =>
  fork(fileURLToPath(new URL(`processes/${name}.ts`, import.meta.url)), args, {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
  })

export type Generator = {
  readonly run: (job: Job) => Promise<Measured>
  readonly end: () => Promise<void>
}

/** Starts the load generator; it runs one job at a time. */
export const startGenerator = (): Generator => {
  const child = start('load')
  const run = async (job: Job): Promise<Measured> => {
    const answer = hear<Measured | { readonly failed: string }>(child, job.milliseconds + 20_000)
    child.send(job)
    const measured = await answer
    if ('failed' in measured) throw new Error(`the load failed: ${measured.failed}`)
    return measured
  }
  return { run, end: () => endChild(child) }
}

/** A server that ours is compared with, on a port of its own choice. */
export type Peer = {
  readonly port: number
  readonly pid: number
  readonly end: () => Promise<void>
}

const startPeer = async (name: string, args: readonly string[]): Promise<Peer> => {
  const child = start(name, args)
  try {
    const { port } = await hear<{ readonly port: number }>(child, 10_000)
    return { port, pid: child.pid ?? 0, end: () => endChild(child) }
  } catch (error) {
    await endChild(child)
    throw error
  }
}

/** Starts the limit over the demo's database file. */
export const startLimit = (file: string): Promise<Peer> => startPeer('limit', [file])

/** Starts the limit of expansions and streams over a file of departures. */
export const startDataLimit = (file: string): Promise<Peer> => startPeer('data-limit', [file])

/** Starts the limit of all reads over a database of departures and airports. */
export const startPostgresLimit = (url: string): Promise<Peer> => startPeer('postgres-limit', [url])

/** Starts the limit of durable tokens on PostgreSQL, over an empty database. */
export const startInsertLimit = (url: string): Promise<Peer> => startPeer('insert-limit', [url])

/** Starts oidc-provider with one confidential client, which may have tokens for itself and introspect them. */
export const startStranger = (client: {
  readonly clientId: string
  readonly clientSecret: string
}): Promise<Peer> => startPeer('oidc-provider', [client.clientId, client.clientSecret])
