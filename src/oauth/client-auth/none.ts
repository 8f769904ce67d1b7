import type { ClientAuthMethod } from './client-auth.ts'

/** `none`: a public client only names itself. */
export const none: ClientAuthMethod = {
  name: 'none',
  read: ({ parameters }) => {
    const clientId = parameters.get('client_id')
    return clientId === undefined || parameters.has('client_secret')
      ? undefined
      : { clientId, secret: undefined }
  },
}
