import type { KeyPart, Literal, ResourcePath } from '../ast.ts'
import { badRequest, notFound, notSupported } from '../errors.ts'
import { parseLiteral } from './literal.ts'
import {
  createScanner,
  expectEnd,
  expectText,
  isAtEnd,
  takeName,
  takeText,
  unexpected,
  type Scanner,
} from './tokens.ts'

/** Percent-decodes once; `%` that starts no UTF-8 character is refused. */
export const decodeText = (raw: string, target: string): string => {
  if (!raw.includes('%')) return raw
  try {
    return decodeURIComponent(raw)
  } catch {
    throw badRequest(
      'A percent sign is followed by two hex digits of UTF-8 text; write % as %25.',
      {
        target,
      },
    )
  }
}

const parseKeyValue = (scanner: Scanner): Literal | undefined => {
  if (scanner.text[scanner.at] === '@')
    throw notSupported('parameter aliases', { target: 'the path', position: scanner.at })
  return parseLiteral(scanner)
}

const parseKeyPart = (scanner: Scanner): KeyPart => {
  const value = parseKeyValue(scanner)
  if (value !== undefined) return { name: undefined, value }
  const name = takeName(scanner)
  if (name === undefined) throw unexpected(scanner, 'a key value')
  expectText(scanner, '=')
  const named = parseKeyValue(scanner)
  if (named === undefined) throw unexpected(scanner, 'a key value')
  return { name, value: named }
}

/** OData 4.01 URL 4.3.1: `('x')`, `(10)`, `(A=1,B='x')`. */
const parseKey = (scanner: Scanner): readonly KeyPart[] => {
  const parts: KeyPart[] = []
  if (takeText(scanner, ')')) return parts
  do parts.push(parseKeyPart(scanner))
  while (takeText(scanner, ','))
  expectText(scanner, ')')
  if (parts.length > 1 && parts.some(({ name }) => name === undefined))
    throw badRequest('Name each part of a compound key: (A=1,B=2).', { target: 'the path' })
  return parts
}

const wholeResources: readonly string[] = ['$batch', '$entity', '$all', '$crossjoin']

const parseFirst = (segment: string): { name: string; key: readonly KeyPart[] | undefined } => {
  const scanner = createScanner(segment, 'the path')
  if (segment.startsWith('$')) {
    const [word = ''] = segment.split('(', 1)
    if (wholeResources.includes(word)) throw notSupported(word, { target: 'the path' })
    throw notFound(`There is no resource '${segment}'.`, { target: 'the path' })
  }
  const name = takeName(scanner)
  if (name === undefined) throw unexpected(scanner, 'the name of an entity set')
  if (scanner.text[scanner.at] === '.')
    throw notSupported('qualified names in the path', { target: 'the path', position: scanner.at })
  const key = takeText(scanner, '(') ? parseKey(scanner) : undefined
  if (!isAtEnd(scanner)) expectEnd(scanner)
  return { name, key }
}

/**
 * Parses the raw path below the service root (OData 4.01 URL 2: split at `/` first, decode each segment
 * then, so that `%2F` never separates). Only the service root may end in a slash; an empty segment is
 * refused, so that no second spelling of a resource exists (threat T71).
 */
export const parseResourcePath = (rawPath: string): ResourcePath => {
  if (rawPath === '' || rawPath === '/') return { kind: 'service' }
  const raw = (rawPath.startsWith('/') ? rawPath.slice(1) : rawPath).split('/')
  const [first = '', ...rest] = raw.map((segment) => decodeText(segment, 'the path'))
  if (first === '' || rest.includes(''))
    throw badRequest('The path has an empty segment; remove the extra slash.', {
      target: 'the path',
    })
  if (first === '$metadata') {
    if (rest.length > 0) throw notFound('Nothing lies below $metadata.', { target: 'the path' })
    return { kind: 'metadata' }
  }
  const count = rest[0] === '$count'
  return { kind: 'set', ...parseFirst(first), count, rest: count ? rest.slice(1) : rest }
}
