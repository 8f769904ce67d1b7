// Values on their way to the engine and back. Nothing is lost: integers are bigint, decimals text, stamps ISO text in GMT.
import type {
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBType,
  DuckDBValue,
} from '@duckdb/node-api'
import type { EdmType } from '#odata/edm/types.ts'
import type { Value } from '#query/plan.ts'
import type { Engine } from './engine.ts'

const stamp = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/i

/** A stamp as the engine reads it: in GMT, with seconds. What is none stays as it is. */
export const stampText = (text: string): string => {
  const found = stamp.exec(text)
  if (found === null) return text
  const [, date, clock, second = '00', fraction = '', zone = 'Z'] = found
  const instant = Date.parse(`${date}T${clock}:${second}${zone.toUpperCase()}`)
  return Number.isNaN(instant)
    ? text
    : new Date(instant).toISOString().slice(0, 19).replace('T', ' ') + fraction
}

const exact = 2 ** 53

/** Microseconds since 1970 as ISO text; infinity and what is beyond the years 1685 to 2255 as the engine writes it. */
const stampOf = (value: DuckDBTimestampValue | DuckDBTimestampTZValue): string => {
  const micros = Number(value.micros)
  if (Math.abs(micros) >= exact) return longStamp(String(value))
  const whole = Math.floor(micros / 1000)
  const rest = micros - Math.floor(micros / 1_000_000) * 1_000_000
  const iso = new Date(whole).toISOString()
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(6, '0').replace(/0+$/, '')}`
  return `${iso.slice(0, 19)}${fraction}Z`
}

/** `1600-01-01 00:00:00.5`, and with a zone, which is GMT; `infinity` stays what it is, and is no stamp. */
const longStamp = (text: string): string =>
  /^\d{4}-/.test(text) ? `${text.replace(' ', 'T').replace(/\+00$/, '')}Z` : text

export type Cell = Value | readonly Cell[]

/** What the engine gives for a cell as a value of the plan; lists and structures as lists. */
export const createCells = (engine: Engine): ((value: DuckDBValue) => Cell) => {
  const cellOf = (value: DuckDBValue): Cell => {
    // Both are integers; numbers travel between processes at half the cost.
    if (typeof value === 'bigint') {
      const number = Number(value)
      return Math.abs(number) < exact ? number : value
    }
    if (value === null || typeof value !== 'object') return value
    if (value instanceof engine.DuckDBTimestampValue) return stampOf(value)
    if (value instanceof engine.DuckDBTimestampTZValue) return stampOf(value)
    if (value instanceof engine.DuckDBBlobValue) return Uint8Array.from(value.bytes)
    if (value instanceof engine.DuckDBListValue) return value.items.map(cellOf)
    if (value instanceof engine.DuckDBStructValue) return Object.values(value.entries).map(cellOf)
    return String(value)
  }
  return cellOf
}

const int64 = 2n ** 63n
const inexact = new Set<EdmType | undefined>(['Edm.Single', 'Edm.Double'])

export type Bound = readonly [value: DuckDBValue, type: DuckDBType]

/** A text of digits as a decimal of its own width, so that it is not bent to the column that it meets. */
const decimal = (text: string, engine: Engine): Bound | undefined => {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  const width = whole.length + fraction.length
  if (width === 0 || width > 38) return undefined
  const value = new engine.DuckDBDecimalValue(
    BigInt(sign + whole + fraction),
    width,
    fraction.length,
  )
  return [value, engine.DECIMAL(width, fraction.length)]
}

const boundText = (text: string, type: EdmType | undefined, engine: Engine): Bound => {
  if (type === 'Edm.DateTimeOffset') return [stampText(text), engine.VARCHAR]
  const exact = type === 'Edm.Decimal' ? decimal(text, engine) : undefined
  return exact ?? [text, engine.VARCHAR]
}

/** A value of the plan with the type that the engine is to take it for. `type`: that of its slot. */
export const boundValue = (value: Value, type: EdmType | undefined, engine: Engine): Bound => {
  if (value === null) return [null, engine.SQLNULL]
  if (typeof value === 'boolean') return [value, engine.BOOLEAN]
  if (typeof value === 'string') return boundText(value, type, engine)
  if (value instanceof Uint8Array) return [new engine.DuckDBBlobValue(value), engine.BLOB]
  if (typeof value === 'bigint')
    return [value, value >= -int64 && value < int64 ? engine.BIGINT : engine.HUGEINT]
  return Number.isSafeInteger(value) && !inexact.has(type)
    ? [BigInt(value), engine.BIGINT]
    : [value, engine.DOUBLE]
}
