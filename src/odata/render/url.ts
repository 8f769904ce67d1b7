// Options back to text. What is rendered here parses to the same tree again.
import type {
  ComputeItem,
  ExpandItem,
  GroupElement,
  QueryOptions,
  SelectItem,
  Transformation,
} from '../ast.ts'
import { renderAggregate, renderExpression, renderOrderBy, renderSearch } from './expression.ts'

export { renderExpression, renderLiteral } from './expression.ts'

const readable: Readonly<Record<string, string>> = {
  '%24': '$',
  '%2C': ',',
  '%2F': '/',
  '%3A': ':',
  '%3B': ';',
  '%3D': '=',
}

/**
 * Encodes a decoded option value for a query string. `'`, `(`, `)`, `,`, `/` and `:` may stay readable; `$` and `=`
 * must, because the grammar knows nested options (`($select=name)`) in no other spelling, and so must a semicolon,
 * because a search word goes on over an encoded one.
 */
export const encodeQueryText = (text: string): string =>
  encodeURIComponent(text).replace(/%(?:24|2C|2F|3A|3B|3D)/g, (code) => readable[code] ?? code)

const renderCompute = (items: readonly ComputeItem[]): string =>
  items.map(({ expression, alias }) => `${renderExpression(expression)} as ${alias}`).join(',')

const renderGroup = (element: GroupElement): string => {
  if (element.kind === 'property') return element.path.join('/')
  if (element.kind === 'rolluprecursive') throw new TypeError('A recursive rollup is not kept')
  return `rollup(${element.levels.map(({ path }) => path.join('/')).join(',')})`
}

const renderTransformation = (step: Transformation): string => {
  switch (step.kind) {
    case 'aggregate':
      return `aggregate(${step.items.map(renderAggregate).join(',')})`
    case 'compute':
      return `compute(${renderCompute(step.items)})`
    case 'concat':
      return `concat(${step.branches.map(renderApply).join(',')})`
    case 'groupby': {
      const inner = step.inner.length === 0 ? '' : `,${renderApply(step.inner)}`
      return `groupby((${step.elements.map(renderGroup).join(',')})${inner})`
    }
    case 'filter':
      return `filter(${renderExpression(step.condition)})`
    case 'search':
      return `search(${renderSearch(step.search)})`
    case 'orderby':
      return `orderby(${renderOrderBy(step.items)})`
    case 'top':
    case 'skip':
      return `${step.kind}(${step.count})`
    case 'identity':
      return 'identity'
    case 'join':
    case 'outerjoin':
      return `${step.kind}(${step.path.join('/')} as ${step.alias})`
    case 'other':
      throw new TypeError(`'${step.name}' is not kept`)
    default:
      return `${step.kind}(${renderExpression(step.amount)},${renderExpression(step.measure)})`
  }
}

export const renderApply = (steps: readonly Transformation[]): string =>
  steps.map(renderTransformation).join('/')

const renderOptions = (options: QueryOptions | undefined): string => {
  const pairs = options === undefined ? [] : pairsOf(options)
  return pairs.length === 0 ? '' : `(${pairs.map(([name, text]) => `${name}=${text}`).join(';')})`
}

const renderSelect = (items: readonly SelectItem[]): string =>
  items.map(({ path, options }) => path.join('/') + renderOptions(options)).join(',')

const renderExpand = (items: readonly ExpandItem[]): string =>
  items
    .map(({ path, suffix, options }) => {
      const end = suffix === undefined ? '' : `/$${suffix}`
      return path.join('/') + end + renderOptions(options)
    })
    .join(',')

/** Names and decoded values of all options but those of the whole request, in a fixed order. */
const pairsOf = (options: QueryOptions): readonly (readonly [string, string])[] => {
  const { apply, filter, search, select, expand, compute, orderBy } = options
  const pairs: readonly (readonly [string, string | number | undefined])[] = [
    ['$apply', apply && renderApply(apply)],
    ['$compute', compute && renderCompute(compute)],
    ['$filter', filter && renderExpression(filter)],
    ['$search', search && renderSearch(search)],
    ['$select', select && renderSelect(select)],
    ['$expand', expand && renderExpand(expand)],
    ['$orderby', orderBy && renderOrderBy(orderBy)],
    ['$top', options.top],
    ['$skip', options.skip],
    ['$count', options.count ? 'true' : undefined],
    ['$levels', options.levels],
    ...[...options.aliases].map(([name, value]) => [`@${name}`, renderExpression(value)] as const),
  ]
  return pairs.flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  )
}

/** The options of a request as a query string, in a fixed order and without `$skiptoken`. */
export const renderQueryOptions = (options: QueryOptions): string => {
  const { format, timeZone } = options
  const pairs = [
    ...pairsOf(options),
    ...(format === undefined ? [] : [['$format', format]]),
    ...(timeZone === undefined ? [] : [['timezone', timeZone]]),
  ]
  return pairs.map(([name = '', value = '']) => `${name}=${encodeQueryText(value)}`).join('&')
}
