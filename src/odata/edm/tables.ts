// What the model needs to know of a relational catalog.
import type { EdmType } from './types.ts'

/** Of stamps: whether all values are without a zone, or each says for itself. */
export type Zoneless = 'always' | 'by-value'

/** The values are texts that the store writes, or lists that it writes as JSON lists of texts. */
export type Opaque = 'text' | 'list'

/** `type` is `undefined` when it cannot be served. */
export type ColumnShape = {
  readonly name: string
  readonly declaredType: string
  readonly type: EdmType | undefined
  readonly length: number | undefined
  readonly scale: number | undefined
  readonly nullable: boolean
  /** Of values that are served as they are, and looked into by nobody: `list` where each is a list of values of the type. */
  readonly opaque?: Opaque | undefined
  /** Of a column that holds stamps, or is told to. */
  readonly zoneless?: Zoneless | undefined
}

export type ForeignKeyShape = {
  readonly columns: readonly string[]
  readonly table: string
  readonly referencedColumns: readonly string[]
}

export type TableShape = {
  readonly name: string
  readonly columns: readonly ColumnShape[]
  readonly primaryKey: readonly string[]
  readonly foreignKeys: readonly ForeignKeyShape[]
}
