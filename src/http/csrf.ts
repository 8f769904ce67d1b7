import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

/**
 * Tokens that prove that a form came from a page of ours, for this browser or session and this purpose
 * (T14). Nothing is stored: the token is an HMAC of the cookie that is sent along.
 */
export const createCsrf = (key: KeyObject) => {
  const tokenFor = (cookie: string, purpose: string): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([cookie, purpose]))
      .digest('base64url')
  return {
    tokenFor,
    isValid: (cookie: string | undefined, purpose: string, token: string | undefined): boolean => {
      if (cookie === undefined || token === undefined) return false
      const expected = Buffer.from(tokenFor(cookie, purpose))
      const given = Buffer.from(token)
      return expected.length === given.length && timingSafeEqual(expected, given)
    },
  }
}

export type Csrf = ReturnType<typeof createCsrf>

/** Browsers say where a form comes from; one that says anything but "from here" is refused. */
export const isForeignForm = (request: FastifyRequest, publicUrl: string): boolean => {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  const { origin } = request.headers
  return (
    origin !== undefined && origin !== 'null' && origin !== publicUrl && !sameHost(origin, request)
  )
}

// People reach a server on their own machine by several names (localhost, 127.0.0.1); the host that the
// browser itself used is as good as the public one here, since no page of another site can choose it.
const sameHost = (origin: string, request: FastifyRequest): boolean =>
  URL.canParse(origin) && new URL(origin).host === request.headers.host
