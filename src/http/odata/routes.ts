import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Acquired, Opened, OpenSources } from '#features/data-sources/open-sources.ts'
import type { Turn, Turns } from '#lib/turns.ts'
import type { SourceLogs } from '#features/data-sources/source-logs.ts'
import { ConnectorError } from '#connectors/errors.ts'
import { parseODataOptions } from '#connectors/odata-options.ts'
import type { Metrics } from '../metrics.ts'
import {
  type Access,
  type AccessDeps,
  AccessError,
  findAccess,
  invalidToken,
  noSource,
} from './access.ts'
import { createODataService, type ODataService } from './answer.ts'
import { answerError } from './error-answer.ts'
import type { CursorSealer } from './service.ts'
import { watchAccess } from './watch-access.ts'

export type ODataDeps = AccessDeps & {
  readonly openSources: OpenSources
  readonly turns: Turns
  readonly sourceLogs: SourceLogs
  readonly sealer: CursorSealer
  readonly publicUrl: string
  readonly metrics: Metrics
}

/** `/api/odata4/<name>/<rest>?<query>`, the rest and the query as they came. */
type SplitUrl = { readonly name: string; readonly path: string; readonly query: string }

const splitUrl = (url: string): SplitUrl => {
  const question = url.indexOf('?')
  const path = (question < 0 ? url : url.slice(0, question)).slice('/api/odata4/'.length)
  const slash = path.indexOf('/')
  const segment = slash < 0 ? path : path.slice(0, slash)
  let name: string
  try {
    name = decodeURIComponent(segment)
  } catch {
    throw noSource()
  }
  // No name has one, and PostgreSQL cannot even compare it.
  if (name.includes('\0')) throw noSource()
  return {
    name,
    path: slash < 0 ? '' : path.slice(slash),
    query: question < 0 ? '' : url.slice(question + 1),
  }
}

/** One OData service for an opened source; it keeps model and renderers, so it lives as long as the source. */
const createServices = (deps: ODataDeps) => {
  const services = new WeakMap<Opened['source'], ODataService>()
  return ({ source, dataSource, models }: Opened): ODataService => {
    const known = services.get(source)
    if (known !== undefined) return known
    const created = createODataService({
      source,
      models,
      sourceId: String(dataSource.id),
      namespace: dataSource.name,
      settings: parseODataOptions(dataSource.options),
      serviceRoot: `${deps.publicUrl}/api/odata4/${encodeURIComponent(dataSource.name)}`,
      sealer: deps.sealer,
    })
    services.set(source, created)
    return created
  }
}

const headerText = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(',') : value

const requestHeaders = ({ headers }: FastifyRequest) => {
  const picked: Record<string, string> = {}
  for (const name of ['accept', 'prefer', 'odata-version', 'odata-maxversion']) {
    const value = headerText(headers[name])
    if (value !== undefined) picked[name] = value
  }
  return picked
}

/** A request for data while it lasts: its source, and the end of whatever it holds. */
type Read = {
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
  deps: ODataDeps,
  ask: () => Promise<Access>,
  signal: AbortSignal,
): Promise<{ readonly access: Access; readonly turn: Turn }> => {
  const access = await ask()
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

const beginRead = async (deps: ODataDeps, request: FastifyRequest, name: string): Promise<Read> => {
  const gone = new AbortController()
  const { socket } = request.raw
  const stop = (): void => gone.abort()
  socket.once('close', stop)
  const ends = [(): void => void socket.off('close', stop)]
  const finish = (): void => {
    for (const end of ends.splice(0)) end()
  }
  try {
    const ask = (): Promise<Access> => findAccess(deps, request, name)
    const { access, turn } = await takeTurn(deps, ask, gone.signal)
    ends.push(turn.release)
    const opened = await deps.openSources.acquire(access.source)
    ends.push(opened.release)
    return { access, opened, gone, finish }
  } catch (error) {
    finish()
    throw error
  }
}

/** What went wrong with the store, for who owns the data source; of the query nothing is told. */
const noteFailure = ({ sourceLogs }: ODataDeps, { access }: Read, error: unknown): void => {
  if (error instanceof ConnectorError)
    sourceLogs.note(access.source.id, `read failed: ${error.message}`)
}

/** Sends a long answer, asking again and again whether it may go on (DESIGN invariant 15). */
const sendStream = (
  deps: ODataDeps,
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
  stream.once('error', (error) => noteFailure(deps, read, error))
  stream.once('close', read.finish)
  reply.raw.once('close', watch.stop)
  return reply.send(stream)
}

/** Answers that took longer than this to begin are checked again before they begin. Milliseconds. */
const recheckAfter = 500

/** Mounts the OData V4 surface. */
export const mountOData = (app: FastifyInstance, deps: ODataDeps): void => {
  const serviceOf = createServices(deps)

  const answerRead = async (
    request: FastifyRequest,
    reply: FastifyReply,
    read: Read,
    url: SplitUrl,
  ): Promise<FastifyReply> => {
    const began = performance.now()
    const answer = await serviceOf(read.opened).answer(
      {
        method: request.method,
        path: url.path,
        query: url.query,
        headers: requestHeaders(request),
      },
      {
        userId: String(read.access.userId),
        modelDemand: read.access.source.modelDemand,
        limits: read.access.limits,
      },
      read.gone.signal,
    )
    const { body } = answer
    if (performance.now() - began > recheckAfter && !(await read.access.stillOpen())) {
      if (typeof body !== 'string') await body[Symbol.asyncIterator]().return?.()
      throw invalidToken()
    }
    void reply.code(answer.status).headers(answer.headers)
    if (typeof body !== 'string') return sendStream(deps, reply, read, body)
    read.finish()
    return reply.send(body)
  }

  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const url = splitUrl(request.raw.url ?? '')
    const read = await beginRead(deps, request, url.name)
    try {
      return await answerRead(request, reply, read, url)
    } catch (error) {
      read.finish()
      noteFailure(deps, read, error)
      throw error
    }
  }

  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
  const onRequest = (_request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    void reply.header('Cache-Control', 'no-store')
    done()
  }
  for (const url of ['/api/odata4/:name', '/api/odata4/:name/*'])
    app.route({
      method: methods,
      url,
      errorHandler: (error, request, reply) => void answerError(error, request, reply),
      onRequest,
      handler: handle,
    })
}
