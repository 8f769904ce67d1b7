// A request for data from its begin to its end: what it holds, and who may still see it.
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Acquired, OpenSources } from '#features/data-sources/open-sources.ts'
import type { Metrics } from '../metrics.ts'
import { type Access, invalidToken } from './access.ts'
import { watchAccess } from './watch-access.ts'

export type ReadDeps = { readonly openSources: OpenSources; readonly metrics: Metrics }

/** A request for data while it lasts: its source, and the end of whatever it holds. */
export type Read = {
  readonly access: Access
  readonly opened: Acquired
  readonly gone: AbortController
  readonly finish: () => void
}

export const beginRead = async (
  deps: ReadDeps,
  request: FastifyRequest,
  access: Access,
): Promise<Read> => {
  const opened = await deps.openSources.acquire(access.source)
  const gone = new AbortController()
  const { socket } = request.raw
  const stop = (): void => gone.abort()
  socket.once('close', stop)
  const finish = (): void => {
    socket.off('close', stop)
    opened.release()
  }
  return { access, opened, gone, finish }
}

/** Sends a long answer, asking again and again whether it may go on (DESIGN invariant 15). */
export const sendStream = (
  deps: ReadDeps,
  reply: FastifyReply,
  read: Read,
  body: AsyncIterable<string>,
): FastifyReply => {
  const stream = Readable.from(body, { objectMode: false, highWaterMark: 65_536 })
  const watch = watchAccess(read.access.stillOpen, () => {
    deps.metrics.streamCut()
    read.gone.abort()
    reply.raw.destroy()
  })
  // The source is done when the stream is; access is watched until the last byte has left.
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
