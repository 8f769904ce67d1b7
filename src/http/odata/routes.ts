import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { holds, type Caller } from '#features/access/caller.ts'
import { permission } from '#features/access/permissions.ts'
import type { BearerCheck } from '#features/authorizations/bearer.ts'
import type { Opened, OpenSources } from '#features/data-sources/open-sources.ts'
import type { DataSourceService } from '#features/data-sources/service.ts'
import { ManagementError } from '#features/refusals.ts'
import { parseODataOptions } from '#connectors/odata-options.ts'
import { ConnectorError } from '#connectors/errors.ts'
import { ODataError } from '#odata/errors.ts'
import { Unavailable } from '#lib/refusal.ts'
import { logRefusal, toManagementError } from '../answer.ts'
import { authorizationOf, type BasicAuthentication } from '../authenticate.ts'
import type { Metrics } from '../metrics.ts'
import { createODataService, type ODataService } from './answer.ts'
import type { CursorSealer } from './service.ts'
import { type ODataAnswer, renderODataError } from './service-answer.ts'
import { type AccessWatch, watchAccess } from './watch-access.ts'

export type ODataDeps = {
  readonly basic: BasicAuthentication
  readonly bearer: BearerCheck
  readonly dataSources: DataSourceService
  readonly openSources: OpenSources
  readonly sealer: CursorSealer
  readonly publicUrl: string
  readonly metrics: Metrics
}

/** Who reads which data source; `stillOpen` asks again whether they may. */
type Access = {
  readonly userId: number
  readonly dataSourceId: number
  readonly stillOpen: () => Promise<boolean>
}

/** A refusal of the OData surface that has to do with who asks, not with the language. */
class AccessError extends Error {
  readonly status: number
  readonly code: string
  readonly challenges: readonly string[]
  constructor(status: number, code: string, message: string, challenges: readonly string[] = []) {
    super(message)
    this.status = status
    this.code = code
    this.challenges = challenges
  }
}

const basicChallenge = 'Basic realm="Headgate", charset="UTF-8"'

const invalidToken = (): AccessError =>
  new AccessError(
    401,
    'InvalidToken',
    'The access token is unknown, expired or revoked. Refresh it, or authorize again.',
    [
      'Bearer realm="Headgate", error="invalid_token", error_description="The access token is unknown, expired or revoked"',
    ],
  )

const noSource = (): AccessError =>
  new AccessError(404, 'NotFound', 'There is no data source of this name within your reach.')

const forbidden = (): AccessError =>
  new AccessError(403, 'Forbidden', 'You lack the permission UseDataSourceWithOData (7).')

const accessByBearer = async (deps: ODataDeps, token: string, name: string): Promise<Access> => {
  const outcome = await deps.bearer(token, name)
  switch (outcome.kind) {
    case 'open':
      return {
        userId: outcome.userId,
        dataSourceId: outcome.dataSourceId,
        stillOpen: async () => {
          const again = await deps.bearer(token, name)
          return again.kind === 'open' && again.dataSourceId === outcome.dataSourceId
        },
      }
    case 'forbidden':
      throw forbidden()
    case 'no-source':
      throw noSource()
    case 'invalid':
      throw invalidToken()
  }
}

const authenticateBasic = async (
  deps: ODataDeps,
  credentials: Parameters<BasicAuthentication['authenticateCredentials']>[0],
): Promise<Caller> => {
  try {
    return await deps.basic.authenticateCredentials(credentials)
  } catch (error) {
    if (error instanceof ManagementError && error.row.status === 401)
      throw new AccessError(401, 'Unauthorized', error.message, [basicChallenge])
    throw error
  }
}

const accessByBasic = async (deps: ODataDeps, caller: Caller, name: string): Promise<Access> => {
  if (!holds(caller, permission.useOData)) throw forbidden()
  const source = await deps.dataSources.readByName(caller.userId, name)
  if (source === undefined) throw noSource()
  return {
    userId: caller.userId,
    dataSourceId: source.id,
    stillOpen: async () =>
      (await deps.dataSources.readByName(caller.userId, name))?.id === source.id,
  }
}

/** RFC 6750 section 2.1: the header alone carries a token; one in the URL is no token at all (T12, T72). */
const findAccess = async (
  deps: ODataDeps,
  request: FastifyRequest,
  name: string,
): Promise<Access> => {
  const presented = authorizationOf(request)
  switch (presented.kind) {
    case 'bearer':
      return accessByBearer(deps, presented.token, name)
    case 'basic':
      return accessByBasic(deps, await authenticateBasic(deps, presented.credentials), name)
    case 'malformed':
      throw new AccessError(
        400,
        'BadRequest',
        'The Authorization header is malformed, or there is more than one.',
      )
    case 'none':
      throw new AccessError(
        401,
        'Unauthorized',
        'Send a bearer token, or HTTP Basic credentials.',
        ['Bearer realm="Headgate"', basicChallenge],
      )
  }
}

const errorBody = (code: string, message: string): string =>
  JSON.stringify({ error: { code, message, target: null, details: [] } })

const refuse = (reply: FastifyReply, status: number, code: string, message: string): FastifyReply =>
  reply
    .code(status)
    .headers({
      'Content-Type': 'application/json;odata.metadata=minimal;charset=utf-8',
      'OData-Version': '4.0',
    })
    .send(errorBody(code, message))

const answerError = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply => {
  if (error instanceof AccessError) {
    logRefusal(request, error.status, error)
    if (error.challenges.length > 0) void reply.header('WWW-Authenticate', [...error.challenges])
    return refuse(reply, error.status, error.code, error.message)
  }
  if (
    error instanceof ODataError ||
    error instanceof ConnectorError ||
    error instanceof Unavailable
  ) {
    const { status, headers, body } = renderODataError(error)
    logRefusal(request, status, error)
    return reply.code(status).headers(headers).send(body)
  }
  const refusal = toManagementError(error)
  logRefusal(request, refusal.row.status, refusal)
  return refuse(reply, refusal.row.status, String(refusal.row.code), refusal.message)
}

/** `/api/odata4/<name>/<rest>?<query>`, the rest and the query as they came. */
const splitUrl = (
  url: string,
): { readonly name: string; readonly path: string; readonly query: string } => {
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

type Live = { readonly watch: AccessWatch | undefined; readonly release: () => void }

const sendAnswer = (reply: FastifyReply, answer: ODataAnswer, live: Live): FastifyReply => {
  void reply.code(answer.status).headers(answer.headers).header('Cache-Control', 'no-store')
  if (typeof answer.body === 'string') {
    live.release()
    return reply.send(answer.body)
  }
  const stream = Readable.from(answer.body, { objectMode: false, highWaterMark: 65_536 })
  stream.once('close', live.release)
  return reply.send(stream)
}

/** Mounts the OData V4 surface. */
export const mountOData = (app: FastifyInstance, deps: ODataDeps): void => {
  const serviceOf = createServices(deps)

  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { name, path, query } = splitUrl(request.raw.url ?? '')
    const access = await findAccess(deps, request, name)
    const opened = await deps.openSources.acquire(access.dataSourceId)
    if (opened === undefined) throw noSource()
    const gone = new AbortController()
    const stop = (): void => gone.abort()
    request.raw.socket.once('close', stop)
    const watch = watchAccess(access.stillOpen, () => {
      deps.metrics.streamCut()
      gone.abort()
      reply.raw.destroy()
    })
    const release = (): void => {
      watch.stop()
      request.raw.socket.off('close', stop)
      opened.release()
    }
    try {
      const answer = await serviceOf(opened).answer(
        { method: request.method, path, query, headers: requestHeaders(request) },
        { userId: String(access.userId) },
        gone.signal,
      )
      return sendAnswer(reply, answer, { watch, release })
    } catch (error) {
      release()
      throw error
    }
  }

  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
  const onRequest = async (_request: FastifyRequest, reply: FastifyReply) =>
    void reply.header('Cache-Control', 'no-store')
  for (const url of ['/api/odata4/:name', '/api/odata4/:name/*'])
    app.route({
      method: methods,
      url,
      errorHandler: (error, request, reply) => void answerError(error, request, reply),
      onRequest,
      handler: handle,
    })
}
