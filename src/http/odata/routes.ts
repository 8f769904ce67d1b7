import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Acquired, Opened, OpenSources } from '#features/data-sources/open-sources.ts'
import { parseODataOptions } from '#connectors/odata-options.ts'
import type { Metrics } from '../metrics.ts'
import { type Access, type AccessDeps, findAccess, invalidToken, noSource } from './access.ts'
import { createODataService, type ODataService } from './answer.ts'
import { answerError } from './error-answer.ts'
import { odataHeaders } from './request-headers.ts'
import type { ODataAnswer } from './service-answer.ts'
import type { CursorSealer } from './service.ts'
import { watchAccess } from './watch-access.ts'

export type ODataDeps = AccessDeps & {
  readonly openSources: OpenSources
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
  return ({ source, dataSource }: Opened): ODataService => {
    const known = services.get(source)
    if (known !== undefined) return known
    const created = createODataService({
      source,
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

/** What is said already is said on: answers to pages of other origins vary by origin, too. */
const withVary = (reply: FastifyReply, headers: ODataAnswer['headers']): ODataAnswer['headers'] => {
  const said = reply.getHeader('Vary')
  if (said === undefined || headers['Vary'] === undefined) return headers
  return { ...headers, Vary: `${String(said)}, ${headers['Vary']}` }
}

/** A request for data while it lasts: its source, and the end of whatever it holds. */
type Read = {
  readonly access: Access
  readonly opened: Acquired
  readonly gone: AbortController
  readonly finish: () => void
}

const beginRead = async (
  deps: ODataDeps,
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
        headers: odataHeaders(request),
      },
      { userId: String(read.access.userId), limits: read.access.limits },
      read.gone.signal,
    )
    const { body } = answer
    if (performance.now() - began > recheckAfter && !(await read.access.stillOpen())) {
      if (typeof body !== 'string') await body[Symbol.asyncIterator]().return?.()
      throw invalidToken()
    }
    void reply.code(answer.status).headers(withVary(reply, answer.headers))
    if (typeof body !== 'string') return sendStream(deps, reply, read, body)
    read.finish()
    return reply.send(body)
  }

  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const url = splitUrl(request.raw.url ?? '')
    const read = await beginRead(deps, request, await findAccess(deps, request, url.name))
    try {
      return await answerRead(request, reply, read, url)
    } catch (error) {
      read.finish()
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
