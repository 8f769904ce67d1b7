import { Refusal } from '#lib/refusal.ts'

/**
 * What can be wrong with an upstream or its answer, and whether the same request may succeed later without anybody doing
 * something. An answer belongs to one class alone, so that whoever asked decides by it and nothing else.
 */
export const upstreamFaults = {
  /** No connection, or it broke; the name does not resolve. */
  unreachable: { passes: true },
  /** Its address is none that may be reached (DESIGN invariant 21). */
  'forbidden-address': { passes: false },
  /** Its certificate is not valid for it now. */
  certificate: { passes: false },
  'timed-out': { passes: true },
  /** It answered more than anybody may make this server hold. */
  'too-large': { passes: false },
  /** It sent us elsewhere, where credentials may not follow. */
  redirected: { passes: false },
  /** 5xx, or another status that says nothing of the request. */
  failing: { passes: true },
  /** It asked to wait (429, or 503 with Retry-After), or too many of our requests to it are under way. */
  throttled: { passes: true },
  /** What it answered is not what the protocol says: HTML, wrong JSON, no token. */
  malformed: { passes: false },
  /** 401: the access token is not accepted. */
  unauthorized: { passes: false },
  /** `invalid_grant`: the refresh token or code is spent, expired or revoked; only the user can help. */
  'grant-refused': { passes: false },
  /** `invalid_client` and the like: the OAuth application is not as the upstream knows it; an administrator must look. */
  'client-refused': { passes: false },
  /** Any other error of RFC 6749 section 5.2, or another 4xx. */
  refused: { passes: false },
  /** The token is for another account, or another client, than it was asked for. */
  'other-account': { passes: false },
} as const satisfies Readonly<Record<string, { readonly passes: boolean }>>

export type UpstreamFault = keyof typeof upstreamFaults

/** Trouble with an upstream. Its message is ours, safe for the wire, and holds nothing of what the upstream sent. */
export class UpstreamError extends Refusal {
  readonly fault: UpstreamFault
  /** The upstream's own error code, where it is one (RFC 6749 section 5.2): letters, digits, `_`, `-`, `.`, at most 64. */
  readonly upstreamCode: string | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(
    fault: UpstreamFault,
    message: string,
    options: {
      readonly upstreamCode?: string | undefined
      readonly retryAfterSeconds?: number | undefined
      readonly detail?: string
      readonly cause?: unknown
    } = {},
  ) {
    super(message, options)
    this.fault = fault
    this.upstreamCode = options.upstreamCode
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  /** Whether it may pass by itself. */
  get passes(): boolean {
    return upstreamFaults[this.fault].passes
  }
}
