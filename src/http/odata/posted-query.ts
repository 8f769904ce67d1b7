// The options of a query in the body of a POST (OData 4.01 URL 5: `…/$query`), for those that are too long for a URL.
import type { FastifyRequest } from 'fastify'
import { ODataError } from '#odata/errors.ts'
import { parseResourcePath } from '#odata/parse/resource-path.ts'
import { parseMediaRange } from './media.ts'
import { readBody } from './read-body.ts'
import type { ServiceUrl } from './service-url.ts'
import { isLink, longestLink, longestUrl } from './service.ts'

const tooLong = `A query has at most ${longestUrl} bytes; shorten $filter.`

/**
 * The URL that a GET would have: the path without its last segment, and the options of the body behind those of the URL.
 * Throws 415 for another type than plain text, 413, 400, and whatever is wrong with the path, before the body is read.
 */
export const readPostedQuery = async (
  { headers, raw }: FastifyRequest,
  { name, path, query }: ServiceUrl,
): Promise<ServiceUrl> => {
  const { type, parameters } = parseMediaRange(headers['content-type'] ?? '')
  const isUtf8 = (parameters.get('charset') ?? 'utf-8').toLowerCase() === 'utf-8'
  if (type !== 'text/plain' || !isUtf8)
    throw new ODataError(
      'unsupported-media',
      'The body of $query is text/plain: the options as they would stand in a URL, percent-encoded.',
    )
  parseResourcePath(path)
  const body = await readBody(raw, longestLink, tooLong)
  // Editors and shells end a text with a line end, which is no part of a URL.
  const options = [query, body.replace(/\r?\n$/, '')].filter((text) => text !== '')
  const joined = options.join('&')
  // What a next link says may be posted back, and is longer than what it was made of.
  if (!isLink(joined) && Buffer.byteLength(body) > longestUrl)
    throw new ODataError('too-large', tooLong)
  return { name, path: path.slice(0, path.lastIndexOf('/')), query: joined }
}
