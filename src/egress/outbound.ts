/** A request to the outside. Nothing else in the house opens an outbound HTTP connection. */
export type OutboundRequest = {
  readonly method: 'GET' | 'POST'
  /** Absolute; checked by `outboundUrlFault`, and its address again where the socket connects. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Requests of one lane share their number at once and the upstream's wish to wait: say tenant and store. */
  readonly lane: string
  /** Bytes of the answer's body, and milliseconds until it is whole; smaller than the defaults of the client. */
  readonly mostBytes?: number
  readonly timeout?: number
  readonly signal?: AbortSignal
}

export type OutboundAnswer = {
  readonly status: number
  /** Names in lower case; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** The one client of all outbound HTTP. */
export type Outbound = {
  /**
   * Sends a request and reads the whole answer, whatever its status: what a status means is the caller's business. Follows a redirect
   * of a GET within its origin; any other is an error. Never sends twice what may have been heard. Throws `UpstreamError`; `timed-out`
   * also when the signal ended it.
   */
  readonly send: (request: OutboundRequest) => Promise<OutboundAnswer>
  readonly close: () => Promise<void>
}
