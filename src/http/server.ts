import { randomUUID } from 'node:crypto'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import Fastify, {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { Logger } from 'pino'
import { refusals } from '#features/refusals.ts'
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

const createFastify = (options: ServerOptions) =>
  Fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
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

const addObservation = (app: FastifyInstance, { metrics }: ServerOptions): void => {
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('X-Request-Id', request.id)
    if (request.headers['trace-id'] === request.id) void reply.header('Trace-ID', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    const seconds = reply.elapsedTime / 1000
    metrics.request(
      {
        route,
        method: request.routeOptions.url === undefined ? 'other' : request.method,
        status: `${Math.floor(reply.statusCode / 100)}xx`,
      },
      seconds,
    )
    request.log.info(
      {
        route,
        method: request.method,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
      },
      'answered',
    )
  })
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

/** The bare server: parsers, headers, logs, metrics, and the answer to what nobody else answers. */
export const createServer = async (options: ServerOptions): Promise<FastifyInstance> => {
  const app = createFastify(options)
  addBodyParsers(app)
  addObservation(app, options)
  app.setErrorHandler((error, request, reply) => answerManagementError(request, reply, error))
  app.setNotFoundHandler(answerNotFound)
  await app.register(cookie)
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: options.secure
      ? { maxAge: 31_536_000, includeSubDomains: false }
      : false,
    crossOriginResourcePolicy: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
  })
  return app
}
