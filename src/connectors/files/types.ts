// What the engine calls its types, and what is served of them.
import type { ColumnShape, Opaque } from '#odata/edm/tables.ts'
import type { EdmType } from '#odata/edm/types.ts'

type Served = {
  readonly type: EdmType
  /** What is selected instead of the column, where the engine's type has no counterpart that is as wide. */
  readonly as?: (column: string) => string
  readonly opaque?: Opaque
  readonly length?: number
  readonly scale?: number
}

const castTo =
  (type: string) =>
  (column: string): string =>
    `CAST(${column} AS ${type})`

const timestamp: Served = { type: 'Edm.DateTimeOffset', as: castTo('TIMESTAMP') }
const asText: Served = { type: 'Edm.String', as: castTo('VARCHAR') }

/** Structures and maps as JSON, from which they could be made again. */
const asJson: Served = {
  type: 'Edm.String',
  as: (column) => castTo('VARCHAR')(`to_json(${column})`),
}

/** In ISO 8601, each part with its own sign; `M` stands before the `T` where there are months, and makes it no duration. */
const asDuration = (column: string): string => {
  const part = (name: string): string => `datepart('${name}', ${column})`
  const months = `${part('year')} * 12 + ${part('month')}`
  const time = `${part('hour')} || 'H' || ${part('minute')} || 'M' || printf('%.6f', ${part('microsecond')} / 1000000.0)`
  return `CASE WHEN ${months} = 0 THEN 'P' ELSE 'P' || (${months}) || 'M' END || ${part('day')} || 'DT' || ${time} || 'S'`
}

/** Stamps without a zone are GMT, like everywhere. */
const served: Readonly<Record<string, Served>> = {
  BOOLEAN: { type: 'Edm.Boolean' },
  TINYINT: { type: 'Edm.SByte' },
  UTINYINT: { type: 'Edm.Byte' },
  SMALLINT: { type: 'Edm.Int16' },
  USMALLINT: { type: 'Edm.Int32', as: castTo('INTEGER') },
  INTEGER: { type: 'Edm.Int32' },
  UINTEGER: { type: 'Edm.Int64', as: castTo('BIGINT') },
  BIGINT: { type: 'Edm.Int64' },
  UBIGINT: { type: 'Edm.Decimal', as: castTo('DECIMAL(20,0)'), length: 20, scale: 0 },
  HUGEINT: { type: 'Edm.Decimal', as: castTo('DECIMAL(38,0)'), length: 38, scale: 0 },
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
  INTERVAL: { type: 'Edm.Duration', as: asDuration, opaque: 'text' },
  BIT: asText,
  UHUGEINT: asText,
  VARINT: asText,
  BIGNUM: asText,
  JSON: asText,
  'TIME WITH TIME ZONE': asText,
  TIME_NS: asText,
}

/** Types of points in time that name no zone, and lists of them. */
const zonelessName = /^(?:TIMESTAMP(?:_\w+)?|DATE)(?:\[\d*\])?$/

/** What is served of a type; the name of a list ends in brackets, whatever it is a list of. */
const servedAs = (declared: string): Served | undefined => {
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(declared)
  if (decimal !== null)
    return { type: 'Edm.Decimal', length: Number(decimal[1]), scale: Number(decimal[2]) }
  const element = /^(.*)\[\d*\]$/s.exec(declared)?.[1]
  if (element !== undefined) {
    const one = servedAs(element)
    const isPlain = one !== undefined && one.opaque === undefined && one.type !== 'Edm.Binary'
    if (!isPlain || one === asJson) return asJson
    // Of all others the engine's text is that of the type they are served as.
    const as = one === timestamp ? { as: castTo('TIMESTAMP[]') } : {}
    return { type: one.type, opaque: 'list', ...as }
  }
  if (/^(?:STRUCT|MAP|UNION)\(/.test(declared)) return asJson
  if (declared.startsWith('ENUM(')) return asText
  return Object.hasOwn(served, declared) ? served[declared] : undefined
}

export type FileColumn = { readonly shape: ColumnShape; readonly as: Served['as'] }

/** A column by the engine's name of its type. */
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
      ...(found?.opaque === undefined ? {} : { opaque: found.opaque }),
      ...(zonelessName.test(declared) ? { zoneless: 'always' } : {}),
    },
    as: found?.as,
  }
}
