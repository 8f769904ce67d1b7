import { tokenUrl } from '#egress/oauth/token-uri.ts'
import { outboundUrlFault } from '#egress/url.ts'
import type { ConnectorContext, OptionDefinition } from '../connector.ts'
import { ConnectorError } from '../errors.ts'
import { valuesOf } from '../option-definition.ts'
import type { Options } from '../odata-options.ts'

// The OAuth options of a data source (OAuth reference D.3, D.4; data access reference B.0): a profile, or parameters of its own.

const option = (
  name: string,
  maxLength: number,
  more: Partial<OptionDefinition> & Pick<OptionDefinition, 'displayName' | 'documentation'>,
): OptionDefinition => ({ name, required: false, secret: false, maxLength, ...more })

/** The options of a data source that has its OAuth parameters itself. */
export const directOptions: readonly OptionDefinition[] = [
  option('AuthURI', 2000, {
    displayName: 'Authorization URI',
    documentation: 'Where the data store asks for consent.',
  }),
  option('TokenURI', 2005, {
    displayName: 'Token URI',
    documentation: 'Where the data store gives tokens; may begin with "POST ".',
  }),
  option('ClientId', 1000, {
    displayName: 'Client id',
    documentation: 'How this server is registered at the data store.',
  }),
  option('ClientSecret', 4000, {
    secret: true,
    displayName: 'Client secret',
    documentation: 'The secret of that registration.',
  }),
  option('Scope', 4000, {
    displayName: 'Scope',
    documentation: 'What is asked for, parted by blanks.',
  }),
  option('AccessToken', 16_384, {
    secret: true,
    displayName: 'Access token',
    documentation: 'A token to begin with.',
  }),
  option('RefreshToken', 16_384, {
    secret: true,
    displayName: 'Refresh token',
    documentation: 'What new access tokens are had with.',
  }),
]

export const oauthOptions: readonly OptionDefinition[] = [
  // As long as the names that the driver has for others: what is said of those is what to write instead.
  option('AuthenticationMethod', 64, {
    displayName: 'Authentication method',
    documentation: 'How the data store knows who asks.',
    type: valuesOf('oauth2.0'),
    default: 'oauth2.0',
  }),
  option('OAuthProfileId', 15, {
    displayName: 'OAuth profile',
    documentation: 'The id of an OAuth profile of the owner; it stands for all parameters below.',
  }),
  ...directOptions,
]

/** Grants that a data source may name its own parameters for (OAuth reference D.2). */
export type DirectGrant = 'access-token' | 'client-credentials' | 'refresh-token'

const rejected = (message: string): ConnectorError => new ConnectorError('rejected', message)

const has = (options: Options, name: string): boolean => (options[name] ?? '') !== ''

const checkUri = (options: Options, name: string, { addresses }: ConnectorContext): void => {
  const text = options[name] ?? ''
  if (text === '') return
  const fault = outboundUrlFault(name === 'TokenURI' ? tokenUrl(text) : text, addresses)
  if (fault !== undefined) throw rejected(`${name} ${fault}.`)
}

/** RFC 6749 appendix A: what goes into a token request is printable ASCII. */
const checkText = (options: Options, name: string): void => {
  if (!/^[\x20-\x7e]*$/.test(options[name] ?? ''))
    throw rejected(`${name} must have printable characters of ASCII alone (RFC 6749 appendix A).`)
}

const requireAll = (options: Options, names: readonly string[], grant: string): void => {
  const missing = names.find((name) => !has(options, name))
  if (missing !== undefined) throw rejected(`${missing} is missing: ${grant} needs it.`)
}

const inWords: Readonly<Record<DirectGrant, string>> = {
  'access-token': 'an access token',
  'client-credentials': 'the client credentials grant',
  'refresh-token': 'a refresh token',
}

/** What the parameters ask for: a refresh token wins, then an access token, then the client's own credentials. */
const grantOf = (options: Options): DirectGrant => {
  if (has(options, 'RefreshToken')) return 'refresh-token'
  return has(options, 'AccessToken') ? 'access-token' : 'client-credentials'
}

/**
 * Checks the OAuth options of a data source; throws a `ConnectorError` that names the option at fault.
 * @param grants those of the store that parameters of its own may name; none where only a profile will do
 * @param wantsClient Salesforce wants client id, secret and scope beside an access token, too
 */
export const checkOAuthOptions = (
  options: Options,
  context: ConnectorContext,
  { grants, wantsClient = false }: { grants: readonly DirectGrant[]; wantsClient?: boolean },
): void => {
  const direct = directOptions.filter(({ name }) => has(options, name)).map(({ name }) => name)
  if (has(options, 'OAuthProfileId')) {
    if (direct.length > 0)
      throw rejected(`${direct[0]} cannot be beside OAuthProfileId, which stands for all of it.`)
    return
  }
  if (grants.length === 0)
    throw rejected(
      'OAuthProfileId is missing: this data store is used with an OAuth profile alone.',
    )
  for (const { name } of directOptions) checkText(options, name)
  for (const name of ['AuthURI', 'TokenURI']) checkUri(options, name, context)
  const grant = grantOf(options)
  if (!grants.includes(grant))
    throw rejected(
      `OAuthProfileId, RefreshToken or AccessToken is missing: this data store does not take ${inWords[grant]}.`,
    )
  if (grant !== 'access-token')
    requireAll(options, ['TokenURI', 'ClientId', 'ClientSecret'], inWords[grant])
  else if (wantsClient) requireAll(options, ['ClientId', 'ClientSecret', 'Scope'], inWords[grant])
}
