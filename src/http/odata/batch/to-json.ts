import { parseMediaRange } from '../media.ts'
import type { Outcome } from './run.ts'

const outerOnly: ReadonlySet<string> = new Set(['cache-control', 'vary'])

const headOf = ({ item, answer }: Outcome): string => {
  const headers = Object.entries(answer.headers)
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !outerOnly.has(name))
  const head = { id: item.id, status: answer.status, headers: Object.fromEntries(headers) }
  return JSON.stringify(head).slice(0, -1)
}

/** JSON Format 19.2: JSON stands as it is, text as a text, and anything else as its bytes in base64url. */
const bodyOf = (body: string, contentType: string | undefined): string => {
  const { type } = parseMediaRange(contentType ?? '')
  if (type === 'application/json') return body
  if (type.startsWith('text/')) return JSON.stringify(body)
  return JSON.stringify(Buffer.from(body).toString('base64url'))
}

/** The answers as JSON, piece by piece. Only JSON is ever streamed. */
export const toJson = async function* (outcomes: AsyncIterable<Outcome>): AsyncGenerator<string> {
  let before = '{"responses":['
  for await (const outcome of outcomes) {
    const { body, headers } = outcome.answer
    const head = before + headOf(outcome)
    before = ','
    if (typeof body === 'string') {
      yield body === '' ? `${head}}` : `${head},"body":${bodyOf(body, headers['Content-Type'])}}`
      continue
    }
    yield `${head},"body":`
    yield* body
    yield '}'
  }
  yield before === ',' ? ']}' : `${before}]}`
}
