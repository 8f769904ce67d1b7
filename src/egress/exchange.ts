import type { Agent } from 'undici'
import { upstreamError } from './classify.ts'
import type { OutboundAnswer, OutboundRequest } from './outbound.ts'

/** Collects at most so many bytes; an answer in many small pieces costs no more memory than one in a few. */
const readBody = async (
  body: AsyncIterable<Uint8Array>,
  mostBytes: number,
  tooLarge: () => Error,
): Promise<Uint8Array> => {
  let read = new Uint8Array(Math.min(16_384, mostBytes))
  let length = 0
  for await (const chunk of body) {
    const wanted = length + chunk.length
    if (wanted > mostBytes) throw tooLarge()
    if (wanted > read.length) {
      const larger = new Uint8Array(Math.min(mostBytes, Math.max(wanted, read.length * 2)))
      larger.set(read.subarray(0, length))
      read = larger
    }
    read.set(chunk, length)
    length = wanted
  }
  return read.subarray(0, length)
}

const joined = (
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      typeof value === 'string' ? value : (value ?? []).join(', '),
    ]),
  )

/** Our headers win: what is compressed could unfold to any size. */
const headersOf = (request: OutboundRequest): Record<string, string> => ({
  ...joined(request.headers ?? {}),
  'accept-encoding': 'identity',
  'user-agent': 'headgate',
})

/** One request and its whole answer, on one connection; no redirect, no second try. */
export const exchange = async (
  agent: Agent,
  url: URL,
  request: OutboundRequest,
  { signal, mostBytes }: { readonly signal: AbortSignal; readonly mostBytes: number },
): Promise<OutboundAnswer> => {
  const { statusCode, headers, body } = await agent.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: request.method,
    headers: headersOf(request),
    body: request.body ?? null,
    signal,
  })
  // Whatever ends the body before it is read to its end is told by the loop below, or nobody's business any more.
  body.on('error', () => undefined)
  const answered = joined(headers)
  const tooLarge = (): Error => upstreamError('too-large', url.hostname)
  try {
    if (Number(answered['content-length'] ?? 0) > mostBytes) throw tooLarge()
    if (!/^(?:identity)?$/i.test(answered['content-encoding'] ?? ''))
      throw upstreamError('malformed', url.hostname, 'the answer is compressed')
    return {
      status: statusCode,
      headers: answered,
      body: await readBody(body, mostBytes, tooLarge),
    }
  } finally {
    // Of an answer that is not wanted the rest must not come in.
    body.destroy()
  }
}
