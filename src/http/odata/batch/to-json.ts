import { parseMediaRange } from '../media.ts'
import { isStream } from '../service-answer.ts'
import type { Outcome } from './run.ts'

const outerOnly: ReadonlySet<string> = new Set(['cache-control', 'vary'])

const headOf = ({ item, answer }: Outcome): string => {
  const headers = Object.entries(answer.headers)
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !outerOnly.has(name))
  const head = { id: item.id, status: answer.status, headers: Object.fromEntries(headers) }
  return JSON.stringify(head).slice(0, -1)
}

type Kind = 'json' | 'text' | 'bytes'

/** JSON Format 19.2: JSON stands as it is, text as a text, and anything else as its bytes in base64url. */
const kindOf = (contentType: string | undefined): Kind => {
  const { type } = parseMediaRange(contentType ?? '')
  return type === 'application/json' ? 'json' : type.startsWith('text/') ? 'text' : 'bytes'
}

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

const bodyOf = (body: string | Uint8Array, kind: Kind): string => {
  if (typeof body !== 'string') return JSON.stringify(toBase64(body))
  return kind === 'json'
    ? body
    : JSON.stringify(kind === 'text' ? body : toBase64(Buffer.from(body)))
}

const streamBytes = async function* (body: AsyncIterable<string>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of body) {
    const bytes = Buffer.concat([rest, Buffer.from(chunk)])
    // Three bytes are four characters; what is over waits for its neighbours.
    const whole = bytes.length - (bytes.length % 3)
    yield toBase64(bytes.subarray(0, whole))
    rest = bytes.subarray(whole)
  }
  yield toBase64(rest)
}

const streamOf = async function* (body: AsyncIterable<string>, kind: Kind): AsyncGenerator<string> {
  if (kind === 'json') return yield* body
  yield '"'
  if (kind === 'bytes') yield* streamBytes(body)
  else for await (const chunk of body) yield JSON.stringify(chunk).slice(1, -1)
  yield '"'
}

/** The answers as JSON, piece by piece. */
export const toJson = async function* (outcomes: AsyncIterable<Outcome>): AsyncGenerator<string> {
  let before = '{"responses":['
  for await (const outcome of outcomes) {
    const { body, headers } = outcome.answer
    const head = before + headOf(outcome)
    const kind = kindOf(headers['Content-Type'])
    before = ','
    if (!isStream(body)) {
      yield body.length === 0 ? `${head}}` : `${head},"body":${bodyOf(body, kind)}}`
      continue
    }
    yield `${head},"body":`
    yield* streamOf(body, kind)
    yield '}'
  }
  yield before === ',' ? ']}' : `${before}]}`
}
