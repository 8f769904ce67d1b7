import { Refusal } from '#lib/refusal.ts'

/** unavailable: cannot be reached · rejected: the source says no · timed-out: took too long · busy: try again · unsupported: not built */
export type ConnectorErrorKind = 'unavailable' | 'rejected' | 'timed-out' | 'busy' | 'unsupported'

/** Trouble with a data source, mapped once per surface. */
export class ConnectorError extends Refusal {
  readonly kind: ConnectorErrorKind

  constructor(
    kind: ConnectorErrorKind,
    message: string,
    options: { detail?: string; cause?: unknown } = {},
  ) {
    super(message, options)
    this.kind = kind
  }
}
