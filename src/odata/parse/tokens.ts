// The scanner of all URL text. Every read moves forward and none is repeated, so parsing is linear in the
// length of the text; nesting is bounded, so the call stack is too (threat T70).
import type { ODataExpression, QueryOptions } from '../ast.ts'
import { badRequest, type ODataError } from '../errors.ts'

export const maxDepth = 100

/** Options that may stand in parentheses, as the grammar calls them. */
export type NestedOption =
  | 'filter'
  | 'search'
  | 'select'
  | 'expand'
  | 'orderby'
  | 'compute'
  | 'apply'
  | 'top'
  | 'skip'
  | 'count'
  | 'levels'

/** The rules that call each other in circles; a scanner carries them, so that files need not. */
export type Grammar = {
  readonly expression: (scanner: Scanner) => ODataExpression
  /** `($filter=…;$top=…)`; `aliases` says whether `@name=…` may stand there as well. */
  readonly options: (
    scanner: Scanner,
    allowed: readonly NestedOption[],
    aliases: boolean,
  ) => QueryOptions
}

export type Scanner = {
  readonly grammar: Grammar
  readonly text: string
  /** The part of the URL, for messages. */
  readonly target: string
  at: number
  depth: number
  /** Reads attempted so far; tests hold it against the length of the text. */
  steps: number
  peeked: { readonly from: number; readonly word: string | undefined; readonly to: number }
  /** Where a semicolon stands that was percent-encoded: it belongs to a search word and ends nothing. */
  readonly escaped: ReadonlySet<number>
  /** Where this text begins in the whole that positions count in. */
  readonly base: number
}

const none: ReadonlySet<number> = new Set()

export const createScanner = (
  grammar: Grammar,
  text: string,
  target: string,
  escaped: ReadonlySet<number> = none,
): Scanner => ({
  grammar,
  text,
  target,
  escaped,
  base: 0,
  at: 0,
  depth: 0,
  steps: 0,
  peeked: { from: -1, word: undefined, to: -1 },
})

export const errorAt = (scanner: Scanner, message: string, at = scanner.at): ODataError =>
  badRequest(message, { target: scanner.target, position: scanner.base + at })

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
  // Of a blank nobody would see anything; what stands behind it was meant.
  const word = /^[ \t]+([^\s(),;]{1,40})/.exec(scanner.text.slice(scanner.at, scanner.at + 60))?.[1]
  return `'${word ?? String.fromCodePoint(point)}'`
}

export const unexpected = (scanner: Scanner, wanted: string): ODataError =>
  errorAt(scanner, `Expected ${wanted}, found ${shown(scanner)}`)

export const expectText = (scanner: Scanner, text: string): void => {
  if (!takeText(scanner, text)) throw unexpected(scanner, `'${text}'`)
}

/** How many: up to 15 digits, which a number holds exactly. */
export const expectNatural = (scanner: Scanner): number => {
  const digits = take(scanner, /\d{1,15}(?!\d)/y)
  if (digits === undefined) throw unexpected(scanner, 'a whole number from 0')
  return Number(digits)
}

/** OData ABNF BWS and RWS: spaces and tabs. Tells whether there were any. */
export const takeSpace = (scanner: Scanner): boolean => take(scanner, /[ \t]+/y) !== undefined

const longestName = 128

const checkLength = (scanner: Scanner, name: string): void => {
  if (name.length > longestName && Array.from(name).length > longestName)
    throw errorAt(scanner, `A name has at most ${longestName} characters`, scanner.at - name.length)
}

/** OData ABNF odataIdentifier. */
export const takeName = (scanner: Scanner): string | undefined => {
  const name = take(scanner, /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]*/uy)
  if (name !== undefined) checkLength(scanner, name)
  return name
}

/** A name that may be qualified: `Street`, `Ns.Address`. A dot is part of it only when a name follows. */
export const takeQualifiedName = (scanner: Scanner): string | undefined => {
  const first = takeName(scanner)
  if (first === undefined) return undefined
  const from = scanner.at - first.length
  while (scanner.text[scanner.at] === '.') {
    const dot = scanner.at++
    if (takeName(scanner) !== undefined) continue
    scanner.at = dot
    break
  }
  return scanner.text.slice(from, scanner.at)
}

/** `#Name` after the term of an annotation. */
export const takeQualifier = (scanner: Scanner): string | undefined => {
  if (!takeText(scanner, '#')) return undefined
  const name = takeName(scanner)
  if (name === undefined) throw unexpected(scanner, 'the qualifier of an annotation')
  return name
}

/** Items between commas, at least one; white space around each is skipped. */
export const takeList = <T>(scanner: Scanner, read: () => T): readonly T[] => {
  const items: T[] = []
  do {
    takeSpace(scanner)
    items.push(read())
    takeSpaceBefore(scanner, ',')
  } while (takeText(scanner, ','))
  return items
}

/** Skips white space only where `text` follows it; elsewhere the space belongs to what comes next. */
export const takeSpaceBefore = (scanner: Scanner, text: string): void => {
  const from = scanner.at
  takeSpace(scanner)
  if (!scanner.text.startsWith(text, scanner.at)) scanner.at = from
}

/** `(`, what is inside, `)`, with white space allowed at both ends. */
export const takeParenthesized = <T>(scanner: Scanner, read: () => T): T => {
  expectText(scanner, '(')
  takeSpace(scanner)
  const inner = read()
  takeSpace(scanner)
  expectText(scanner, ')')
  return inner
}

/** White space, a word in lower or upper case, white space: `with`, `from`, `as` of `$apply` and `$compute`. */
export const takeKeyword = (scanner: Scanner, word: string): boolean => {
  const next = peekWord(scanner)
  if (next.word !== word) return false
  scanner.at = next.to
  if (!takeSpace(scanner)) throw unexpected(scanner, `a space after '${word}'`)
  return true
}

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
