// One statement that runs, and its rows as they are asked for (PostgreSQL, Frontend/Backend Protocol, Extended Query).
import type { Row, Value } from '#query/plan.ts'
import { learnRows, type Prepared } from './statements.ts'
import { encodeParameter } from './values.ts'
import { isBroken } from './errors.ts'
import type { Wire, WireQuery } from './wire.ts'

/** Rows are handed on when they are so many characters together, whatever their number. */
const batchCharacters = 262_144
const firstRows = 500
const [leastRows, mostRows] = [50, 5000]

export type PortalRequest = {
  readonly prepared: Prepared
  /** Of statements that the server may forget. */
  readonly gone: readonly string[]
  readonly values: readonly Value[]
  /** The rows are few: all of them are asked for at once, and the transaction ends with them. */
  readonly few: boolean
}

export type Portal = {
  /** To be handed to the driver. */
  readonly query: WireQuery
  /** The next rows, `undefined` after the last. Never called twice at once. */
  readonly next: () => Promise<readonly Row[] | undefined>
  /** No more rows are wanted; whoever waits for some gets the reason. */
  readonly leave: (reason: Error) => void
  /** When the connection waits for something else to do (true), or is lost (false). Never rejects. */
  readonly settled: Promise<boolean>
}

const characters = (fields: readonly (string | null)[]): number => {
  let size = 0
  for (const text of fields) size += text === null ? 1 : text.length
  return size
}

/** Rows that were received and not taken; when they are many, the socket is read no further. */
const createBuffer = () => {
  let rows: Row[] = []
  let size = 0
  let paused: Wire['stream'] | undefined
  return {
    hasRows: () => rows.length > 0,
    add: (row: Row, more: number): void => {
      rows.push(row)
      size += more
    },
    isFull: () => size >= batchCharacters,
    pause: (stream: Wire['stream']): void => {
      if (paused !== undefined) return
      paused = stream
      stream.pause()
    },
    take: (): readonly Row[] => {
      const taken = rows
      rows = []
      size = 0
      paused?.resume()
      paused = undefined
      return taken
    },
  }
}

/** How many rows to ask for, so that they make one batch. */
const createPace = () => {
  let wanted = firstRows
  let [received, size] = [0, 0]
  return {
    wanted: () => wanted,
    add: (more: number): void => {
      received++
      size += more
    },
    adapt: (): void => {
      const fitting = Math.floor((received * batchCharacters) / Math.max(size, 1))
      wanted = Math.min(mostRows, Math.max(leastRows, fitting))
      received = 0
      size = 0
    },
  }
}

type Progress = {
  /** suspended: the rows asked for are here, and there may be more */
  state: 'running' | 'suspended' | 'ended'
  failure: Error | undefined
  /** Why no more rows are wanted. */
  left: Error | undefined
}

/** Creates what the driver runs. After the last row was taken, or `leave`, wait for `settled` before the connection is used. */
export const createPortal = ({ prepared, gone, values, few }: PortalRequest): Portal => {
  const buffer = createBuffer()
  const pace = createPace()
  const { promise: settled, resolve: settle } = Promise.withResolvers<boolean>()
  const now: Progress = { state: 'running', failure: undefined, left: undefined }
  let wire: Wire | undefined
  let wake: () => void = () => undefined

  const isUnderWay = (): boolean =>
    now.left === undefined && now.failure === undefined && now.state !== 'ended'
  /** The transaction lasts until the Sync; with few rows that was sent with the request. */
  const end = (): void => {
    now.state = 'ended'
    if (!few) wire?.sync()
    wake()
  }
  const fetch = (): void => {
    now.state = 'running'
    wire?.execute({ rows: pace.wanted() })
    wire?.flush()
  }

  const query: WireQuery = {
    submit: (given) => {
      wire = given
      given.stream.cork()
      for (const name of gone) given.close({ type: 'S', name })
      const isNew = prepared.decode === undefined
      if (isNew)
        given.parse({ name: prepared.name, text: prepared.text, types: prepared.parameters })
      given.bind({ statement: prepared.name, values: values.map(encodeParameter) })
      if (isNew) given.describe({ type: 'P', name: '' })
      given.execute({ rows: few ? 0 : pace.wanted() })
      if (few) given.sync()
      else given.flush()
      given.stream.uncork()
    },
    handleRowDescription: (message) => learnRows(prepared, message),
    handleDataRow: ({ fields }) => {
      if (now.left !== undefined || prepared.decode === undefined) return
      const size = characters(fields)
      buffer.add(prepared.decode(fields), size)
      pace.add(size)
      if (!buffer.isFull() || wire === undefined) return
      buffer.pause(wire.stream)
      wake()
    },
    handlePortalSuspended: () => {
      if (now.left !== undefined) return end()
      now.state = 'suspended'
      pace.adapt()
      wake()
    },
    handleCommandComplete: end,
    handleEmptyQuery: end,
    handleReadyForQuery: () => settle(true),
    handleError: (error) => {
      now.failure ??= error
      if (isBroken(error)) settle(false)
      else wire?.once('readyForQuery', () => settle(true))
      if (now.state !== 'ended') end()
    },
  }

  const next = async (): Promise<readonly Row[] | undefined> => {
    while (!buffer.hasRows() && isUnderWay()) {
      if (now.state === 'suspended') fetch()
      const { promise, resolve } = Promise.withResolvers<void>()
      wake = resolve
      await promise
    }
    if (now.left !== undefined) throw now.left
    if (!buffer.hasRows()) {
      if (now.failure !== undefined) throw now.failure
      return undefined
    }
    const rows = buffer.take()
    // The next rows are on their way while these are used.
    if (now.state === 'suspended') fetch()
    return rows
  }

  const leave = (reason: Error): void => {
    if (now.left !== undefined) return
    now.left = reason
    buffer.take()
    if (now.state === 'suspended') end()
    wake()
  }

  return { query, next, leave, settled }
}
