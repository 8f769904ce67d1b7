import { tokenUrl } from '#egress/oauth/token-uri.ts'
import { outboundUrlFault } from '#egress/url.ts'
import type { ConnectorContext, OptionDefinition } from '../connector.ts'
import { ConnectorError } from '../errors.ts'
import type { Options } from '../odata-options.ts'

// The OAuth options of a data source (OAuth reference D.3, D.4; data access reference B.0): a profile, or parameters of its own.

const option = (name: string, maxLength: number, secret = false): OptionDefinition => ({
  name,
  required: false,
  secret,
  maxLength,
})

/** The options of a data source that has its OAuth parameters itself. */
export const directOptions: readonly OptionDefinition[] = [
  option('AuthURI', 2000),
  option('TokenURI', 2005),
  option('ClientId', 1000),
  option('ClientSecret', 4000, true),
  option('Scope', 4000),
  option('AccessToken', 16_384, true),
  option('RefreshToken', 16_384, true),
]

export const oauthOptions: readonly OptionDefinition[] = [
  // As long as the names that the driver has for others: what is said of those is what to write instead.
  option('AuthenticationMethod', 64),
  option('OAuthProfileId', 15),
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
  const method = options['AuthenticationMethod'] ?? ''
  if (method !== '' && method !== 'oauth2.0')
    throw rejected('AuthenticationMethod must be oauth2.0.')
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
