import { STATUS_CODES } from 'node:http'
import { closeMultipart, closePart, openPart, responseHead } from '#odata/render/multipart.ts'
import { isStream } from '../service-answer.ts'
import type { Outcome } from './run.ts'

// They speak of the whole answer, and of how it may be kept.
const outerOnly: ReadonlySet<string> = new Set(['Cache-Control', 'Vary'])

const headOf = ({ item, answer }: Outcome, boundary: string): string => {
  const { status, headers, body } = answer
  const inner = Object.entries(headers).filter(([name]) => !outerOnly.has(name))
  // How long a streamed body is turns out when it is over; the boundary ends it.
  if (!isStream(body)) inner.push(['Content-Length', String(Buffer.byteLength(body))])
  const part = {
    'Content-Type': 'application/http',
    'Content-Transfer-Encoding': 'binary',
    ...(item.id === undefined ? {} : { 'Content-ID': item.id }),
  }
  return (
    openPart(boundary, part) +
    responseHead(status, STATUS_CODES[status] ?? 'Unknown', Object.fromEntries(inner))
  )
}

/** The answers as multipart/mixed, piece by piece (OData 4.01 Protocol 11.7.4). */
export const toMultipart = async function* (
  outcomes: AsyncIterable<Outcome>,
  boundary: string,
): AsyncGenerator<string | Uint8Array> {
  for await (const outcome of outcomes) {
    const { body } = outcome.answer
    const head = headOf(outcome, boundary)
    if (typeof body === 'string') {
      yield head + body + closePart
      continue
    }
    yield head
    if (isStream(body)) yield* body
    else yield body
    yield closePart
  }
  yield closeMultipart(boundary)
}
