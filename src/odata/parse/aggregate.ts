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

/** What is aggregated says how: `$count` at the end of a path, or a custom aggregate, a plain name after one. */
const kindOf = (expression: AggregateItem['expression']): 'count' | 'custom' | 'value' => {
  if (expression === '$count') return 'count'
  if (expression.kind !== 'path') return 'value'
  const last = expression.segments.at(-1)
  if (last?.kind === 'count') return 'count'
  const isPlain =
    expression.root === 'here' &&
    expression.segments.every((segment) => segment.kind === 'name' && segment.args === undefined)
  return isPlain && last?.kind === 'name' && !last.name.includes('.') ? 'custom' : 'value'
}

const parseAlias = (scanner: Scanner): string => {
  const alias = takeName(scanner)
  if (alias === undefined) throw unexpected(scanner, 'a name')
  return alias
}

/** Reads one item; in `$apply` it needs an alias unless it may be a custom aggregate, in an expression it has none. */
export const parseAggregateItem = (scanner: Scanner, inApply: boolean): AggregateItem => {
  const at = scanner.at
  const isParenthesized = scanner.text[at] === '('
  const expression = parseOperand(scanner)
  const kind = isParenthesized ? 'value' : kindOf(expression)
  const method = takeKeyword(scanner, 'with') ? parseMethod(scanner) : undefined
  if (method === undefined && kind === 'value')
    throw expectedWord(scanner, "'with' and an aggregation method")
  const from: AggregateItem['from'][number][] = []
  while (takeKeyword(scanner, 'from'))
    from.push(parseFrom(scanner, method !== undefined || kind === 'count'))
  const item = { expression, method, from, alias: undefined, at }
  if (!inApply) return item
  if (takeKeyword(scanner, 'as')) return { ...item, alias: parseAlias(scanner) }
  if (kind !== 'custom' || method !== undefined || from.length > 0)
    throw expectedWord(scanner, "'as' and a name")
  return item
}
