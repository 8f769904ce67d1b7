import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as DuckDB from '@duckdb/node-api'
import { DuckDBInstance } from '@duckdb/node-api'
import { createFilesConnector } from '#connectors/files/index.ts'
import { createFilesPool, type FilesPool } from '#connectors/files/pool.ts'
import { boundValue } from '#connectors/files/values.ts'
import { createAddressPolicy } from '#egress/address-policy.ts'
import type { PoolLimits } from '#connectors/readers/pool.ts'
import type { Engine } from './contract.ts'
import type { RunStatement } from './explaining.ts'
import { bigRows, statementsOf, type TestColumn, type TestTable } from './tables.ts'

export const addresses = createAddressPolicy([])

/** Runs SQL in an engine of the tests' own, to make files with; the answer's rows as text. */
export const runDuckdb = async (
  ...statements: readonly string[]
): Promise<readonly (readonly unknown[])[]> => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
  const connection = await instance.connect()
  try {
    let rows: readonly (readonly unknown[])[] = []
    for (const text of statements) rows = (await connection.runAndReadAll(text)).getRowsJson()
    return rows
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** A tenant's directory with one folder in it. */
export const createFolder = (name = 'data') => {
  const filesDirectory = mkdtempSync(join(tmpdir(), 'headgate-files-'))
  const folder = join(filesDirectory, name)
  mkdirSync(folder)
  return { filesDirectory, folder, remove: () => rmSync(filesDirectory, { recursive: true }) }
}

const names: Partial<Record<TestColumn['type'], string>> = {
  'Edm.Int32': 'INTEGER',
  'Edm.Int64': 'BIGINT',
  'Edm.Double': 'DOUBLE',
  'Edm.Boolean': 'BOOLEAN',
  'Edm.Date': 'DATE',
  'Edm.DateTimeOffset': 'TIMESTAMPTZ',
  'Edm.TimeOfDay': 'TIME',
  'Edm.Guid': 'UUID',
  'Edm.Binary': 'BLOB',
}

const typeOf = ({ type, length, scale, zoneless }: TestColumn): string =>
  zoneless === true
    ? 'TIMESTAMP'
    : type === 'Edm.Decimal'
      ? `DECIMAL(${length},${scale})`
      : (names[type] ?? 'VARCHAR')

const literal = (text: string, { type }: TestColumn): string =>
  type === 'Edm.Binary' ? `unhex('${text}')` : `'${text.replaceAll("'", "''")}'`

export const never = new AbortController().signal

/** The table `Runaway` becomes a query that never ends, as a hostile file might be. */
export const withRunaway = (pool: FilesPool): FilesPool => ({
  ...pool,
  read: (request, signal) => {
    const views = request.views.map((view) =>
      view.name === 'Runaway'
        ? { ...view, sql: 'SELECT count(*) AS id FROM range(1000000000000) a, range(1000000) b' }
        : view,
    )
    return pool.read({ ...request, views }, signal)
  },
})

/** Opens a folder with a pool of its own. */
export const openFolderWith = (filesDirectory: string, limits: Partial<PoolLimits> = {}) => {
  const pool = createFilesPool(limits)
  const connector = createFilesConnector(withRunaway(pool))
  const open = (options: Record<string, string> = {}) =>
    connector.open({ Folder: 'data', ...options }, { filesDirectory, addresses })
  return { pool, open }
}

/** Files have no keys, and the tables of the tests have: a schema map that names them. */
const keysOf = (tables: readonly Pick<TestTable, 'name' | 'key'>[]): string => {
  const parts = (key: readonly string[]) =>
    Object.fromEntries(key.map((column, i) => [column, { primaryKeyComponent: i + 1 }]))
  const mapped = tables.map(({ name, key }) => [name, { columns: parts(key) }])
  return JSON.stringify({
    odata_mapping_v3: { schemas: [{ name: null, tables: Object.fromEntries(mapped) }] },
  })
}

export const filesEngine: Engine = {
  name: 'files',
  has: { keys: false, exactDecimals: true, text: true },
  open: async (tables) => {
    const { filesDirectory, folder, remove } = createFolder()
    const to = (name: string): string => `'${join(folder, name)}'`
    await runDuckdb(
      `SET TimeZone = 'UTC'`,
      ...tables.flatMap((table) => statementsOf({ ...table, references: [] }, typeOf, literal)),
      ...tables.map(({ name }) => `COPY "${name}" TO ${to(`${name}.parquet`)}`),
      `COPY (SELECT CAST(x AS INTEGER) AS id, lpad(x::VARCHAR, 300, '0') AS filler
         FROM range(1, ${bigRows + 1}) t(x)) TO ${to('Big.parquet')}`,
    )
    writeFileSync(join(folder, 'Runaway.csv'), 'id\n1\n')
    const { pool, open } = openFolderWith(filesDirectory, { processes: 2, statementTimeout: 3000 })
    const own = ['Big', 'Runaway'].map((name) => ({ name, key: ['id'] }))
    const reopen = () => open({ ODataSchemaMap: keysOf([...tables, ...own]) })
    const source = await reopen()
    const past = await DuckDBInstance.create(':memory:', { threads: '2' })
    const connection = await past.connect()
    await connection.run("SET TimeZone = 'UTC'")
    for (const { name } of tables)
      await connection.run(
        `CREATE VIEW "${name}" AS SELECT * FROM read_parquet(${to(`${name}.parquet`)})`,
      )
    const run: RunStatement = async (text, values, types) => {
      const statement = await connection.prepare(text)
      values.forEach((value, i) =>
        statement.bindValue(i + 1, ...boundValue(value, types[i], DuckDB)),
      )
      return (await statement.runAndReadAll()).getRowsJson()
    }
    return {
      source,
      reopen,
      hidden: [filesDirectory, '.parquet'],
      run,
      close: async () => {
        await source.close()
        await pool.close()
        connection.closeSync()
        past.closeSync()
        remove()
      },
    }
  },
}
