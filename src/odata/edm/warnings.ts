// What a data owner is told of a catalog that is not served as it stands (data access reference A.14).
import type { ModelWarning } from './model.ts'
import type { TableMap } from './schema-map.ts'
import type { ColumnShape, TableShape } from './tables.ts'

export const typeNotSupported = (
  { name: table }: TableShape,
  column: ColumnShape,
  isKey: boolean,
): ModelWarning => ({
  table,
  column: column.name,
  code: isKey ? 'keyColumnTypeNotSupported' : 'columnTypeNotSupported',
  message: `The type '${column.declaredType}' is not supported, so the column is left out.`,
})

export const binaryKey = ({ name: table }: TableShape, column: string): ModelWarning => ({
  table,
  column,
  code: 'keyColumnTypeNotSupported',
  message: 'A binary column cannot be part of a key in a URL.',
})

export const noPrimaryKey = ({ name: table }: TableShape): ModelWarning => ({
  table,
  column: undefined,
  code: 'noPrimaryKey',
  message:
    'The table has no usable primary key, so it is left out; name key columns with primaryKeyComponent in the schema map.',
})

export const tableNotFound = (table: string): ModelWarning => ({
  table,
  column: undefined,
  code: 'tableNotFound',
  message: 'The schema map names this table, and the data store does not have it.',
})

/** Columns that the schema map names in vain. */
export const columnsNotFound = (
  { name: table, columns }: TableShape,
  own: TableMap,
): readonly ModelWarning[] => {
  const known = new Set(columns.map(({ name }) => name))
  const named = new Set([...Object.keys(own.columns ?? {}), ...(own.excludedColumns ?? [])])
  return [...named]
    .filter((column) => !known.has(column))
    .map((column) => ({
      table,
      column,
      code: 'columnNotFound',
      message: 'The schema map names this column, and the table does not have it.',
    }))
}
