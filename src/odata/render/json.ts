// Rows as OData JSON (OData 4.01 JSON Format). A renderer is made once per projection and then only
// concatenates; a value that its type cannot hold breaks the answer instead of being bent.
import type { Property } from '../edm/model.ts'
import { isFloating, isInteger, type EdmType } from '../edm/types.ts'
import { ODataError } from '../errors.ts'
import { durationFromText, durationOf } from './duration.ts'
import { createStampRenderer } from './stamp.ts'

/** What a source gives for a property; query/plan.ts has the same type under the name Value. */
export type RawValue = null | boolean | number | bigint | string | Uint8Array

/** A cell of a row: a value, or the rows of an expanded property. */
export type RawCell = RawValue | readonly (readonly RawCell[])[]

/** What rendering needs to know of a property. */
export type RenderedProperty = Pick<Property, 'name' | 'type' | 'collection' | 'zone' | 'zoneless'>

type RenderValue = (value: Exclude<RawValue, null>) => string | undefined

const integer =
  ([least, most]: readonly [number, number]): RenderValue =>
  (value) => {
    if (typeof value === 'number' && !Number.isInteger(value)) return undefined
    if (typeof value !== 'number' && typeof value !== 'bigint') return undefined
    return value >= least && value <= most ? String(value) : undefined
  }

const int64: RenderValue = (value) =>
  typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined

/** Without an exponent, which Edm.Decimal has only by request (JSON Format 3.2). */
const plainDigits = (value: number): string | undefined => {
  const text = String(value)
  if (!text.includes('e')) return Number.isFinite(value) ? text : undefined
  const [, sign = '', digits = '', exponent = ''] = /^(-?)([\d.]+)e([+-]\d+)$/.exec(text) ?? []
  const [whole = '', fraction = ''] = digits.split('.')
  const shift = Number(exponent)
  return shift < 0
    ? `${sign}0.${'0'.repeat(-shift - 1)}${whole}${fraction}`
    : sign + whole + fraction.padEnd(shift, '0')
}

const decimal: RenderValue = (value) => {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return plainDigits(value)
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? value : undefined
}

const double: RenderValue = (value) => {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'number') return undefined
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? '"NaN"' : value > 0 ? '"INF"' : '"-INF"'
}

const stampIn = (property: Pick<Property, 'zone' | 'zoneless'>): RenderValue => {
  const spell = createStampRenderer(property)
  return (value) => {
    const text = typeof value === 'string' ? spell(value) : undefined
    return text === undefined ? undefined : `"${text}"`
  }
}

const matching =
  (pattern: RegExp): RenderValue =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? `"${value.toLowerCase()}"` : undefined

const boolean: RenderValue = (value) => {
  if (value === true || value === 1 || value === 1n) return 'true'
  return value === false || value === 0 || value === 0n ? 'false' : undefined
}

const renderers: Record<EdmType, RenderValue> = {
  'Edm.Boolean': boolean,
  'Edm.Byte': integer([0, 255]),
  'Edm.SByte': integer([-128, 127]),
  'Edm.Int16': integer([-32_768, 32_767]),
  'Edm.Int32': integer([-2_147_483_648, 2_147_483_647]),
  'Edm.Int64': int64,
  'Edm.Decimal': decimal,
  'Edm.Single': double,
  'Edm.Double': double,
  'Edm.String': (value) =>
    value instanceof Uint8Array
      ? undefined
      : JSON.stringify(typeof value === 'string' ? value : String(value)),
  'Edm.Date': matching(/^\d{4}-\d\d-\d\d$/),
  'Edm.DateTimeOffset': stampIn({}),
  'Edm.TimeOfDay': matching(/^\d\d:\d\d(:\d\d(\.\d{1,12})?)?$/),
  'Edm.Guid': matching(/^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i),
  'Edm.Binary': (value) =>
    value instanceof Uint8Array ? `"${Buffer.from(value).toString('base64url')}"` : undefined,
  'Edm.Duration': (value) => duration(value),
}

/** Seconds, or what a store wrote. */
const duration: RenderValue = (value) => {
  if (typeof value === 'string') {
    const text = durationFromText(value)
    return text && `"${text}"`
  }
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined
  const digits = plainDigits(Math.abs(Number(value)))
  return digits && `"${durationOf(digits, value < 0)}"`
}

/** The value that a store wrote as a text, as an element of a list. */
const fromText = (text: string, type: EdmType): RawValue => {
  if (type === 'Edm.Boolean')
    return /^t(?:rue)?$/.test(text) || (/^f(?:alse)?$/.test(text) ? false : text)
  if (isInteger(type)) return /^-?\d{1,19}$/.test(text) ? BigInt(text) : text
  if (!isFloating(type)) return text
  const words: Readonly<Record<string, number>> = {
    NaN: Number.NaN,
    nan: Number.NaN,
    Infinity,
    inf: Infinity,
    '-Infinity': -Infinity,
    '-inf': -Infinity,
  }
  return words[text] ?? (/^[-+.\de]+$/i.test(text) ? Number(text) : text)
}

type Element = (value: RawValue) => string | undefined

/** A JSON list of texts as a list of values; lists of lists are none. */
const createListRenderer =
  (type: EdmType, element: Element): RenderValue =>
  (value) => {
    const list: unknown = typeof value === 'string' ? JSON.parse(value) : undefined
    if (!Array.isArray(list)) return undefined
    const rendered = list.map((item: unknown) => {
      if (item === null) return 'null'
      return typeof item === 'string' ? element(fromText(item, type)) : undefined
    })
    return rendered.includes(undefined) ? undefined : `[${rendered.join(',')}]`
  }

/** JSON Format 3.2: with IEEE754Compatible=true these two are strings. */
export const isQuoted = (type: EdmType): boolean => type === 'Edm.Int64' || type === 'Edm.Decimal'

/** The refusal of a value that its type, or the form of the answer, cannot hold. */
export const unrepresentable = ({ name, type }: RenderedProperty): ODataError =>
  new ODataError(
    'unrepresentable',
    `'${name}' holds a value that is not ${type}; correct it, or give the column another type in the schema map.`,
    { target: name },
  )

/** The value of a cell that holds no rows. */
export const valueIn = (cell: RawCell | undefined): RawValue => {
  if (Array.isArray(cell)) throw new TypeError('Rows stand where a value is expected')
  return (cell ?? null) as RawValue
}

/** Makes the function that renders one value as JSON, and refuses what its type cannot hold; null is `null`. */
export const createValueRenderer = (
  property: RenderedProperty,
  ieee754: boolean,
): ((value: RawValue) => string) => {
  const { type } = property
  const one = type === 'Edm.DateTimeOffset' ? stampIn(property) : renderers[type]
  const isNumberText = ieee754 && isQuoted(property.type)
  const element: Element = (value) => {
    const text = value === null ? 'null' : one(value)
    return isNumberText && text !== undefined ? `"${text}"` : text
  }
  const isList = property.collection === true
  const render = isList ? createListRenderer(type, element) : one
  const quote = isNumberText && !isList
  return (value) => {
    if (value === null) return isList ? '[]' : 'null'
    const text = render(value)
    if (text === undefined) throw unrepresentable(property)
    return quote ? `"${text}"` : text
  }
}

/** Makes the function that renders one value as bare text, as it stands in a URL, in CSV, or alone; null is `null`. */
export const createTextRenderer = (property: Property): ((value: RawValue) => string) => {
  const render = createValueRenderer(property, false)
  const isText = property.type === 'Edm.String' && property.collection !== true
  return (value) => {
    // JSON would escape it, only to be read back.
    if (typeof value === 'string' && isText) return value
    const json = render(value)
    return json.startsWith('"') ? json.slice(1, -1) : json
  }
}
/** A refusal of a value, with the row that holds it. */
export const inRow = (error: unknown, row: string): unknown =>
  error instanceof ODataError && error.kind === 'unrepresentable'
    ? new ODataError(error.kind, `${error.message} It is in ${row}.`, { target: error.target })
    : error

/** Makes the function that renders the members of one row, without the braces. */
export const createRowRenderer = (
  properties: readonly RenderedProperty[],
  ieee754: boolean,
): ((row: readonly RawCell[]) => string) => {
  const count = properties.length
  const prefixes = properties.map(({ name }, i) => `${i === 0 ? '' : ','}${JSON.stringify(name)}:`)
  const cells = properties.map((property) => createValueRenderer(property, ieee754))
  return (row) => {
    let text = ''
    for (let i = 0; i < count; i++) text += `${prefixes[i]}${cells[i]?.(valueIn(row[i]))}`
    return text
  }
}
