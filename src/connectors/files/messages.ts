import type { EdmType } from '#odata/edm/types.ts'
import type { Value } from '#query/plan.ts'
import type { RowText } from '../connector.ts'
import type { View } from './relation.ts'

/** A statement to run in a reader process. */
export type FilesRequest = {
  readonly kind: 'read'
  /** The only folder whose files it may open. */
  readonly folder: string
  /** What the statement reads from. */
  readonly views: readonly View[]
  readonly text: string
  readonly values: readonly Value[]
  /** The type of each value, where it is known. */
  readonly types: readonly (EdmType | undefined)[]
  /** Text is wanted instead of the rows. */
  readonly wanted?: RowText | undefined
}
