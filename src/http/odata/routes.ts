import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseODataOptions } from '#connectors/odata-options.ts'
import type { Opened } from '#features/data-sources/open-sources.ts'
import { type Access, type AccessDeps, findAccess } from './access.ts'
import { createODataService, type ODataService } from './answer.ts'
import { createBatchHandler, isBatch } from './batch/handle.ts'
import { answerError } from './error-answer.ts'
import { checkHdpHeaders } from './hdp-headers.ts'
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
import type { ServiceUrl } from './service-url.ts'
import type { CursorSealer } from './service.ts'

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
    request: FastifyRequest,
    reply: FastifyReply,
    read: Read,
    url: ServiceUrl,
  ): Promise<FastifyReply> => {
    const began = performance.now()
    const answer = await serviceOf(read.opened).answer(
      {
        method: request.method,
        path: url.path,
        query: url.query,
        headers: odataHeaders(request),
      },
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
    return reply.send(body)
  }

  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const url = serviceUrlOf(request)
    const ask = (): Promise<Access> => findAccess(deps, request, url.name)
    const access = await ask()
    checkHdpHeaders(request.headers)
    const read = await beginRead(deps, request.raw, access, ask)
    try {
      return await answerRead(request, reply, read, url)
    } catch (error) {
      read.finish()
      noteFailure(deps, read, error)
      throw error
    }
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
  const post = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    isBatch(serviceUrlOf(request).path) ? handleBatch(request, reply) : handle(request, reply)
  void app.register(async (scope) => {
    // Nothing that is posted is read before it is known who sends it.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    for (const url of urls) scope.route({ ...shared, method: 'POST', url, handler: post })
  })
}
