import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { runAtOnce } from '#lib/slices.ts'
import { parseSqlType } from '#odata/edm/types.ts'
import type { ColumnShape, ForeignKeyShape } from '#odata/edm/tables.ts'
import type { Catalog, Table, TableIndex } from '#query/catalog.ts'

type Record_ = Readonly<Record<string, unknown>>

/** Asks for the rows of a pragma; each text is prepared once. */
type Ask = (text: string, ...names: readonly string[]) => readonly Record_[]

const createAsk = (db: DatabaseSync): Ask => {
  const prepared = new Map<string, StatementSync>()
  return (text, ...names) => {
    const statement = prepared.get(text) ?? db.prepare(text)
    prepared.set(text, statement)
    return statement.all(...names)
  }
}

const columnOf = ({ name, type, notnull, pk }: Record_): ColumnShape => {
  const declared = parseSqlType(String(type))
  return {
    name: String(name),
    declaredType: String(type),
    // SQLite keeps every REAL in eight bytes.
    type: declared?.type === 'Edm.Single' ? 'Edm.Double' : declared?.type,
    length: declared?.length,
    scale: declared?.scale,
    nullable: notnull !== 1 && pk === 0,
    // Stamps are texts, each of which may name a zone.
    zoneless: 'by-value',
  }
}

const foreignKeysOf = (ask: Ask, table: string): readonly ForeignKeyShape[] => {
  const found = ask('SELECT * FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq', table)
  return [...Map.groupBy(found, (row) => row['id']).values()].map((parts): ForeignKeyShape => {
    const target = String(parts[0]?.['table'])
    // A reference without columns means the primary key of the table it names.
    const key = ask('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk', target)
    return {
      columns: parts.map((part) => String(part['from'])),
      table: target,
      referencedColumns: parts.map((part, i) => String(part['to'] ?? key[i]?.['name'])),
    }
  })
}

const indexOf = (ask: Ask, index: Record_): TableIndex | undefined => {
  if (index['partial'] !== 0) return undefined
  const parts = ask(
    'SELECT name, "desc", coll FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno',
    String(index['name']),
  )
  // An expression has no name; another collation or direction orders differently.
  if (
    parts.some((part) => part['name'] === null || part['desc'] !== 0 || part['coll'] !== 'BINARY')
  )
    return undefined
  return { columns: parts.map((part) => String(part['name'])), unique: index['unique'] === 1 }
}

const indexesOf = (
  ask: Ask,
  table: string,
  key: readonly Record_[],
): Pick<Table, 'indexes' | 'hasRowId'> => {
  const text = 'SELECT name, "unique", origin, partial FROM pragma_index_list(?)'
  const listed = ask(text, table)
  const found = listed.flatMap((index) => indexOf(ask, index) ?? [])
  const [only] = key
  const isInteger = key.length === 1 && String(only?.['type']).toUpperCase() === 'INTEGER'
  const hasRowId = isInteger && !listed.some(({ origin }) => origin === 'pk')
  if (!hasRowId) return { indexes: found, hasRowId }
  // The row id stands at the end of every index of such a table.
  const id = String(only?.['name'])
  const completed = found.map(({ columns }) => ({ columns: [...columns, id], unique: false }))
  const unique = found.filter((index) => index.unique)
  return { indexes: [{ columns: [id], unique: true }, ...unique, ...completed], hasRowId }
}

const tableOf = (ask: Ask, entry: Record_): Table => {
  const name = String(entry['name'])
  const columns = ask('SELECT * FROM pragma_table_xinfo(?) WHERE hidden <> 1', name)
  const key = columns.filter(({ pk }) => pk !== 0).sort((a, b) => Number(a['pk']) - Number(b['pk']))
  return {
    name,
    columns: columns.map(columnOf),
    primaryKey: key.map((column) => String(column['name'])),
    foreignKeys: foreignKeysOf(ask, name),
    ...indexesOf(ask, name, key),
    isPlain: entry['type'] === 'table' && columns.every(({ hidden }) => hidden === 0),
  }
}

const listed = `SELECT name, type FROM pragma_table_list
     WHERE schema = 'main' AND type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`

/**
 * Reads tables and views, their columns, keys, foreign keys and indexes, one after the other. Yields the share that is done, so
 * that many of them can be read in slices.
 */
export const describeSteps = function* (db: DatabaseSync): Generator<number, Catalog> {
  const ask = createAsk(db)
  const entries = ask(`${listed} ORDER BY name`)
  const tables: Table[] = []
  for (const [index, entry] of entries.entries()) {
    yield index / entries.length
    tables.push(tableOf(ask, entry))
  }
  return { tables }
}

/** The same in one go. */
export const describeDatabase = (db: DatabaseSync): Catalog => runAtOnce(describeSteps(db))

/** The same of one table; undefined when there is none of this name. */
export const describeTable = (db: DatabaseSync, name: string): Table | undefined => {
  const ask = createAsk(db)
  const [entry] = ask(`${listed} AND name = ?`, name)
  return entry && tableOf(ask, entry)
}
