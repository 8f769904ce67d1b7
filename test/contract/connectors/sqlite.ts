import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { mock } from 'node:test'
import { bindable, openReadOnly, prepareRows } from '#connectors/sqlite/connection.ts'
import { createSqliteConnector } from '#connectors/sqlite/index.ts'
import { createReaderPool, type ReaderPool } from '#connectors/sqlite/reader-pool.ts'
import { createAddressPolicy } from '#egress/address-policy.ts'
import { changeDatabase } from '#test/support/odata-service.ts'
import type { Engine } from './contract.ts'
import { bigRows, statementsOf, type TestColumn } from './tables.ts'

const names: Partial<Record<TestColumn['type'], string>> = {
  'Edm.Int32': 'INTEGER',
  'Edm.Int64': 'BIGINT',
  'Edm.Double': 'DOUBLE',
  'Edm.Boolean': 'BOOLEAN',
  'Edm.Date': 'DATE',
  'Edm.DateTimeOffset': 'TIMESTAMP',
  'Edm.TimeOfDay': 'TIME',
  'Edm.Guid': 'UUID',
  'Edm.Binary': 'BLOB',
}

const typeOf = ({ type, length, scale }: TestColumn): string => {
  if (type === 'Edm.String') return `VARCHAR(${length})`
  return type === 'Edm.Decimal' ? `DECIMAL(${length},${scale})` : (names[type] ?? 'TEXT')
}

const literal = (text: string, { type }: TestColumn): string => {
  if (type === 'Edm.Boolean') return text === 'true' ? '1' : '0'
  if (type === 'Edm.Binary') return `x'${text}'`
  // Its parser reads the number one too large before it takes the sign.
  if (text === '-9223372036854775808') return '-9223372036854775807 - 1'
  return ['Edm.Int32', 'Edm.Int64', 'Edm.Double', 'Edm.Decimal'].includes(type)
    ? text
    : `'${text.replaceAll("'", "''")}'`
}

/** The same pool, and how many statements it was given. */
const countReads = (readers: ReaderPool) => {
  let count = 0
  const read: ReaderPool['read'] = (request, signal) => {
    count++
    return readers.read(request, signal)
  }
  return { pool: { ...readers, read }, reads: () => count }
}

/** Counts what is read in this process, of tables and views alone. */
const countStatementsHere = () => {
  const { prototype } = StatementSync
  const watched = [mock.method(prototype, 'iterate'), mock.method(prototype, 'get')]
  const isRead = ({ this: statement }: { readonly this: unknown }): boolean =>
    (statement as StatementSync).sourceSQL.startsWith('SELECT')
  return {
    reads: () => watched.flatMap(({ mock: { calls } }) => calls.filter(isRead)).length,
    restore: () => watched.forEach((method) => method.mock.restore()),
  }
}

export const sqliteEngine: Engine = {
  name: 'SQLite',
  has: { keys: true, exactDecimals: false, text: true },
  open: async (tables) => {
    const directory = mkdtempSync(join(tmpdir(), 'headgate-contract-'))
    const db = new DatabaseSync(join(directory, 'c.db'))
    for (const table of tables)
      for (const statement of statementsOf(table, typeOf, literal)) db.exec(statement)
    db.exec(`
      CREATE TABLE Big (id INTEGER PRIMARY KEY, filler TEXT);
      WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < ${bigRows})
        INSERT INTO Big SELECT x, printf('%0300d', x) FROM c;
      CREATE VIEW Runaway (id) AS
      WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c WHERE x < 0`)
    db.close()
    const counted = countReads(createReaderPool({ processes: 2, statementTimeout: 3000 }))
    const { pool } = counted
    const here = countStatementsHere()
    const reopen = () =>
      createSqliteConnector(pool).open(
        { Database: 'c.db' },
        { filesDirectory: directory, addresses: createAddressPolicy([]) },
      )
    const source = await reopen()
    const past = openReadOnly(join(directory, 'c.db'), 0)
    return {
      source,
      reopen,
      change: (statement) => changeDatabase(join(directory, 'c.db'), statement),
      hidden: [directory, 'c.db'],
      run: async (text, values) => prepareRows(past, text, true).all(values.map(bindable)),
      statements: () => counted.reads() + here.reads(),
      close: async () => {
        here.restore()
        await source.close()
        await pool.close()
        past.close()
        rmSync(directory, { recursive: true })
      },
    }
  },
}
