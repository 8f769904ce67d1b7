// Expressions (OData 4.01 URL 5.1.1) by precedence climbing: one token of look-ahead, no going back.
import type { CompareOperator, Literal, ODataExpression } from '../ast.ts'
import { isFunctionName, unansweredFunctions } from '../functions.ts'
import { notSupported } from '../errors.ts'
import { parseLiteral } from './literal.ts'
import {
  createScanner,
  errorAt,
  expectEnd,
  expectText,
  nested,
  peekWord,
  take,
  takeName,
  takeSpace,
  takeText,
  unexpected,
  type Scanner,
} from './tokens.ts'

type Operator =
  | { readonly kind: 'and' | 'or'; readonly precedence: number }
  | { readonly kind: 'compare'; readonly precedence: number; readonly operator: CompareOperator }
  | { readonly kind: 'in' | 'unsupported'; readonly precedence: number }

const compare = (operator: CompareOperator, precedence: number): Operator => ({
  kind: 'compare',
  precedence,
  operator,
})

// OData 4.01 URL 5.1.1.14 lists the precedence from high to low; here a higher number binds tighter.
const operators: ReadonlyMap<string, Operator> = new Map([
  ['or', { kind: 'or', precedence: 1 }],
  ['and', { kind: 'and', precedence: 2 }],
  ['eq', compare('eq', 3)],
  ['ne', compare('ne', 3)],
  ['gt', compare('gt', 4)],
  ['ge', compare('ge', 4)],
  ['lt', compare('lt', 4)],
  ['le', compare('le', 4)],
  ...['add', 'sub', 'mul', 'div', 'divby', 'mod', 'has'].map((word): [string, Operator] => [
    word,
    { kind: 'unsupported', precedence: 5 },
  ]),
  ['in', { kind: 'in', precedence: 7 }],
])
const unary = 7

const unsupported = (scanner: Scanner, what: string, at = scanner.at) =>
  notSupported(what, { target: scanner.target, position: at })

/** OData 4.01 URL 5.1.1.1.12: a list of literals in parentheses. */
const parseItems = (scanner: Scanner): readonly Literal[] => {
  if (scanner.text[scanner.at] === '[') throw unsupported(scanner, "'in' with a JSON array")
  expectText(scanner, '(')
  takeSpace(scanner)
  const items: Literal[] = []
  if (takeText(scanner, ')')) return items
  do {
    takeSpace(scanner)
    const item = parseLiteral(scanner)
    if (item === undefined) throw unexpected(scanner, 'a literal')
    items.push(item)
    takeSpace(scanner)
  } while (takeText(scanner, ','))
  expectText(scanner, ')')
  return items
}

const parseCall = (scanner: Scanner, written: string, at: number): ODataExpression => {
  const name = written.toLowerCase()
  if (unansweredFunctions.has(name)) throw unsupported(scanner, `the function '${name}'`, at)
  if (!isFunctionName(name)) throw errorAt(scanner, `There is no function '${written}'`, at)
  expectText(scanner, '(')
  const args: ODataExpression[] = []
  do {
    takeSpace(scanner)
    args.push(parseExpression(scanner, 0))
    takeSpace(scanner)
  } while (takeText(scanner, ','))
  expectText(scanner, ')')
  return { kind: 'call', name, args, at }
}

const refuseUnsupported = (scanner: Scanner): void => {
  const start = take(scanner, /\$(?:it|this|root)(?![\w])|[@[{]|-(?=[^\d])/y)
  if (start === undefined) return
  const what =
    start === '-' ? 'negation' : start === '@' ? 'parameter aliases and annotations' : `'${start}'`
  throw unsupported(scanner, `${what} in an expression`, scanner.at - start.length)
}

/** A property, a function call, or a path that is not supported yet. */
const parseNamed = (scanner: Scanner): ODataExpression => {
  const at = scanner.at
  const name = takeName(scanner)
  if (name === undefined) {
    refuseUnsupported(scanner)
    throw unexpected(scanner, 'an expression')
  }
  const next = scanner.text[scanner.at]
  if (next === '(') return parseCall(scanner, name, at)
  if (next === '/') throw unsupported(scanner, `the path after '${name}'`)
  if (next === '.' || next === "'")
    throw unsupported(scanner, `the qualified name after '${name}'`, at)
  return { kind: 'member', name, at }
}

const parsePrimary = (scanner: Scanner): ODataExpression => {
  const at = scanner.at
  if (takeText(scanner, '('))
    return nested(scanner, () => {
      takeSpace(scanner)
      const inner = parseExpression(scanner, 0)
      takeSpace(scanner)
      expectText(scanner, ')')
      return inner
    })
  if (take(scanner, /not(?=[ \t(])/iy) !== undefined) {
    if (!takeSpace(scanner)) throw unexpected(scanner, "a space after 'not'")
    return nested(scanner, () => ({ kind: 'not', operand: parseExpression(scanner, unary), at }))
  }
  return parseLiteral(scanner) ?? parseNamed(scanner)
}

type Chain = {
  readonly kind: 'and' | 'or'
  readonly operands: ODataExpression[]
  readonly at: number
}

const parseRight = (scanner: Scanner, word: string, to: number): void => {
  scanner.at = to
  if (!takeSpace(scanner)) throw unexpected(scanner, `a space after '${word}'`)
}

const parseOperator = (
  scanner: Scanner,
  left: ODataExpression,
  operator: Operator,
  at: number,
): ODataExpression => {
  if (operator.kind === 'in') return { kind: 'in', operand: left, items: parseItems(scanner), at }
  const right = parseExpression(scanner, operator.precedence + 1)
  if (operator.kind === 'compare')
    return { kind: 'compare', operator: operator.operator, left, right, at }
  if (operator.kind === 'unsupported') throw unsupported(scanner, 'arithmetic', at)
  const chain: Chain = { kind: operator.kind, operands: [left, right], at }
  return chain
}

/** Reads operators that bind at least as tight as `least`. Long `and` chains become one flat node. */
const parseExpression = (scanner: Scanner, least: number): ODataExpression =>
  nested(scanner, () => {
    let left = parsePrimary(scanner)
    let chain: Chain | undefined
    let links = 0
    for (;;) {
      const { word, to } = peekWord(scanner)
      const operator = word === undefined ? undefined : operators.get(word)
      if (word === undefined || operator === undefined || operator.precedence < least) return left
      const at = to - word.length
      parseRight(scanner, word, to)
      if (operator.kind === 'unsupported') throw unsupported(scanner, `the operator '${word}'`, at)
      if (chain !== undefined && chain === left && chain.kind === operator.kind) {
        chain.operands.push(parseExpression(scanner, operator.precedence + 1))
        continue
      }
      // `a eq b eq c …` grows a tree to the left, which is walked recursively later on.
      if (++links + scanner.depth > 100) throw errorAt(scanner, 'Too many comparisons in a row', at)
      left = parseOperator(scanner, left, operator, at)
      chain = left.kind === 'and' || left.kind === 'or' ? (left as Chain) : undefined
    }
  })

/** Reads an expression inside other text, as `$orderby` needs it. */
export const parseExpressionHere = (scanner: Scanner): ODataExpression =>
  parseExpression(scanner, 0)

/** Parses the decoded value of `$filter` (OData 4.01 URL 5.1.2). */
export const parseFilter = (text: string): ODataExpression => {
  const scanner = createScanner(text, '$filter')
  const expression = parseExpression(scanner, 0)
  expectEnd(scanner)
  return expression
}
