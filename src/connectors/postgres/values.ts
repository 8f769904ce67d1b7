// Between the texts of PostgreSQL's protocol and the values of a plan. Nothing is rounded: what a number of eight bytes
// cannot hold stays text or becomes a bigint (DESIGN invariant 23).
import pg from 'pg'
import type { EdmType } from '#odata/edm/types.ts'
import type { Row, Value } from '#query/plan.ts'

const { builtins } = pg.types

/** The session's settings that the forms below rely on. */
export const textForms: Readonly<Record<string, string>> = {
  TimeZone: 'GMT',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'iso_8601',
  bytea_output: 'hex',
  extra_float_digits: '1',
}

type Decode = (text: string) => Value

const asIs: Decode = (text) => text

/** Of what PostgreSQL calls an integer. Up to 15 digits are exact as a number, which is cheaper. */
const wholeNumber: Decode = (text) => (text.length <= 15 ? Number(text) : BigInt(text))

/** Of what a schema map calls one. */
const integer: Decode = (text) => (/^-?\d+$/.test(text) ? wholeNumber(text) : text)

const integerTypes: readonly number[] = [builtins.INT2, builtins.INT4, builtins.INT8]

const boolean: Decode = (text) => (text === 't' ? true : text === 'f' ? false : text)

const float: Decode = (text) => {
  const value = Number(text)
  return Number.isNaN(value) && text !== 'NaN' ? text : value
}

/** `2001-02-03 04:05:06.789+00` as ISO 8601; a stamp without a zone is GMT. */
const stamp: Decode = (text) => {
  if (text[10] !== ' ') return text
  const end = text.endsWith('+00') ? -3 : undefined
  return `${text.slice(0, 10)}T${text.slice(11, end)}Z`
}

const binary: Decode = (text) => (text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex') : text)

/** The padding of a fixed length is none of the value. */
const unpadded: Decode = (text) => text.replace(/ +$/, '')

const decoders: Record<EdmType, Decode> = {
  'Edm.Boolean': boolean,
  'Edm.Byte': integer,
  'Edm.SByte': integer,
  'Edm.Int16': integer,
  'Edm.Int32': integer,
  'Edm.Int64': integer,
  'Edm.Decimal': asIs,
  'Edm.Single': float,
  'Edm.Double': float,
  'Edm.String': asIs,
  'Edm.Date': asIs,
  'Edm.DateTimeOffset': stamp,
  'Edm.TimeOfDay': asIs,
  'Edm.Guid': asIs,
  'Edm.Binary': binary,
  'Edm.Duration': (text) => Number(text),
}

/**
 * Makes the function that reads one row.
 * @param types of the outputs; undefined where there is none, as for null
 * @param columns types that PostgreSQL names for them, by object id
 */
export const createRowDecoder = (
  types: readonly (EdmType | undefined)[],
  columns: readonly number[],
): ((fields: readonly (string | null)[]) => Row) => {
  const decode = types.map((type, i): Decode => {
    if (columns[i] === builtins.BPCHAR) return unpadded
    const found = type === undefined ? asIs : decoders[type]
    return found === integer && integerTypes.includes(columns[i] ?? 0) ? wholeNumber : found
  })
  return (fields) => {
    const row: Value[] = []
    for (let i = 0; i < decode.length; i++) {
      const text = fields[i] ?? null
      row.push(text === null ? null : (decode[i]?.(text) ?? null))
    }
    return row
  }
}

/** What a value is sent as: text that the statement casts, but for truth values and bytes. */
export const parameterType = (value: Value): number => {
  if (typeof value === 'boolean') return builtins.BOOL
  return value instanceof Uint8Array ? builtins.BYTEA : builtins.TEXT
}

export const encodeParameter = (value: Value): string | Buffer | null => {
  if (value === null) return null
  return value instanceof Uint8Array ? Buffer.from(value) : String(value)
}
