// The tables that every connector is shown, as data: an engine makes them in its own way.
import type { EdmType } from '#odata/edm/types.ts'

export type TestColumn = {
  readonly name: string
  readonly type: EdmType
  readonly length?: number
  readonly scale?: number
  readonly required?: boolean
  /** Of a stamp: whether it has no zone. */
  readonly zoneless?: boolean
}

/** Text as SQL literals read it (`Edm.Binary` in hexadecimal digits); null stays null. */
export type TestValue = string | null

export type TestReference = {
  readonly columns: readonly string[]
  readonly table: string
  readonly referencedColumns: readonly string[]
}

export type TestTable = {
  readonly name: string
  readonly columns: readonly TestColumn[]
  readonly key: readonly string[]
  readonly references?: readonly TestReference[]
  readonly rows: readonly (readonly TestValue[])[]
}

const kind: TestTable = {
  name: 'Kind',
  columns: [
    { name: 'code', type: 'Edm.String', length: 8, required: true },
    { name: 'label', type: 'Edm.String', length: 40 },
  ],
  key: ['code'],
  rows: [
    ['B', 'big b'],
    ['a', 'small a'],
    ['ä', 'umlaut'],
    ['😀', null],
  ],
}

const item: TestTable = {
  name: 'Item',
  columns: [
    { name: 'id', type: 'Edm.Int32', required: true },
    { name: 't', type: 'Edm.String', length: 40 },
    { name: 'n', type: 'Edm.Int32' },
    { name: 'b', type: 'Edm.Int64' },
    { name: 'd', type: 'Edm.Double' },
    { name: 'x', type: 'Edm.Decimal', length: 9, scale: 2 },
    { name: 'f', type: 'Edm.Boolean' },
    { name: 'day', type: 'Edm.Date' },
    { name: 'at', type: 'Edm.DateTimeOffset' },
    { name: 'clock', type: 'Edm.TimeOfDay' },
    { name: 'g', type: 'Edm.Guid' },
    { name: 'bin', type: 'Edm.Binary' },
    { name: 'kind', type: 'Edm.String', length: 8 },
  ],
  key: ['id'],
  references: [{ columns: ['kind'], table: 'Kind', referencedColumns: ['code'] }],
  rows: [
    [
      '1',
      'Äpfel',
      '5',
      '9007199254740993',
      '0.1',
      '12.50',
      'true',
      '2024-02-29',
      '2024-02-29T23:59:59.999Z',
      '12:34:56',
      '0f8fad5b-d9cb-469f-a165-70867728950e',
      '00ff10',
      'a',
    ],
    [
      '2',
      'o\'x "q" %_\\\n',
      '-2147483648',
      '-9223372036854775808',
      '-1.7976931348623157e308',
      '-0.01',
      'false',
      '0001-01-01',
      '1969-12-31T23:00:00Z',
      '00:00:00',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
      '',
      'B',
    ],
    [
      '3',
      '😀\uffee',
      '2147483647',
      '9223372036854775807',
      '5e-324',
      '9999999.99',
      'true',
      '9999-12-31',
      '9999-12-31T23:59:59Z',
      '23:59:59',
      '00000000-0000-0000-0000-000000000000',
      'deadbeef',
      '😀',
    ],
    ['4', '', '0', '0', '0', '0.00', 'false', null, null, null, null, null, 'ä'],
    ['5', ...Array.from({ length: 12 }, () => null)],
    ['6', 'apfel', null, null, '0.5', null, null, null, null, null, null, null, 'B'],
  ],
}

export const tables: readonly TestTable[] = [kind, item]

/** Rows of the table `Big`, which every engine makes itself: `id` from 1 on, and `filler`, 300 characters. */
export const bigRows = 20_000

const escaped = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** `CREATE TABLE` and `INSERT` in the SQL that most engines share. @param typeOf how the engine calls a column's type */
export const statementsOf = (
  { name, columns, key, references = [], rows }: TestTable,
  typeOf: (column: TestColumn) => string,
  literal: (text: string, column: TestColumn) => string = escaped,
): readonly string[] => {
  const parts = columns.map(
    (column) => `"${column.name}" ${typeOf(column)}${column.required === true ? ' NOT NULL' : ''}`,
  )
  const quoted = (names: readonly string[]) => names.map((column) => `"${column}"`).join(', ')
  const more = references.map(
    (to) =>
      `FOREIGN KEY (${quoted(to.columns)}) REFERENCES "${to.table}" (${quoted(to.referencedColumns)})`,
  )
  const primary = `PRIMARY KEY (${quoted(key)})`
  const values = rows.map((row) => {
    const cells = row.map((text, i) => {
      const column = columns[i]
      return text === null || column === undefined ? 'NULL' : literal(text, column)
    })
    return `(${cells.join(', ')})`
  })
  return [
    `CREATE TABLE "${name}" (${[...parts, primary, ...more].join(', ')})`,
    `INSERT INTO "${name}" VALUES ${values.join(', ')}`,
  ]
}
