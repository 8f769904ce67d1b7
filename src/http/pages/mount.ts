import cookie from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import { type AccountDeps, mountAccountRoutes } from './routes-account.ts'
import { type AuthorizeDeps, mountAuthorizeRoutes } from './routes-authorize.ts'
import type { ConnectDeps } from './connect-answers.ts'
import { mountConnectRoutes } from './routes-connect.ts'
import { mountConnectBackRoutes } from './routes-connect-back.ts'
import { mountPasswordRoutes } from './routes-password.ts'
import { mountSignInRoutes } from './routes-sign-in.ts'
import { mountAssets } from './send.ts'

/** All that a browser shows, in a scope of its own: cookies are read here and nowhere else. */
export const mountPages = async (
  app: FastifyInstance,
  deps: AccountDeps & AuthorizeDeps & ConnectDeps,
): Promise<void> => {
  await app.register(async (pages) => {
    await pages.register(cookie)
    mountAssets(pages)
    mountSignInRoutes(pages, deps)
    mountAccountRoutes(pages, deps)
    mountPasswordRoutes(pages, deps)
    mountAuthorizeRoutes(pages, deps)
    mountConnectRoutes(pages, deps)
    mountConnectBackRoutes(pages, deps)
  })
}
