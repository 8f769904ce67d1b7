import type { Row } from '#query/plan.ts'
import { ConnectorError } from '../errors.ts'
import { createReader, readWith, type Reader } from './reader.ts'

export type PoolLimits = {
  /** Processes at once. */
  readonly processes: number
  /** Reads that wait for a process; more are told to try again. */
  readonly waiting: number
  /** Milliseconds without rows after which a statement loses its process. */
  readonly statementTimeout: number
  /** Milliseconds that a process has to hear that nobody wants its rows any more. */
  readonly stopWait: number
  /** Milliseconds after which an unused process ends. */
  readonly idleTimeout: number
}

/** What runs in the processes of a pool. */
export type Engine<Request> = {
  /** The program; it speaks `messages.ts`. */
  readonly program: URL
  /** What a process keeps open after a request: the next one of the same place finds it so. */
  readonly placeOf: (request: Request) => string
}

export type Pool<Request> = {
  /** Rows of one statement, in batches, from a process of its own. */
  readonly read: (request: Request, signal: AbortSignal) => AsyncGenerator<readonly Row[]>
  readonly close: () => Promise<void>
  /** Ids of the processes that run. */
  readonly pids: () => readonly number[]
}

const defaults: PoolLimits = {
  processes: 4,
  waiting: 64,
  statementTimeout: 30_000,
  stopWait: 200,
  idleTimeout: 30_000,
}

type Idle<Request> = {
  readonly reader: Reader<Request>
  readonly timer: NodeJS.Timeout
  readonly place: string
}
type Turn = { readonly give: () => void; readonly refuse: (error: Error) => void }

const closed = (): ConnectorError => new ConnectorError('unavailable', 'The server is stopping.')

const busy = (): ConnectorError =>
  new ConnectorError('busy', 'Too many reads are waiting; try again in a moment.')

/** Hands out at most `processes` turns; the others wait in line. */
const createTurns = (limits: PoolLimits) => {
  const line: Turn[] = []
  let taken = 0
  const take = (signal: AbortSignal): Promise<void> => {
    if (taken < limits.processes) {
      taken++
      return Promise.resolve()
    }
    if (line.length >= limits.waiting) return Promise.reject(busy())
    return new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        line.splice(line.indexOf(turn), 1)
        reject(signal.reason as Error)
      }
      const settled = (act: () => void): void => {
        signal.removeEventListener('abort', leave)
        act()
      }
      const turn: Turn = {
        give: () => settled(resolve),
        refuse: (error) => settled(() => reject(error)),
      }
      line.push(turn)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
  const release = (): void => {
    const next = line.shift()
    if (next === undefined) taken--
    else next.give()
  }
  const refuseAll = (): void => {
    for (const turn of line.splice(0)) turn.refuse(closed())
  }
  return { take, release, refuseAll }
}

/** A bounded pool of processes for all sources of one engine. */
export const createPool = <Request extends object>(
  { program, placeOf }: Engine<Request>,
  given: Partial<PoolLimits> = {},
): Pool<Request> => {
  const limits: PoolLimits = { ...defaults, ...given }
  const idle: Idle<Request>[] = []
  const all = new Set<Reader<Request>>()
  const turns = createTurns(limits)
  let open = true

  const forget = (reader: Reader<Request>): void => {
    all.delete(reader)
    const at = idle.findIndex((entry) => entry.reader === reader)
    if (at !== -1) clearTimeout(idle.splice(at, 1)[0]?.timer)
  }
  const acquire = (place: string): Reader<Request> => {
    const at = idle.findLastIndex((entry) => entry.place === place)
    const [entry] = idle.splice(at, 1)
    if (entry !== undefined) {
      clearTimeout(entry.timer)
      entry.reader.hold(true)
      return entry.reader
    }
    const reader = createReader<Request>(program, limits.stopWait)
    all.add(reader)
    void reader.exited.then(() => forget(reader))
    return reader
  }
  const release = (reader: Reader<Request>, place: string): void => {
    if (!open || !reader.isAlive()) return reader.kill()
    reader.hold(false)
    const timer = setTimeout(() => reader.kill(), limits.idleTimeout)
    timer.unref()
    idle.push({ reader, timer, place })
  }
  /** A turn and its process; given back once, by the reader of the rows or by the abort of the request. */
  const begin = async (place: string, signal: AbortSignal) => {
    signal.throwIfAborted()
    await turns.take(signal)
    if (!open) {
      turns.release()
      throw closed()
    }
    const reader = acquire(place)
    const end = (): void => {
      signal.removeEventListener('abort', abort)
      release(reader, place)
      turns.release()
    }
    // Nobody may ask for rows any more after an abort, so that it must end everything by itself.
    const abort = (): void => {
      void reader.leave().finally(end)
    }
    signal.addEventListener('abort', abort, { once: true })
    return { reader, end: () => signal.aborted || end() }
  }
  const read = async function* (
    request: Request,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Row[]> {
    const { reader, end } = await begin(placeOf(request), signal)
    try {
      yield* readWith(reader, request, { timeout: limits.statementTimeout, signal })
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      end()
    }
  }
  const close = async (): Promise<void> => {
    open = false
    turns.refuseAll()
    const ending = [...all].map((reader) => {
      // Held, or the process of the server could end before this one has.
      reader.hold(true)
      reader.kill()
      return reader.exited
    })
    await Promise.all(ending)
  }
  const pids = (): readonly number[] =>
    [...all].flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  return { read, close, pids }
}
