// Paths in expressions (OData 4.01 URL 5.1.1.15): names, keys, function calls, lambdas, /$count, /$filter.
import type { Argument, PathExpression, PathRoot, PathSegment } from '../ast.ts'
import { notSupported } from '../errors.ts'
import { parseAggregateItem } from './aggregate.ts'
import { parseEnumValue, parseLiteral } from './literal.ts'
import {
  expectText,
  nested,
  take,
  takeList,
  takeName,
  takeParenthesized,
  takeQualifiedName,
  takeQualifier,
  takeSpace,
  takeText,
  unexpected,
  type Scanner,
} from './tokens.ts'

const parseArgument = (scanner: Scanner): Argument => {
  const at = scanner.at
  if (takeText(scanner, '@')) {
    const name = takeName(scanner)
    if (name === undefined) throw unexpected(scanner, 'the name of an alias')
    return { name: undefined, value: { kind: 'path', root: `@${name}`, segments: [], at } }
  }
  const literal = parseLiteral(scanner)
  if (literal !== undefined) return { name: undefined, value: literal }
  const name = takeQualifiedName(scanner)
  if (name === undefined) throw unexpected(scanner, 'a key value or a parameter')
  if (scanner.text[scanner.at] === "'" && name.includes('.'))
    return { name: undefined, value: parseEnumValue(scanner, name, at) }
  // A parameter's name is never qualified.
  if (name.includes('.')) scanner.at = at + name.indexOf('.')
  expectText(scanner, '=')
  return { name, value: scanner.grammar.expression(scanner) }
}

/** What stands in parentheses after a name: key values, or parameters of a function. */
export const parseArguments = (scanner: Scanner): readonly Argument[] =>
  nested(scanner, () =>
    takeParenthesized(scanner, () =>
      scanner.text[scanner.at] === ')' ? [] : takeList(scanner, () => parseArgument(scanner)),
    ),
  )

/** The same in an expression, where a key could follow the parameters of a function. */
export const parseCallArguments = (scanner: Scanner): readonly Argument[] => {
  const args = parseArguments(scanner)
  if (scanner.text[scanner.at] !== '(') return args
  throw notSupported('a key after a function call', {
    target: scanner.target,
    position: scanner.base + scanner.at,
  })
}

const parseLambda = (scanner: Scanner, kind: 'any' | 'all', at: number): PathSegment =>
  nested(scanner, () =>
    takeParenthesized(scanner, (): PathSegment => {
      if (kind === 'any' && scanner.text[scanner.at] === ')')
        return { kind, variable: undefined, predicate: undefined, at }
      const variable = takeName(scanner)
      if (variable === undefined) throw unexpected(scanner, 'the name of a lambda variable')
      takeSpace(scanner)
      expectText(scanner, ':')
      takeSpace(scanner)
      return { kind, variable, predicate: scanner.grammar.expression(scanner), at }
    }),
  )

const parseCount = (scanner: Scanner, at: number): PathSegment => {
  if (scanner.text[scanner.at] !== '(')
    return { kind: 'count', filter: undefined, search: undefined, at }
  const { filter, search } = scanner.grammar.options(scanner, ['filter', 'search'], false)
  return { kind: 'count', filter, search, at }
}

const parseDollar = (scanner: Scanner): PathSegment => {
  const at = scanner.at
  if (take(scanner, /\$count(?![\w])/y) !== undefined) return parseCount(scanner, at)
  if (takeText(scanner, '$filter'))
    return nested(scanner, () => ({
      kind: 'filter',
      condition: takeParenthesized(scanner, () => scanner.grammar.expression(scanner)),
      at,
    }))
  throw unexpected(scanner, '$count or $filter')
}

const parseSegment = (scanner: Scanner): PathSegment => {
  const at = scanner.at
  if (scanner.text[at] === '$') return parseDollar(scanner)
  if (takeText(scanner, '@')) {
    const name = takeQualifiedName(scanner)
    if (name === undefined) throw unexpected(scanner, 'the name of an annotation')
    takeQualifier(scanner)
    return { kind: 'annotation', name, at }
  }
  const name = takeQualifiedName(scanner)
  if (name === undefined) throw unexpected(scanner, 'a property')
  if (scanner.text[scanner.at] !== '(') return { kind: 'name', name, args: undefined, at }
  if (/^(?:any|all)$/i.test(name))
    return parseLambda(scanner, name.toLowerCase() as 'any' | 'all', at)
  if (name === 'aggregate') {
    const item = takeParenthesized(scanner, () => parseAggregateItem(scanner, false))
    return { kind: 'aggregate', item, at }
  }
  return { kind: 'name', name, args: parseCallArguments(scanner), at }
}

/** Reads the steps that follow what has been read already. */
export const parsePath = (
  scanner: Scanner,
  root: PathRoot,
  begun: readonly PathSegment[],
  at: number,
): PathExpression => {
  const segments = [...begun]
  while (scanner.text[scanner.at] === '/') {
    scanner.at++
    segments.push(parseSegment(scanner))
  }
  if (segments.length === 0 && root === '$root') expectText(scanner, '/')
  return { kind: 'path', root, segments, at }
}
