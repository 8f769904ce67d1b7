import type { FastifyInstance } from 'fastify'
import type { ClientAuthInput } from '#oauth/client-auth/client-auth.ts'
import { OAuthError } from '#oauth/errors.ts'
import { introspectToken } from '#oauth/introspection.ts'
import { serverMetadata } from '#oauth/metadata.ts'
import type { OAuthDeps } from '#oauth/ports.ts'
import { revokeToken } from '#oauth/revocation.ts'
import { answerTokenRequest } from '#oauth/token.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasSeveralAuthorizations } from '../authenticate.ts'
import type { Metrics } from '../metrics.ts'
import { answerOAuthError } from './answer.ts'
import { readBodyParameters } from './parameters.ts'

/** HDP's documents use both spellings (OAuth reference A.0). */
export const oauthBases = ['/oauth2', '/api/mgmt/oauth2'] as const

const readInput = (request: FastifyRequest): ClientAuthInput => {
  if (hasSeveralAuthorizations(request))
    throw new OAuthError('invalid_client', 'There is more than one Authorization header.')
  return { parameters: readBodyParameters(request), authorization: request.headers.authorization }
}

const methodNotAllowed = (_request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  reply
    .code(405)
    .header('Allow', 'POST')
    .send({ error: 'invalid_request', error_description: 'Send a POST request.' })

/** Token (RFC 6749 section 3.2), revocation (RFC 7009), introspection (RFC 7662) and metadata (RFC 8414) endpoints. */
export const mountTokenRoutes = (
  app: FastifyInstance,
  deps: { readonly oauth: OAuthDeps; readonly issuer: string; readonly metrics: Metrics },
): void => {
  const { oauth, metrics } = deps
  const options = {
    errorHandler: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      metrics.oauthRefused(error instanceof OAuthError ? error.code : 'other')
      return answerOAuthError(request, reply, error)
    },
    // RFC 6749 section 5.1, on refusals as well (T42).
    onRequest: async (_request: FastifyRequest, reply: FastifyReply) =>
      void reply.headers({ 'Cache-Control': 'no-store', Pragma: 'no-cache' }),
  }
  for (const base of oauthBases) {
    app.post(`${base}/token`, options, async (request) => {
      const input = readInput(request)
      const response = await answerTokenRequest(oauth, input)
      metrics.tokensIssued(input.parameters.get('grant_type') ?? 'other')
      return response
    })
    app.post(`${base}/revoke`, options, async (request, reply) => {
      await revokeToken(oauth, readInput(request))
      // RFC 7009 section 2.2: the body says nothing; some libraries insist on JSON (simple-oauth2).
      return reply.code(200).send({})
    })
    app.post(`${base}/introspect`, options, (request) =>
      introspectToken(oauth, readInput(request), deps.issuer),
    )
    for (const path of ['token', 'revoke', 'introspect'])
      app.route({
        ...options,
        method: ['GET', 'PUT', 'PATCH', 'DELETE'],
        url: `${base}/${path}`,
        handler: methodNotAllowed,
      })
  }
  const metadata = serverMetadata(deps.issuer)
  app.get('/.well-known/oauth-authorization-server', async (_request, reply) => {
    void reply.header('Cache-Control', 'public, max-age=300')
    return metadata
  })
}
