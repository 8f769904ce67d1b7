// `Amount mul Rate with sum from Time with average as Total` (OData Data Aggregation 4.0 section 3.2.1).
import type { AggregateItem, GroupPath } from '../ast.ts'
import {
  peekWord,
  take,
  takeKeyword,
  takeList,
  takeName,
  takeQualifiedName,
  unexpected,
  type Scanner,
} from './tokens.ts'

/** A path of names that leads to a single value; it does not end in a cast. */
export const parseGroupPath = (scanner: Scanner): GroupPath => {
  const at = scanner.at
  const path: string[] = []
  do {
    if (path.length > 0) scanner.at++
    const name = takeQualifiedName(scanner)
    if (name === undefined) throw unexpected(scanner, 'the name of a property')
    path.push(name)
  } while (/^\/[^@$]/u.test(scanner.text.slice(scanner.at, scanner.at + 3)))
  if (path.at(-1)?.includes('.')) throw unexpected(scanner, 'a slash and a property after the type')
  return { path, at }
}

const parseMethod = (scanner: Scanner): string => {
  const method = takeQualifiedName(scanner)
  if (method === undefined) throw unexpected(scanner, 'an aggregation method')
  return method
}

const parseFrom = (scanner: Scanner, needsMethod: boolean): AggregateItem['from'][number] => {
  const properties = takeList(scanner, () => parseGroupPath(scanner))
  if (takeKeyword(scanner, 'with')) return { properties, method: parseMethod(scanner) }
  if (needsMethod) throw expectedWord(scanner, "'with' and an aggregation method")
  return { properties, method: undefined }
}

const expectedWord = (scanner: Scanner, wanted: string) => {
  const { word, to } = peekWord(scanner)
  if (word !== undefined) scanner.at = to - word.length
  return unexpected(scanner, wanted)
}

const parseOperand = (scanner: Scanner): AggregateItem['expression'] =>
  take(scanner, /\$count(?![\w/])/y) === undefined ? scanner.grammar.expression(scanner) : '$count'

/** Reads one item; in `$apply` it needs an alias unless it may be a custom aggregate, in an expression it has none. */
export const parseAggregateItem = (scanner: Scanner, inApply: boolean): AggregateItem => {
  const at = scanner.at
  const expression = parseOperand(scanner)
  const method = takeKeyword(scanner, 'with') ? parseMethod(scanner) : undefined
  const from: AggregateItem['from'][number][] = []
  while (takeKeyword(scanner, 'from')) from.push(parseFrom(scanner, method !== undefined))
  if (!inApply) return { expression, method, from, alias: undefined, at }
  if (takeKeyword(scanner, 'as')) {
    const alias = takeName(scanner)
    if (alias === undefined) throw unexpected(scanner, 'a name')
    return { expression, method, from, alias, at }
  }
  const isPath = expression !== '$count' && expression.kind === 'path'
  if (!isPath || method !== undefined || from.length > 0)
    throw expectedWord(
      scanner,
      method === undefined && !isPath ? "'with' or 'as'" : "'as' and a name",
    )
  return { expression, method, from, alias: undefined, at }
}
