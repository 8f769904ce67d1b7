import { OAuthError } from '../../errors.ts'
import type { Check } from '../check.ts'

/** RFC 6749 section 3.1: parameters must not be included more than once (T19). */
export const checkRepeatedParameters: Check = ({ repeated }) => {
  if (repeated.size > 0)
    throw new OAuthError('invalid_request', 'A parameter was sent more than once.')
}
