import { OAuthError } from '../../errors.ts'
import type { Check } from '../check.ts'

export const checkGrantType: Check = ({ client }) => {
  if (!client.enabled) throw new OAuthError('unauthorized_client', 'This application is disabled.')
  if (!client.grantTypes.includes('authorization_code'))
    throw new OAuthError(
      'unauthorized_client',
      'This application is not registered for authorization_code.',
    )
}
