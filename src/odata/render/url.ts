// The tree back to text. What is rendered here parses to the same tree again.
import type { KeyPart, Literal, ODataExpression, QueryOptions } from '../ast.ts'

/** Encodes a decoded option value for a query string; `'`, `(`, `)`, `,` and `/` may stay readable. */
export const encodeQueryText = (text: string): string =>
  encodeURIComponent(text).replace(/%2C/g, ',').replace(/%2F/g, '/').replace(/%3A/g, ':')

const renderNumber = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'INF' : '-INF'
  const text = String(value)
  return text.includes('e') ? text : `${text}e0`
}

export const renderLiteral = ({ type, value }: Literal): string => {
  if (type === 'string') return `'${String(value).replaceAll("'", "''")}'`
  return typeof value === 'number' ? renderNumber(value) : String(value)
}

const precedences = { or: 1, and: 2, eq: 3, ne: 3, gt: 4, ge: 4, lt: 4, le: 4, in: 7, not: 7 }
const primary = 8

const precedenceOf = (expression: ODataExpression): number => {
  if (expression.kind === 'compare') return precedences[expression.operator]
  if (expression.kind === 'and' || expression.kind === 'or') return precedences[expression.kind]
  return expression.kind === 'in' || expression.kind === 'not' ? precedences.in : primary
}

const inner = (expression: ODataExpression, least: number): string => {
  const text = renderExpression(expression)
  return precedenceOf(expression) < least ? `(${text})` : text
}

export const renderExpression = (expression: ODataExpression): string => {
  switch (expression.kind) {
    case 'literal':
      return renderLiteral(expression)
    case 'member':
      return expression.name
    case 'call':
      return `${expression.name}(${expression.args.map((arg) => renderExpression(arg)).join(',')})`
    case 'compare': {
      const least = precedences[expression.operator]
      return `${inner(expression.left, least)} ${expression.operator} ${inner(expression.right, least + 1)}`
    }
    case 'and':
    case 'or':
      return expression.operands
        .map((operand) => inner(operand, precedences[expression.kind] + 1))
        .join(` ${expression.kind} `)
    case 'not':
      // `not` takes an `in` whole, so that only a looser operand needs parentheses.
      return `not ${inner(expression.operand, precedences.not)}`
    case 'in': {
      const operand = expression.operand.kind === 'not' ? primary : precedences.in
      return `${inner(expression.operand, operand)} in (${expression.items.map(renderLiteral).join(',')})`
    }
  }
}

export const renderKey = (key: readonly KeyPart[]): string =>
  `(${key
    .map(({ name, value }) => (name === undefined ? '' : `${name}=`) + renderLiteral(value))
    .join(',')})`

/** The system options of a request as a query string, in a fixed order and without `$skiptoken`. */
export const renderQueryOptions = (options: QueryOptions): string => {
  const { filter, select, orderBy, top, skip, count, format } = options
  const pairs: readonly (readonly [string, string | number | undefined])[] = [
    ['$filter', filter && renderExpression(filter)],
    ['$select', select?.map(({ name }) => name).join(',')],
    [
      '$orderby',
      orderBy
        ?.map((item) => renderExpression(item.expression) + (item.descending ? ' desc' : ''))
        .join(','),
    ],
    ['$top', top],
    ['$skip', skip],
    ['$count', count ? 'true' : undefined],
    ['$format', format],
  ]
  return pairs
    .flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${encodeQueryText(String(value))}`],
    )
    .join('&')
}
