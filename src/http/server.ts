import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { Logger } from 'pino'
import { type RefusalRow, refusals } from '#features/refusals.ts'
import { answerManagementError, envelope } from './answer.ts'
import { addBodyParsers, bodyLimit } from './body.ts'
import type { Metrics } from './metrics.ts'
import { renderError } from './pages/error.ts'
import { sendPage } from './pages/send.ts'

export type ServerOptions = {
  readonly logger: Logger
  readonly metrics: Metrics
  /** PEM texts. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  readonly trustProxy: readonly string[] | undefined
  readonly secure: boolean
}

/** HDP's correlation header is echoed when it is harmless; otherwise a request gets an id of its own. */
const requestId = (raw: {
  headers: Readonly<Record<string, string | string[] | undefined>>
}): string => {
  const given = raw.headers['trace-id']
  return typeof given === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(given) ? given : randomUUID()
}

/** What the HTTP parser refuses, before there is a request to answer. */
const parserRows: Readonly<Record<string, RefusalRow>> = {
  HPE_HEADER_OVERFLOW: refusals.tooManyHeaders,
  ERR_HTTP_REQUEST_TIMEOUT: refusals.tooSlow,
}

/** Says in our words what is wrong with bytes that are no request, and ends the connection. */
const answerParserError = (error: Error & { code: string }, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const row = parserRows[error.code] ?? refusals.invalidInput
  const body = JSON.stringify(envelope(row, row.sentence))
  if (socket.writable)
    socket.write(
      [
        `HTTP/1.1 ${row.status} ${STATUS_CODES[row.status]}`,
        'Content-Type: application/json; charset=utf-8',
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    )
  socket.destroy(error)
}

const wantsPage = (request: FastifyRequest): boolean =>
  !(request.raw.url ?? '').startsWith('/api/') &&
  (request.headers.accept ?? '').includes('text/html')

const answerNotFound = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const { sentence } = refusals.notFound
  if (!wantsPage(request)) return reply.code(404).send(envelope(refusals.notFound, sentence))
  const page = renderError({
    status: 404,
    title: 'There is nothing here',
    message: sentence,
    whatToDo: 'Check the address, or begin at the start page.',
    requestId: request.id,
  })
  return sendPage(reply, page, { status: 404 })
}

/**
 * What every answer says to browsers; pages bring a policy of their own (pages/send.ts). They never change while
 * the server runs, so they are put together once and not at every request.
 */
const protectiveHeaders = (secure: boolean): Readonly<Record<string, string>> => ({
  'Content-Security-Policy': "default-src 'none';frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  ...(secure ? { 'Strict-Transport-Security': 'max-age=31536000' } : {}),
})

const createFastify = (options: ServerOptions) =>
  Fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    clientErrorHandler: answerParserError,
    // A URL that cannot be decoded reaches no route and no hook: it gets its headers here.
    frameworkErrors: (error, request, reply) => {
      void reply.headers({ ...protectiveHeaders(options.secure), 'X-Request-Id': request.id })
      void (error.code === 'FST_ERR_BAD_URL'
        ? answerNotFound(request, reply)
        : answerManagementError(request, reply, error))
    },
    bodyLimit,
    trustProxy: options.trustProxy === undefined ? false : [...options.trustProxy],
    requestTimeout: 60_000,
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false, caseSensitive: true },
    // Wrong types are refused, not coerced; nothing is added and nothing is taken away in silence.
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: false,
      },
    },
    ...(options.tls === undefined
      ? {}
      : { https: { cert: options.tls.cert, key: options.tls.key } }),
  }) as unknown as FastifyInstance

/** Hooks of every request are plain functions: a promise for each of them is a cost that all requests pay. */
const addObservation = (app: FastifyInstance, { metrics, secure }: ServerOptions): void => {
  const headers = protectiveHeaders(secure)
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(headers).header('X-Request-Id', request.id)
    if (request.headers['trace-id'] === request.id) void reply.header('Trace-ID', request.id)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    const { elapsedTime } = reply
    const labels = {
      route,
      method: request.routeOptions.url === undefined ? 'other' : request.method,
      status: `${Math.floor(reply.statusCode / 100)}xx`,
    }
    metrics.request(labels, elapsedTime / 1000)
    const ms = Math.round(elapsedTime * 10) / 10
    const { method, ip } = request
    request.log.info({ route, method, status: reply.statusCode, ms, ip }, 'answered')
    done()
  })
}

/** The bare server: parsers, headers, logs, metrics, and the answer to what nobody else answers. */
export const createServer = async (options: ServerOptions): Promise<FastifyInstance> => {
  const app = createFastify(options)
  addBodyParsers(app)
  addObservation(app, options)
  app.setErrorHandler((error, request, reply) => answerManagementError(request, reply, error))
  app.setNotFoundHandler(answerNotFound)
  return app
}
