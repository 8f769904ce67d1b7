/**
 * An expected "no". Every surface (OAuth, management, OData, pages) has its own subclass with its own
 * catalogue; anything else that is thrown is our bug and is answered with a bare 500.
 *
 * `message` is safe for the wire and says what to change; `detail` is for the operator's log only.
 */
export abstract class Refusal extends Error {
  readonly detail: string | undefined

  constructor(message: string, options: { detail?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.detail = options.detail
  }
}

/** Why the server cannot answer right now although the request is fine; answered 503 with Retry-After. */
export class Unavailable extends Refusal {
  readonly retryAfterSeconds: number

  constructor(
    message: string,
    retryAfterSeconds = 1,
    options: { detail?: string; cause?: unknown } = {},
  ) {
    super(message, options)
    this.retryAfterSeconds = retryAfterSeconds
  }
}
