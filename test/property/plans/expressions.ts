// Random expressions, as text, over rows of a shape.
import type { Model } from '#odata/edm/model.ts'
import { clocks, dates, guids } from '../filters.ts'
import type { Choose } from './choose.ts'
import { bigPool, numberPool, stampPool, textPool } from './data.ts'
import { fieldsOf, navigationsOf, shapeOf, targetOf, type Kind, type Shape } from './shapes.ts'

/** Rows that can be spoken of, and how. */
type Speaker = { readonly prefix: string; readonly shape: Shape }

export type Speech = {
  readonly model: Model
  readonly choose: Choose
  readonly speakers: readonly Speaker[]
}

const quoted = (value: string | null): string =>
  value === null ? 'null' : `'${value.replaceAll("'", "''")}'`
const given = (values: readonly (string | null)[]) => values.map((value) => value ?? 'null')

/** Numbers and texts that no statement has of itself. */
const literals: Record<Kind, readonly string[]> = {
  text: [...textPool.map(quoted), "'marked 71933'"],
  whole: ['0', '1', '-1', '2', '3', '71933', 'null'],
  big: given(bigPool),
  number: [...given(numberPool), '71933.25', '1e0'],
  average: ['0.5', '1', '2.25', '-71933.5'],
  flag: ['true', 'false', 'null'],
  stamp: [...given(stampPool), '2024-03-31T03:00:00+02:00', '2024-10-27T01:59:59+01:00'],
  date: [...given(dates), '2024-03-31'],
  clock: given(clocks),
  guid: given(guids),
}

const fields = ({ model, choose, speakers }: Speech, kinds: readonly Kind[]): readonly string[] => {
  const { prefix, shape } = choose.of(speakers)
  const steps = choose.below(3)
  return fieldsOf(model, shape, steps)
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ path }) => prefix + path)
}

const field = (speech: Speech, kind: Kind): string => {
  const found = fields(speech, [kind])
  const known = literals[kind].filter((text) => text !== 'null')
  return speech.choose.of(found.length === 0 ? known : found)
}

const literal = ({ choose }: Speech, kind: Kind): string => choose.of(literals[kind])

const textValue = (speech: Speech): string => {
  const of = field(speech, 'text')
  return speech.choose.of([
    of,
    `tolower(${of})`,
    `toupper(${of})`,
    `concat(${of},${literal(speech, 'text')})`,
    `trim(${of})`,
    `substring(${of},1)`,
    `substring(${of},-2,1)`,
    `case(${field(speech, 'whole')} gt 1 : ${of},true : 'else')`,
  ])
}

const wholeValue = (speech: Speech): string => {
  const { choose } = speech
  const of = field(speech, 'whole')
  switch (choose.below(6)) {
    case 0:
      return of
    case 1:
      return `${of} ${choose.of(['add', 'sub', 'mul'])} ${field(speech, 'whole')}`
    case 2:
      return `${of} ${choose.of(['div', 'mod'])} ${choose.of(['2', '3', '0'])}`
    case 3:
      return `length(${field(speech, 'text')})`
    case 4:
      return `${choose.of(['year', 'month', 'day', 'hour', 'minute', 'second'])}(${field(speech, 'stamp')})`
    default:
      return `-${of}`
  }
}

const numberValue = (speech: Speech): string => {
  const { choose } = speech
  const of = field(speech, 'number')
  switch (choose.below(5)) {
    case 0:
      return of
    case 1:
      return `${of} ${choose.of(['add', 'sub'])} ${field(speech, choose.of(['number', 'whole']))}`
    case 2:
      return `${of} mul ${choose.of(['2', '0.5', '-1'])}`
    case 3:
      return `${field(speech, 'whole')} divby ${choose.of(['2', '4', '0'])}`
    default:
      return `${choose.of(['round', 'floor', 'ceiling'])}(${of})`
  }
}

/** A value of the kind. It needs parentheses beside an operator. */
export const value = (speech: Speech, kind: Kind): string => {
  if (speech.choose.often(50)) {
    if (kind === 'text') return textValue(speech)
    if (kind === 'whole') return wholeValue(speech)
    if (kind === 'number') return numberValue(speech)
  }
  return field(speech, kind)
}

const kinds = Object.keys(literals) as Kind[]
const operators = ['eq', 'ne', 'gt', 'ge', 'lt', 'le']

const comparison = (speech: Speech): string => {
  const { choose } = speech
  const kind = choose.of(kinds)
  const left = kind === 'average' ? field(speech, kind) : value(speech, kind)
  const right = choose.often(30) && kind !== 'average' ? value(speech, kind) : literal(speech, kind)
  return `(${left}) ${choose.of(operators)} (${right})`
}

/** A question about the entities that belong to a row. */
const question = (speech: Speech, depth: number): string => {
  const { model, choose, speakers } = speech
  const { prefix, shape } = choose.of(speakers)
  const collections = navigationsOf(shape, true)
  if (collections.length === 0) return comparison(speech)
  const navigation = choose.of(collections)
  const path = prefix + navigation.name
  const inner = shapeOf(targetOf(model, navigation))
  const variable = `v${depth}`
  const named = { ...speech, speakers: [{ prefix: `${variable}/`, shape: inner }, ...speakers] }
  // Where the rows have no name, nothing outside of them is spoken of but what has one.
  const outer = speakers.filter((each) => each.prefix !== '')
  const unnamed = { ...speech, speakers: [{ prefix: '', shape: inner }, ...outer] }
  switch (choose.below(6)) {
    case 0:
      return `${path}/any()`
    case 1:
    case 2:
      return `${path}/any(${variable}:${condition(named, depth + 1)})`
    case 3:
      return `${path}/all(${variable}:${condition(named, depth + 1)})`
    case 4:
      return `${path}/$count ${choose.of(operators)} ${choose.of(['0', '1', '2', '71933'])}`
    default: {
      const only = condition(unnamed, depth + 1)
      const count = choose.of([`$filter(${only})/$count`, `$count($filter=${only})`])
      return `${path}/${count} ${choose.of(operators)} ${choose.of(['0', '1', '3'])}`
    }
  }
}

const nothing = (speech: Speech): string => {
  const { choose } = speech
  const { prefix, shape } = choose.of(speech.speakers)
  const single = navigationsOf(shape, false)
  const operator = choose.of(['eq', 'ne'])
  if (single.length > 0 && choose.often(50))
    return `${prefix}${choose.of(single).name} ${operator} null`
  const found = fields(speech, kinds)
  return found.length === 0 ? `1 ${operator} null` : `${choose.of(found)} ${operator} null`
}

/** A condition; `depth` counts how deep it lies in others. */
export const condition = (speech: Speech, depth = 0): string => {
  const { choose } = speech
  const leaf = depth > 2
  switch (choose.below(leaf ? 6 : 10)) {
    case 0:
    case 1:
      return comparison(speech)
    case 2:
      return nothing(speech)
    case 3: {
      const kind = choose.of(['text', 'whole', 'date'] as const)
      const items = choose.some(1, 3, () => literal(speech, kind))
      return `(${value(speech, kind)}) in (${items.join(',')})`
    }
    case 4:
      return `${choose.of(['contains', 'startswith', 'endswith'])}(${textValue(speech)},${literal(speech, 'text')})`
    case 5:
      return field(speech, 'flag')
    case 6:
      return `not (${condition(speech, depth + 1)})`
    case 7:
      return `(${condition(speech, depth + 1)}) ${choose.of(['and', 'or'])} (${condition(speech, depth + 1)})`
    default:
      return question(speech, depth)
  }
}
