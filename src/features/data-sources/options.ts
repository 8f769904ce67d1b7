import type { Connector, ConnectorContext } from '#connectors/connector.ts'
import { ConnectorError } from '#connectors/errors.ts'
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

const originOf = (uri: string | undefined): string | undefined => {
  const url = uri?.replace(/^POST +/, '') ?? ''
  return URL.canParse(url) ? new URL(url).origin : undefined
}

/** The options that say where secrets go, and now say another server than before. */
export const redirectedOptions = (
  connector: Connector,
  before: Options,
  after: Options,
): readonly string[] =>
  (connector.sendsTo ?? []).filter((name) => {
    const now = originOf(after[name])
    return now !== undefined && now !== originOf(before[name])
  })
