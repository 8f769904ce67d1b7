import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseODataOptions } from '#connectors/odata-options.ts'
import type { Opened } from '#features/data-sources/open-sources.ts'
import { type Access, type AccessDeps, findAccess } from './access.ts'
import { createODataService, type ODataService } from './answer.ts'
import { createBatchHandler, isBatch } from './batch/handle.ts'
import { answerError } from './error-answer.ts'
import { checkHdpHeaders } from './hdp-headers.ts'
import { readPostedQuery } from './posted-query.ts'
import {
  beginRead,
  checkAgain,
  contextOf,
  noteFailure,
  type Read,
  type ReadDeps,
  sendStream,
} from './reading.ts'
import { odataHeaders, serviceUrlOf } from './request-headers.ts'
import { isStream, type ODataAnswer } from './service-answer.ts'
import { isPostedQuery } from './service-url.ts'
import type { CursorSealer, ODataRequest } from './service.ts'

export type ODataDeps = AccessDeps &
  ReadDeps & { readonly sealer: CursorSealer; readonly publicUrl: string }

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

const leave = (reply: FastifyReply): FastifyReply => {
  reply.log.debug('the client left before its answer')
  reply.hijack()
  reply.raw.destroy()
  return reply
}

/** What is said already is said on: answers to pages of other origins vary by origin, too. */
const withVary = (reply: FastifyReply, headers: ODataAnswer['headers']): ODataAnswer['headers'] => {
  const said = reply.getHeader('Vary')
  if (said === undefined || headers['Vary'] === undefined) return headers
  return { ...headers, Vary: `${String(said)}, ${headers['Vary']}` }
}

/** Mounts the OData V4 surface. */
export const mountOData = (app: FastifyInstance, deps: ODataDeps): void => {
  const serviceOf = createServices(deps)
  const handleBatch = createBatchHandler(deps, serviceOf)

  const answerRead = async (
    reply: FastifyReply,
    read: Read,
    asked: ODataRequest,
  ): Promise<FastifyReply> => {
    const began = performance.now()
    const answer = await serviceOf(read.opened).answer(
      asked,
      contextOf(read.access),
      read.gone.signal,
    )
    const { body } = answer
    try {
      await checkAgain(read.access, began)
    } catch (error) {
      if (isStream(body)) await body[Symbol.asyncIterator]().return?.()
      throw error
    }
    void reply.code(answer.status).headers(withVary(reply, answer.headers))
    if (isStream(body)) return sendStream(deps, reply, read, body)
    read.finish()
    return reply.send(asked.method === 'HEAD' ? null : body)
  }

  /** `found` is who asks; `ask` finds that out once more. */
  const answerRequest = async (
    reply: FastifyReply,
    asked: ODataRequest,
    found: Access,
    ask: () => Promise<Access>,
  ): Promise<FastifyReply> => {
    const read = await beginRead(deps, reply.request.raw, found, ask)
    try {
      return await answerRead(reply, read, asked)
    } catch (error) {
      read.finish()
      // Nobody is left to be told.
      if (read.gone.signal.aborted) return leave(reply)
      noteFailure(deps, read, error)
      throw error
    }
  }

  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { name, path, query } = serviceUrlOf(request)
    const ask = (): Promise<Access> => findAccess(deps, request, name)
    const found = await ask()
    checkHdpHeaders(request.headers)
    const { method } = request
    return answerRequest(reply, { method, path, query, headers: odataHeaders(request) }, found, ask)
  }

  /** The body is read after access was checked, while no turn of the user is taken; and access once more if that took its time. */
  const handleQuery = async (
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> => {
    const began = performance.now()
    const url = serviceUrlOf(request)
    const ask = (): Promise<Access> => findAccess(deps, request, url.name)
    const found = await ask()
    checkHdpHeaders(request.headers)
    const { path, query } = await readPostedQuery(request, url)
    await checkAgain(found, began)
    // RFC 9110 section 13.1.2: 304 is an answer to GET and HEAD.
    const { 'if-none-match': _none, ...headers } = odataHeaders(request)
    return answerRequest(reply, { method: 'GET', path, query, headers }, found, ask)
  }

  const onRequest = (_request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    void reply.header('Cache-Control', 'no-store')
    done()
  }
  const shared = {
    errorHandler: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      void answerError(error, request, reply),
    onRequest,
  }
  const urls = ['/api/odata4/:name', '/api/odata4/:name/*']
  const method = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE']
  for (const url of urls) app.route({ ...shared, method, url, handler: handle })
  const post = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { path } = serviceUrlOf(request)
    if (isBatch(path)) return handleBatch(request, reply)
    return isPostedQuery(path) ? handleQuery(request, reply) : handle(request, reply)
  }
  void app.register(async (scope) => {
    // Nothing that is posted is read before it is known who sends it.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    for (const url of urls) scope.route({ ...shared, method: 'POST', url, handler: post })
  })
}
