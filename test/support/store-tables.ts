import type { Connector, OptionDefinition } from '#connectors/connector.ts'
import { odataOptions } from '#connectors/odata-options.ts'

const valuesOf = ({ type, maxLength }: OptionDefinition): string => {
  if (type?.kind === 'enumeration')
    return type.values
      .map(({ value, displayName }) =>
        value === displayName ? `\`${value}\`` : `\`${value}\` (${displayName})`,
      )
      .join(', ')
  if (type?.kind === 'boolean') return '`true`, `false`'
  if (type?.kind === 'integer') return `${type.min} to ${type.max}`
  return `text of up to ${maxLength} characters`
}

const line = (option: OptionDefinition): string => {
  const { name, required, secret, documentation = '' } = option
  const marks = [...(required ? ['needed'] : []), ...(secret ? ['secret'] : [])].join(', ')
  const otherwise = option.default === undefined ? '' : `\`${option.default}\``
  return `| \`${name}\` | ${valuesOf(option)} | ${otherwise} | ${marks} | ${documentation} |`
}

const table = (options: readonly OptionDefinition[]): string =>
  ['| Option | Values | Default | | |', '|---|---|---|---|---|', ...options.map(line)].join('\n')

/** The tables of docs/data-stores.md, by their headings, as the descriptors of the connectors have them. */
export const storeTables = (connectors: readonly Connector[]): ReadonlyMap<string, string> =>
  new Map([
    ...[...connectors]
      .sort((a, b) => a.id - b.id)
      .map(({ id, name, options }): [string, string] => [
        `${name} (${id})`,
        table(options.filter((option) => !odataOptions.includes(option))),
      ]),
    ['OData options of every data source', table(odataOptions)],
  ])
