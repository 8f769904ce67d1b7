import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import { type Clock, seconds } from '#lib/clock.ts'
import { createExpiringCache } from '#lib/expiring-cache.ts'

/**
 * Pages at the origins of enabled public applications may call what a browser application needs: token,
 * revocation, metadata and data. Whole origins are compared (T03); cookies are never allowed.
 */
export const addCors = async (
  app: FastifyInstance,
  deps: { readonly publicOrigins: () => Promise<ReadonlySet<string>>; readonly clock: Clock },
): Promise<{ readonly forget: () => void }> => {
  const remembered = createExpiringCache<ReadonlySet<string>>(deps.clock, {
    entries: 1,
    age: seconds(10),
  })
  const origins = async (): Promise<ReadonlySet<string>> => {
    const known = remembered.get('origins')
    if (known !== undefined) return known
    const read = await deps.publicOrigins()
    remembered.set('origins', read)
    return read
  }
  const served =
    /^\/(?:oauth2\/(?:token|revoke)|api\/mgmt\/oauth2\/(?:token|revoke)|\.well-known\/|api\/odata4\/)/
  await app.register(cors, {
    delegator: (request, callback) => {
      const { origin } = request.headers
      if (origin === undefined || !served.test(request.raw.url ?? ''))
        return callback(null, { origin: false })
      origins().then(
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
            ],
            exposedHeaders: ['OData-Version', 'WWW-Authenticate', 'X-Request-Id'],
            credentials: false,
            maxAge: 600,
          }),
        (error: Error) => callback(error, { origin: false }),
      )
    },
  })
  return { forget: remembered.clear }
}
