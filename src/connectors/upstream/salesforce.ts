import { createUpstreamConnector, requireSuccess } from './connector.ts'

/** A release of the API that every org has; its limits cost no query, and a dead session gets 401 there. */
const probe = '/services/data/v60.0/limits'

/**
 * Salesforce. It is asked where the account's own API answers. The address that tells of the user would answer a dead session
 * with 403, not 401, and is not asked.
 */
export const salesforce = createUpstreamConnector({
  id: 1,
  name: 'Salesforce',
  grants: ['access-token', 'refresh-token'],
  wantsClient: true,
  test: async (_options, calls) =>
    requireSuccess(
      await calls.get({
        url: ({ instanceUrl }) =>
          instanceUrl === undefined ? undefined : new URL(probe, instanceUrl).href,
      }),
      'Salesforce',
    ),
})
