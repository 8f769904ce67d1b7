import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ManagementError } from '#features/refusals.ts'
import { Unavailable } from '#lib/refusal.ts'
import { OAuthError, type OAuthErrorCode } from '#oauth/errors.ts'
import { logRefusal, sendUnavailable, toManagementError } from '../answer.ts'

/** RFC 6749 section 5.2. */
type ErrorBody = {
  readonly error: OAuthErrorCode | 'temporarily_unavailable' | 'server_error'
  readonly error_description: string
}

const statusOf = (error: OAuthError, request: FastifyRequest): number =>
  // RFC 6749 section 5.2: 401 when the client used the Authorization header; HDP's clients expect 400 else.
  error.code === 'invalid_client' && request.headers.authorization !== undefined ? 401 : 400

/** The one place where the token and revocation endpoints turn what was thrown into an answer. */
export const answerOAuthError = (
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): FastifyReply => {
  void reply.header('Cache-Control', 'no-store')
  const send = (status: number, body: ErrorBody) => reply.code(status).send(body)
  if (error instanceof OAuthError) {
    const status = statusOf(error, request)
    logRefusal(request, status, error)
    if (status === 401)
      void reply.header('WWW-Authenticate', 'Basic realm="Headgate", charset="UTF-8"')
    return send(status, { error: error.code, error_description: error.message })
  }
  if (error instanceof Unavailable) {
    logRefusal(request, 503, error)
    return sendUnavailable(reply, error).send({
      error: 'temporarily_unavailable',
      error_description: error.message,
    })
  }
  const refusal: ManagementError = toManagementError(error)
  logRefusal(request, refusal.row.status, refusal)
  return send(refusal.row.status, {
    error: refusal.row.status >= 500 ? 'server_error' : 'invalid_request',
    error_description:
      refusal.row.status === 415
        ? 'Send the body as application/x-www-form-urlencoded, or as application/json.'
        : refusal.message,
  })
}
