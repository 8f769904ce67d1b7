// The head of a message: header lines up to an empty one (RFC 9112 section 5, RFC 2045 section 3).
import { badRequest } from '../errors.ts'

const mostHeaders = 64
/** Characters; a request line holds a whole URL. */
const longestLine = 40_000

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const control = /[\0-\x08\x0a-\x1f\x7f]/

export type Head = {
  /** Names in lower case; values of equal names joined by a comma, as HTTP joins them. */
  readonly headers: ReadonlyMap<string, string>
  /** Where the body begins; the end of the text where nothing follows the head. */
  readonly bodyAt: number
}

/**
 * The line that begins at an offset, and where the next one begins. CR LF ends a line, and a lone LF as well: RFC 9112
 * section 2.2 lets a recipient take it so, and what is written by hand or by scripts has no other. The text after the
 * last line end is a line, too.
 */
export const lineAt = (
  text: string,
  at: number,
): { readonly line: string; readonly next: number } => {
  const feed = text.indexOf('\n', at)
  if (feed < 0) return { line: text.slice(at), next: text.length }
  const end = feed > at && text[feed - 1] === '\r' ? feed - 1 : feed
  return { line: text.slice(at, end), next: feed + 1 }
}

/** Refuses what no line of a head has: its length, and control characters, a lone CR among them. */
export const checkLine = (line: string, target: string): void => {
  if (line.length > longestLine)
    throw badRequest(`A line of the head has at most ${longestLine} characters.`, { target })
  if (control.test(line))
    throw badRequest('A line of the head has a control character.', { target })
}

/**
 * Parses header lines from an offset on. Throws 400 for lines that are no header, folded ones included (RFC 9112
 * section 5.2), and for more than 64.
 */
export const parseHead = (text: string, from: number, target: string): Head => {
  const headers = new Map<string, string>()
  let at = from
  for (let count = 0; at < text.length; count++) {
    const { line, next } = lineAt(text, at)
    at = next
    if (line === '') break
    if (count === mostHeaders)
      throw badRequest(`A head has at most ${mostHeaders} headers.`, { target })
    checkLine(line, target)
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase()
    if (!token.test(name))
      throw badRequest('A header is a name, a colon and a value, on one line.', { target })
    const value = line.slice(colon + 1).trim()
    const known = headers.get(name)
    headers.set(name, known === undefined ? value : `${known}, ${value}`)
  }
  return { headers, bodyAt: at }
}
