import type { FastifyInstance } from 'fastify'
import { ManagementError, refusals } from '#features/refusals.ts'
import { repeatedKey } from '#lib/repeated-key.ts'

/** Bodies of this server are small; everything larger is refused before it is read (T70). Bytes. */
export const bodyLimit = 65_536
const maxDepth = 32

/** A form: names may repeat; whoever reads it decides what that means. */
export class FormBody {
  readonly entries: readonly (readonly [string, string])[]
  constructor(entries: readonly (readonly [string, string])[]) {
    this.entries = entries
  }
}

const refuse = (explanation: string): ManagementError =>
  new ManagementError(refusals.invalidInput, explanation)

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

const decode = (bytes: Buffer): string => {
  try {
    return utf8.decode(bytes)
  } catch {
    throw refuse('The body is not UTF-8.')
  }
}

/** Refuses null bytes, which databases and logs cut texts at, and nesting that no request of ours has. */
const checkJson = (value: unknown, depth = 0): void => {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw refuse('A text contains a null byte.')
    return
  }
  if (typeof value !== 'object' || value === null) return
  if (depth >= maxDepth) throw refuse(`The JSON is nested deeper than ${maxDepth} levels.`)
  for (const [name, member] of Object.entries(value)) {
    checkJson(name, depth)
    checkJson(member, depth + 1)
  }
}

/** A whole number that a number cannot hold exactly stays what it is; only what expects one takes it. */
const keepLargeNumbers = (
  _name: string,
  value: unknown,
  { source }: { source?: string },
): unknown =>
  typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d{1,40}$/.test(source ?? '')
    ? BigInt(source ?? '')
    : value

const parseJson = (bytes: Buffer): unknown => {
  // An empty body with a JSON type is what many clients send with DELETE and with PUT …/reset.
  if (bytes.length === 0) return undefined
  const text = decode(bytes)
  let value: unknown
  try {
    value = JSON.parse(text, keepLargeNumbers as Parameters<typeof JSON.parse>[1])
  } catch {
    throw refuse('The body is not JSON.')
  }
  checkJson(value)
  const repeated = repeatedKey(text)
  if (repeated !== undefined) throw refuse(`${repeated.slice(0, 40)} stands twice in one object.`)
  return value
}

const decodePart = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw refuse('The form has a broken percent-encoding or is not UTF-8.')
  }
}

/** Reads `a=b&c=d` strictly: `URLSearchParams` would replace what is broken without a word. */
export const parseForm = (text: string): readonly (readonly [string, string])[] =>
  text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=')
      return equals < 0
        ? ([decodePart(pair), ''] as const)
        : ([decodePart(pair.slice(0, equals)), decodePart(pair.slice(equals + 1))] as const)
    })

/** The query string of a request, without its question mark. */
export const rawQuery = (url: string): string => {
  const question = url.indexOf('?')
  return question < 0 ? '' : url.slice(question + 1)
}

/** Teaches the server the two kinds of bodies it takes; any other is 415. */
export const addBodyParsers = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers()
  const options = { parseAs: 'buffer', bodyLimit } as const
  app.addContentTypeParser('application/json', options, async (_request: unknown, bytes: Buffer) =>
    parseJson(bytes),
  )
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    options,
    async (_request: unknown, bytes: Buffer) => new FormBody(parseForm(decode(bytes))),
  )
}
