import type { ClientAuthMethod } from './client-auth.ts'

/** `client_secret_post`, the way HDP documents. */
export const secretPost: ClientAuthMethod = {
  name: 'client_secret_post',
  read: ({ parameters }) => {
    const clientId = parameters.get('client_id')
    const secret = parameters.get('client_secret')
    return clientId === undefined || secret === undefined ? undefined : { clientId, secret }
  },
}
