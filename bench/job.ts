/** What the load generator is asked to do. */
export type Job = {
  /** The connections are spread evenly over them. */
  readonly ports: readonly number[]
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  /** Sent in turn, each connection beginning elsewhere. */
  readonly paths: readonly string[]
  /** Bearer tokens, dealt out to the connections and sent in turn; none when there are none. */
  readonly tokens: readonly string[]
  /** Dealt out to the connections and sent in turn, so that no two of them ever send the same one. */
  readonly bodies: readonly string[]
  /**
   * Whether each answer brings the refresh token of the next request. Then there is one body for each connection, and
   * the first of them is where its chain begins.
   */
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
  /** Where the rotating chains stand after the round; the next one goes on from there. */
  readonly bodies: readonly string[] | undefined
}
