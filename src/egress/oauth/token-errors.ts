import type { OutboundAnswer } from '../outbound.ts'
import { retryAfterSeconds } from '../retry-after.ts'
import { UpstreamError, type UpstreamFault } from '../upstream-error.ts'

/** What the error codes of token endpoints mean for us; all others, and none, mean `refused`. */
const faults: Readonly<Record<string, UpstreamFault>> = {
  // RFC 6749 section 5.2
  invalid_grant: 'grant-refused',
  invalid_client: 'client-refused',
  unauthorized_client: 'client-refused',
  // RFC 6749 section 4.1.2.1, which token endpoints borrow from
  temporarily_unavailable: 'failing',
  server_error: 'failing',
  // OpenID Connect Core section 3.1.2.6: only the user can help
  interaction_required: 'grant-refused',
  login_required: 'grant-refused',
  consent_required: 'grant-refused',
  // Salesforce
  invalid_client_id: 'client-refused',
  inactive_user: 'grant-refused',
  inactive_org: 'grant-refused',
  rate_limit_exceeded: 'throttled',
  // Google
  deleted_client: 'client-refused',
  disabled_client: 'client-refused',
}

const sentences: Partial<Record<UpstreamFault, string>> = {
  failing: 'cannot answer at the moment.',
  throttled: 'asks to be left alone for a while.',
  malformed: 'did not answer as OAuth 2.0 demands (RFC 6749 section 5).',
  'grant-refused': 'no longer accepts what the user granted: the account must be connected anew.',
  'client-refused':
    'does not accept the client id and secret of the OAuth application: an administrator must look at it.',
  refused: 'refused the request.',
  'other-account': 'answered with a token for somebody else.',
}

/** An error of a token endpoint; its message names the host and nothing that was received. */
export const tokenError = (
  fault: UpstreamFault,
  host: string,
  options: ConstructorParameters<typeof UpstreamError>[2] = {},
): UpstreamError =>
  new UpstreamError(fault, `The token endpoint of ${host} ${sentences[fault] ?? ''}`, options)

/** An error code as RFC 6749 section 5.2 has them; a longer or stranger text is the upstream's own words, and stays behind. */
const shape = /^[A-Za-z0-9_.-]{1,64}$/

const faultOf = (status: number, code: string | undefined): UpstreamFault => {
  if (status === 429) return 'throttled'
  // 408 and 425 say nothing of the request, as little as 5xx does.
  if (status >= 500 || status === 408 || status === 425) return 'failing'
  const known = code !== undefined && Object.hasOwn(faults, code) ? faults[code] : undefined
  // RFC 6749 section 5.2: 401 is for a client that did not authenticate.
  return known ?? (status === 401 ? 'client-refused' : 'refused')
}

/** Shorter ones prove nothing, and would be found in honest words. */
const shortestSecret = 8

/** Whether a code is, or holds, or is part of a secret that we sent: an upstream may say that back. */
const repeats = (code: string, secrets: readonly string[]): boolean =>
  code.length >= shortestSecret &&
  secrets.some(
    (secret) => secret.length >= shortestSecret && (secret.includes(code) || code.includes(secret)),
  )

/** What is known of the request that an answer belongs to. */
export type AskedWith = {
  readonly host: string
  readonly now: number
  /** What must not come back in an error code. */
  readonly secrets: readonly string[]
}

/**
 * The error that a token endpoint answered.
 * @param code the member `error` of its body, if there is one
 */
export const tokenAnswerError = (
  { status, headers }: OutboundAnswer,
  code: unknown,
  { host, now, secrets }: AskedWith,
): UpstreamError => {
  const isCode = typeof code === 'string' && shape.test(code) && !repeats(code, secrets)
  const upstreamCode = isCode ? code : undefined
  const seconds = retryAfterSeconds(headers['retry-after'], now)
  const fault =
    status === 503 && seconds !== undefined ? 'throttled' : faultOf(status, upstreamCode)
  return tokenError(fault, host, {
    upstreamCode,
    detail: `status ${status}`,
    ...(fault === 'throttled' || fault === 'failing' ? { retryAfterSeconds: seconds } : {}),
  })
}
