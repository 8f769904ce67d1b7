import type { Argument, ResourcePath, ResourceSegment } from '../ast.ts'
import { badRequest, notFound } from '../errors.ts'
import { decodeText } from './decode.ts'
import { parseExpressionHere } from './expression.ts'
import { scan } from './grammar.ts'
import { parseArguments } from './path.ts'
import {
  errorAt,
  expectEnd,
  expectText,
  isAtEnd,
  takeList,
  takeName,
  takeParenthesized,
  takeQualifiedName,
  takeText,
  unexpected,
  type Scanner,
} from './tokens.ts'

const target = 'the path'

type Piece = { readonly text: string; readonly at: number }

const scanPiece = ({ text, at }: Piece): Scanner => ({ ...scan(text, target), base: at })

/** OData 4.01 URL 4.3.1: `('x')`, `(10)`, `(A=1,B='x')`, `(@key)`; or the parameters of a function. */
const parseKey = (scanner: Scanner): readonly Argument[] | undefined => {
  if (scanner.text[scanner.at] !== '(') return undefined
  const from = scanner.at
  const args = parseArguments(scanner)
  const wrong = args.find(({ value }) => value.kind !== 'literal' && !isAlias(value))
  if (wrong !== undefined) throw errorAt(scanner, 'Expected a literal or an alias', wrong.value.at)
  const unnamed = args.filter(({ name }) => name === undefined).length
  if (unnamed > 0 && args.length > 1)
    throw errorAt(scanner, 'Name each part of a compound key: (A=1,B=2)', from)
  // A second spelling of the same entity would be one more thing to get right everywhere (T71).
  const inside = scanner.text.slice(from + 1, scanner.at - 1)
  if (unnamed > 0 && inside.trim() !== inside)
    throw errorAt(scanner, 'Remove the space around the key value', from + 1)
  return args
}

const isAlias = (value: Argument['value']): boolean =>
  value.kind === 'path' && value.root.startsWith('@') && value.segments.length === 0

const words = {
  $count: 'count',
  $ref: 'ref',
  $value: 'value',
  $each: 'each',
  $query: 'query',
} as const

const parseDollar = (piece: Piece): ResourceSegment => {
  const word = Object.entries(words).find(([name]) => name === piece.text)
  if (word !== undefined) return { kind: word[1], at: piece.at }
  const scanner = scanPiece(piece)
  if (!takeText(scanner, '$filter'))
    throw notFound(`There is no path segment '${piece.text}'.`, { target })
  const condition = takeParenthesized(scanner, () => parseExpressionHere(scanner))
  expectEnd(scanner)
  return { kind: 'filter', condition, at: piece.at }
}

const parseLater = (piece: Piece): ResourceSegment => {
  if (piece.text.startsWith('$')) return parseDollar(piece)
  const scanner = scanPiece(piece)
  const name = takeQualifiedName(scanner)
  // What is no name may be a key or an index (OData 4.01 URL 4.3.4 and 4.9).
  if (name === undefined || (!isAtEnd(scanner) && !piece.text.includes('(')))
    return { kind: 'text', text: piece.text, at: piece.at }
  const args = parseKey(scanner)
  expectEnd(scanner)
  return { kind: 'name', name, args, at: piece.at }
}

const parseFirst = (piece: Piece): ResourceSegment => {
  const scanner = scanPiece(piece)
  if (piece.text.startsWith('$'))
    throw notFound(`There is no resource '${piece.text}'.`, { target })
  const name = takeName(scanner)
  if (name === undefined) throw unexpected(scanner, 'the name of an entity set')
  const args = parseKey(scanner)
  expectEnd(scanner)
  return { kind: 'name', name, args, at: piece.at }
}

const parseCrossJoin = (piece: Piece): ResourcePath => {
  const scanner = scanPiece(piece)
  expectText(scanner, '$crossjoin(')
  const sets = takeList(scanner, () => {
    const name = takeName(scanner)
    if (name === undefined) throw unexpected(scanner, 'the name of an entity set')
    return name
  })
  expectText(scanner, ')')
  expectEnd(scanner)
  return { kind: 'crossjoin', sets }
}

const parseCastOf = (kind: 'entity' | 'all', rest: readonly Piece[]): ResourcePath => {
  const [cast, more] = rest
  if (cast === undefined) return { kind, cast: undefined }
  const scanner = scanPiece(cast)
  const name = takeQualifiedName(scanner)
  if (name === undefined) throw unexpected(scanner, 'the name of a type')
  expectEnd(scanner)
  if (more !== undefined) throw notFound('Nothing lies below the type.', { target })
  return { kind, cast: name }
}

/** Resources whose names begin with a dollar; these are case-sensitive. */
const parseWholeResource = (first: Piece, rest: readonly Piece[]): ResourcePath | undefined => {
  const { text } = first
  if (text === '$entity' || text === '$all')
    return parseCastOf(text === '$all' ? 'all' : 'entity', rest)
  if (text.startsWith('$crossjoin(')) {
    if (rest.length > 0 && rest.map((piece) => piece.text).join('/') !== '$query')
      throw notFound('Only $query lies below $crossjoin.', { target })
    return parseCrossJoin(first)
  }
  if (text !== '$metadata' && text !== '$batch') return undefined
  if (rest.length > 0) throw notFound(`Nothing lies below ${text}.`, { target })
  return { kind: text === '$batch' ? 'batch' : 'metadata' }
}

const last: ReadonlySet<string> = new Set(['count', 'ref', 'value', 'query'])

const parseSegments = (first: Piece, rest: readonly Piece[]): readonly ResourceSegment[] => {
  const segments = [parseFirst(first)]
  for (const piece of rest) {
    const before = segments.at(-1)
    if (before !== undefined && last.has(before.kind))
      throw notFound(`Nothing lies below $${before.kind}.`, { target, position: piece.at - 1 })
    segments.push(parseLater(piece))
  }
  return segments
}

const piecesOf = (path: string): readonly Piece[] => {
  let at = 0
  return path.split('/').map((raw) => {
    const piece = { text: decodeText(raw, target), at }
    at += raw.length + 1
    return piece
  })
}

/**
 * Parses the raw path below the service root (OData 4.01 URL 2: split at `/` first, decode each segment
 * then, so that `%2F` never separates). Only the service root may end in a slash; an empty segment is
 * refused, so that no second spelling of a resource exists (threat T71). Positions count in the raw path.
 */
export const parseResourcePath = (rawPath: string): ResourcePath => {
  if (rawPath === '' || rawPath === '/') return { kind: 'service' }
  const pieces = piecesOf(rawPath.startsWith('/') ? rawPath.slice(1) : rawPath)
  const [first, ...rest] = pieces
  if (first === undefined || pieces.some(({ text }) => text === ''))
    throw badRequest('The path has an empty segment; remove the extra slash.', { target })
  return (
    parseWholeResource(first, rest) ?? { kind: 'resource', segments: parseSegments(first, rest) }
  )
}
