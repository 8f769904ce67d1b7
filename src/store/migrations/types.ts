import type { ColumnDataType, RawBuilder } from 'kysely'

/** The column types that the engines spell differently. */
export type ColumnTypes = {
  readonly integer: ColumnDataType | RawBuilder<unknown>
  readonly bytes: ColumnDataType
  /** A generated key that is never given out twice, even after its row is gone. */
  readonly engine: 'sqlite' | 'postgres'
}
