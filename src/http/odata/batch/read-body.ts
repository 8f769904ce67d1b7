import type { Readable } from 'node:stream'
import { badRequest, ODataError } from '#odata/errors.ts'
import { longestBatch } from './item.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/** The body of a batch. Throws 413 when it is longer than a megabyte, as soon as it is, and 400 when it is not UTF-8. */
export const readBody = async (stream: Readable): Promise<string> => {
  const chunks: Buffer[] = []
  let length = 0
  // The stream is not destroyed when it is left early: the refusal goes back over the same connection.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > longestBatch)
      throw new ODataError('too-large', `A batch has at most ${longestBatch} bytes; send several.`)
    chunks.push(chunk)
  }
  try {
    return utf8.decode(Buffer.concat(chunks))
  } catch {
    throw badRequest('The body is not UTF-8.', { target: 'the body' })
  }
}
