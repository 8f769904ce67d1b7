// Expressions (OData 4.01 URL 5.1.1) by precedence climbing: one token of look-ahead, no going back.
import {
  type ArithmeticOperator,
  type CaseBranch,
  type CompareOperator,
  type Literal,
  type ODataExpression,
} from '../ast.ts'
import { isCanonical } from '../functions.ts'
import { parseEnumValue, parseLiteral } from './literal.ts'
import { parseArray, parseObject } from './json.ts'
import { parseCallArguments, parsePath } from './path.ts'
import {
  errorAt,
  expectText,
  nested,
  peekWord,
  take,
  takeList,
  takeParenthesized,
  takeQualifiedName,
  takeQualifier,
  takeSpace,
  takeText,
  unexpected,
  type Scanner,
} from './tokens.ts'

type Operator =
  | { readonly kind: 'and' | 'or'; readonly precedence: number }
  | { readonly kind: 'compare'; readonly precedence: number; readonly operator: CompareOperator }
  | {
      readonly kind: 'arithmetic'
      readonly precedence: number
      readonly operator: ArithmeticOperator
    }
  | { readonly kind: 'in' | 'has'; readonly precedence: number }

const compare = (operator: CompareOperator, precedence: number): [string, Operator] => [
  operator,
  { kind: 'compare', precedence, operator },
]
const arithmetic = (operator: ArithmeticOperator, precedence: number): [string, Operator] => [
  operator,
  { kind: 'arithmetic', precedence, operator },
]

// OData 4.01 URL 5.1.1.16 lists the precedence from high to low; here a higher number binds tighter.
const operators: ReadonlyMap<string, Operator> = new Map([
  ['or', { kind: 'or', precedence: 1 }],
  ['and', { kind: 'and', precedence: 2 }],
  compare('eq', 3),
  compare('ne', 3),
  compare('gt', 4),
  compare('ge', 4),
  compare('lt', 4),
  compare('le', 4),
  arithmetic('add', 5),
  arithmetic('sub', 5),
  arithmetic('mul', 6),
  arithmetic('div', 6),
  arithmetic('divby', 6),
  arithmetic('mod', 6),
  ['has', { kind: 'has', precedence: 8 }],
  ['in', { kind: 'in', precedence: 8 }],
])
const unary = 7
const primary = 9

/** `in ('a','b')` or `in ()`: literals only, unless it is one expression in parentheses (ABNF listExpr). */
const parseItems = (
  scanner: Scanner,
): Extract<ODataExpression, { readonly kind: 'in' }>['items'] => {
  if (scanner.text[scanner.at] !== '(') {
    const collection = parseExpression(scanner, primary)
    return collection.kind === 'array' ? collection.items : collection
  }
  scanner.at++
  takeSpace(scanner)
  if (takeText(scanner, ')')) return []
  const items = [parseExpressionHere(scanner)]
  takeSpace(scanner)
  while (scanner.text[scanner.at] === ',' && items[0]?.kind === 'literal') {
    scanner.at++
    takeSpace(scanner)
    const item = parseLiteral(scanner)
    if (item === undefined) throw unexpected(scanner, 'a literal')
    items.push(item)
    takeSpace(scanner)
  }
  expectText(scanner, ')')
  const [only] = items
  return only === undefined || only.kind === 'literal' ? items : only
}

const parseTypeName = (scanner: Scanner): string => {
  const collection = take(scanner, /Collection\(/y) !== undefined
  const name = takeQualifiedName(scanner)
  if (name === undefined) throw unexpected(scanner, 'the name of a type')
  if (collection) expectText(scanner, ')')
  return collection ? `Collection(${name})` : name
}

/** `cast(Price,Edm.String)`; without an operand it is the instance itself that is meant. */
const parseCast = (scanner: Scanner, kind: 'cast' | 'isof', at: number): ODataExpression =>
  takeParenthesized(scanner, () => {
    if (take(scanner, /(?=Collection\()/y) !== undefined)
      return { kind, operand: undefined, typeName: parseTypeName(scanner), at }
    const bare = scanner.text[scanner.at] !== '('
    const first = parseExpressionHere(scanner)
    takeSpace(scanner)
    if (takeText(scanner, ',')) {
      takeSpace(scanner)
      return { kind, operand: first, typeName: parseTypeName(scanner), at }
    }
    const [only] = first.kind === 'path' ? first.segments : []
    const isName =
      bare && first.kind === 'path' && first.root === 'here' && first.segments.length === 1
    if (!isName || only?.kind !== 'name' || only.args !== undefined)
      throw unexpected(scanner, 'a comma and the name of a type')
    return { kind, operand: undefined, typeName: only.name, at }
  })

const parseCase = (scanner: Scanner, at: number): ODataExpression => ({
  kind: 'case',
  branches: takeParenthesized(scanner, () =>
    takeList(scanner, (): CaseBranch => {
      const when = parseExpressionHere(scanner)
      takeSpace(scanner)
      expectText(scanner, ':')
      takeSpace(scanner)
      return { when, value: parseExpressionHere(scanner) }
    }),
  ),
  at,
})

/** OData 4.01 URL 5.1.1.5: the names of canonical functions are case-insensitive. */
const parseCall = (scanner: Scanner, written: string, at: number): ODataExpression => {
  const name = written.toLowerCase()
  if (name === 'cast' || name === 'isof') return parseCast(scanner, name, at)
  if (name === 'case') return parseCase(scanner, at)
  const args = takeParenthesized(scanner, () =>
    scanner.text[scanner.at] === ')' ? [] : takeList(scanner, () => parseExpressionHere(scanner)),
  )
  return { kind: 'call', name, args, at }
}

/** A function call, the value of an enumeration, or a path that begins with a name. */
const parseNamed = (scanner: Scanner): ODataExpression => {
  const at = scanner.at
  const name = takeQualifiedName(scanner)
  if (name === undefined) throw unexpected(scanner, 'an expression')
  const next = scanner.text[scanner.at]
  if (next === '(' && isCanonical(name)) return parseCall(scanner, name, at)
  if (next === "'" && name.includes('.')) return parseEnumValue(scanner, name, at)
  if (next === '(' && /^(?:any|all)$/.test(name))
    throw unexpected(scanner, `a path before '${name}'`)
  const args = next === '(' ? parseCallArguments(scanner) : undefined
  return parsePath(scanner, 'here', [{ kind: 'name', name, args, at }], at)
}

const parseRooted = (scanner: Scanner): ODataExpression | undefined => {
  const at = scanner.at
  const word = take(scanner, /\$(?:it|this|these|root)(?![\w])/y)
  if (word !== undefined)
    return parsePath(scanner, word as '$it' | '$this' | '$these' | '$root', [], at)
  if (!takeText(scanner, '@')) return undefined
  const name = takeQualifiedName(scanner)
  if (name === undefined) throw unexpected(scanner, 'the name of an alias')
  const qualifier = takeQualifier(scanner)
  if (name.includes('.') || qualifier !== undefined)
    return parsePath(scanner, 'here', [{ kind: 'annotation', name, at }], at)
  return parsePath(scanner, `@${name}`, [], at)
}

const parsePrefixed = (scanner: Scanner): ODataExpression | undefined => {
  const at = scanner.at
  if (take(scanner, /not(?=[ \t])/iy) !== undefined) {
    takeSpace(scanner)
    return nested(scanner, () => ({ kind: 'not', operand: parseExpression(scanner, unary), at }))
  }
  if (take(scanner, /-(?!INF(?![\p{L}\p{Nl}\p{Nd}\p{Pc}.('])|\d)/uy) === undefined) return undefined
  takeSpace(scanner)
  return nested(scanner, () => ({ kind: 'negate', operand: parseExpression(scanner, unary), at }))
}

const parsePrimary = (scanner: Scanner): ODataExpression => {
  if (scanner.text[scanner.at] === '(')
    return nested(scanner, () => takeParenthesized(scanner, () => parseExpressionHere(scanner)))
  return (
    parsePrefixed(scanner) ??
    parseLiteral(scanner) ??
    parseArray(scanner) ??
    parseObject(scanner) ??
    parseRooted(scanner) ??
    parseNamed(scanner)
  )
}

type Chain = {
  readonly kind: 'and' | 'or'
  readonly operands: ODataExpression[]
  readonly at: number
}

const parseEnumLiteral = (scanner: Scanner): Literal => {
  const at = scanner.at
  const typeName = takeQualifiedName(scanner)
  if (scanner.text[scanner.at] !== "'") throw unexpected(scanner, 'the value of an enumeration')
  return parseEnumValue(scanner, typeName ?? '', at)
}

const parseOperator = (
  scanner: Scanner,
  left: ODataExpression,
  operator: Operator,
  at: number,
): ODataExpression => {
  if (operator.kind === 'in')
    return { kind: 'in', operand: left, items: nested(scanner, () => parseItems(scanner)), at }
  if (operator.kind === 'has') return { kind: 'has', left, right: parseEnumLiteral(scanner), at }
  const right = parseExpression(scanner, operator.precedence + 1)
  if (operator.kind === 'compare')
    return { kind: 'compare', operator: operator.operator, left, right, at }
  if (operator.kind === 'arithmetic')
    return { kind: 'arithmetic', operator: operator.operator, left, right, at }
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
      scanner.at = to
      if (!takeSpace(scanner)) throw unexpected(scanner, `a space after '${word}'`)
      if (chain !== undefined && chain === left && chain.kind === operator.kind) {
        chain.operands.push(parseExpression(scanner, operator.precedence + 1))
        continue
      }
      // `a eq b eq c …` grows a tree to the left, which is walked recursively later on.
      if (++links + scanner.depth > 100) throw errorAt(scanner, 'Too many operators in a row', at)
      left = parseOperator(scanner, left, operator, at)
      chain = left.kind === 'and' || left.kind === 'or' ? (left as Chain) : undefined
    }
  })

/** Reads an expression (ABNF commonExpr) where the scanner stands. */
export const parseExpressionHere = (scanner: Scanner): ODataExpression =>
  parseExpression(scanner, 0)
