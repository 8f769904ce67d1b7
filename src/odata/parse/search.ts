// `$search` (OData 4.01 URL 5.1.7): words, phrases, AND, OR, NOT. The three words are operators only where one can stand.
import type { SearchExpression } from '../ast.ts'
import { expectText, nested, take, takeSpace, unexpected, type Scanner } from './tokens.ts'

const takeWord = (scanner: Scanner): string | undefined => {
  let word = ''
  for (;;) {
    const piece = take(scanner, /[^\s()";]+/y)
    word += piece ?? ''
    // A semicolon ends a nested option unless it was percent-encoded.
    if (scanner.text[scanner.at] !== ';' || !scanner.escaped.has(scanner.at)) break
    word += ';'
    scanner.at++
  }
  return word === '' ? undefined : word
}

const operand = /(?=[ \t]+[^\s);])/y

const parseOperand = (scanner: Scanner): SearchExpression =>
  nested(scanner, () => {
    if (scanner.text[scanner.at] === '(') {
      scanner.at++
      takeSpace(scanner)
      const inner = parseSearchHere(scanner)
      takeSpace(scanner)
      expectText(scanner, ')')
      return inner
    }
    if (scanner.text[scanner.at] === '"') {
      const phrase = take(scanner, /"[^"]+"/y)
      if (phrase !== undefined) return { kind: 'term', text: phrase.slice(1, -1) }
      if (scanner.text[scanner.at + 1] === '"') {
        scanner.at++
        throw unexpected(scanner, 'the words of a phrase')
      }
      scanner.at = scanner.text.length
      throw unexpected(scanner, 'a double quote to close the phrase')
    }
    if (take(scanner, /NOT(?=[ \t]+[^\s);])/y) !== undefined) {
      takeSpace(scanner)
      return { kind: 'not', operand: parseOperand(scanner) }
    }
    const quoted = take(scanner, /'(?:[^']|'')*'(?=$|[\s);])/y)
    if (quoted !== undefined)
      return { kind: 'term', text: quoted.slice(1, -1).replaceAll("''", "'") }
    const text = takeWord(scanner)
    if (text === undefined) throw unexpected(scanner, 'a word or a phrase in double quotes')
    return { kind: 'term', text }
  })

/** A chain of operands; words next to each other mean AND. */
const parseAnd = (scanner: Scanner): SearchExpression => {
  const operands = [parseOperand(scanner)]
  while (take(scanner, operand) !== undefined) {
    if (take(scanner, /(?=[ \t]+OR[ \t]+[^\s);])/y) !== undefined) break
    take(scanner, /[ \t]+AND(?=[ \t]+[^\s);])/y)
    takeSpace(scanner)
    operands.push(parseOperand(scanner))
  }
  const [only] = operands
  return operands.length === 1 && only !== undefined ? only : { kind: 'and', operands }
}

const parseSearchHere = (scanner: Scanner): SearchExpression => {
  const operands = [parseAnd(scanner)]
  while (take(scanner, /[ \t]+OR(?=[ \t]+[^\s);])/y) !== undefined) {
    takeSpace(scanner)
    operands.push(parseAnd(scanner))
  }
  const [only] = operands
  return operands.length === 1 && only !== undefined ? only : { kind: 'or', operands }
}

/** Reads `$search`; NOT binds tighter than AND, AND tighter than OR. */
export const parseSearch = (scanner: Scanner): SearchExpression => {
  takeSpace(scanner)
  return parseSearchHere(scanner)
}
