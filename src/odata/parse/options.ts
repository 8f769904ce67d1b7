// The system query options by name: what reads each, whether it stands in a query or in parentheses.
import type { ODataExpression, QueryOptions } from '../ast.ts'
import { noOptions } from '../no-options.ts'
import { parseApply } from './apply.ts'
import { parseCompute } from './compute.ts'
import { parseExpand } from './expand.ts'
import { parseOrderBy } from './order-by.ts'
import { parseSearch } from './search.ts'
import { parseSelect } from './select.ts'
import {
  errorAt,
  expectNatural,
  expectText,
  nested,
  take,
  takeName,
  takeText,
  unexpected,
  type NestedOption,
  type Scanner,
} from './tokens.ts'

export type MutableOptions = { -readonly [K in keyof QueryOptions]: QueryOptions[K] }

export const emptyOptions = (
  aliases: ReadonlyMap<string, ODataExpression> = new Map(),
): MutableOptions => ({ ...noOptions, aliases })

const parseFlag = (scanner: Scanner): boolean => {
  const word = take(scanner, /true|false/iy)
  if (word === undefined) throw unexpected(scanner, 'true or false')
  return word.toLowerCase() === 'true'
}

const parseLevels = (scanner: Scanner): number | 'max' => {
  const written = take(scanner, /max|[1-9]\d{0,5}(?!\d)/iy)?.toLowerCase()
  if (written === undefined) throw unexpected(scanner, "a whole number from 1, or 'max'")
  return written === 'max' ? 'max' : Number(written)
}

/** Reads the value of an option into `options`. */
export const optionReaders: Record<NestedOption, (scanner: Scanner, to: MutableOptions) => void> = {
  filter: (scanner, to) => (to.filter = scanner.grammar.expression(scanner)),
  search: (scanner, to) => (to.search = parseSearch(scanner)),
  select: (scanner, to) => (to.select = parseSelect(scanner)),
  expand: (scanner, to) => (to.expand = parseExpand(scanner)),
  orderby: (scanner, to) => (to.orderBy = parseOrderBy(scanner)),
  compute: (scanner, to) => (to.compute = parseCompute(scanner)),
  apply: (scanner, to) => (to.apply = parseApply(scanner)),
  top: (scanner, to) => (to.top = expectNatural(scanner)),
  skip: (scanner, to) => (to.skip = expectNatural(scanner)),
  count: (scanner, to) => (to.count = parseFlag(scanner)),
  levels: (scanner, to) => (to.levels = parseLevels(scanner)),
}

export const isOption = (name: string): name is NestedOption => Object.hasOwn(optionReaders, name)

const parseAlias = (scanner: Scanner, aliases: Map<string, ODataExpression>): void => {
  const name = takeName(scanner)
  if (name === undefined) throw unexpected(scanner, 'the name of an alias')
  expectText(scanner, '=')
  aliases.set(name, scanner.grammar.expression(scanner))
}

/** `($filter=…;$top=…)` after a property of `$select` or `$expand`; the dollar may be left out. */
export const parseNestedOptions = (
  scanner: Scanner,
  allowed: readonly NestedOption[],
  aliases: boolean,
): QueryOptions =>
  nested(scanner, () => {
    const named = new Map<string, ODataExpression>()
    const options = emptyOptions(named)
    const seen = new Set<string>()
    expectText(scanner, '(')
    do {
      const at = scanner.at
      if (aliases && takeText(scanner, '@')) {
        parseAlias(scanner, named)
        continue
      }
      takeText(scanner, '$')
      const name = takeName(scanner)?.toLowerCase() ?? ''
      if (!isOption(name) || !allowed.includes(name)) {
        scanner.at = at
        throw unexpected(scanner, `one of ${allowed.map((option) => `$${option}`).join(', ')}`)
      }
      if (seen.has(name)) throw errorAt(scanner, `Give $${name} only once`, at)
      seen.add(name)
      expectText(scanner, '=')
      optionReaders[name](scanner, options)
    } while (takeText(scanner, ';'))
    expectText(scanner, ')')
    return options
  })
