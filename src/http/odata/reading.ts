// A request for data from its begin to its end: its turn, what it holds, and who may still see it.
import { Readable } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ConnectorError } from '#connectors/errors.ts'
import type { Acquired, OpenSources } from '#features/data-sources/open-sources.ts'
import type { SourceLogs } from '#features/data-sources/source-logs.ts'
import type { Turn, Turns } from '#lib/turns.ts'
import type { Metrics } from '../metrics.ts'
import { type Access, AccessError, invalidToken } from './access.ts'
import type { ODataContext } from './service.ts'
import { watchAccess } from './watch-access.ts'

export type ReadDeps = {
  readonly openSources: OpenSources
  readonly turns: Turns
  readonly sourceLogs: SourceLogs
  readonly metrics: Metrics
}

/** A request for data while it lasts: its source, and the end of whatever it holds. */
export type Read = {
  readonly access: Access
  readonly opened: Acquired
  readonly gone: AbortController
  readonly finish: () => void
}

const tooMany = (): AccessError =>
  new AccessError(
    429,
    'TooManyRequests',
    'Too many of your requests wait already (limit ODataMaxWaitingRequests). Send this one later.',
  )

/** Waits for the user's turn (limits 24 and 25). Who had to wait is asked anew who it is: much can end meanwhile. */
const takeTurn = async (
  deps: ReadDeps,
  access: Access,
  ask: () => Promise<Access>,
  signal: AbortSignal,
): Promise<{ readonly access: Access; readonly turn: Turn }> => {
  // Of a client that left while it waited nobody reads why it was refused.
  const turn = await deps
    .turns(String(access.userId), access.limits.turns, signal)
    .catch(() => undefined)
  if (turn === undefined) throw tooMany()
  if (!turn.waited) return { access, turn }
  try {
    return { access: await ask(), turn }
  } catch (error) {
    turn.release()
    throw error
  }
}

/** Begins to read for who was found to have access; `ask` finds that out once more. */
export const beginRead = async (
  deps: ReadDeps,
  { socket }: FastifyRequest['raw'],
  found: Access,
  ask: () => Promise<Access>,
): Promise<Read> => {
  const gone = new AbortController()
  const stop = (): void => gone.abort()
  if (socket.destroyed) stop()
  socket.once('close', stop)
  const ends = [(): void => void socket.off('close', stop)]
  const finish = (): void => {
    for (const end of ends.splice(0)) end()
  }
  try {
    const { access, turn } = await takeTurn(deps, found, ask, gone.signal)
    ends.push(turn.release)
    const opened = await deps.openSources.acquire(access.source)
    ends.push(opened.release)
    return { access, opened, gone, finish }
  } catch (error) {
    finish()
    throw error
  }
}

/** What the OData service has to know of who reads. */
export const contextOf = ({ userId, source, limits, seesSetUp }: Access): ODataContext => ({
  userId: String(userId),
  modelDemand: source.modelDemand,
  limits,
  seesSetUp,
})

/** What went wrong with the store, for who owns the data source; of the query nothing is told. */
export const noteFailure = ({ sourceLogs }: ReadDeps, { access }: Read, error: unknown): void => {
  if (error instanceof ConnectorError)
    sourceLogs.note(access.source.id, `read failed: ${error.message}`)
}

/**
 * Breaks an answer off, so that it cannot be taken for a whole one. HTTP/1.0 knows no chunks, and a connection that merely
 * ends is the end of the answer to it: it is reset.
 */
const breakOff = ({ raw, request }: FastifyReply): void => {
  const { socket } = raw
  // A connection with TLS cannot be reset; it ends without the word that says so (RFC 8446 section 6.1).
  if (request.raw.httpVersion === '1.0' && !(socket instanceof TLSSocket)) socket?.resetAndDestroy()
  else raw.destroy()
}

/** Sends a long answer, asking again and again whether it may go on (DESIGN invariant 15). */
export const sendStream = (
  deps: ReadDeps,
  reply: FastifyReply,
  read: Read,
  body: AsyncIterable<string | Uint8Array>,
): FastifyReply => {
  const stream = Readable.from(body, { objectMode: false, highWaterMark: 65_536 })
  const watch = watchAccess(read.access.stillOpen, () => {
    deps.metrics.streamCut()
    read.gone.abort()
    breakOff(reply)
  })
  // The source is done when the stream is; access is watched until the last byte has left.
  stream.once('error', (error) => {
    noteFailure(deps, read, error)
    breakOff(reply)
  })
  stream.once('close', read.finish)
  reply.raw.once('close', watch.stop)
  return reply.send(stream)
}

/** Answers that took longer than this to begin are checked again before they begin. Milliseconds. */
const recheckAfter = 500

/** Throws 401 when access has ended meanwhile. `began` is when it was checked, by `performance.now()`. */
export const checkAgain = async ({ stillOpen }: Access, began: number): Promise<void> => {
  if (performance.now() - began > recheckAfter && !(await stillOpen())) throw invalidToken()
}
