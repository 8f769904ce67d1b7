import type { FastifyReply, FastifyRequest } from 'fastify'
import '@fastify/cookie'

export type CookieName = 'session' | 'browser'

/**
 * The two cookies of the pages. Over TLS they carry the `__Host-` prefix, which only this host can set, so
 * that a neighbour subdomain cannot plant one (T13).
 */
export const createCookies = (publicUrl: string) => {
  const secure = publicUrl.startsWith('https:')
  const nameOf = (name: CookieName): string => `${secure ? '__Host-' : ''}hg_${name}`
  // Lax: the client application starts the flow from its own site; every unsafe request has a token besides.
  const options = { path: '/', httpOnly: true, sameSite: 'lax', secure } as const
  return {
    read: (request: FastifyRequest, name: CookieName): string | undefined =>
      request.cookies[nameOf(name)],
    write: (reply: FastifyReply, name: CookieName, value: string): void =>
      void reply.setCookie(nameOf(name), value, options),
    clear: (reply: FastifyReply, name: CookieName): void =>
      void reply.clearCookie(nameOf(name), options),
  }
}

export type Cookies = ReturnType<typeof createCookies>
