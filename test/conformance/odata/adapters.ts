// Which function of ours reads what a rule of the grammar describes, and where its positions lie in the
// input of the rule.
import { parseQueryOptions } from '#odata/parse/query-options.ts'
import { parseResourcePath } from '#odata/parse/resource-path.ts'

export type Reading = {
  readonly parse: () => unknown
  /** What positions count in: the decoded value of the last option, or the path. */
  readonly text: string
  /** From a place in the (percent-encoded) input to the position that our parser should name; undefined outside of what it reads. */
  readonly positionOf: (place: number) => number | undefined
}

export type Adapter = (input: string) => Reading

const decodedLength = (raw: string): number => {
  try {
    return decodeURIComponent(raw).length
  } catch {
    return raw.length
  }
}

/** Positions count in the decoded value of the option that the place lies in. */
const positionInQuery = (query: string, place: number): number | undefined => {
  const pair = query.lastIndexOf('&', place - 1) + 1
  const equals = query.indexOf('=', pair)
  return equals === -1 || place <= equals
    ? undefined
    : decodedLength(query.slice(equals + 1, place))
}

const valueIn = (query: string): string => {
  const pair = query.slice(query.lastIndexOf('&') + 1)
  return decodeURIComponent(pair.slice(pair.indexOf('=') + 1))
}

const query: Adapter = (input) => ({
  parse: () => parseQueryOptions(input),
  text: valueIn(input),
  positionOf: (place) => positionInQuery(input, place),
})

/** Reads the input inside an option, between what makes it a whole one. */
const inOption =
  (before: string, after = ''): Adapter =>
  (input) => {
    const whole = query(`${before}${input}${after}`)
    return { ...whole, positionOf: (place) => whole.positionOf(before.length + place) }
  }

/** Positions count in the path as it was sent. */
const path: Adapter = (input) => ({
  parse: () => parseResourcePath(input),
  text: input,
  positionOf: (place) => place,
})

const inPath =
  (before: string, after: string): Adapter =>
  (input) => ({
    parse: () => parseResourcePath(`${before}${input}${after}`),
    text: `${before}${input}${after}`,
    positionOf: (place) => before.length + place,
  })

/** A client keeps the fragment to itself. */
const relativeUri: Adapter = (whole) => {
  const [input = ''] = whole.split('#', 1)
  const mark = input.indexOf('?')
  const [head, tail] = mark === -1 ? [input, ''] : [input.slice(0, mark), input.slice(mark + 1)]
  return {
    parse: () => [parseResourcePath(head), parseQueryOptions(tail)],
    text: tail === '' ? head : valueIn(tail),
    positionOf: (place) =>
      mark === -1 || place <= mark ? place : positionInQuery(tail, place - mark - 1),
  }
}

const each = (rules: string, adapter: Adapter): readonly (readonly [string, Adapter])[] =>
  rules.split(' ').map((rule) => [rule, adapter])

/** Rules of the cases that this server reads. */
export const adapters: ReadonlyMap<string, Adapter> = new Map([
  ...each(
    'queryOptions systemQueryOption customQueryOption filter orderby orderBy select expand compute search skiptoken deltatoken',
    query,
  ),
  ...each(
    'commonExpr boolCommonExpr firstMemberExpr propertyPathExpr isofExpr primitiveLiteral null boolean guid date ' +
      'dateTimeOffsetLiteral dateTimeOffsetValueInUrl timeOfDayLiteral durationLiteral binaryLiteral stringLiteral ' +
      'enumLiteral sbyteLiteral int16Literal singleLiteral geographyCollection geographyMultiPoint geographyPoint ' +
      'geometryLineString geometryMultiLineString geometryMultiPoint geometryMultiPolygon geometryPolygon',
    inOption('$filter='),
  ),
  ...each('anyExpr', inOption('$filter=Items/')),
  ...each('stringInUrl', inOption('$filter=[', ']')),
  ...each('searchExpr', inOption('$search=')),
  ...each('odataIdentifier', inOption('$select=')),
  ...each('resourcePath entitySetName', path),
  ...each('functionParameter', inPath('Function(', ')')),
  ...each('odataRelativeUri', relativeUri),
])
