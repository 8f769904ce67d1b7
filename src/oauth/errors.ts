import { Refusal } from '#lib/refusal.ts'

/** RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750 section 3.1, RFC 9101 section 7: the closed list. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'access_denied'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'invalid_token'
  | 'insufficient_scope'

/** A refusal of the OAuth surface: `code` is the `error`, the message its `error_description`. */
export class OAuthError extends Refusal {
  readonly code: OAuthErrorCode

  constructor(code: OAuthErrorCode, message: string, options: { detail?: string } = {}) {
    super(message, options)
    this.code = code
  }
}

/**
 * A refusal of the authorization endpoint that must not travel to the redirect URI, because client or
 * redirect URI are not known to be good (RFC 6749 section 4.1.2.1; T07, T08).
 */
export class LocalAuthorizeError extends Refusal {}
