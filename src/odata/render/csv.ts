// Rows as CSV (RFC 4180): each value as in OData JSON, without JSON's quotes and escapes.
import type { Property } from '../edm/model.ts'
import { createTextRenderer, unrepresentable, valueIn, type RawCell } from './json.ts'

/** What ends a record, also the last one. */
export const endOfRecord = '\r\n'

/** RFC 4180 section 2, rules 5 to 7. The empty text is quoted, so that it is told from null, which is nothing at all. */
const fieldOf = (text: string): string =>
  text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text

/** The first record: the names of the columns. */
export const csvHeader = (properties: readonly Property[]): string =>
  properties.map(({ name }) => fieldOf(name)).join(',') + endOfRecord

/** Types whose text may be empty, or have any character; that of all others stands as it is. */
const isFree = ({ type, collection }: Property): boolean =>
  collection === true || type === 'Edm.String' || type === 'Edm.Binary'

const createField = (property: Property): ((cell: RawCell | undefined) => string) => {
  const render = createTextRenderer(property)
  if (!isFree(property))
    return (cell) => {
      const value = valueIn(cell)
      return value === null ? '' : render(value)
    }
  return (cell) => {
    const value = valueIn(cell)
    if (value === null) return ''
    const text = render(value)
    // Half a character has no place in UTF-8, and would come out as another one.
    if (!text.isWellFormed()) throw unrepresentable(property)
    return fieldOf(text)
  }
}

/** Makes the function that renders one row as a record, without its end. Nothing is escaped for spreadsheets. */
export const createCsvRenderer = (
  properties: readonly Property[],
): ((row: readonly RawCell[]) => string) => {
  const fields = properties.map(createField)
  const count = fields.length
  return (row) => {
    let text = ''
    for (let i = 0; i < count; i++) text += `${i === 0 ? '' : ','}${fields[i]?.(row[i])}`
    return text
  }
}
