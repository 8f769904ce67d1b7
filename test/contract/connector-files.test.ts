import assert from 'node:assert/strict'
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Source } from '#connectors/connector.ts'
import type { FilesPool } from '#connectors/files/pool.ts'
import type { Table } from '#query/catalog.ts'
import { valueOf } from '../support/plans.ts'
import { until } from '../support/until.ts'
import type { Column, Expression, ReadPlan, ReadShape, Row, Slot, Value } from '#query/plan.ts'
import { connectorContract } from './connectors/contract.ts'
import { zoneContract } from './connectors/zones.ts'
import { createFolder, filesEngine, never, openFolderWith, runDuckdb } from './connectors/files.ts'

connectorContract(filesEngine)
zoneContract(filesEngine)

const { filesDirectory, folder, remove } = createFolder()
const write = (name: string, content: string | Buffer): void =>
  writeFileSync(join(folder, name), content)
const to = (name: string): string => `'${join(folder, name).replaceAll("'", "''")}'`

const rowCount = 150_000
let source: Source
let pool: FilesPool
let tables: ReadonlyMap<string, Table>

const makeFiles = async (): Promise<void> => {
  await runDuckdb(
    `COPY (SELECT x AS n, x % 7 AS k FROM range(${rowCount}) t(x))
     TO ${to('numbers.parquet')} (ROW_GROUP_SIZE 20000)`,
    `COPY (SELECT 1::TINYINT a, 2::UTINYINT b, 3::USMALLINT c, 4::UINTEGER d, 18446744073709551615::UBIGINT e,
       12345678901234567890123.45::DECIMAL(38,2) f, [1] g, {'x': 1} h, MAP {'a': 1} i, 0.5::FLOAT j,
       TIMESTAMP_NS '2024-01-02 03:04:05.123456789' k, 'x'::ENUM ('x', 'y') l, INTERVAL 1 DAY m)
     TO ${to('types.parquet')}`,
    `COPY (SELECT 7 AS "rownumber", 'a' AS "o'clock ""x""") TO ${to('clash.parquet')}`,
    `COPY (SELECT x AS n FROM range(1000) t(x)) TO ${to('changing.parquet')}`,
  )
  write('plain.csv', 'id,name,at,zip\n1,Ä,2024-01-02T03:04:05+02:00,00123\n2,"a,""b""",,99999\n')
  write('semicolons.csv', 'a;b\n1;x\n2;y\n')
  write('tabs.tsv', 'a\tb\n1\tx,y\n')
  write('packed.csv.gz', gzipSync('a,b\n1,x\n2,y\n'))
  write('list.json', '[{"a":1,"d":"2024-01-02","x":{"y":1}},{"a":2,"b":"z"}]')
  write('lines.ndjson', '{"a":1,"at":"2024-01-02T03:04:05+02:00"}\n{"a":2}\n')
  write('exact.csv', 'id,dmy\n12345678901234567890,03/04/2024\n5,13/04/2024\n')
  write('exact.ndjson', '{"a":1}\n')
  write('late.csv', `n\n${'1\n'.repeat(50_000)}x\n`)
  write("'; DROP SCHEMA files; --.csv", 'a\n1\n')
  write('he said "hi".csv', 'a\n1\n')
  write('star*.csv', 'a\n1\n')
  write('nothing.csv', '')
  write('broken.parquet', 'PAR1 no, it is not')
  write('scalars.json', '[1,2,3]')
  write('leaving.csv', 'a\n1\n')
  write('notes.txt', 'not a table')
  write('.hidden.csv', 'a\n1\n')
  writeFileSync(join(filesDirectory, 'outside.csv'), 'secret\n42\n')
  symlinkSync(join(filesDirectory, 'outside.csv'), join(folder, 'link.csv'))
  symlinkSync(join(folder, 'nowhere.csv'), join(folder, 'dangling.csv'))
}

before(async () => {
  await makeFiles()
  const opened = openFolderWith(filesDirectory, { processes: 2, statementTimeout: 20_000 })
  pool = opened.pool
  source = await opened.open()
  tables = new Map((await source.describe()).tables.map((table) => [table.name, table]))
})
after(async () => {
  await source.close()
  await pool.close()
  remove()
})

const tableOf = (name: string): Table => {
  const table = tables.get(name)
  assert.ok(table, name)
  return table
}
const columnsOf = (name: string): readonly Column[] =>
  tableOf(name).columns.flatMap((column) =>
    column.type === undefined
      ? []
      : [
          {
            kind: 'column',
            row: 0,
            name: column.name,
            type: column.type,
            nullable: column.nullable,
          },
        ],
  )
const column = (table: string, name: string): Column => {
  const found = columnsOf(table).find((each) => each.name === name)
  assert.ok(found, `${table}.${name}`)
  return found
}
const slot = (index: number): Slot => ({ kind: 'slot', index, type: 'Edm.Int64' })
const shapeOf = (table: string, more: Partial<ReadShape> = {}): ReadShape => ({
  from: { kind: 'table', row: 0, table },
  joins: [],
  groupBy: undefined,
  outputs: columnsOf(table),
  filter: undefined,
  order: [{ expression: columnsOf(table)[0]!, descending: false }],
  after: undefined,
  limit: undefined,
  offset: undefined,
  ...more,
})
const collect = async (rows: AsyncIterable<readonly Row[]>): Promise<readonly Row[]> => {
  const found: Row[] = []
  for await (const batch of rows) found.push(...batch)
  return found
}
const read = (
  table: string,
  more: Partial<ReadShape> = {},
  values: readonly Value[] = [],
): Promise<readonly Row[]> => collect(source.read({ shape: shapeOf(table, more), values }, never))
const typesOf = (name: string): Record<string, string | undefined> =>
  Object.fromEntries(tableOf(name).columns.map((each) => [each.name, each.type]))

describe('a folder of files', () => {
  test('has a table for each file that is one, keyed by the row number', async () => {
    const { name, primaryKey } = tableOf('plain')
    assert.deepEqual([name, primaryKey], ['plain', ['RowNumber']])
    assert.deepEqual(typesOf('plain'), {
      RowNumber: 'Edm.Int64',
      id: 'Edm.Int64',
      name: 'Edm.String',
      at: 'Edm.DateTimeOffset',
      zip: 'Edm.String',
    })
    assert.deepEqual(await read('plain'), [
      [0, 1, 'Ä', '2024-01-02T01:04:05Z', '00123'],
      [1, 2, 'a,"b"', null, '99999'],
    ])
  })
  for (const [table, rows] of [
    [
      'semicolons',
      [
        [0, 1, 'x'],
        [1, 2, 'y'],
      ],
    ],
    ['tabs', [[0, 1, 'x,y']]],
    [
      'packed',
      [
        [0, 1, 'x'],
        [1, 2, 'y'],
      ],
    ],
    [
      'list',
      [
        [0, 1, '2024-01-02', '{"y":1}', null],
        [1, 2, null, null, 'z'],
      ],
    ],
    [
      'lines',
      [
        [0, 1, '2024-01-02T01:04:05Z'],
        [1, 2, null],
      ],
    ],
    ["'; DROP SCHEMA files; --", [[0, 1]]],
    ['he said "hi"', [[0, 1]]],
  ] as const)
    test(`reads ${table}`, async () => assert.deepEqual(await read(table), rows))
  test('never bends a number to a double, nor guesses which is the day', async () => {
    assert.deepEqual(typesOf('exact'), {
      RowNumber: 'Edm.Int64',
      id: 'Edm.String',
      dmy: 'Edm.String',
    })
    assert.deepEqual(await read('exact'), [
      [0, '12345678901234567890', '03/04/2024'],
      [1, '5', '13/04/2024'],
    ])
  })
  test('takes the type of a column from all of its values, the last one included', async () => {
    assert.equal(typesOf('late')['n'], 'Edm.String')
  })
  test('serves every type of Parquet exactly', async () => {
    const types = typesOf('types')
    assert.deepEqual(
      ['g', 'h', 'i', 'm'].map((name) => types[name]),
      ['Edm.Int32', 'Edm.String', 'Edm.String', 'Edm.Duration'],
    )
    const [row] = await read('types')
    assert.deepEqual(row, [
      0,
      1,
      2,
      3,
      4,
      '18446744073709551615',
      '12345678901234567890123.45',
      [1],
      '{"x":1}',
      '{"a":1}',
      0.5,
      '2024-01-02T03:04:05.123456Z',
      'x',
      'P1DT0H0M0.000000S',
    ])
  })
  test('gives the row number another name where the file has that one', async () => {
    assert.deepEqual(Object.keys(typesOf('clash')), ['RowNumber_', 'rownumber', 'o\'clock "x"'])
    assert.deepEqual(await read('clash'), [[0, 7, 'a']])
  })
  test('says of each file that is no table what is wrong with it', async () => {
    const { warnings = [] } = await source.describe()
    const about = (name: string) => warnings.filter(({ message }) => message.startsWith(`${name} `))
    for (const [name, why] of [
      ['star*.csv', /one of the characters/],
      ['nothing.csv', /is empty/],
      ['broken.parquet', /not what the name of the file says/],
      ['scalars.json', /not what the name of the file says/],
      ['link.csv', /leads out of the folder/],
      ['dangling.csv', /cannot be opened/],
      ['exact.ndjson', /exact\.csv has the same name/],
    ] as const)
      assert.match(
        about(name)
          .map(({ message }) => message)
          .join(),
        why,
      )
    assert.equal(warnings.length, 7)
    for (const name of ['notes', '.hidden', 'link', 'outside'])
      assert.equal(tables.has(name), false)
  })
  test('takes the key that the schema map names instead of the row number', async () => {
    const keyed = await openFolderWith(filesDirectory).open({
      ODataSchemaMap: JSON.stringify({
        odata_mapping_v3: {
          schemas: [
            { name: null, tables: { plain: { columns: { id: { primaryKeyComponent: 1 } } } } },
          ],
        },
      }),
    })
    const { tables: found } = await keyed.describe()
    const plain = found.find(({ name }) => name === 'plain')
    assert.deepEqual(
      [plain?.primaryKey, plain?.columns.map(({ name }) => name)],
      [[], ['id', 'name', 'at', 'zip']],
    )
    await keyed.close()
  })
})

describe('pages of a file', () => {
  const pageOf = async (
    table: string,
    size: number,
    from: number | undefined,
    more: Partial<ReadShape> = {},
  ): Promise<readonly Row[]> =>
    from === undefined
      ? read(table, { limit: slot(0), ...more }, [BigInt(size)])
      : // The plan calls the slot of a key a text; what counts is the value.
        read(table, { limit: slot(0), after: [{ ...slot(1), type: 'Edm.String' }], ...more }, [
          BigInt(size),
          from,
        ])
  for (const [table, size] of [
    ['numbers', 20_000],
    ['late', 12_000],
  ] as const)
    test(`of ${table} give every row once, in the order of the file`, async () => {
      const seen: Value[] = []
      let last: number | undefined
      for (;;) {
        const rows = await pageOf(table, size, last)
        seen.push(...rows.map(([number]) => valueOf(number)))
        if (rows.length < size) break
        last = Number(rows.at(-1)?.[0])
      }
      assert.equal(seen.length, table === 'numbers' ? rowCount : 50_001)
      assert.ok(seen.every((number, i) => number === i))
    })
  test('find with a filter what lies beyond, and nothing else', async () => {
    const filter: Expression = {
      kind: 'compare',
      operator: 'eq',
      left: column('numbers', 'k'),
      right: slot(2),
    }
    const shape = shapeOf('numbers', { filter, after: [slot(1)], limit: slot(0) })
    const rows = await collect(source.read({ shape, values: [3n, 99_999, 5n] }, never))
    assert.deepEqual(
      rows.map(([number]) => number),
      [100_000, 100_007, 100_014],
    )
  })
  test('run backwards, too', async () => {
    const order = [{ expression: column('numbers', 'RowNumber'), descending: true }]
    const rows = await pageOf('numbers', 3, 100_000, { order })
    assert.deepEqual(
      rows.map(([number]) => number),
      [99_999, 99_998, 99_997],
    )
  })
  test('are stable in an order of equal values', async () => {
    const k = { expression: column('numbers', 'k'), descending: false }
    const key = { expression: column('numbers', 'RowNumber'), descending: false }
    const after = [slot(1), slot(2)]
    const shape = shapeOf('numbers', { order: [k, key], after, limit: slot(0) })
    const rows = await collect(source.read({ shape, values: [2n, 3, 70_000] }, never))
    assert.deepEqual(
      rows.map(([number]) => number),
      [70_003, 70_010],
    )
  })
})

describe('the engine of files', () => {
  const run = (text: string, on = pool, signal = never): Promise<readonly Row[]> =>
    collect(on.read({ kind: 'read', folder, views: [], text, values: [], types: [] }, signal))
  const outside = join(filesDirectory, 'outside.csv')
  for (const text of [
    `SELECT * FROM read_text('/etc/passwd')`,
    `SELECT * FROM read_csv('${outside}')`,
    `SELECT * FROM read_csv('${folder}/../outside.csv')`,
    `SELECT * FROM '${outside}'`,
    `SELECT * FROM glob('/*')`,
    `SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')`,
    `COPY (SELECT 1) TO '${folder}/written.csv'`,
    `ATTACH '${folder}/attached.db'`,
    `EXPORT DATABASE '${folder}/exported'`,
    `CREATE TABLE t (a INTEGER)`,
    `INSTALL httpfs`,
    `LOAD httpfs`,
    `SET enable_external_access = true`,
    `SET memory_limit = '100GB'`,
    `SET allowed_directories = ['/']`,
    `PRAGMA temp_directory = '/tmp'`,
    `CALL pragma_version()`,
    `SELECT 1; SELECT 2`,
  ])
    test(`refuses ${text.replaceAll(filesDirectory, '…')}`, async () => {
      await assert.rejects(run(text), { kind: /rejected|unavailable/ })
      assert.deepEqual(await run('SELECT 1'), [[1]])
    })
  test('says what is too large for its memory, and goes on', async () => {
    await assert.rejects(run('SELECT list(x) FROM range(100000000) t(x)'), {
      kind: 'rejected',
      message: /more memory/,
    })
    assert.deepEqual(await run('SELECT 1'), [[1]])
  })
  const endless = 'SELECT count(*) FROM range(1000000000000) a, range(1000000) b'
  /** With one process, so that it is known which one reads. */
  const withOne = async (use: (alone: FilesPool) => Promise<void>): Promise<void> => {
    const { pool: alone } = openFolderWith(filesDirectory, { processes: 1, stopWait: 20_000 })
    try {
      assert.deepEqual(await run('SELECT 1', alone), [[1]])
      await use(alone)
      assert.deepEqual(await run('SELECT 1', alone), [[1]])
    } finally {
      await alone.close()
    }
  }
  test('keeps its process when a read is aborted in the middle of a statement', () =>
    withOne(async (alone) => {
      const [pid] = alone.pids()
      const gone = new AbortController()
      const reading = run(endless, alone, gone.signal)
      setTimeout(() => gone.abort(), 300)
      await assert.rejects(reading, { name: 'AbortError' })
      assert.deepEqual(await run('SELECT 1', alone), [[1]])
      assert.deepEqual(alone.pids(), [pid])
    }))
  test('keeps its process whenever a read is aborted', () =>
    withOne(async (alone) => {
      const [pid] = alone.pids()
      for (let i = 0; i < 30; i++) {
        const gone = new AbortController()
        const reading = run(endless, alone, gone.signal)
        setTimeout(() => gone.abort(), i / 5)
        await assert.rejects(reading, { name: 'AbortError' })
      }
      assert.deepEqual(await run('SELECT 1', alone), [[1]])
      assert.deepEqual(alone.pids(), [pid])
    }))
  test('tells one request alone when its process dies', () =>
    withOne(async (alone) => {
      const [pid = 0] = alone.pids()
      const reading = run(endless, alone)
      setTimeout(() => process.kill(pid, 'SIGKILL'), 300)
      await assert.rejects(reading, { kind: 'unavailable' })
    }))
  test('does not delay the server while a statement runs away', () =>
    withOne(async (alone) => {
      const gone = new AbortController()
      const reading = run(endless, alone, gone.signal)
      // The thread pool of the server is free: files are read through it.
      await Promise.all(Array.from({ length: 20 }, () => readFile(join(folder, 'plain.csv'))))
      gone.abort()
      await assert.rejects(reading, { name: 'AbortError' })
    }))
})

describe('a file that changes', () => {
  const plan = (): ReadPlan => ({ shape: shapeOf('changing'), values: [] })
  test('is asked for again when it has other columns than a moment ago', async () => {
    await collect(source.read(plan(), never))
    await runDuckdb(`COPY (SELECT 1 AS other) TO ${to('changed.tmp')} (FORMAT parquet)`)
    renameSync(join(folder, 'changed.tmp'), join(folder, 'changing.parquet'))
    await assert.rejects(collect(source.read(plan(), never)), {
      kind: 'busy',
      message: /changed; try again/,
    })
  })
  test('and is gone is asked for again by whoever knew it', async () => {
    const leaving: ReadPlan = { shape: shapeOf('leaving'), values: [] }
    await collect(source.read(leaving, never))
    const version = source.version()
    rmSync(join(folder, 'leaving.csv'))
    await until('the folder is looked at again', () => source.version() !== version)
    await assert.rejects(collect(source.read(leaving, never)), {
      kind: 'busy',
      message: /changed; try again/,
    })
  })
})
