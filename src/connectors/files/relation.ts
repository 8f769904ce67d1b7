// The engine's SQL about files: how one is looked into, and the view that a table is. Names of files and columns come from the
// folder, never from a request; all of them are quoted here.
import type { FileColumn } from './types.ts'
import type { ListedFile } from './listing.ts'

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** How a file with separated values is written. */
export type Separated = {
  readonly delimiter: string
  readonly quote: string
  readonly escape: string
  readonly header: boolean
}

/** Bytes up to which a text file is read whole before its types are decided; gzip packs about that well. */
const readWhole = (file: ListedFile): boolean => file.bytes <= (file.compressed ? 8 : 64) * 2 ** 20

const sample = (file: ListedFile): string => `sample_size = ${readWhole(file) ? -1 : 200_000}`

const packed = ({ format, compressed }: ListedFile): string =>
  `compression = '${compressed ? 'gzip' : format === 'json' ? 'uncompressed' : 'none'}'`

const called = (name: string, file: ListedFile, options: readonly string[]): string =>
  `${name}(${[literal(file.path), ...options].join(', ')})`

/** Directories named `year=2024` would add columns. */
const noPartitions = 'hive_partitioning = false'

/** One row per column: name and type. */
export const describeParquet = (file: ListedFile): string =>
  `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${called('read_parquet', file, [noPartitions])})`

export const describeJson = (file: ListedFile): string => {
  const options = [sample(file), packed(file), "records = 'true'", 'map_inference_threshold = -1']
  const relation = called('read_json', file, [...options, noPartitions])
  return `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${relation})`
}

/** One row per column: name, type, and what is the same in all rows: delimiter, quote, escape, header, formats of dates and stamps. */
export const sniffSeparated = (file: ListedFile): string => {
  const options = [sample(file), packed(file), 'skip = 0', "comment = ''"]
  if (file.format === 'tsv') options.push("delim = '\t'")
  return `SELECT c.name, c.type, "Delimiter", "Quote", "Escape", "HasHeader", "DateFormat", "TimestampFormat"
    FROM (SELECT *, unnest("Columns") AS c FROM ${called('sniff_csv', file, options)})`
}

const typedColumns = (columns: readonly (readonly [name: string, type: string])[]): string =>
  `columns = {${columns.map(([name, type]) => `${literal(name)}: ${literal(type)}`).join(', ')}}`

type Columns = readonly (readonly [name: string, type: string])[]

/** The rows of a file whose columns are known. All columns of separated values must be named, those of the others may be. */
export const relationOf = (
  file: ListedFile,
  columns: Columns,
  separated: Separated | undefined,
): string => {
  if (file.format === 'parquet')
    return called('read_parquet', file, ['file_row_number = true', noPartitions])
  const typed = [typedColumns(columns), packed(file), noPartitions]
  if (separated === undefined) return called('read_json', file, [...typed, "records = 'true'"])
  const { delimiter, quote, escape, header } = separated
  return called('read_csv', file, [
    ...typed,
    'auto_detect = false',
    `delim = ${literal(delimiter)}`,
    `quote = ${literal(quote)}`,
    `escape = ${literal(escape)}`,
    `header = ${header}`,
    "comment = ''",
  ])
}

/** Integers that a double bends. */
const longInteger = String.raw`^\s*[+-]?\d{16,}\s*$`

/**
 * One row: for each doubtful column of a text file, read as text, whether its values are what the engine takes them for: every stamp
 * in ISO form, no number an integer of so many digits that a double would bend it.
 */
export const verifyText = (
  doubtful: readonly FileColumn[],
  relation: string,
): string | undefined => {
  const tests = doubtful.map(({ shape: { name, type, declaredType } }) =>
    type === 'Edm.Double'
      ? `NOT coalesce(bool_or(regexp_matches(${quoted(name)}, ${literal(longInteger)})), false)`
      : `coalesce(bool_and(TRY_CAST(${quoted(name)} AS ${declaredType}) IS NOT NULL) FILTER (${quoted(name)} IS NOT NULL), true)`,
  )
  return tests.length === 0 ? undefined : `SELECT ${tests.join(', ')} FROM ${relation}`
}

export const isReadWhole = readWhole

/** What a view is called for and made of. */
export type View = { readonly name: string; readonly sql: string }

/**
 * The view of a file. `rowNumber` is the name of a first column that counts the rows from 0 in the order of the file; of
 * Parquet it is the engine's own, by which it skips what a page does not need.
 */
export const viewOf = (
  file: ListedFile,
  relation: string,
  columns: readonly FileColumn[],
  rowNumber: string | undefined,
): View => {
  const items = columns.map(({ shape: { name }, as }) =>
    as === undefined ? quoted(name) : `${as(quoted(name))} AS ${quoted(name)}`,
  )
  const counted = file.format === 'parquet' ? 'file_row_number' : 'row_number() OVER () - 1'
  if (rowNumber !== undefined) items.unshift(`${counted} AS ${quoted(rowNumber)}`)
  return { name: file.table, sql: `SELECT ${items.join(', ')} FROM ${relation}` }
}
