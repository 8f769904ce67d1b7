import { mock } from 'node:test'
import pg from 'pg'
import type { Source } from '#connectors/connector.ts'
import { createPostgresConnector } from '#connectors/postgres/index.ts'
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

const typeOf = ({ type, length, scale }: TestColumn): string => {
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
    return {
      source,
      reopen,
      statements: counted.binds,
      close: async () => {
        counted.restore()
        await source.close()
        await cluster().dropDatabase(url)
      },
    }
  },
})
