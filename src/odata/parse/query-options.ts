import type { ODataExpression, QueryOptions } from '../ast.ts'
import { badRequest } from '../errors.ts'
import { requireTimeZone } from '../time-zone.ts'
import { decodeText, escapedSemicolons } from './decode.ts'
import { parseExpressionHere } from './expression.ts'
import { parseWhole } from './grammar.ts'
import { emptyOptions, isOption, optionReaders, type MutableOptions } from './options.ts'

/** Options whose value is taken as it is, or read here. */
const plain: Readonly<Record<string, (value: string, to: MutableOptions) => void>> = {
  skiptoken: (value, to) => (to.skipToken = value),
  deltatoken: (value, to) => (to.deltaToken = value),
  format: (value, to) => (to.format = value),
  id: (value, to) => (to.id = value),
  schemaversion: (value, to) => (to.schemaVersion = value),
  explain: (value, to) => {
    if (!/^(?:true|false)$/i.test(value))
      throw badRequest('$explain is true or false', { target: '$explain', position: 0 })
    to.explain = value.toLowerCase() === 'true'
  },
  index: (value, to) => {
    if (!/^-?\d{1,15}$/.test(value))
      throw badRequest('$index is a whole number', { target: '$index', position: 0 })
    to.index = Number(value)
  },
}

// 4.01 defines them with the dollar only, or they are too common as custom names to be taken away.
const dollarOnly: ReadonlySet<string> = new Set([
  'skiptoken',
  'deltatoken',
  'id',
  'index',
  'explain',
])

type Given = {
  readonly options: MutableOptions
  readonly aliases: Map<string, ODataExpression>
  readonly seen: Set<string>
}

/** An alias (OData 4.01 URL 5.3), HDP's own option, or a custom one, which is ignored (4.01 Protocol 6.1). */
const addOther = ({ aliases, options }: Given, name: string, raw: string): void => {
  const value = decodeText(raw, name)
  if (name === 'timezone') {
    if (options.timeZone !== undefined)
      throw badRequest('Give timezone only once.', { target: name })
    options.timeZone = requireTimeZone(value, name).id
  }
  if (!name.startsWith('@')) return
  if (!/^@[\p{L}\p{Nl}_]/u.test(name))
    throw badRequest(`'${name}' is no name of an alias.`, { target: name })
  if (aliases.has(name.slice(1))) throw badRequest(`Give ${name} only once.`, { target: name })
  aliases.set(name.slice(1), parseWhole(parseExpressionHere, value, name))
}

const addOption = (given: Given, name: string, raw: string): void => {
  const dollar = name.startsWith('$')
  // OData 4.01 URL 5: system options are case-insensitive and may omit the dollar.
  const system = (dollar ? name.slice(1) : name).toLowerCase()
  const target = `$${system}`
  const store = Object.hasOwn(plain, system) ? plain[system] : undefined
  const isSystem = (dollar || !dollarOnly.has(system)) && system !== 'levels'
  if (!isSystem || (store === undefined && !isOption(system))) {
    if (dollar) throw badRequest(`There is no query option '${name}'.`, { target: name })
    return addOther(given, name, raw)
  }
  if (given.seen.has(system)) throw badRequest(`Give ${target} only once.`, { target })
  given.seen.add(system)
  const value = decodeText(raw, target)
  if (store !== undefined) return store(value, given.options)
  if (isOption(system))
    parseWhole(
      (scanner) => optionReaders[system](scanner, given.options),
      value,
      target,
      escapedSemicolons(raw),
    )
}

/**
 * Parses the raw query string without its `?`: split at `&` first, decoded then (OData 4.01 URL 2). Throws
 * `ODataError` that names the option and the position in its decoded value.
 */
export const parseQueryOptions = (rawQuery: string): QueryOptions => {
  const aliases = new Map<string, ODataExpression>()
  const given: Given = { options: emptyOptions(aliases), aliases, seen: new Set() }
  for (const pair of rawQuery === '' ? [] : rawQuery.split('&')) {
    const equals = pair.indexOf('=')
    const name = decodeText(equals === -1 ? pair : pair.slice(0, equals), 'the query')
    if (name !== '') addOption(given, name, equals === -1 ? '' : pair.slice(equals + 1))
  }
  return given.options
}
