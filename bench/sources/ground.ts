// A server whose user `demo` has much to read: in SQLite, in a Parquet file, in PostgreSQL.
import { copyFileSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Cluster } from '#test/support/postgres.ts'
import { type Headgate, startHeadgate } from '../headgate.ts'
import { getTokens, registerClient } from '../tokens.ts'
import { createSource, filesSource, postgresSource, sqliteSource } from './data-sources.ts'
import { fillPostgres, fillSqlite } from './tables.ts'

/** Paths of services. */
export const departures = { sqlite: '/api/odata4/departures', postgres: '/api/odata4/pgdepartures' }
/** The three million flights of `vega-datasets`: the collection. */
export const flights = '/api/odata4/flights/flights_3ms'

/** A server that runs over the data, and a token that reaches all of it. */
export type DataServer = { readonly headgate: Headgate; readonly token: string }

export type DataGround = {
  /** The SQLite file. */
  readonly file: string
  /** The database; filled when it is first asked for. */
  readonly databaseUrl: () => Promise<string>
  /** Works with a new server, which ends with the work; there is one at a time. */
  readonly serve: <T>(work: (server: DataServer) => Promise<T>) => Promise<T>
}

const parquet = 'flights-3m.parquet'

/** Brings the file of the package into a folder of its own. */
const bringFlights = (folder: string): void => {
  mkdirSync(folder, { recursive: true })
  const entry = createRequire(import.meta.url).resolve('vega-datasets')
  copyFileSync(new URL(`../data/${parquet}`, `file://${entry}`), join(folder, parquet))
}

/** Fills files, and creates the data sources that read them. @param rows departures */
export const prepareData = async (
  dataDir: string,
  rows: number,
  cluster: () => Promise<Cluster>,
): Promise<DataGround> => {
  const files = join(dataDir, 'files', '1')
  const file = join(files, 'departures.db')
  mkdirSync(files, { recursive: true })
  fillSqlite(file, rows)
  bringFlights(join(files, 'flights'))
  const first = await startHeadgate({ dataDir })
  await createSource(first.url, 'departures', sqliteSource('departures.db'))
  await createSource(first.url, 'flights', filesSource('flights'))
  await first.end()

  const preparePostgres = async (): Promise<string> => {
    const address = await (await cluster()).createDatabase()
    await fillPostgres(address, rows, join(files, 'aviation.db'))
    const headgate = await startHeadgate({ dataDir })
    await createSource(headgate.url, 'pgdepartures', postgresSource(address))
    await headgate.end()
    return address
  }
  let address: Promise<string> | undefined
  let clients = 0
  const serve: DataGround['serve'] = async (work) => {
    const headgate = await startHeadgate({ dataDir })
    try {
      // A new application each time: what a user has agreed to does not hold for data sources that came later.
      const client = await registerClient(headgate.url, false, `Bench, data ${++clients}`)
      const [tokens] = await getTokens(headgate.url, client, 1)
      return await work({ headgate, token: tokens?.access_token ?? '' })
    } finally {
      await headgate.end()
    }
  }
  return { file, databaseUrl: () => (address ??= preparePostgres()), serve }
}
