import type { FastifyInstance, FastifyRequest, FastifySchemaValidationError } from 'fastify'
import { checkPermissions } from '#features/access/caller.ts'
import type { Endpoint, EndpointInput } from '#features/endpoint.ts'
import { ManagementError, refusals } from '#features/refusals.ts'
import { answerManagementError } from './answer.ts'
import { type BasicAuthentication, isCrossSite } from './authenticate.ts'
import { FormBody, parseForm, rawQuery } from './body.ts'

/** Filters may be parted by `;` as well as `&` (management reference 0.2). */
const readQuery = (request: FastifyRequest): ReadonlyMap<string, string> => {
  const query = new Map<string, string>()
  for (const [name, value] of parseForm(rawQuery(request.raw.url ?? '').replaceAll(';', '&'))) {
    if (query.has(name))
      throw new ManagementError(
        refusals.invalidInput,
        `${name.slice(0, 40)} was sent more than once.`,
      )
    query.set(name, value)
  }
  return query
}

const readId = (
  request: FastifyRequest,
  endpoint: Endpoint<never>,
  name: 'id' | 'other',
): number => {
  const text = (request.params as { id?: string; other?: string })[name]
  if (text === undefined) return 0
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new ManagementError(endpoint.unknownId)
  return Number(text)
}

const describeFault = ([fault]: readonly FastifySchemaValidationError[]): string => {
  if (fault === undefined) return 'The body does not fit.'
  const field = fault.instancePath.slice(1).replaceAll('/', '.')
  const params = fault.params as { allowedValues?: unknown[] }
  const allowed = Array.isArray(params.allowedValues) ? `: ${params.allowedValues.join(', ')}` : ''
  return `${field === '' ? 'The body' : field} ${fault.message ?? 'is not valid'}${allowed}.`
}

const checkQuery = (endpoint: Endpoint<never>, query: ReadonlyMap<string, string>): void => {
  for (const name of endpoint.refusedQuery ?? []) {
    if (query.has(name)) throw new ManagementError(refusals.actingForOthers)
  }
}

const checkBody = (request: FastifyRequest, endpoint: Endpoint<never>): unknown => {
  if (request.body instanceof FormBody) throw new ManagementError(refusals.unsupportedMediaType)
  if (endpoint.body === undefined) return undefined
  if (
    request.body === undefined ||
    request.body === null ||
    typeof request.body !== 'object' ||
    Array.isArray(request.body)
  )
    throw new ManagementError(refusals.invalidInput, 'The body must be a JSON object.')
  const faults = request.validateInput(request.body, endpoint.body)
    ? undefined
    : request.getValidationFunction(endpoint.body)?.errors
  if (faults) throw new ManagementError(endpoint.invalid, describeFault(faults))
  return request.body
}

/** Other methods of a path are told which there are, instead of that there is no such path. */
const refuseOtherMethods = (app: FastifyInstance, endpoints: readonly Endpoint<never>[]): void => {
  for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
    const used = endpoints.filter((endpoint) => endpoint.path === path).map((e): string => e.method)
    const other = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter(
      (method) => !used.includes(method),
    )
    app.route({
      method: other,
      url: path,
      exposeHeadRoute: false,
      handler: async (_request, reply) => {
        void reply.header('Allow', used.join(', '))
        throw new ManagementError(refusals.methodNotAllowed, `It takes ${used.join(', ')}.`)
      },
    })
  }
}

/** Order of checks (management reference 7): who, permission, then what is asked. */
export const mountEndpoints = <Deps>(
  app: FastifyInstance,
  endpoints: readonly Endpoint<Deps>[],
  deps: Deps,
  basic: BasicAuthentication,
): void => {
  refuseOtherMethods(app, endpoints)
  for (const endpoint of endpoints) {
    app.route({
      method: endpoint.method,
      url: endpoint.path,
      schema:
        endpoint.answer === undefined ? {} : { response: { [endpoint.success]: endpoint.answer } },
      errorHandler: (error, request, reply) => {
        void answerManagementError(request, reply, error, endpoint.failed)
      },
      onRequest: async (_request, reply) => void reply.header('Cache-Control', 'no-store'),
      handler: async (request, reply) => {
        if (isCrossSite(request)) throw new ManagementError(refusals.crossSite)
        const caller = await basic.authenticate(request)
        checkPermissions(caller, endpoint.permissions)
        const query = readQuery(request)
        checkQuery(endpoint, query)
        const id = readId(request, endpoint, 'id')
        const other = readId(request, endpoint, 'other')
        const input: EndpointInput<unknown> = {
          id,
          other,
          query,
          body: checkBody(request, endpoint),
        }
        const answer = await endpoint.handle(deps, caller, input)
        if (endpoint.audit !== undefined) {
          const subject = id || Number((answer as { id?: unknown } | undefined)?.id ?? 0)
          const event = { audit: endpoint.audit, endpoint: endpoint.name, userId: caller.userId }
          request.log.info({ ...event, subject, ...(other === 0 ? {} : { other }) }, 'audit')
        }
        if (endpoint.location !== undefined)
          void reply.header('Location', endpoint.location(answer))
        return endpoint.success === 204
          ? reply.code(204).send()
          : reply.code(endpoint.success).send(answer)
      },
    })
  }
}
