// Rows inside a cell. A source that builds JSON gives them as a list of lists, in which 64-bit integers and decimals
// are text, and bytes are hexadecimal text, so that nothing is lost on the way.
import type { EdmType } from '#odata/edm/types.ts'
import type { Cell, Expression, ReadShape, Row } from './plan.ts'
import { typeOf } from './plan.ts'

/** Values as JSON has them, and as engines do that need none. */
type Json = null | boolean | number | bigint | string | Uint8Array | readonly Json[]

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

const numbers: ReadonlySet<EdmType | undefined> = new Set<EdmType>([
  'Edm.Byte',
  'Edm.SByte',
  'Edm.Int16',
  'Edm.Int32',
  'Edm.Single',
  'Edm.Double',
  'Edm.Duration',
])

const fromText = (text: string, type: EdmType | undefined): Cell => {
  if (type === 'Edm.Binary') return Buffer.from(text, 'hex')
  if (type === 'Edm.Int64') return BigInt(text)
  if (type === 'Edm.Boolean') return text === 'true'
  return numbers.has(type) ? Number(text) : text
}

const cellOf = (value: Json, output: Expression): Cell => {
  if (value === null) return output.kind === 'rows' ? [] : null
  if (output.kind === 'rows') return rowsOf(value, output.query)
  if (isList(value)) throw new TypeError('A list where a value is expected')
  return typeof value === 'string' ? fromText(value, typeOf(output)) : value
}

const rowsOf = (list: Json, { outputs }: ReadShape): readonly Row[] => {
  if (!isList(list)) throw new TypeError('Rows are a list')
  return list.map((row) => {
    if (!isList(row)) throw new TypeError('A row is a list')
    return outputs.map((output, i) => cellOf(row[i] ?? null, output))
  })
}

/** Makes rows of the text that a source gave for a `rows` output. */
const decodeRows = (text: Cell, query: ReadShape): readonly Row[] => {
  if (text === null) return []
  return rowsOf(typeof text === 'string' ? (JSON.parse(text) as Json) : text, query)
}

/** Decodes the nested rows of each row of a shape; `undefined` where the shape has none. */
export const nestedDecoder = ({ outputs }: ReadShape): ((row: Row) => Row) | undefined => {
  const nested = outputs.flatMap((output, at) =>
    output.kind === 'rows' ? [{ at, query: output.query }] : [],
  )
  if (nested.length === 0) return undefined
  return (row) => {
    const copy = [...row]
    for (const { at, query } of nested) copy[at] = decodeRows(row[at] ?? null, query)
    return copy
  }
}
