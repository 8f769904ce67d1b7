import { OAuthError } from '../../errors.ts'
import { requireParameter } from '../../parameters.ts'
import type { Check } from '../check.ts'

/** RFC 6749 section 3.1.1; the implicit grant does not exist here (RFC 9700 section 2.1.2). */
export const checkResponseType: Check = ({ parameters }) => {
  if (requireParameter(parameters, 'response_type') !== 'code')
    throw new OAuthError('unsupported_response_type', 'response_type must be code.')
  const mode = parameters.get('response_mode')
  if (mode !== undefined && mode !== 'query')
    throw new OAuthError('invalid_request', 'response_mode must be query, or left out.')
}
