import { outboundUrlFault } from '#egress/url.ts'
import type { OptionDefinition } from '../connector.ts'
import { ConnectorError } from '../errors.ts'
import { createUpstreamConnector, requireSuccess } from './connector.ts'

/** The driver's test URL: the request by which a connection is tried (data access reference B.4). */
const healthUri: OptionDefinition = {
  name: 'HealthURI',
  required: false,
  secret: false,
  maxLength: 2000,
  displayName: 'Health URI',
  documentation: 'What is asked for when the connection is tried; it must answer with success.',
}

/** Autonomous REST Connector: any REST service. Without a `HealthURI` a test shows only that there is a token. */
export const rest = createUpstreamConnector({
  id: 63,
  name: 'Autonomous REST Connector',
  grants: ['access-token', 'client-credentials', 'refresh-token'],
  more: [healthUri],
  sendsTo: ['HealthURI'],
  checkMore: (options, { addresses }) => {
    const uri = options['HealthURI'] ?? ''
    const fault = uri === '' ? undefined : outboundUrlFault(uri, addresses)
    if (fault !== undefined) throw new ConnectorError('rejected', `HealthURI ${fault}.`)
  },
  test: async (options, calls) => {
    const uri = options['HealthURI'] ?? ''
    if (uri === '') await calls.authorize()
    else requireSuccess(await calls.get({ url: () => uri }), 'The REST service')
  },
})
