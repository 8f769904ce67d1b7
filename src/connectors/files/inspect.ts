// What is in a file: its columns, and the view that serves them.
import type { CatalogWarning, Table } from '#query/catalog.ts'
import type { Row, Cell } from '#query/plan.ts'
import { ConnectorError } from '../errors.ts'
import type { ListedFile } from './listing.ts'
import {
  describeJson,
  describeParquet,
  isReadWhole,
  relationOf,
  sniffSeparated,
  type Separated,
  verifyText,
  type View,
  viewOf,
} from './relation.ts'
import { columnOf, type FileColumn } from './types.ts'

/** All rows of a statement that runs where the files are read. */
export type Ask = (text: string, views?: readonly View[]) => Promise<readonly Row[]>

export type Inspected = {
  readonly table: Table
  readonly view: View
  /** The key column that counts rows, where the data owner has not named a key. */
  readonly rowNumber: string | undefined
}

const mostColumns = 1600

const text = (value: Cell | undefined): string => (typeof value === 'string' ? value : '')

const asText = ({ shape }: FileColumn): FileColumn => columnOf(shape.name, 'VARCHAR')

/** The engine writes "(empty)" for none. */
const sign = (value: Cell | undefined): string => (value === '(empty)' ? '' : text(value))

/** Day and month are never guessed: what is not in ISO form stays text. */
const isIso = (format: Cell | undefined): boolean => /^(%Y-%m-%d.*)?$/.test(text(format))

type Found = { readonly columns: readonly FileColumn[]; readonly separated: Separated | undefined }

const findSeparated = async (file: ListedFile, ask: Ask): Promise<Found> => {
  const rows = await ask(sniffSeparated(file))
  const [, , delimiter, quote, escape, header] = rows[0] ?? []
  const columns = rows.map(([name, type, , , , , dates, stamps]) => {
    const column = columnOf(text(name), text(type))
    const format = { 'Edm.Date': dates, 'Edm.DateTimeOffset': stamps }
    const own = column.shape.type
    const iso = own !== 'Edm.Date' && own !== 'Edm.DateTimeOffset' ? true : isIso(format[own])
    return iso ? column : asText(column)
  })
  // Quotes that the looked-at part does not have may come later.
  const usual = isReadWhole(file) ? '' : '"'
  const separated = {
    delimiter: sign(delimiter),
    quote: sign(quote) || usual,
    escape: sign(escape) || usual,
    header: header === true,
  }
  return { columns, separated }
}

/** What the engine would make of structures and of most lists is more, or less, than what stands in the file. */
const isKeptAsJson = (type: string): boolean =>
  /[[(]/.test(type) && !/^(?:(?:BIGINT|VARCHAR|BOOLEAN)\[\]|DECIMAL\(\d+,\d+\))$/.test(type)

/** JSON has no type for stamps, and the engine drops the offset of one unless it is told to keep it. */
const jsonColumn = ([name, given]: Row): FileColumn => {
  const type = text(given)
  if (isKeptAsJson(type)) return columnOf(text(name), 'JSON')
  return columnOf(text(name), type === 'TIMESTAMP' ? 'TIMESTAMP WITH TIME ZONE' : type)
}

const find = async (file: ListedFile, ask: Ask): Promise<Found> => {
  switch (file.format) {
    case 'parquet': {
      const rows = await ask(describeParquet(file))
      const columns = rows.map(([name, type]) => columnOf(text(name), text(type)))
      return { columns, separated: undefined }
    }
    case 'json': {
      const rows = await ask(describeJson(file))
      return { columns: rows.map(jsonColumn), separated: undefined }
    }
    case 'csv':
    case 'tsv':
      return findSeparated(file, ask)
  }
}

const isDoubtful = (file: ListedFile, { shape: { type } }: FileColumn): boolean =>
  type === 'Edm.Double' ||
  (file.format === 'json' &&
    (type === 'Edm.Date' || type === 'Edm.DateTimeOffset' || type === 'Edm.TimeOfDay'))

/** A column of a text file whose values are not all what the engine takes them for is served as the text it is. */
const verified = async (file: ListedFile, found: Found, ask: Ask): Promise<Found> => {
  if (file.format === 'parquet' || !isReadWhole(file)) return found
  const doubtful = found.columns.filter((column) => isDoubtful(file, column))
  const texts = found.columns.map(({ shape }) => [shape.name, 'VARCHAR'] as const)
  const statement = verifyText(doubtful, relationOf(file, texts, found.separated))
  if (statement === undefined) return found
  const [outcome = []] = await ask(statement)
  const wrong = new Set(doubtful.filter((_, i) => outcome[i] !== true))
  const columns = found.columns.map((column) => (wrong.has(column) ? asText(column) : column))
  return { columns, separated: found.separated }
}

const relation = (file: ListedFile, { columns, separated }: Found): string => {
  // Separated values need every column, and what cannot be served is text then.
  const read = columns.filter(({ shape }) => separated !== undefined || shape.type !== undefined)
  const typed = read.map(
    ({ shape: { name, type, declaredType } }) =>
      [name, type === undefined ? 'VARCHAR' : declaredType] as const,
  )
  return relationOf(file, typed, separated)
}

/** A name that no column of the file has; the engine's names know no case. */
const freeName = (columns: readonly FileColumn[]): string => {
  const taken = new Set(columns.map(({ shape }) => shape.name.toLowerCase()))
  let name = 'RowNumber'
  while (taken.has(name.toLowerCase())) name += '_'
  return name
}

const tableOf = (
  name: string,
  columns: readonly FileColumn[],
  rowNumber: string | undefined,
): Table => {
  const own: Table['columns'] =
    rowNumber === undefined ? [] : [{ ...columnOf(rowNumber, 'BIGINT').shape, nullable: false }]
  return {
    name,
    columns: [...own, ...columns.map(({ shape }) => shape)],
    primaryKey: rowNumber === undefined ? [] : [rowNumber],
    foreignKeys: [],
    indexes: [],
    hasRowId: false,
    isPlain: false,
  }
}

/** Looks into a file. `hasKey`: whether the data owner names a key for the table. Throws what `ask` throws. */
export const inspectFile = async (
  file: ListedFile,
  hasKey: boolean,
  ask: Ask,
): Promise<Inspected> => {
  const found = await verified(file, await find(file, ask), ask)
  const { columns } = found
  if (columns.length === 0 || columns.length > mostColumns)
    throw new ConnectorError('rejected', `It has ${columns.length} columns.`)
  const rowNumber = hasKey ? undefined : freeName(columns)
  const served = columns.filter(({ shape }) => shape.type !== undefined)
  const view = viewOf(file, relation(file, found), served, rowNumber)
  // The view is tried, so that a file that cannot be served is noticed here.
  await ask(`SELECT * FROM (${view.sql}) LIMIT 0`)
  return { table: tableOf(file.table, columns, rowNumber), view, rowNumber }
}

/** Why a file is no table. What is no fault of its is thrown on. */
export const warningOf = (file: ListedFile, error: unknown): CatalogWarning => {
  const isPassing = !(error instanceof ConnectorError) || error.kind === 'busy'
  if (isPassing || error.kind === 'unsupported') throw error
  return { table: file.table, message: `${file.name} is left out: ${error.message}` }
}

/** Whether the process failed that looked into a file, which may be the file's fault, or nobody's. */
export const isDoubt = (error: unknown): boolean =>
  error instanceof ConnectorError && (error.kind === 'unavailable' || error.kind === 'timed-out')
