// The scanner of all URL text. Every read moves forward and none is repeated, so parsing is linear in the
// length of the text; nesting is bounded, so the call stack is too (threat T70).
import { badRequest, type ODataError } from '../errors.ts'

export const maxDepth = 100

export type Scanner = {
  readonly text: string
  /** The part of the URL, for messages. */
  readonly target: string
  at: number
  depth: number
  /** Reads attempted so far; tests hold it against the length of the text. */
  steps: number
  peeked: { readonly from: number; readonly word: string | undefined; readonly to: number }
}

export const createScanner = (text: string, target: string): Scanner => ({
  text,
  target,
  at: 0,
  depth: 0,
  steps: 0,
  peeked: { from: -1, word: undefined, to: -1 },
})

export const errorAt = (scanner: Scanner, message: string, at = scanner.at): ODataError =>
  badRequest(message, { target: scanner.target, position: at })

/** Reads what a sticky expression finds here. The expressions used have no nested repetition. */
export const take = (scanner: Scanner, sticky: RegExp): string | undefined => {
  scanner.steps++
  sticky.lastIndex = scanner.at
  const found = sticky.exec(scanner.text)?.[0]
  if (found !== undefined) scanner.at += found.length
  return found
}

export const takeText = (scanner: Scanner, text: string): boolean => {
  scanner.steps++
  if (!scanner.text.startsWith(text, scanner.at)) return false
  scanner.at += text.length
  return true
}

const shown = (scanner: Scanner): string => {
  const point = scanner.text.codePointAt(scanner.at)
  if (point === undefined) return 'the end of the text'
  if (point === 0x2b) return "'+' (write a space as %20 and a plus sign as %2B)"
  return `'${String.fromCodePoint(point)}'`
}

export const unexpected = (scanner: Scanner, wanted: string): ODataError =>
  errorAt(scanner, `Expected ${wanted}, found ${shown(scanner)}`)

export const expectText = (scanner: Scanner, text: string): void => {
  if (!takeText(scanner, text)) throw unexpected(scanner, `'${text}'`)
}

/** OData ABNF BWS and RWS: spaces and tabs. Tells whether there were any. */
export const takeSpace = (scanner: Scanner): boolean => take(scanner, /[ \t]+/y) !== undefined

/** OData ABNF odataIdentifier, except for its limit of 128 characters, which no name of a model exceeds. */
export const takeName = (scanner: Scanner): string | undefined =>
  take(scanner, /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]*/uy)

export const isAtEnd = (scanner: Scanner): boolean => scanner.at >= scanner.text.length

export const expectEnd = (scanner: Scanner): void => {
  if (!isAtEnd(scanner)) throw unexpected(scanner, 'the end of the text')
}

/** Looks past one space at the word that follows; asked again at the same place it answers from memory. */
export const peekWord = (scanner: Scanner): { word: string | undefined; to: number } => {
  if (scanner.peeked.from === scanner.at) return scanner.peeked
  const from = scanner.at
  const word = takeSpace(scanner) ? takeName(scanner)?.toLowerCase() : undefined
  scanner.peeked = { from, word, to: scanner.at }
  scanner.at = from
  return scanner.peeked
}

/** Runs `read` one level deeper. */
export const nested = <T>(scanner: Scanner, read: () => T): T => {
  scanner.depth++
  if (scanner.depth > maxDepth)
    throw errorAt(scanner, `Nested more than ${maxDepth} deep; simplify the expression`)
  const value = read()
  scanner.depth--
  return value
}
