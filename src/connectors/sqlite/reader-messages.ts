import type { Value } from '#query/plan.ts'
import type { RowText } from '../connector.ts'

/** A statement to run in a reader process. */
export type ReadRequest = {
  readonly kind: 'read'
  readonly file: string
  /** A file of the same name with another identity is opened anew. */
  readonly identity: string
  readonly text: string
  readonly values: readonly Value[]
  /** Integers come as bigint. */
  readonly exact: boolean
  /** Text is wanted instead of the rows. */
  readonly wanted?: RowText | undefined
}
