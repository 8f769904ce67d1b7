import type { Readable } from 'node:stream'
import { badRequest, ODataError } from '#odata/errors.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/** A body. Throws 413 when it has more than `most` bytes, as soon as it does, and 400 when it is not UTF-8. */
export const readBody = async (
  stream: Readable,
  most: number,
  refusal: string,
): Promise<string> => {
  const chunks: Buffer[] = []
  let length = 0
  // The stream is not destroyed when it is left early: the refusal goes back over the same connection.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > most) throw new ODataError('too-large', refusal)
    chunks.push(chunk)
  }
  try {
    return utf8.decode(Buffer.concat(chunks))
  } catch {
    throw badRequest('The body is not UTF-8.', { target: 'the body' })
  }
}
