import { OAuthError } from '../../errors.ts'
import type { Check } from '../check.ts'

/** RFC 9101 section 7: what we do not read we must refuse, or the signed and the plain request could differ. */
export const checkRequestObject: Check = ({ parameters }) => {
  if (parameters.has('request'))
    throw new OAuthError(
      'request_not_supported',
      'Request objects are not supported; send the parameters themselves.',
    )
  if (parameters.has('request_uri'))
    throw new OAuthError(
      'request_uri_not_supported',
      'request_uri is not supported; send the parameters themselves.',
    )
}
