import type { FastifyInstance } from 'fastify'

/** HDP's probe (management reference 5.9), `live` for the process alone and `ready` for the database as well. */
export const mountHealth = (app: FastifyInstance, isReady: () => Promise<boolean>): void => {
  const answer = async (): Promise<{ readonly ready: boolean }> => ({
    ready: await isReady().catch(() => false),
  })
  for (const url of ['/api/healthcheck', '/api/healthcheck/ready'])
    app.get(url, async (_request, reply) => {
      void reply.header('Cache-Control', 'no-store')
      const { ready } = await answer()
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'active' : 'inactive' })
    })
  app.get('/api/healthcheck/live', async (_request, reply) =>
    reply.header('Cache-Control', 'no-store').send({ status: 'active' }),
  )
}
