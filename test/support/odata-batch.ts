import { request, type IncomingMessage } from 'node:http'
import { parseHttpRequest } from '#odata/parse/http-request.ts'
import { splitMultipart } from '#odata/parse/multipart.ts'

export const batchType = 'multipart/mixed; boundary=batch_1'

/** A batch of reads as multipart/mixed; each part has the headers given. */
export const batchOf = (targets: readonly string[], headers = ''): string =>
  `${targets
    .map(
      (target) =>
        '--batch_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n' +
        `GET ${target} HTTP/1.1\r\n${headers}\r\n\r\n`,
    )
    .join('')}--batch_1--\r\n`

export type PartAnswer = {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** The answers in a body of parts. */
export const partsOf = (contentType: string, text: string): readonly PartAnswer[] => {
  const boundary = /boundary=([^;]+)/.exec(contentType)?.[1] ?? ''
  return splitMultipart(text, boundary, 1000).map(({ body }) => {
    const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(body) ?? []
    // A status line stands where a request has its own; the rest has the same form.
    const answer = parseHttpRequest(body.replace(/^.*/, 'GET x HTTP/1.1'))
    return { status: Number(status), headers: answer.headers, body: answer.body }
  })
}

/** Sends a batch; answers its parts. */
export const sendBatch = async (
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': batchType, ...headers },
    body,
  })
  const text = await response.text()
  const parts = response.ok ? partsOf(response.headers.get('content-type') ?? '', text) : []
  return { status: response.status, headers: response.headers, text, parts }
}

/** Begins a batch and does not read its answer on, so that it stays open. */
export const openBatch = (
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method: 'POST', headers: { 'content-type': batchType, ...headers } },
      (response) =>
        response.once('readable', () => {
          response.read(1000)
          resolve(response)
        }),
    )
    outgoing.once('error', reject)
    outgoing.end(body)
  })
