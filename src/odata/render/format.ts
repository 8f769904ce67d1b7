// How an answer in JSON is written, whatever it holds (OData 4.01 JSON Format 3).
import { controlPrefix, type ODataVersion } from '../version.ts'
import type { Property } from '../edm/model.ts'
import type { EdmType } from '../edm/types.ts'

export type MetadataLevel = 'none' | 'minimal' | 'full'

export type JsonFormat = {
  readonly metadata: MetadataLevel
  /** Whether Edm.Int64 and Edm.Decimal are texts. */
  readonly ieee754: boolean
  readonly version: ODataVersion
}

/** `"@odata.count"`, `"Items@count"`: the name of control information, as JSON. */
export const controlName = ({ version }: JsonFormat, term: string, of = ''): string =>
  JSON.stringify(`${of}${controlPrefix(version)}${term}`)

/** An answer up to what it holds: its context where the level of metadata has one; `hasMore` when anything follows. */
export const openObject = (format: JsonFormat, context: string, hasMore = true): string =>
  format.metadata === 'none'
    ? '{'
    : `{${controlName(format, 'context')}:${JSON.stringify(context)}${hasMore ? ',' : ''}`

// JSON Format 4.6.3: a JSON value says by itself that it is one of these.
const evident: ReadonlySet<EdmType> = new Set(['Edm.String', 'Edm.Boolean', 'Edm.Double'])

/** Whether the type of a value, rendered as JSON, has to be told. Null has none; a list never tells. */
export const isTypeHidden = (type: EdmType, json: string): boolean => {
  if (json === 'null') return false
  if (json.startsWith('[')) return true
  // Edm.Double is evident but for the three values that are texts.
  return !evident.has(type) || (type === 'Edm.Double' && json.startsWith('"'))
}

/** `"#Int32"`; 4.01 leaves the hash out of the names of primitive types (JSON Format 4.6.3). */
export const primitiveType = (
  { version }: JsonFormat,
  { type, collection }: Pick<Property, 'type' | 'collection'>,
): string => {
  const name = type.slice('Edm.'.length)
  if (collection === true) return `"#Collection(${name})"`
  return `"${version === '4.0' ? '#' : ''}${name}"`
}
