/** What the load generator is asked to do. */
export type Job = {
  readonly port: number
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  /** Sent in turn, each connection beginning elsewhere. */
  readonly paths: readonly string[]
  /** One for each connection. */
  readonly bodies: string[]
  /** Whether each answer brings the refresh token of the next request. */
  readonly rotating: boolean
  readonly connections: number
  readonly milliseconds: number
}

/** What it saw. */
export type Measured = {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p99: number
  /** Answers other than 200. */
  readonly wrong: number
  /** Share of one core that the generator itself used. Near 1, it was the generator that was measured. */
  readonly busy: number
  /** As they stand after the round; a rotating chain goes on from there. */
  readonly bodies: string[]
}
