import { outboundUrlFault } from '#egress/url.ts'
import { ConnectorError } from '../errors.ts'
import type { Options } from '../odata-options.ts'
import { createUpstreamConnector, requireSuccess } from './connector.ts'

/** A release of the API that every org has; its limits cost no query, and a dead session gets 401 there. */
const probe = '/services/data/v60.0/limits'

/**
 * HDP's option with the login host (data access reference B.1). That of an organization, its My Domain, also answers for its API;
 * an access token alone needs it, since only an answer of the token endpoint names the instance (D.2).
 */
const serverName = {
  name: 'ServerName',
  required: false,
  secret: false,
  maxLength: 2000,
  documentation: 'The host of the organization, needed with an access token alone.',
} as const

/** Hosts that everybody signs in at; no organization's API answers there. */
const loginHosts: ReadonlySet<string> = new Set(['login.salesforce.com', 'test.salesforce.com'])

/** A host, with or without a scheme; undefined where none is given. */
const serverUrl = (options: Options): string | undefined => {
  const text = options['ServerName'] ?? ''
  if (text === '') return undefined
  return text.includes('://') ? text : `https://${text}`
}

/** Where the API answers, as far as the options say so. */
const instanceIn = (options: Options): string | undefined => {
  const url = serverUrl(options)
  return url === undefined || loginHosts.has(new URL(url).hostname) ? undefined : url
}

/**
 * Salesforce. It is asked where the account's own API answers. The address that tells of the user would answer a dead session
 * with 403, not 401, and is not asked.
 */
export const salesforce = createUpstreamConnector({
  id: 1,
  name: 'Salesforce',
  grants: ['access-token', 'refresh-token'],
  wantsClient: true,
  more: [serverName],
  sendsTo: ['ServerName'],
  checkMore: (options, { addresses }) => {
    const url = serverUrl(options)
    if (url === undefined) return
    const fault = outboundUrlFault(url, addresses)
    if (fault !== undefined) throw new ConnectorError('rejected', `ServerName ${fault}.`)
    if (!/^[^/]*\/\/[^/?]*\/?$/.test(url))
      throw new ConnectorError('rejected', 'ServerName must be a host, with nothing behind it.')
  },
  test: async (options, calls) =>
    requireSuccess(
      await calls.get({
        url: ({ instanceUrl = instanceIn(options) }) =>
          instanceUrl === undefined ? undefined : new URL(probe, instanceUrl).href,
        nowhere:
          'ServerName is missing: with an access token alone nothing else says where the API answers. It must be the host of the organization, as in mydomain.my.salesforce.com.',
      }),
      'Salesforce',
    ),
})
