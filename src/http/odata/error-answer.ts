import type { FastifyReply, FastifyRequest } from 'fastify'
import { ConnectorError } from '#connectors/errors.ts'
import { Unavailable } from '#lib/refusal.ts'
import { ODataError } from '#odata/errors.ts'
import { logRefusal, toManagementError } from '../answer.ts'
import { AccessError } from './access.ts'
import { renderODataError } from './service-answer.ts'

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

/** The one place where the OData surface turns what was thrown into an answer. */
export const answerError = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply => {
  if (error instanceof AccessError) {
    logRefusal(request, error.status, error)
    // RFC 6585 section 4.
    if (error.status === 429) void reply.header('Retry-After', '1')
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
