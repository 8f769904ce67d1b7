import { mock } from 'node:test'
import pg from 'pg'
import type { Source } from '#connectors/connector.ts'
import { createPostgresConnector } from '#connectors/postgres/index.ts'
import { encodeParameter } from '#connectors/postgres/values.ts'
import { createAddressPolicy } from '#egress/address-policy.ts'
import { createDatabaseSockets } from '#egress/database-sockets.ts'
import type { Cluster } from '#test/support/postgres.ts'
import type { Engine } from './contract.ts'
import { bigRows, statementsOf, type TestColumn } from './tables.ts'

/** What connectors of files need, and this one does not. */
export const context = { filesDirectory: '/nowhere', addresses: createAddressPolicy([]) }

export const loopback = createDatabaseSockets({ allowed: ['127.0.0.1'], never: [] })

/** Options that lead to a database of a cluster, without TLS. */
export const optionsFor = (url: string): Record<string, string> => {
  const { hostname, port, pathname, username, password } = new URL(url)
  return {
    Host: hostname,
    Port: port,
    Database: pathname.slice(1),
    User: username,
    Password: password,
    SSL: 'disable',
  }
}

export const openAt = (url: string, more: Record<string, string> = {}): Promise<Source> =>
  createPostgresConnector(loopback).open({ ...optionsFor(url), ...more }, context)

const names: Partial<Record<TestColumn['type'], string>> = {
  'Edm.Int32': 'integer',
  'Edm.Int64': 'bigint',
  'Edm.Double': 'double precision',
  'Edm.Boolean': 'boolean',
  'Edm.Date': 'date',
  'Edm.DateTimeOffset': 'timestamptz',
  'Edm.TimeOfDay': 'time',
  'Edm.Guid': 'uuid',
  'Edm.Binary': 'bytea',
}

const typeOf = ({ type, length, scale, zoneless }: TestColumn): string => {
  if (zoneless === true) return 'timestamp'
  if (type === 'Edm.String') return `varchar(${length})`
  return type === 'Edm.Decimal' ? `numeric(${length},${scale})` : (names[type] ?? 'text')
}

const literal = (text: string, { type }: TestColumn): string =>
  type === 'Edm.Binary' ? `'\\x${text}'` : `'${text.replaceAll("'", "''")}'`

/** Counts what the driver binds: each statement that runs, once, however many times its rows are fetched. */
const countBinds = () => {
  const watched = mock.method(pg.Connection.prototype, 'bind')
  // What prepares a session for its work has no name.
  const isNamed = ([config]: readonly (pg.BindConfig | null)[]): boolean =>
    (config?.statement ?? '') !== ''
  return {
    binds: () =>
      watched.mock.calls.filter((call) => isNamed(call.arguments as unknown as [pg.BindConfig]))
        .length,
    restore: () => watched.mock.restore(),
  }
}

/** @param cluster answers the one that runs: it is started after the tests are declared */
export const postgresEngine = (cluster: () => Cluster): Engine => ({
  name: 'PostgreSQL',
  has: { keys: true, exactDecimals: true, text: false },
  open: async (tables) => {
    const url = await cluster().createDatabase()
    const statements = tables.flatMap((table) => statementsOf(table, typeOf, literal))
    await cluster().run(
      `${statements.join(';')};
       CREATE TABLE "Big" (id integer PRIMARY KEY, filler text);
       INSERT INTO "Big" SELECT x, lpad(x::text, 300, '0') FROM generate_series(1, ${bigRows}) AS x;
       CREATE VIEW "Runaway" AS SELECT 1 AS id FROM pg_sleep(600)`,
      url,
    )
    const counted = countBinds()
    const reopen = () => openAt(url, { QueryTimeout: '1' })
    const source = await reopen()
    const { hostname, port, pathname, password } = new URL(url)
    const past = new pg.Client({ connectionString: url })
    await past.connect()
    await past.query("SET timezone = 'GMT'")
    return {
      source,
      reopen,
      change: (statement) => cluster().run(statement, url),
      hidden: [hostname, port, pathname.slice(1), password],
      run: async (text, values) => {
        // Texts, as the server writes them.
        const types = { getTypeParser: () => (cell: string) => cell }
        const query = {
          text,
          values: values.map(encodeParameter),
          rowMode: 'array',
          types,
        } as const
        return (await past.query<(string | null)[]>(query)).rows
      },
      statements: counted.binds,
      close: async () => {
        counted.restore()
        await source.close()
        await past.end()
        await cluster().dropDatabase(url)
      },
    }
  },
})
