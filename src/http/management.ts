import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifySchemaValidationError,
} from 'fastify'
import { type Caller, checkPermissions } from '#features/access/caller.ts'
import type { Endpoint, EndpointInput } from '#features/endpoint.ts'
import { ManagementError, refusals } from '#features/refusals.ts'
import { answerManagementError } from './answer.ts'
import { type BasicAuthentication, isCrossSite } from './authenticate.ts'
import { FormBody } from './body.ts'
import { readParameters } from './query.ts'

const readId = (
  request: FastifyRequest,
  endpoint: Endpoint<never>,
  name: 'id' | 'other' | 'third',
): number => {
  const text = (request.params as Readonly<Record<string, string | undefined>>)[name]
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
      errorHandler: (error, request, reply) => {
        void answerManagementError(
          request,
          reply,
          error,
          endpoints.find((endpoint) => endpoint.path === path),
        )
      },
      handler: async (_request, reply) => {
        void reply.header('Allow', used.join(', '))
        throw new ManagementError(refusals.methodNotAllowed, `It takes ${used.join(', ')}.`)
      },
    })
  }
}

export type EndpointAuthentication = Pick<BasicAuthentication, 'authenticate'> & {
  /** The user that `?user=` names, as far as the caller may act for it; throws the refusal. */
  readonly actFor: (caller: Caller, userName: string) => Promise<Caller>
}

const audit = (
  request: FastifyRequest,
  endpoint: Endpoint<never>,
  who: { readonly caller: Caller; readonly subject: Caller },
  what: { readonly input: EndpointInput<unknown>; readonly answer: unknown },
): void => {
  if (endpoint.audit === undefined) return
  const { id, other, third } = what.input
  request.log.info(
    {
      audit: endpoint.audit,
      endpoint: endpoint.name,
      userId: who.caller.userId,
      ...(who.subject === who.caller ? {} : { onBehalfOf: who.subject.userId }),
      subject: id || Number((what.answer as { id?: unknown } | undefined)?.id ?? 0),
      ...(other === 0 ? {} : { other }),
      ...(third === 0 ? {} : { third }),
      ...(what.input.query['cascade'] === true ? { cascade: true } : {}),
    },
    'audit',
  )
}

const readInput = (
  request: FastifyRequest,
  endpoint: Endpoint<never>,
  values: Record<string, unknown>,
  subject: Caller,
): EndpointInput<unknown> => ({
  id: readId(request, endpoint, 'id'),
  other: readId(request, endpoint, 'other'),
  third: readId(request, endpoint, 'third'),
  name: (request.params as { name?: string }).name ?? '',
  query: values,
  subject,
  body: checkBody(request, endpoint),
})

/**
 * Sends what an endpoint answers, as its schema has it. What writes it is made when the endpoint first answers: a start
 * need not wait for a hundred of them.
 */
const send = (
  reply: FastifyReply,
  { answer: shape, download }: Endpoint<never>,
  answer: unknown,
) =>
  shape === undefined || download !== undefined
    ? reply.send(answer)
    : reply
        .type('application/json; charset=utf-8')
        .send(
          reply.serializeInput(answer as Record<string, unknown>, shape as Record<string, unknown>),
        )

/** Order of checks (management reference 7): who, permission, for whom, then what is asked. */
export const mountEndpoints = <Deps>(
  app: FastifyInstance,
  endpoints: readonly Endpoint<Deps>[],
  deps: Deps,
  authentication: EndpointAuthentication,
): void => {
  refuseOtherMethods(app, endpoints)
  for (const endpoint of endpoints) {
    app.route({
      method: endpoint.method,
      url: endpoint.path,
      errorHandler: (error, request, reply) => {
        void answerManagementError(request, reply, error, endpoint)
      },
      onRequest: async (_request, reply) => void reply.header('Cache-Control', 'no-store'),
      handler: async (request, reply) => {
        if (isCrossSite(request)) throw new ManagementError(refusals.crossSite)
        const caller = await authentication.authenticate(request, endpoint)
        checkPermissions(caller, endpoint.permissions)
        const { values, user } = readParameters(request, endpoint)
        const subject = user === undefined ? caller : await authentication.actFor(caller, user)
        const input = readInput(request, endpoint, values, subject)
        const answer = await endpoint.handle(deps, caller, input)
        audit(request, endpoint, { caller, subject }, { input, answer })
        if (endpoint.replaced?.(answer) === true) return send(reply.code(200), endpoint, answer)
        if (endpoint.download !== undefined)
          void reply.headers({
            'Content-Type': 'text/plain; charset=utf-8',
            'Content-Disposition': `attachment; filename="${endpoint.download(input)}"`,
          })
        if (endpoint.location !== undefined)
          void reply.header('Location', endpoint.location(answer, input))
        return endpoint.success === 204
          ? reply.code(204).send()
          : send(reply.code(endpoint.success), endpoint, answer)
      },
    })
  }
}
