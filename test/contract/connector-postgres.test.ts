// Alone in its process: it measures the memory of the process, and takes long.
import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import type { Source } from '#connectors/connector.ts'
import { createDescriber } from '#connectors/postgres/describe.ts'
import { createPostgresConnector } from '#connectors/postgres/index.ts'
import { createSessionPool } from '#connectors/postgres/pool.ts'
import { createReads, type ReadRows } from '#connectors/postgres/reads.ts'
import { openSession } from '#connectors/postgres/session.ts'
import { parseSettings } from '#connectors/postgres/settings.ts'
import type { Table } from '#query/catalog.ts'
import type { Column, Expression, ReadPlan, ReadShape, Row } from '#query/plan.ts'
import { compileRead } from '#sql/compile.ts'
import { createPostgresDialect } from '#sql/dialects/postgres.ts'
import { modelFromTables } from '#odata/edm/from-catalog.ts'
import { createRowRenderer } from '#odata/render/json.ts'
import { planOfUrl } from '#test/support/plans.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'
import { until } from '#test/support/until.ts'
import { connectorContract } from './connectors/contract.ts'
import { zoneContract } from './connectors/zones.ts'
import { context, loopback, openAt, optionsFor, postgresEngine } from './connectors/postgres.ts'

let cluster: Cluster
before(async () => {
  cluster = await startCluster()
})
after(() => cluster.stop())

connectorContract(postgresEngine(() => cluster))
zoneContract(postgresEngine(() => cluster))

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What is really held: garbage that nobody has collected yet is no measure of anything. */
const liveBytes = (): number => {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const never = new AbortController().signal
const column = (name: string, type: Column['type'], nullable = false): Column => ({
  kind: 'column',
  row: 0,
  name,
  type,
  nullable,
})
const id = column('id', 'Edm.Int32')
const shape = (table: string, more: Partial<ReadShape> = {}): ReadShape => ({
  from: { kind: 'table', row: 0, table },
  joins: [],
  groupBy: undefined,
  outputs: [id],
  filter: undefined,
  order: [{ expression: id, descending: false }],
  after: undefined,
  limit: undefined,
  offset: undefined,
  ...more,
})
const plan = (
  table: string,
  more: Partial<ReadShape> = {},
  values: ReadPlan['values'] = [],
): ReadPlan => ({ shape: shape(table, more), values })

const collect = async (rows: AsyncIterable<readonly Row[]>): Promise<readonly Row[]> => {
  const found: Row[] = []
  for await (const batch of rows) found.push(...batch)
  return found
}

/** A database of its own with these statements, opened as a source. */
const withDatabase = async (
  statements: string,
  use: (opened: { source: Source; url: string }) => Promise<void>,
  options: Record<string, string> = {},
): Promise<void> => {
  const url = await cluster.createDatabase()
  if (statements !== '') await cluster.run(statements, url)
  const source = await openAt(url, options)
  try {
    await use({ source, url })
  } finally {
    await source.close()
    await cluster.dropDatabase(url)
  }
}

const tableOf = async (source: Source, name: string): Promise<Table> => {
  const table = (await source.describe()).tables.find((found) => found.name === name)
  assert.ok(table, name)
  return table
}

const many = `CREATE TABLE t (id int PRIMARY KEY, filler text);
  INSERT INTO t SELECT x, lpad(x::text, 200, '0') FROM generate_series(1, 20000) x`

describe('the catalog of PostgreSQL', () => {
  test('has every type, those that OData lacks as text', () =>
    withDatabase(
      `CREATE TYPE mood AS ENUM ('sad', 'ok');
       CREATE DOMAIN amount AS numeric(8,3) NOT NULL;
       CREATE DOMAIN price AS amount;
       CREATE DOMAIN short AS varchar(7);
       CREATE TABLE t (
         a smallint, b real, c numeric, d numeric(2,4), e numeric(3,-2), f char(4), g name, h mood, i price, j short,
         k timestamp, l timetz, m interval, n json, o jsonb, p int[], q inet, r timestamptz(3), s text, u varchar)`,
      async ({ source }) => {
        const { columns } = await tableOf(source, 't')
        const found = columns.map(({ name, type, length, scale, nullable }) =>
          [name, type?.slice(4), length, scale, nullable ? '' : 'required'].join(' ').trim(),
        )
        assert.deepEqual(found, [
          'a Int16',
          'b Single',
          'c Decimal',
          'd Decimal 4 4',
          'e Decimal 5 0',
          'f String 4',
          'g String',
          'h String',
          'i Decimal 8 3 required',
          'j String 7',
          'k DateTimeOffset',
          'l String',
          'm Duration',
          'n String',
          'o String',
          'p Int32',
          'q String',
          'r DateTimeOffset',
          's String',
          'u String',
        ])
        const p = columns.find(({ name }) => name === 'p')
        assert.deepEqual([p?.declaredType, p?.opaque], ['integer[]', 'list'])
      },
    ))
  test('has tables, partitioned tables, views and materialized views, and no partition', () =>
    withDatabase(
      `CREATE TABLE plain (id int PRIMARY KEY);
       CREATE TABLE parted (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
       CREATE TABLE part1 PARTITION OF parted FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
       CREATE VIEW seen AS SELECT * FROM plain;
       CREATE MATERIALIZED VIEW kept AS SELECT * FROM plain;
       CREATE TABLE pg_class (id int PRIMARY KEY);
       CREATE TABLE child (id int, at date, other int REFERENCES plain, PRIMARY KEY (id),
         FOREIGN KEY (id, at) REFERENCES parted (id, at));
       CREATE INDEX ON child (other DESC); CREATE INDEX ON child (at, other); CREATE INDEX ON child ((other + 1));
       CREATE INDEX ON child (other) WHERE at IS NULL;
       CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.other (id int PRIMARY KEY)`,
      async ({ source }) => {
        const { tables } = await source.describe()
        assert.deepEqual(
          tables.map(({ name, isPlain }) => [name, isPlain]),
          [
            ['child', true],
            ['kept', true],
            ['parted', true],
            ['plain', true],
            ['seen', false],
          ],
        )
        const child = await tableOf(source, 'child')
        assert.deepEqual(
          [...child.foreignKeys].sort((a, b) => a.columns.length - b.columns.length),
          [
            { columns: ['other'], table: 'plain', referencedColumns: ['id'] },
            { columns: ['id', 'at'], table: 'parted', referencedColumns: ['id', 'at'] },
          ],
        )
        assert.deepEqual(child.indexes, [
          { columns: ['id'], unique: true },
          { columns: ['at', 'other'], unique: false },
        ])
        assert.deepEqual((await tableOf(source, 'parted')).primaryKey, ['id', 'at'])
      },
    ))
  test('has what the user may read, of another schema as well, and nothing else', () =>
    withDatabase(
      `DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'r';
       CREATE SCHEMA "My ""schema"; SET search_path = "My ""schema";
       CREATE TABLE free (id int PRIMARY KEY, x int); CREATE TABLE shut (id int PRIMARY KEY);
       CREATE TABLE half (id int PRIMARY KEY, open int, secret int);
       INSERT INTO free VALUES (1, 2); INSERT INTO half VALUES (1, 2, 3);
       GRANT USAGE ON SCHEMA "My ""schema" TO reader; GRANT SELECT ON free TO reader; GRANT SELECT (id, open) ON half TO reader`,
      async ({ url }) => {
        const options = { User: 'reader', Password: 'r' }
        const source = await openAt(url, { ...options, Schema: 'My "schema' })
        const { tables } = await source.describe()
        assert.deepEqual(
          tables.map(({ name, columns }) => [name, columns.map((found) => found.name).join()]),
          [
            ['free', 'id,x'],
            ['half', 'id,open'],
          ],
        )
        assert.deepEqual(await collect(source.read(plan('half'), never)), [[1]])
        const secret = plan('half', { outputs: [column('secret', 'Edm.Int32')] })
        await assert.rejects(collect(source.read(secret, never)), {
          kind: 'rejected',
          message: /may not read/,
        })
        await source.close()
        const missing = await openAt(url, { ...options, Schema: "x'; DROP TABLE free; --" })
        await assert.rejects(missing.describe(), { kind: 'rejected', message: /has no schema/ })
        await missing.close()
        await cluster.run('DROP OWNED BY reader; DROP ROLE reader', url)
      },
    ))
  test('is read in as many statements for many tables as for one', () =>
    withDatabase(
      `DO $$ BEGIN FOR i IN 1..300 LOOP
         EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, other int%s)', i,
           CASE WHEN i > 1 THEN ' REFERENCES t' || (i - 1) ELSE '' END);
       END LOOP; END $$`,
      async ({ url }) => {
        const settings = parseSettings(optionsFor(url))
        const pool = createSessionPool({ size: 1, patience: 5000 }, (signal) =>
          openSession({ sockets: loopback, settings }, signal),
        )
        const read = createReads(pool, settings, () => undefined)
        let statements = 0
        const counting: ReadRows = (make, signal) => {
          statements++
          return read(make, signal)
        }
        const { catalog } = await createDescriber(counting, 'public').describe()
        pool.close()
        assert.equal(catalog.tables.length, 300)
        assert.equal(catalog.tables.flatMap(({ foreignKeys }) => foreignKeys).length, 299)
        assert.equal(statements, 5)
      },
    ))
  test('is described anew when a read finds that it has changed, and not before', () =>
    withDatabase(
      'CREATE TABLE t (id int PRIMARY KEY, old int); INSERT INTO t VALUES (1, 2)',
      async ({ source, url }) => {
        await source.describe()
        const version = source.version()
        await cluster.run('ALTER TABLE t RENAME old TO fresh', url)
        assert.equal(source.version(), version)
        const old = plan('t', { outputs: [column('old', 'Edm.Int32')] })
        // The first second after describing, nothing is asked again.
        await until('the change is noticed', async () => {
          await assert.rejects(collect(source.read(old, never)), {
            kind: 'busy',
            message: /columns .* have changed/,
          })
          return source.version() !== version
        })
        const { columns } = await tableOf(source, 't')
        assert.deepEqual(
          columns.map(({ name }) => name),
          ['id', 'fresh'],
        )
      },
    ))
})

describe('values of PostgreSQL', () => {
  test('come in the forms of OData, whatever the settings of the database', () =>
    withDatabase(
      `CREATE TYPE mood AS ENUM ('sad', 'ok');
       CREATE TABLE t (id int PRIMARY KEY, a timestamp, b timestamptz, c timetz, d interval, e char(5), f mood, g jsonb, h real,
         i numeric, j bytea, k bigint);
       INSERT INTO t VALUES (1, '2024-05-06 07:08:09.123456', '2024-05-06 07:08:09.1+05:30', '07:08:09+02', '1 day 2 hours',
         'ab', 'ok', '{"b": [1, 2], "a": null}', 0.1, 12345678901234567890.12345678901234567890, '\\x00ff', 1234567890123456789);
       DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Asia/Tokyo''', current_database());
         EXECUTE format('ALTER DATABASE %I SET DateStyle = ''German''', current_database());
         EXECUTE format('ALTER DATABASE %I SET bytea_output = ''escape''', current_database()); END $$`,
      async ({ source }) => {
        const { columns } = await tableOf(source, 't')
        const outputs = columns.map(({ name, type = 'Edm.String', opaque }) =>
          column(name, opaque === undefined ? type : 'Edm.String', true),
        )
        assert.deepEqual(await collect(source.read(plan('t', { outputs }), never)), [
          [
            1,
            '2024-05-06T07:08:09.123456Z',
            '2024-05-06T01:38:09.1Z',
            '07:08:09+02',
            'P1DT2H',
            'ab',
            'ok',
            '{"a": null, "b": [1, 2]}',
            0.1,
            '12345678901234567890.12345678901234567890',
            Buffer.from([0, 255]),
            1_234_567_890_123_456_789n,
          ],
        ])
      },
    ))
  test('of a fixed length are the same in the answer, in a filter and after a page', () =>
    withDatabase(
      `CREATE TABLE t (id int PRIMARY KEY, e char(5)); INSERT INTO t VALUES (1, 'ab'), (2, 'ab'), (3, 'b')`,
      async ({ source }) => {
        const e = column('e', 'Edm.String', true)
        const slot = (index: number) => ({ kind: 'slot', index, type: 'Edm.String' }) as const
        const order = [
          { expression: e, descending: false },
          { expression: id, descending: false },
        ]
        const page = plan('t', { order, after: [slot(0), slot(1)] }, ['ab', 1n])
        assert.deepEqual(await collect(source.read(page, never)), [[2], [3]])
        const filter: Expression = { kind: 'compare', operator: 'eq', left: e, right: slot(0) }
        assert.equal(await source.count(plan('t', { filter }, ['ab']), never), 2n)
      },
    ))
  test('that a text cannot hold are refused with a sentence that says so', () =>
    withDatabase('CREATE TABLE t (id int PRIMARY KEY, s text)', async ({ source }) => {
      const filter: Expression = {
        kind: 'compare',
        operator: 'eq',
        left: column('s', 'Edm.String', true),
        right: { kind: 'slot', index: 0, type: 'Edm.String' },
      }
      const wanted = plan('t', { filter }, ['a\0b'])
      await assert.rejects(collect(source.read(wanted, never)), {
        kind: 'rejected',
        message: /U\+0000/,
      })
    }))
})

test('an index answers a key, a page and an equality, whatever the collation of the database', async () => {
  await cluster.run(
    `CREATE DATABASE german TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de' LOCALE 'C'`,
  )
  const url = cluster.urlOf('german')
  await cluster.run(
    `CREATE TABLE t (code varchar(9) PRIMARY KEY, n int NOT NULL, at timestamp NOT NULL);
     INSERT INTO t SELECT x::text, x, now() FROM generate_series(1, 5000) x;
     CREATE INDEX ON t (n); CREATE INDEX ON t (at); ANALYZE t`,
    url,
  )
  const code = column('code', 'Edm.String')
  const n = column('n', 'Edm.Int32')
  const at = column('at', 'Edm.DateTimeOffset')
  const slot = (index: number, type: Column['type']) => ({ kind: 'slot', index, type }) as const
  const limit = slot(0, 'Edm.Int64')
  const compare = (operator: 'eq' | 'gt', left: Column, right: Expression): Expression => ({
    kind: 'compare',
    operator,
    left,
    right,
  })
  const by = (...columns: readonly Column[]) =>
    columns.map((expression) => ({ expression, descending: false }))
  const wanted: readonly (readonly [Partial<ReadShape>, ReadPlan['values']])[] = [
    [{ order: [], filter: compare('eq', code, slot(0, 'Edm.String')) }, ['7']],
    [{ order: by(code), limit }, [5]],
    [{ order: by(code), limit, after: [slot(1, 'Edm.String')] }, [5, '70']],
    [
      { order: by(n, code), limit, after: [slot(1, 'Edm.Int32'), slot(2, 'Edm.String')] },
      [5, 70, '70'],
    ],
    [{ order: [], filter: compare('eq', n, slot(0, 'Edm.Int64')) }, [7]],
    [
      { order: [], filter: compare('gt', at, slot(0, 'Edm.DateTimeOffset')) },
      ['2999-01-01T00:00:00Z'],
    ],
  ]
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const [more, values] of wanted) {
    const read = { ...shape('t', { outputs: [code], ...more }) }
    const { text, slots } = compileRead(read, createPostgresDialect({ caseCollation: undefined }))
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN ${text}`,
      slots.map((index) => String(values[index])),
    )
    const lines = rows.map((row) => row['QUERY PLAN']).join('\n')
    assert.match(lines, /Index (?:Only )?Scan/, `${text}\n${lines}`)
    assert.doesNotMatch(lines, /Seq Scan/, `${text}\n${lines}`)
  }
  await client.end()
  await cluster.dropDatabase(url)
})

describe('a read of PostgreSQL', () => {
  test('holds no more of wide rows than a few, however slowly they are taken', () =>
    withDatabase(
      `CREATE TABLE t (id int PRIMARY KEY, wide text);
       INSERT INTO t SELECT x, repeat('x', 1000000) FROM generate_series(1, 200) x`,
      async ({ source }) => {
        const outputs = [id, column('wide', 'Edm.String', true)]
        const slot = { kind: 'slot', index: 0, type: 'Edm.Int64' } as const
        const before_ = liveBytes()
        let [most, rows] = [0, 0]
        for (const limit of [undefined, slot])
          for await (const batch of source.read(plan('t', { outputs, limit }, [200n]), never)) {
            rows += batch.length
            assert.ok(batch.length <= 2, `${batch.length} rows at once`)
            if (rows % 50 > 1) continue
            // Time in which all of them would come, if they were let.
            await new Promise((done) => setTimeout(done, 150))
            most = Math.max(most, liveBytes())
          }
        assert.equal(rows, 400)
        assert.ok(most - before_ < 80_000_000, `grew by ${most - before_}`)
      },
    ))
  test('expands rows of more columns than a function of PostgreSQL takes', () => {
    const types = [
      'int',
      'bigint',
      'text',
      'timestamptz',
      'bool',
      'float8',
      'numeric',
      'bytea',
      'date',
    ]
    const values = [
      '1',
      '9007199254740993',
      "'x'",
      "'2024-02-29 10:00:00.5+01'",
      'true',
      "'Infinity'",
      '0.10',
      "'\\x00ff'",
      "'2024-02-29'",
    ]
    const names = Array.from({ length: 150 }, (_, i) => `c${i}`)
    return withDatabase(
      `CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1);
       CREATE TABLE w (id int PRIMARY KEY, p int REFERENCES p (id), ${names.map((name, i) => `${name} ${types[i % 9]}`).join()});
       INSERT INTO w VALUES (1, 1, ${names.map((_, i) => values[i % 9]).join()}), (2, 1${', NULL'.repeat(150)})`,
      async ({ source }) => {
        const { tables } = await source.describe()
        const model = modelFromTables(tables, {
          namespace: 'w',
          nameCase: 'Default',
          schemaMap: undefined,
        })
        const read = async (url: string) => {
          const plan = planOfUrl(model, url)
          const rows = await collect(source.read(plan, never))
          return { plan, rows }
        }
        const { rows } = await read('/ps?$expand=ws($orderby=id)')
        const alone = await read('/ws?$orderby=id')
        const nested = rows[0]?.[1]
        assert.ok(Array.isArray(nested))
        const render = createRowRenderer(alone.plan.layout.properties, true)
        assert.deepEqual((nested as readonly Row[]).map(render), alone.rows.map(render))
      },
    )
  })
  test('is cancelled at the server when its reader leaves', () =>
    withDatabase(
      'CREATE VIEW slow AS SELECT 1 AS id FROM pg_sleep(600)',
      async ({ source, url }) => {
        const isRunning = async () => {
          const found = await cluster.run(
            `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%FROM "slow"%' AND pid <> pg_backend_pid()`,
            url,
          )
          return found.length > 0
        }
        const gone = new AbortController()
        const reading = collect(source.read(plan('slow', { order: [] }), gone.signal))
        await until('the statement runs', isRunning)
        gone.abort()
        await assert.rejects(reading, { name: 'AbortError' })
        await until('the statement has ended', async () => !(await isRunning()))
      },
      // Its own time does not end it.
      { QueryTimeout: '3600' },
    ))
  test('waits for a connection for a time, in a line that has an end', () =>
    withDatabase(
      many,
      async ({ source }) => {
        const holder = source.read(plan('t'), never)[Symbol.asyncIterator]()
        await holder.next()
        const gone = new AbortController()
        const waiting = Array.from({ length: 8 }, () => source.count(plan('t'), gone.signal))
        await assert.rejects(source.count(plan('t'), never), { kind: 'busy' })
        const [first, ...others] = waiting
        gone.abort()
        for (const one of [first, ...others])
          await assert.rejects(one ?? Promise.resolve(), { name: 'AbortError' })
        await assert.rejects(source.count(plan('t'), never), { kind: 'busy' })
        const next = source.count(plan('t'), never)
        await holder.return?.()
        assert.equal(await next, 20_000n)
      },
      { PoolSize: '1', LoginTimeout: '1' },
    ))
  test('is healed when the columns of its prepared statement have changed', () =>
    withDatabase(
      'CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 2)',
      async ({ source, url }) => {
        const wanted = plan('t', { outputs: [column('n', 'Edm.Int64')] })
        assert.deepEqual(await collect(source.read(wanted, never)), [[2]])
        await cluster.run(
          'ALTER TABLE t ALTER n TYPE bigint; UPDATE t SET n = 9007199254740993',
          url,
        )
        assert.deepEqual(await collect(source.read(wanted, never)), [[9007199254740993n]])
      },
    ))
  test('finds another connection when the one that lay idle has died', () =>
    withDatabase(many, async ({ source, url }) => {
      assert.equal(await source.count(plan('t'), never), 20_000n)
      await cluster.run(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'headgate' AND datname = current_database()`,
        url,
      )
      assert.equal(await source.count(plan('t'), never), 20_000n)
    }))
  test('throws when its connection drops in the middle, and the next one works', () =>
    withDatabase(many, async ({ source, url }) => {
      const outputs = [id, column('filler', 'Edm.String', true)]
      const rows = source.read(plan('t', { outputs }), never)[Symbol.asyncIterator]()
      const first = await rows.next()
      assert.ok(first.done !== true && first.value.length > 0)
      await cluster.run(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'headgate' AND datname = current_database()`,
        url,
      )
      await assert.rejects(
        async () => {
          for (let next = await rows.next(); next.done !== true; next = await rows.next());
        },
        { kind: 'unavailable' },
      )
      assert.equal(await source.count(plan('t'), never), 20_000n)
    }))
  test('writes nothing, even where a view calls what would', () =>
    withDatabase(
      `CREATE TABLE log (id int);
       CREATE FUNCTION sneaky() RETURNS int LANGUAGE sql AS 'INSERT INTO log VALUES (1) RETURNING id';
       CREATE VIEW v AS SELECT sneaky() AS id`,
      async ({ source, url }) => {
        await assert.rejects(collect(source.read(plan('v', { order: [] }), never)), {
          kind: 'rejected',
        })
        assert.deepEqual(await cluster.run('SELECT id FROM log', url), [])
      },
    ))
  test('keeps a bounded number of prepared statements on a connection', () =>
    withDatabase(
      `${many}; CREATE VIEW kept AS SELECT count(*)::int AS id FROM pg_prepared_statements`,
      async ({ source }) => {
        for (let i = 1; i <= 150; i++) {
          const items = Array.from({ length: i }, (_, index) => ({
            kind: 'slot' as const,
            index,
            type: 'Edm.Int64' as const,
          }))
          const filter: Expression = { kind: 'in', operand: id, items }
          const values = items.map(({ index }) => BigInt(index + 1))
          assert.equal(await source.count(plan('t', { filter }, values), never), BigInt(i))
        }
        assert.deepEqual(await collect(source.read(plan('kept', { order: [] }), never)), [[100]])
      },
      { PoolSize: '1' },
    ))
})

describe('a database that cannot be read says why', () => {
  const cases: readonly (readonly [string, Record<string, string>, string, RegExp])[] = [
    ['a wrong password', { Password: 'wrong' }, 'rejected', /User and Password/],
    ['a user that is none', { User: 'nobody-here' }, 'rejected', /User and Password/],
    ['a database that is none', { Database: 'no-such' }, 'rejected', /no database/],
    ['a user that is missing', { User: '' }, 'rejected', /User is missing/],
    ['a port where nothing listens', { Port: '1' }, 'unavailable', /cannot be reached/],
    ['a name that nobody has', { Host: 'nothing.invalid' }, 'unavailable', /cannot be reached/],
  ]
  for (const [name, options, kind, message] of cases)
    test(`to ${name}`, async () => {
      const source = await openAt(cluster.url, options)
      await assert.rejects(source.describe(), { kind, message })
      await source.close()
    })
  test('to who is one too many, while the server has no connection left', async () => {
    const url = await cluster.createDatabase()
    await cluster.run(`ALTER DATABASE ${new URL(url).pathname.slice(1)} CONNECTION LIMIT 0`)
    await cluster.run(`DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN PASSWORD 'p'`)
    const source = await openAt(url, { User: 'plain', Password: 'p' })
    await assert.rejects(source.describe(), { kind: 'busy', message: /no connection left/ })
    await source.close()
    await cluster.dropDatabase(url)
  })
})

test('options are refused by name', () => {
  const connector = createPostgresConnector(loopback)
  const fine = optionsFor('postgres://u:p@db.example:5432/d')
  connector.checkOptions(fine, context)
  for (const [name, value] of [
    ['Host', '/var/run/postgresql'],
    ['Host', 'db.example:5433/x'],
    ['Port', '70000'],
    ['SSL', 'prefer'],
    ['PoolSize', '0'],
    ['QueryTimeout', '1.5'],
    ['Database', 'a\0b'],
    ['Nonsense', 'x'],
  ] as const)
    assert.throws(() => connector.checkOptions({ ...fine, [name]: value }, context), {
      kind: 'rejected',
      message: new RegExp(name),
    })
})
