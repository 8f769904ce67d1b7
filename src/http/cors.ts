import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

/**
 * Pages at the origins of enabled public applications may call what a browser application needs: token,
 * revocation, metadata and data. Whole origins are compared (T03); cookies are never allowed.
 */
export const addCors = async (
  app: FastifyInstance,
  deps: { readonly publicOrigins: () => Promise<ReadonlySet<string>> },
): Promise<void> => {
  const served =
    /^\/(?:oauth2\/(?:token|revoke)|api\/mgmt\/oauth2\/(?:token|revoke)|\.well-known\/|api\/odata4\/)/
  await app.register(cors, {
    delegator: (request, callback) => {
      const { origin } = request.headers
      if (origin === undefined || !served.test(request.raw.url ?? ''))
        return callback(null, { origin: false })
      deps.publicOrigins().then(
        (allowed) =>
          callback(null, {
            origin: allowed.has(origin) ? origin : false,
            methods: ['GET', 'POST'],
            allowedHeaders: [
              'Authorization',
              'Content-Type',
              'Accept',
              'Prefer',
              'OData-Version',
              'OData-MaxVersion',
              'If-None-Match',
              'Trace-ID',
              // What OpenUI5 sends on its own: it asks for a token and a session before everything else; there are none, and none
              // are needed.
              'MIME-Version',
              'X-CSRF-Token',
              'X-SAP-Security-Session',
              'SAP-Cancel-On-Close',
            ],
            exposedHeaders: [
              'OData-Version',
              'ETag',
              'Preference-Applied',
              'Retry-After',
              'Trace-ID',
              'WWW-Authenticate',
              'X-Request-Id',
            ],
            credentials: false,
            maxAge: 600,
          }),
        (error: Error) => callback(error, { origin: false }),
      )
    },
  })
}
