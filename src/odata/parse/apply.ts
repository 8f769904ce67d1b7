// `$apply` (OData Data Aggregation 4.0 section 3): a chain of transformations.
import { rankings, type GroupElement, type Transformation } from '../ast.ts'
import { parseAggregateItem, parseGroupPath } from './aggregate.ts'
import { parseCompute } from './compute.ts'
import { parseOrderBy } from './order-by.ts'
import { parseArguments } from './path.ts'
import { parseSearch } from './search.ts'
import { takePathStep } from './select.ts'
import {
  errorAt,
  expectNatural,
  expectText,
  nested,
  take,
  takeKeyword,
  takeList,
  takeName,
  takeParenthesized,
  takeQualifiedName,
  takeSpace,
  takeText,
  unexpected,
  type Scanner,
} from './tokens.ts'

type Read = (scanner: Scanner, at: number) => Transformation

const takeComma = (scanner: Scanner): void => {
  takeSpace(scanner)
  expectText(scanner, ',')
  takeSpace(scanner)
}

const parseGroupElement = (scanner: Scanner): GroupElement => {
  const at = scanner.at
  if (take(scanner, /rolluprecursive(?=\()/y) !== undefined) {
    skipParentheses(scanner)
    return { kind: 'rolluprecursive', at }
  }
  if (take(scanner, /rollup(?=\()/y) === undefined)
    return { kind: 'property', ...parseGroupPath(scanner) }
  const levels = takeParenthesized(scanner, () => takeList(scanner, () => parseGroupPath(scanner)))
  return { kind: 'rollup', levels, at }
}

const parseGroupBy: Read = (scanner, at) =>
  takeParenthesized(scanner, () => {
    const elements = takeParenthesized(scanner, () =>
      takeList(scanner, () => parseGroupElement(scanner)),
    )
    takeSpace(scanner)
    if (!takeText(scanner, ',')) return { kind: 'groupby', elements, inner: [], at }
    takeSpace(scanner)
    return { kind: 'groupby', elements, inner: parseApply(scanner), at }
  })

const parseRanking =
  (kind: (typeof rankings)[number]): Read =>
  (scanner, at) =>
    takeParenthesized(scanner, () => {
      const amount = scanner.grammar.expression(scanner)
      takeComma(scanner)
      return { kind, amount, measure: scanner.grammar.expression(scanner), at }
    })

const parseJoin =
  (kind: 'join' | 'outerjoin'): Read =>
  (scanner, at) =>
    takeParenthesized(scanner, () => {
      const path: string[] = []
      do {
        const step = takePathStep(scanner)
        if (step?.endsWith('*')) scanner.at -= step === '*' ? 1 : 2
        if (step === undefined || step.endsWith('*'))
          throw unexpected(scanner, 'a navigation property')
        path.push(step)
      } while (takeText(scanner, '/'))
      const alias = takeKeyword(scanner, 'as') ? takeName(scanner) : undefined
      if (alias === undefined) throw unexpected(scanner, "' as ' and a name")
      takeSpace(scanner)
      if (!takeText(scanner, ',')) return { kind, path, alias, at }
      takeSpace(scanner)
      parseApply(scanner)
      return { kind, path, alias, at }
    })

/** What is understood and not offered is read to its end: parentheses and quotes in pairs. */
const skipParentheses = (scanner: Scanner): void => {
  const from = scanner.at
  let depth = 0
  do {
    const piece = take(scanner, /[^()']+|\(|\)|'(?:[^']|'')*'/y)
    if (piece === undefined) throw errorAt(scanner, 'This parenthesis is never closed', from)
    if (piece === '(') depth++
    if (piece === ')') depth--
  } while (depth > 0)
}

const parseOther =
  (name: string): Read =>
  (scanner, at) => {
    if (scanner.text[scanner.at] !== '(') throw unexpected(scanner, "'('")
    skipParentheses(scanner)
    return { kind: 'other', name, at }
  }

const readers: ReadonlyMap<string, Read> = new Map<string, Read>([
  [
    'aggregate',
    (scanner, at) => ({
      kind: 'aggregate',
      items: takeParenthesized(scanner, () =>
        takeList(scanner, () => parseAggregateItem(scanner, true)),
      ),
      at,
    }),
  ],
  [
    'compute',
    (scanner, at) => ({
      kind: 'compute',
      items: takeParenthesized(scanner, () => parseCompute(scanner)),
      at,
    }),
  ],
  [
    'concat',
    (scanner, at) => {
      const branches = takeParenthesized(scanner, () => {
        const read = takeList(scanner, () => parseApply(scanner))
        if (read.length < 2) throw unexpected(scanner, 'a comma and one more sequence')
        return read
      })
      return { kind: 'concat', branches, at }
    },
  ],
  ['groupby', parseGroupBy],
  [
    'filter',
    (scanner, at) => ({
      kind: 'filter',
      condition: takeParenthesized(scanner, () => scanner.grammar.expression(scanner)),
      at,
    }),
  ],
  [
    'search',
    (scanner, at) => ({
      kind: 'search',
      search: takeParenthesized(scanner, () => parseSearch(scanner)),
      at,
    }),
  ],
  [
    'orderby',
    (scanner, at) => ({
      kind: 'orderby',
      items: takeParenthesized(scanner, () => parseOrderBy(scanner)),
      at,
    }),
  ],
  ...(['top', 'skip'] as const).map((kind): [string, Read] => [
    kind,
    (scanner, at) => ({
      kind,
      count: takeParenthesized(scanner, () => expectNatural(scanner)),
      at,
    }),
  ]),
  ...rankings.map((kind): [string, Read] => [kind, parseRanking(kind)]),
  ['identity', (_scanner, at) => ({ kind: 'identity', at })],
  ['join', parseJoin('join')],
  ['outerjoin', parseJoin('outerjoin')],
  ...['nest', 'addnested', 'ancestors', 'descendants', 'traverse'].map((name): [string, Read] => [
    name,
    parseOther(name),
  ]),
])

const parseTransformation = (scanner: Scanner): Transformation => {
  const at = scanner.at
  const name = takeQualifiedName(scanner)
  if (name?.includes('.')) {
    parseArguments(scanner)
    return { kind: 'other', name, at }
  }
  const read = name === undefined ? undefined : readers.get(name)
  if (read !== undefined) return read(scanner, at)
  scanner.at = at
  throw unexpected(scanner, 'a transformation, such as aggregate, groupby or filter')
}

/** Reads a chain of transformations. */
export const parseApply = (scanner: Scanner): readonly Transformation[] =>
  nested(scanner, () => {
    const chain: Transformation[] = []
    do chain.push(parseTransformation(scanner))
    while (takeText(scanner, '/'))
    return chain
  })
