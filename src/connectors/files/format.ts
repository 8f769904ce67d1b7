export type Format = 'parquet' | 'csv' | 'tsv' | 'json'

export type NamedFile = {
  /** What is left of the name: the name of the table. */
  readonly table: string
  readonly format: Format
  readonly compressed: boolean
}

const byExtension: ReadonlyMap<string, Format> = new Map([
  ['parquet', 'parquet'],
  ['csv', 'csv'],
  ['tsv', 'tsv'],
  ['json', 'json'],
  ['ndjson', 'json'],
  ['jsonl', 'json'],
])

/** Which of two files of one name counts: whoever converts a file to a better format means the better one. */
export const formatRank: Readonly<Record<Format, number>> = { parquet: 0, csv: 1, tsv: 2, json: 3 }

/** What the name of a file says about it; `undefined` where it is no table. */
export const formatOf = (file: string): NamedFile | undefined => {
  const [, table = '', extension = '', zipped] = /^(.+?)\.([a-z]+)(\.gz)?$/i.exec(file) ?? []
  const format = byExtension.get(extension.toLowerCase())
  if (format === undefined || (format === 'parquet' && zipped !== undefined)) return undefined
  return { table, format, compressed: zipped !== undefined }
}
