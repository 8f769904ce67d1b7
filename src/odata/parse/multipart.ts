// Bodies of several parts (RFC 2046 section 5.1), in time linear to their length.
import { badRequest } from '../errors.ts'
import { lineAt, parseHead } from './message-head.ts'

export type Part = {
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

const bodyTarget = 'the body'

const boundaryCharacters = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/

/** RFC 2046 section 5.1.1: 1 to 70 characters of a small set, no blank at the end. Throws 400. */
export const checkBoundary = (boundary: string | undefined): string => {
  if (boundary === undefined || !boundaryCharacters.test(boundary))
    throw badRequest('Content-Type needs a boundary of 1 to 70 characters (RFC 2046 5.1.1).', {
      target: 'Content-Type',
    })
  return boundary
}

const blank = /^[ \t]*$/

/** What a line is to a body: a delimiter before a part, the one after the last part, or content. */
const kindOf = (line: string, delimiter: string): 'open' | 'close' | 'content' => {
  if (!line.startsWith(delimiter)) return 'content'
  const rest = line.slice(delimiter.length)
  if (blank.test(rest)) return 'open'
  return rest.startsWith('--') && blank.test(rest.slice(2)) ? 'close' : 'content'
}

const parsePart = (text: string): Part => {
  const { headers, bodyAt } = parseHead(text, 0, bodyTarget)
  return { headers, body: text.slice(bodyAt) }
}

/** The line end before a delimiter belongs to the delimiter. */
const withoutLastLineEnd = (text: string): string =>
  text.endsWith('\r\n') ? text.slice(0, -2) : text.endsWith('\n') ? text.slice(0, -1) : text

/**
 * Splits a body at its boundary. What stands before the first and after the last delimiter is ignored. Throws 400 for
 * more than `most` parts, for none, and where the last delimiter is missing, so that no cut body looks whole.
 */
export const splitMultipart = (text: string, boundary: string, most: number): readonly Part[] => {
  const delimiter = `--${boundary}`
  const parts: Part[] = []
  let begin: number | undefined
  for (let at = 0; at < text.length; ) {
    const { line, next } = lineAt(text, at)
    const kind = kindOf(line, delimiter)
    if (kind !== 'content') {
      if (begin !== undefined) parts.push(parsePart(withoutLastLineEnd(text.slice(begin, at))))
      if (parts.length > most)
        throw badRequest(`A batch has at most ${most} requests; send several.`, {
          target: bodyTarget,
        })
      if (kind === 'close') {
        if (begin === undefined) break
        return parts
      }
      begin = next
    }
    at = next
  }
  throw badRequest(
    begin === undefined
      ? 'The body has no part: a part begins after a line of -- and the boundary.'
      : 'The body ends before its last boundary, which has -- behind it.',
    { target: bodyTarget },
  )
}
