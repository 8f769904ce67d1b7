// Where the rules that call each other are put together, and a text is read to its end.
import type { Literal, ODataExpression } from '../ast.ts'
import { parseExpressionHere } from './expression.ts'
import { parseLiteral } from './literal.ts'
import { parseNestedOptions } from './options.ts'
import { createScanner, expectEnd, unexpected, type Grammar, type Scanner } from './tokens.ts'

const grammar: Grammar = { expression: parseExpressionHere, options: parseNestedOptions }

/** A scanner of percent-decoded text; `target` is the part of the URL that a refusal names. */
export const scan = (text: string, target: string, escaped?: ReadonlySet<number>): Scanner =>
  createScanner(grammar, text, target, escaped)

/** Reads the whole of a text with one rule. */
export const parseWhole = <T>(
  read: (scanner: Scanner) => T,
  text: string,
  target: string,
  escaped?: ReadonlySet<number>,
): T => {
  const scanner = scan(text, target, escaped)
  const found = read(scanner)
  expectEnd(scanner)
  return found
}

/** Parses a whole expression (ABNF commonExpr), percent-decoded. Throws `ODataError` with the position of the fault. */
export const parseExpression = (text: string, target = '$filter'): ODataExpression =>
  parseWhole(parseExpressionHere, text, target)

/** Parses one literal (ABNF primitiveLiteral) and nothing else. */
export const parseLiteralText = (text: string, target = 'the literal'): Literal =>
  parseWhole(
    (scanner) => {
      const found = parseLiteral(scanner)
      if (found === undefined) throw unexpected(scanner, 'a literal')
      return found
    },
    text,
    target,
  )
