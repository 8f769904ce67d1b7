import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Endpoint } from '#features/endpoint.ts'
import { pagePolicy } from '../pages/content-security-policy.ts'
import { pagePaths } from '../pages/paths.ts'
import { renderReference } from '../pages/reference.ts'
import { type About, describeApi } from './document.ts'
import type { DescribedStore } from './store-options.ts'
import type { ApiDocument } from './types.ts'

/** A text that stays the same while the server runs, with the tag that tells it from others. */
type Built = { readonly body: string; readonly etag: string }

const built = (body: string): Built => ({
  body,
  etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
})

/** Made when it is first asked for, so that the start does not wait for it, and then kept. */
const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

/** RFC 9110 section 13.1.2: a weak comparison with any of the tags. */
const isKnown = (request: FastifyRequest, etag: string): boolean => {
  const given = request.headers['if-none-match'] ?? ''
  return given
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
    .some((tag) => tag === etag || tag === '*')
}

const send = (
  request: FastifyRequest,
  reply: FastifyReply,
  { body, etag }: Built,
): FastifyReply => {
  void reply.header('ETag', etag)
  return isKnown(request, etag) ? reply.code(304).send() : reply.send(body)
}

/** The API description and the page that is made of it: public, the same for everybody, and about nobody. */
export const mountApiDescription = (
  app: FastifyInstance,
  endpoints: readonly Endpoint<never>[],
  options: {
    readonly publicUrl: string
    readonly about: About
    readonly stores: readonly DescribedStore[]
  },
): void => {
  const { publicUrl, about, stores } = options
  const document = once((): ApiDocument => describeApi(endpoints, publicUrl, about, stores))
  const json = once(() => built(JSON.stringify(document())))
  const page = once(() => built(renderReference({ document: document() })))
  app.get(pagePaths.openApi, async (request, reply) => {
    void reply.headers({
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'public, max-age=300',
    })
    return send(request, reply, json())
  })
  app.get(pagePaths.reference, async (request, reply) => {
    void reply.headers({
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': pagePolicy(),
      // The page names its stylesheet by content: an older page would ask a newer server for one that is gone.
      'Cache-Control': 'no-cache',
    })
    return send(request, reply, page())
  })
}
