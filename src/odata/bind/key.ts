// The key of an entity against the model: in parentheses (OData 4.01 URL 4.3.1), or as path segments (4.3.6).
import type { Argument, Literal, ODataExpression, ResourceSegment } from '../ast.ts'
import type { EntitySet, Property } from '../edm/model.ts'
import { familyOf } from '../edm/types.ts'
import { badRequest, ODataError } from '../errors.ts'
import { parseLiteralText } from '../parse/grammar.ts'
import type { BoundExpression, BoundLiteral, Instance } from './bound.ts'
import { bindLiteral } from './types.ts'

type Row = Extract<Instance, { readonly kind: 'row' }>
type Aliases = ReadonlyMap<string, ODataExpression>

const target = 'the path'

const valueOf = ({ value }: Argument, aliases: Aliases): BoundLiteral | undefined => {
  const found =
    value.kind === 'path' && value.root.startsWith('@') ? aliases.get(value.root.slice(1)) : value
  return found?.kind === 'literal' ? bindLiteral(found, target) : undefined
}

/** OData 4.01 URL 4.3.1: the only part of a key need not be named. */
export const bindKey = (
  args: readonly Argument[],
  { name, type }: EntitySet,
  aliases: Aliases,
): readonly BoundLiteral[] => {
  const names = type.key.map((property) => property.name)
  const fault = (text: string) =>
    badRequest(`${text} The key of '${name}' is (${names.join(',')}).`, { target })
  if (args.length !== names.length) throw fault(`Give ${names.length} key value(s).`)
  return type.key.map((property, i) => {
    const part = args.find((arg) => arg.name === property.name) ?? args[i]
    if (part === undefined || (part.name !== undefined && part.name !== property.name))
      throw fault(`'${property.name}' is missing.`)
    const value = valueOf(part, aliases)
    if (value === undefined) throw fault(`'${property.name}' has no value.`)
    if (value.type === 'null' || familyOf(value.type) !== familyOf(property.type))
      throw fault(`'${property.name}' is ${property.type}, not ${value.type}.`)
    return value
  })
}

/** That a row is the one of this key. */
export const keyCondition = (row: Row, key: readonly BoundLiteral[]): readonly BoundExpression[] =>
  row.type.key.map((property, i): BoundExpression => {
    const right = key[i]
    if (right === undefined) throw new TypeError('A key value is missing')
    return {
      kind: 'compare',
      operator: 'eq',
      left: { kind: 'property', instance: row, property, type: property.type },
      right,
      type: 'Edm.Boolean',
    }
  })

/** The text of a segment that may be a value; `undefined` where it is something else by its form. */
const textOf = (segment: ResourceSegment | undefined): string | undefined => {
  if (segment?.kind === 'text') return segment.text
  return segment?.kind === 'name' && segment.args === undefined ? segment.name : undefined
}

/** A text is its own value, quotes and all; a value of another type is written as anywhere, but without a word before it. */
const literalOf = (text: string, { type }: Property, at: number): Literal | undefined => {
  if (familyOf(type) !== 'string') {
    try {
      return { ...parseLiteralText(text, target), at }
    } catch (error) {
      if (error instanceof ODataError) return undefined
      throw error
    }
  }
  // U+0000 ends a text inside SQL engines, so that it would not compare as written.
  return text.includes('\0') ? undefined : { kind: 'literal', type: 'string', value: text, at }
}

/**
 * The key of one entity of a set as the segments that begin here, a segment for each part in the order of the model.
 * `undefined` where the first can be none, because it is a name of the type (a property is never taken for a value), a
 * qualified name, or no value of the type of the key: those keys stand in parentheses. Throws 400 where parts are missing.
 */
export const keyOfSegments = (
  segments: readonly ResourceSegment[],
  { name, type }: EntitySet,
): readonly Argument[] | undefined => {
  const [first] = segments
  if (first?.kind === 'name') {
    const isKnown = type.properties.has(first.name) || type.navigations.has(first.name)
    if (isKnown || first.name.includes('.')) return undefined
  }
  const values = type.key.map((property, i) => {
    const segment = segments[i]
    const text = textOf(segment)
    return text === undefined ? undefined : literalOf(text, property, segment?.at ?? 0)
  })
  if (values[0] === undefined) return undefined
  return values.map((value, i): Argument => {
    if (value !== undefined) return { name: undefined, value }
    const parts = type.key.map((property) => property.name)
    throw badRequest(
      `'${parts[i]}' is missing, or no value of its type. The key of '${name}' is /${parts.join('/')}, or (${parts.map((part) => `${part}=…`).join(',')}).`,
      { target },
    )
  })
}
