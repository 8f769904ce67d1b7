import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ODataError } from '#odata/errors.ts'
import type { Row } from '#query/plan.ts'
import { ConnectorError } from '../errors.ts'
import type { FromReader, ToReader } from './messages.ts'

/** One reader process, as the server sees it. It serves one statement at a time. */
export type Reader<Request> = {
  /** Sends a message and waits for its answer; kills the process when none comes in time. */
  readonly ask: (message: ToReader<Request>, timeout: number) => Promise<FromReader>
  /** Ends what is being read, and the process with it when it is too deep in that to listen. Whoever waits is told at once. */
  readonly leave: () => Promise<void>
  readonly kill: () => void
  readonly isAlive: () => boolean
  /** Whether it keeps the server running. */
  readonly hold: (on: boolean) => void
  readonly exited: Promise<void>
  readonly pid: number | undefined
}

const start = (program: URL): ChildProcess =>
  fork(fileURLToPath(program), [], {
    execPath: process.execPath,
    execArgv: ['--disable-warning=ExperimentalWarning', '--max-old-space-size=128'],
    serialization: 'advanced',
    // None of the server's environment: it holds keys.
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })

type Waiting = { readonly resolve: (m: FromReader) => void; readonly reject: (e: Error) => void }

const died = (): ConnectorError =>
  new ConnectorError('unavailable', 'The read was broken off; try again.', {
    detail: 'a reader process ended',
  })

const tooLong = (timeout: number): ConnectorError =>
  new ConnectorError('timed-out', `The data source gave no rows for ${timeout / 1000} seconds.`)

/** Starts a reader process. @param stopWait milliseconds that it has to hear that nobody wants its rows any more */
export const createReader = <Request extends object>(
  program: URL,
  stopWait: number,
): Reader<Request> => {
  const child = start(program)
  let alive = true
  let waiting: Waiting | undefined
  const settle = (act: (w: Waiting) => void): void => {
    const current = waiting
    waiting = undefined
    if (current !== undefined) act(current)
  }
  const fail = (error: Error) => settle(({ reject }) => reject(error))
  child.on('message', (message: FromReader) => settle(({ resolve }) => resolve(message)))
  const exited = new Promise<void>((resolve) => {
    const ended = (): void => {
      alive = false
      fail(died())
      resolve()
    }
    child.once('exit', ended)
    child.once('error', ended)
  })
  const kill = (): void => {
    alive = false
    // An idle process is not held; its end is waited for all the same.
    child.ref()
    child.kill('SIGKILL')
    fail(died())
  }
  const ask = async (message: ToReader<Request>, timeout: number): Promise<FromReader> => {
    if (!alive) throw died()
    const answer = new Promise<FromReader>((resolve, reject) => {
      waiting = { resolve, reject }
    })
    const timer = setTimeout(() => {
      fail(tooLong(timeout))
      kill()
    }, timeout)
    child.send(message, (error) => {
      if (error !== null) kill()
    })
    try {
      return await answer
    } finally {
      clearTimeout(timer)
    }
  }
  /** Whether what was asked for is answered soon; nobody else waits for it any more. */
  const interrupt = async (current: Waiting): Promise<boolean> => {
    const answered = new Promise<boolean>((resolve) => {
      waiting = { resolve: () => resolve(true), reject: () => resolve(false) }
    })
    current.reject(died())
    child.send({ kind: 'interrupt' }, () => undefined)
    const timer = setTimeout(kill, stopWait)
    try {
      return await answered
    } finally {
      clearTimeout(timer)
    }
  }
  const leave = async (): Promise<void> => {
    const current = waiting
    if (!alive || (current !== undefined && !(await interrupt(current)))) return
    try {
      await ask({ kind: 'stop' }, stopWait)
    } catch {
      kill()
    }
  }
  const hold = (on: boolean): void => {
    if (on) child.ref()
    else child.unref()
    if (on) child.channel?.ref()
    else child.channel?.unref()
  }
  return { ask, leave, kill, isAlive: () => alive, hold, exited, pid: child.pid }
}

const rowsOf = (answer: FromReader): { readonly rows: readonly Row[]; readonly done: boolean } => {
  if (answer.kind === 'rows') return answer
  if (answer.kind === 'failed') {
    const { as, message, target, detail } = answer
    if (as === 'unrepresentable') throw new ODataError(as, message, { target })
    throw new ConnectorError(as, message, { detail })
  }
  throw new Error('unexpected answer of a reader process')
}

/**
 * Runs a statement in a reader. While a batch is used the next one is already read, never more. Ending early
 * stops the statement, or the process when it is too deep in it to listen.
 */
export const readWith = async function* <Request>(
  reader: Reader<Request>,
  request: Request,
  { timeout, signal }: { readonly timeout: number; readonly signal: AbortSignal },
): AsyncGenerator<readonly Row[]> {
  let pending: Promise<FromReader> | undefined = reader.ask(request, timeout)
  try {
    while (pending !== undefined) {
      const answer: FromReader = await pending
      signal.throwIfAborted()
      pending = undefined
      const { rows, done } = rowsOf(answer)
      if (!done) pending = reader.ask({ kind: 'next' }, timeout)
      // The batch may never be asked for; its failure is seen by whoever asks.
      pending?.catch(() => undefined)
      if (rows.length > 0) yield rows
    }
  } finally {
    // After an abort the reader has been left already, and may have found other work.
    if (pending !== undefined && !signal.aborted) await reader.leave()
  }
}
