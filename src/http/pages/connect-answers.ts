import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RedirectUris } from '#features/oauth-applications/redirect-uri.ts'
import { ConnectionRefused } from '#features/oauth-connections/refused.ts'
import type { OAuthConnections } from '#features/oauth-connections/service.ts'
import { logRefusal } from '../answer.ts'
import { type ConnectResultPage, renderConnectResult } from './connect-result.ts'
import { refusedResult } from './connect-words.ts'
import type { PasswordPageDeps } from './routes-password.ts'
import type { SignInDeps } from './routes-sign-in.ts'
import { answerPageError, sendPage } from './send.ts'

// What the way to a data store and the way back have in common.

export type ConnectDeps = SignInDeps &
  PasswordPageDeps & {
    readonly oauthConnections: OAuthConnections
    readonly redirectUris: RedirectUris
    readonly issuer: string
  }

/** Where the sign-in page of a link is. */
export const signInPath = (link: string): string => `/connect/${link}/sign-in`

/** Where it is told what became of a connection. */
export const donePath = (reference: string): string => `/connect/done/${reference}`

/** By 303, so that nothing of a form or an answer goes along (RFC 9700 section 4.12). */
export const sendTo = (reply: FastifyReply, location: string): FastifyReply =>
  reply.header('Cache-Control', 'no-store').redirect(location, 303)

export const sendResult = (
  reply: FastifyReply,
  page: ConnectResultPage,
  status = 200,
): FastifyReply => sendPage(reply, renderConnectResult(page), { status })

/** What of a connection is refused has a page of its own; all else is answered as everywhere. */
export const answerConnectError = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply => {
  if (!(error instanceof ConnectionRefused)) return answerPageError(error, request, reply)
  const { status, page } = refusedResult(error)
  logRefusal(request, status, error)
  const link = (request.params as { link?: string }).link
  const offers = error.reason === 'other-user' && link !== undefined
  return sendResult(
    reply,
    offers
      ? { ...page, signIn: { href: signInPath(link), label: 'Sign in with another account' } }
      : page,
    status,
  )
}

/** Who did what to the connection to which application; never a link, a state or a code. */
export const audit = (
  request: FastifyRequest,
  event: 'begun' | 'connected' | 'failed',
  about: { readonly userId: number; readonly subject: number; readonly reason?: string },
): void => request.log.info({ audit: `oauth-connection.${event}`, ...about }, 'audit')
