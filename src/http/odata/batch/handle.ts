import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Opened } from '#features/data-sources/open-sources.ts'
import { logRefusal } from '../../answer.ts'
import { type Access, type AccessDeps, findAccess } from '../access.ts'
import type { ODataService } from '../answer.ts'
import { checkHdpHeaders } from '../hdp-headers.ts'
import {
  beginRead,
  checkAgain,
  contextOf,
  noteFailure,
  type Read,
  type ReadDeps,
  sendStream,
} from '../reading.ts'
import { readBody } from '../read-body.ts'
import { odataHeaders, serviceUrlOf } from '../request-headers.ts'
import { negotiateVersion } from '../versions.ts'
import { answerBatch, type Batch, checkBatchType, parseBatch } from './answer.ts'
import { longestBatch } from './item.ts'

type Deps = AccessDeps & ReadDeps & { readonly publicUrl: string }
type ServiceOf = (opened: Opened) => ODataService

type Begun = {
  readonly deps: Deps
  readonly serviceOf: ServiceOf
  readonly read: Read
  readonly batch: Batch
  readonly name: string
}

const sendBatch = (request: FastifyRequest, reply: FastifyReply, begun: Begun): FastifyReply => {
  const { deps, read, batch, name } = begun
  const { access, gone } = read
  const service = begun.serviceOf(read.opened)
  const context = contextOf(access)
  const { status, headers, body } = answerBatch(batch, {
    answer: (inner) => service.answer(inner, context, gone.signal),
    place: { publicUrl: deps.publicUrl, host: request.headers.host, name },
    outer: odataHeaders(request),
    authorization: request.headers.authorization,
    refused: (refusedStatus, error) => {
      logRefusal(request, refusedStatus, error)
      noteFailure(deps, read, error)
    },
    signal: gone.signal,
  })
  return sendStream(deps, reply.code(status).headers(headers), read, body)
}

const tooLong = `A batch has at most ${longestBatch} bytes; send several.`

/** Whether a path below the service root is that of batches; some clients encode the dollar. */
export const isBatch = (path: string): boolean => path === '/$batch' || path === '/%24batch'

/**
 * Handles `POST …/$batch`. Access is checked before the body is read, while
 * no turn of the user is taken (limit 24: a batch is one request), once more when that took its time, and again and
 * again while the answers go out (DESIGN invariant 15): for the data source in the URL, which all of them are about.
 */
export const createBatchHandler =
  (deps: Deps, serviceOf: ServiceOf) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { name } = serviceUrlOf(request)
    const began = performance.now()
    const ask = (): Promise<Access> => findAccess(deps, request, name)
    const access = await ask()
    checkHdpHeaders(request.headers)
    negotiateVersion(odataHeaders(request))
    const contentType = request.headers['content-type']
    checkBatchType(contentType)
    const batch = parseBatch(await readBody(request.raw, longestBatch, tooLong), contentType)
    await checkAgain(access, began)
    const read = await beginRead(deps, request.raw, access, ask)
    try {
      return sendBatch(request, reply, { deps, serviceOf, read, batch, name })
    } catch (error) {
      read.finish()
      throw error
    }
  }
