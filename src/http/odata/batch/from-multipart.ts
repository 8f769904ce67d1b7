// A batch as multipart/mixed (OData 4.01 Protocol 11.7.2).
import { badRequest, ODataError } from '#odata/errors.ts'
import { parseHttpRequest } from '#odata/parse/http-request.ts'
import { checkBoundary, splitMultipart, type Part } from '#odata/parse/multipart.ts'
import { type MediaRange, parseMediaRange } from '../media.ts'
import { type BatchItem, isId, mostRequests } from './item.ts'

const readOnly = (): ODataError =>
  new ODataError('method-not-allowed', 'This service is read-only; a batch has no change set.')

/**
 * A change set is parsed, so that a broken one is told apart, and then refused as a whole: it is one thing that
 * happens or does not (OData 4.01 Protocol 11.7.4).
 */
const changeSet = ({ body }: Part, type: MediaRange): ODataError => {
  const boundary = checkBoundary(type.parameters.get('boundary'))
  for (const part of splitMultipart(body, boundary, mostRequests)) {
    const { method } = requestOf(part)
    if (method === 'GET' || method === 'HEAD')
      return badRequest('A change set holds no requests that read; put them beside it.')
  }
  return readOnly()
}

const encodings: ReadonlySet<string> = new Set(['binary', '8bit', '7bit'])

const requestOf = ({ headers, body }: Part) => {
  if (parseMediaRange(headers.get('content-type') ?? '').type !== 'application/http')
    throw badRequest('The Content-Type of a part is application/http.')
  if (!encodings.has((headers.get('content-transfer-encoding') ?? 'binary').toLowerCase()))
    throw badRequest('The Content-Transfer-Encoding of a part is binary.')
  return parseHttpRequest(body)
}

const contentOf = (part: Part): BatchItem['content'] => {
  try {
    const type = parseMediaRange(part.headers.get('content-type') ?? '')
    return type.type === 'multipart/mixed' ? changeSet(part, type) : requestOf(part)
  } catch (error) {
    if (error instanceof ODataError) return error
    throw error
  }
}

const itemOf = (part: Part): BatchItem => {
  const content = contentOf(part)
  const inner = content instanceof ODataError ? undefined : content.headers.get('content-id')
  const id = part.headers.get('content-id') ?? inner
  if (id !== undefined && !isId(id))
    return {
      id: undefined,
      dependsOn: [],
      content: badRequest('A Content-ID has 1 to 128 characters, without blanks.'),
    }
  return { id, dependsOn: [], content }
}

/**
 * The requests of a batch. Throws 400 for a body that is no multipart of its boundary; a part that is none of ours
 * becomes a refusal in its place.
 */
export const fromMultipart = (text: string, type: MediaRange): readonly BatchItem[] =>
  splitMultipart(text, checkBoundary(type.parameters.get('boundary')), mostRequests).map(itemOf)
