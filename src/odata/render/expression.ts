// Expressions back to text. What is rendered here parses to the same tree again.
import type {
  AggregateItem,
  Argument,
  GroupPath,
  Literal,
  ODataExpression,
  OrderItem,
  PathSegment,
  SearchExpression,
} from '../ast.ts'
import { byKind } from '#lib/by-kind.ts'

const renderNumber = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'INF' : '-INF'
  const text = String(value)
  return text.includes('e') ? text : `${text}e0`
}

const quoted = (value: Literal['value']): string => `'${String(value).replaceAll("'", "''")}'`

export const renderLiteral = ({ type, value, typeName }: Literal): string => {
  switch (type) {
    case 'string':
      return quoted(value)
    case 'duration':
    case 'binary':
      return `${type}${quoted(value)}`
    case 'geo':
      return `geography${quoted(value)}`
    case 'enum':
      return `${typeName ?? ''}${quoted(value)}`
    default:
      return typeof value === 'number' ? renderNumber(value) : String(value)
  }
}

const compares = { eq: 3, ne: 3, gt: 4, ge: 4, lt: 4, le: 4 }
const calculations = { add: 5, sub: 5, mul: 6, div: 6, divby: 6, mod: 6 }
const unary = 7
const membership = 8
const primary = 9

const precedenceOf = (expression: ODataExpression): number => {
  switch (expression.kind) {
    case 'or':
      return 1
    case 'and':
      return 2
    case 'compare':
      return compares[expression.operator]
    case 'arithmetic':
      return calculations[expression.operator]
    case 'not':
    case 'negate':
      return unary
    case 'in':
    case 'has':
      return membership
    default:
      return primary
  }
}

const inner = (expression: ODataExpression, least: number): string => {
  const text = renderExpression(expression)
  return precedenceOf(expression) < least ? `(${text})` : text
}

/** Inside JSON, text stands in double quotes or as a literal; a literal means the same. */
const listed = (items: readonly ODataExpression[]): string => items.map(renderExpression).join(',')

const renderIn = (expression: Extract<ODataExpression, { readonly kind: 'in' }>): string => {
  const { operand, items } = expression
  const left = inner(operand, membership)
  if ('kind' in items) return `${left} in ${inner(items, membership + 1)}`
  const literals = items.every(({ kind }) => kind === 'literal')
  return literals ? `${left} in (${listed(items)})` : `${left} in [${listed(items)}]`
}

/** `-5` would be a literal, and `--5` nothing at all. */
const renderNegate = (operand: ODataExpression): string => {
  const text = inner(operand, unary)
  return /^[\d+-]|^INF/.test(text) ? `-(${text})` : `-${text}`
}

export const renderArgument = ({ name, value }: Argument): string =>
  (name === undefined ? '' : `${name}=`) + renderExpression(value)

const renderArguments = (args: readonly Argument[] | undefined): string =>
  args === undefined ? '' : `(${args.map(renderArgument).join(',')})`

const renderGroupPath = ({ path }: GroupPath): string => path.join('/')

export const renderAggregate = ({ expression, method, from, alias }: AggregateItem): string => {
  const operand = expression === '$count' ? '$count' : renderExpression(expression)
  const origins = from.map(
    ({ properties, method: how }) =>
      ` from ${properties.map(renderGroupPath).join(',')}${how === undefined ? '' : ` with ${how}`}`,
  )
  const how = method === undefined ? '' : ` with ${method}`
  return `${operand}${how}${origins.join('')}${alias === undefined ? '' : ` as ${alias}`}`
}

const renderSegment = (segment: PathSegment): string => {
  switch (segment.kind) {
    case 'name':
      return segment.name + renderArguments(segment.args)
    case 'count': {
      const { filter, search } = segment
      const options = [
        filter && `$filter=${renderExpression(filter)}`,
        search && `$search=${renderSearch(search)}`,
      ].filter((option) => option !== undefined)
      return options.length === 0 ? '$count' : `$count(${options.join(';')})`
    }
    case 'filter':
      return `$filter(${renderExpression(segment.condition)})`
    case 'any':
    case 'all': {
      const { kind, variable, predicate } = segment
      return predicate === undefined
        ? `${kind}()`
        : `${kind}(${variable ?? ''}:${renderExpression(predicate)})`
    }
    case 'aggregate':
      return `aggregate(${renderAggregate(segment.item)})`
    case 'annotation':
      return `@${segment.name}`
  }
}

const renderSides = (
  expression: Extract<ODataExpression, { readonly kind: 'compare' | 'arithmetic' }>,
): string => {
  const least = precedenceOf(expression)
  const { left, operator, right } = expression
  return `${inner(left, least)} ${operator} ${inner(right, least + 1)}`
}

const renderOperands = (
  expression: Extract<ODataExpression, { readonly kind: 'and' | 'or' }>,
): string => {
  const least = precedenceOf(expression) + 1
  return expression.operands.map((operand) => inner(operand, least)).join(` ${expression.kind} `)
}

const renderCast = ({
  kind,
  operand,
  typeName,
}: Extract<ODataExpression, { readonly kind: 'cast' | 'isof' }>): string => {
  const first = operand === undefined ? '' : `${renderExpression(operand)},`
  return `${kind}(${first}${typeName})`
}

const renderObject = ({
  members,
}: Extract<ODataExpression, { readonly kind: 'object' }>): string => {
  const pairs = members.map(
    ({ name, value }) => `${JSON.stringify(name)}:${renderExpression(value)}`,
  )
  return `{${pairs.join(',')}}`
}

export const renderExpression: (expression: ODataExpression) => string = byKind<
  ODataExpression,
  [],
  string
>({
  literal: (expression) => renderLiteral(expression),
  path: ({ root, segments }) => {
    const steps = segments.map(renderSegment)
    return (root === 'here' ? steps : [root, ...steps]).join('/')
  },
  call: ({ name, args }) => `${name}(${listed(args)})`,
  cast: renderCast,
  isof: renderCast,
  // Between digits a colon would look like a time of day.
  case: ({ branches }) => {
    const parts = branches.map(
      ({ when, value }) => `${renderExpression(when)} : ${renderExpression(value)}`,
    )
    return `case(${parts.join(',')})`
  },
  compare: renderSides,
  arithmetic: renderSides,
  and: renderOperands,
  or: renderOperands,
  not: ({ operand }) => `not ${inner(operand, unary)}`,
  negate: ({ operand }) => renderNegate(operand),
  has: ({ left, right }) => `${inner(left, membership)} has ${renderLiteral(right)}`,
  in: (expression) => renderIn(expression),
  array: ({ items }) => `[${listed(items)}]`,
  object: renderObject,
})

const isPlainWord = (text: string): boolean => !/[\s()";']|^(?:AND|OR|NOT)$/.test(text)

export const renderSearch = (search: SearchExpression): string => {
  switch (search.kind) {
    case 'term':
      if (isPlainWord(search.text)) return search.text
      return search.text.includes('"') ? quoted(search.text) : `"${search.text}"`
    case 'not':
      return `NOT ${renderSearchOperand(search.operand)}`
    case 'and':
    case 'or':
      return search.operands.map(renderSearchOperand).join(search.kind === 'and' ? ' AND ' : ' OR ')
  }
}

const renderSearchOperand = (search: SearchExpression): string =>
  search.kind === 'term' || search.kind === 'not'
    ? renderSearch(search)
    : `(${renderSearch(search)})`

export const renderOrderBy = (items: readonly OrderItem[]): string =>
  items
    .map(({ expression, descending }) => renderExpression(expression) + (descending ? ' desc' : ''))
    .join(',')
