// What the engine calls its types, and what is served of them.
import type { ColumnShape } from '#odata/edm/tables.ts'
import type { EdmType } from '#odata/edm/types.ts'

type Served = {
  readonly type: EdmType
  /** Cast to, where the engine's type has no counterpart that is as wide. */
  readonly cast?: string
  readonly length?: number
  readonly scale?: number
}

const timestamp: Served = { type: 'Edm.DateTimeOffset', cast: 'TIMESTAMP' }

/** Stamps without a zone are GMT, like everywhere. */
const served: Readonly<Record<string, Served>> = {
  BOOLEAN: { type: 'Edm.Boolean' },
  TINYINT: { type: 'Edm.SByte' },
  UTINYINT: { type: 'Edm.Byte' },
  SMALLINT: { type: 'Edm.Int16' },
  USMALLINT: { type: 'Edm.Int32', cast: 'INTEGER' },
  INTEGER: { type: 'Edm.Int32' },
  UINTEGER: { type: 'Edm.Int64', cast: 'BIGINT' },
  BIGINT: { type: 'Edm.Int64' },
  UBIGINT: { type: 'Edm.Decimal', cast: 'DECIMAL(20,0)', length: 20, scale: 0 },
  HUGEINT: { type: 'Edm.Decimal', cast: 'DECIMAL(38,0)', length: 38, scale: 0 },
  FLOAT: { type: 'Edm.Single' },
  DOUBLE: { type: 'Edm.Double' },
  VARCHAR: { type: 'Edm.String' },
  DATE: { type: 'Edm.Date' },
  TIME: { type: 'Edm.TimeOfDay' },
  TIMESTAMP: { type: 'Edm.DateTimeOffset' },
  TIMESTAMP_S: timestamp,
  TIMESTAMP_MS: timestamp,
  TIMESTAMP_NS: timestamp,
  'TIMESTAMP WITH TIME ZONE': timestamp,
  UUID: { type: 'Edm.Guid' },
  BLOB: { type: 'Edm.Binary' },
}

const servedAs = (declared: string): Served | undefined => {
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(declared)
  if (decimal !== null)
    return { type: 'Edm.Decimal', length: Number(decimal[1]), scale: Number(decimal[2]) }
  if (/^ENUM\([^[\]]*\)$/.test(declared)) return { type: 'Edm.String', cast: 'VARCHAR' }
  return Object.hasOwn(served, declared) ? served[declared] : undefined
}

export type FileColumn = { readonly shape: ColumnShape; readonly cast: string | undefined }

/** A column by the engine's name of its type. Lists, structures, maps and the like have no type of the model. */
export const columnOf = (name: string, declared: string): FileColumn => {
  const found = servedAs(declared)
  return {
    shape: {
      name,
      declaredType: declared,
      type: found?.type,
      length: found?.length,
      scale: found?.scale,
      nullable: true,
      ...(/^(?:TIMESTAMP(?:_\w+)?|DATE)$/.test(declared) ? { zoneless: 'always' } : {}),
    },
    cast: found?.cast,
  }
}
