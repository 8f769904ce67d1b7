import type { Connector, ConnectorContext } from '#connectors/connector.ts'
import { ConnectorError } from '#connectors/errors.ts'
import { tokenUrl } from '#egress/oauth/token-uri.ts'
import { checkDefinitions } from '#connectors/option-definition.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { SecretOptions } from './secrets.ts'

export type Options = Readonly<Record<string, string>>

/** HDP's name of the option with the OAuth profile (OAuth reference D.3); it is kept in a column of its own. */
export const profileOption = 'OAuthProfileId'

/** Options by where they are kept. */
export type SplitOptions = {
  readonly plain: Options
  readonly secret: SecretOptions
  readonly profileId: number | undefined
}

const refuse = (explanation: string): never => {
  throw new ManagementError(refusals.invalidOption, explanation)
}

const namesOfSecrets = ({ options }: Connector): ReadonlySet<string> =>
  new Set(options.filter(({ secret }) => secret).map(({ name }) => name))

const checkNames = ({ name: store, options: known }: Connector, options: Options): void => {
  const names = known.map(({ name }) => name)
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown !== undefined)
    refuse(
      `${JSON.stringify(unknown.slice(0, 64))} is not an option of ${store}; it has ${names.join(', ')}.`,
    )
}

/** Throws 222207002 naming the option and its fault. */
export const checkOptions = (
  connector: Connector,
  options: Options,
  context: ConnectorContext,
): void => {
  checkNames(connector, options)
  try {
    checkDefinitions(options, connector.options)
    connector.checkOptions(options, context)
  } catch (error) {
    if (error instanceof ConnectorError) refuse(error.message)
    throw error
  }
}

/** Parts what was checked. An empty secret is one that was left out. Throws 222207002 for an id that is none. */
export const splitOptions = (connector: Connector, options: Options): SplitOptions => {
  const secretNames = namesOfSecrets(connector)
  const plain: Record<string, string> = {}
  const secret: Record<string, string> = {}
  for (const [name, value] of Object.entries(options)) {
    if (name === profileOption) continue
    if (!secretNames.has(name)) plain[name] = value
    else if (value !== '') secret[name] = value
  }
  const profile = options[profileOption] ?? ''
  if (profile !== '' && !/^[1-9]\d{0,14}$/.test(profile))
    refuse(`${profileOption} must be the id of an OAuth profile.`)
  return { plain, secret, profileId: profile === '' ? undefined : Number(profile) }
}

/**
 * The server that a URI, or a name of a host, leads to; empty where nothing is said. What is neither stands for itself, so that
 * it is never the same as something else.
 */
export const serverOf = (text = ''): string => {
  const uri = tokenUrl(text)
  const url = uri === '' || uri.includes('://') ? uri : `https://${uri}`
  return URL.canParse(url) ? new URL(url).origin : url
}

const textOf = (options: Options, name: string): string => (options[name] ?? '').toLowerCase()

/**
 * The options that say where secrets go, and now say something else than before: another server, one that is reached in another
 * way, or where it counts `to the letter` another path as well, since many may share a server.
 */
export const redirectedOptions = (
  connector: Connector,
  { before, after }: { readonly before: Options; readonly after: Options },
  what: 'server' | 'to the letter',
): readonly string[] => {
  const reduce = what === 'server' ? serverOf : (text = ''): string => text
  const { sendsTo = [], presentsTo = [] } = connector
  return [
    ...sendsTo.filter((name) => {
      const now = reduce(after[name])
      return now !== '' && now !== reduce(before[name])
    }),
    ...presentsTo.filter((name) => textOf(before, name) !== textOf(after, name)),
  ]
}
