import type { FastifyReply, FastifyRequest } from 'fastify'
import { ConnectorError } from '#connectors/errors.ts'
import { Unavailable } from '#lib/refusal.ts'
import { ODataError } from '#odata/errors.ts'
import { logRefusal, toManagementError } from '../answer.ts'
import { AccessError } from './access.ts'
import { plainJsonType } from './format.ts'
import { odataHeaders } from './request-headers.ts'
import { renderODataError } from './service-answer.ts'
import { versionOfRefusal } from './versions.ts'

const errorBody = (code: string, message: string): string =>
  JSON.stringify({ error: { code, message, target: null, details: [] } })

const refuse = (
  reply: FastifyReply,
  status: number,
  code: string,
  message: string,
): FastifyReply => {
  const version = versionOfRefusal(odataHeaders(reply.request))
  return reply
    .code(status)
    .headers({ 'Content-Type': plainJsonType(version), 'OData-Version': version })
    .send(errorBody(code, message))
}

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
    const version = versionOfRefusal(odataHeaders(request))
    const { status, headers, body } = renderODataError(error, version)
    logRefusal(request, status, error)
    return reply.code(status).headers(headers).send(body)
  }
  const refusal = toManagementError(error)
  logRefusal(request, refusal.row.status, refusal)
  return refuse(reply, refusal.row.status, String(refusal.row.code), refusal.message)
}
