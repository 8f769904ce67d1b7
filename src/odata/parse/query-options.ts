import type { QueryOptions } from '../ast.ts'
import { badRequest, notSupported } from '../errors.ts'
import { parseFilter } from './filter.ts'
import { parseOrderBy } from './order-by.ts'
import { decodeText } from './resource-path.ts'
import { parseSelect } from './select.ts'

const answered = [
  'filter',
  'select',
  'orderby',
  'top',
  'skip',
  'count',
  'skiptoken',
  'format',
] as const
export type AnsweredOption = (typeof answered)[number]
const isAnswered = (name: string): name is AnsweredOption =>
  answered.some((known) => known === name)

const unanswered: ReadonlySet<string> = new Set([
  'expand',
  'search',
  'apply',
  'compute',
  'levels',
  'index',
  'schemaversion',
  'deltatoken',
  'id',
])
// 4.01 defines them with the dollar only, or they are too common as custom names to be taken away.
const dollarOnly: ReadonlySet<string> = new Set([
  'skiptoken',
  'deltatoken',
  'id',
  'index',
  'levels',
])

type Options = Partial<Record<AnsweredOption, string>>

const gmt: ReadonlySet<string> = new Set(['gmt', 'utc', 'z', 'etc/utc', 'etc/gmt'])

/** Whether a time zone is the one that timestamps are served in. */
export const isGreenwich = (zone: string): boolean => gmt.has(zone.toLowerCase())

const checkCustom = (name: string, value: string): void => {
  if (name.startsWith('@')) throw notSupported('parameter aliases', { target: name })
  // HDP's own option: timestamps are served in GMT only, so another zone must not seem to work.
  if (name === 'timezone' && !isGreenwich(value))
    throw notSupported('time zones other than GMT', { target: 'timezone' })
}

const addOption = (options: Options, name: string, value: string): void => {
  const dollar = name.startsWith('$')
  // OData 4.01 URL 5: system options are case-insensitive and may omit the dollar.
  const system = (dollar ? name.slice(1) : name).toLowerCase()
  const known = dollar || !dollarOnly.has(system)
  if (known && unanswered.has(system)) throw notSupported(`$${system}`, { target: `$${system}` })
  if (known && isAnswered(system)) {
    if (options[system] !== undefined)
      throw badRequest(`Give $${system} only once.`, { target: `$${system}` })
    options[system] = value
  } else if (dollar) throw badRequest(`There is no query option '${name}'.`, { target: name })
  else checkCustom(name, value)
}

const parseNatural = (name: AnsweredOption, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text))
    throw badRequest(`$${name} must be a whole number from 0.`, { target: `$${name}` })
  return Number(text)
}

const parseFlag = (text: string | undefined): boolean => {
  const flag = text?.toLowerCase()
  if (flag !== undefined && flag !== 'true' && flag !== 'false')
    throw badRequest('$count must be true or false.', { target: '$count' })
  return flag === 'true'
}

/** Splits a raw query string; names and values are decoded after splitting (OData 4.01 URL 2). */
const splitOptions = (rawQuery: string): Options => {
  const options: Options = {}
  for (const pair of rawQuery === '' ? [] : rawQuery.split('&')) {
    const equals = pair.indexOf('=')
    const name = decodeText(equals === -1 ? pair : pair.slice(0, equals), 'the query')
    const value = equals === -1 ? '' : decodeText(pair.slice(equals + 1), name)
    if (name !== '') addOption(options, name, value)
  }
  return options
}

/** Parses the raw query string without its `?`. Custom options are ignored (OData 4.01 Protocol 6.1). */
export const parseQueryOptions = (rawQuery: string): QueryOptions => {
  const options = splitOptions(rawQuery)
  return {
    filter: options.filter === undefined ? undefined : parseFilter(options.filter),
    select: options.select === undefined ? undefined : parseSelect(options.select),
    orderBy: options.orderby === undefined ? undefined : parseOrderBy(options.orderby),
    top: parseNatural('top', options.top),
    skip: parseNatural('skip', options.skip),
    count: parseFlag(options.count),
    skipToken: options.skiptoken,
    format: options.format,
  }
}
